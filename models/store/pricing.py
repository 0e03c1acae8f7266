"""What the rules of money need, read from the tables: an order's facts, the policy's terms."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from models.messages import EXCHANGING, GradedUnits, Resolution, ReturnKind
from models.money import convert
from models.rules import positions
from models.rules.exchange import Replacement
from models.rules.order_facts import OrderFacts, Outbound, Promotion, ReturnedBefore
from models.rules.order_pricing import discount_shares
from models.rules.orders import TaxMode
from models.rules.policy import Policy
from models.rules.policy_rules import (
    NO_RULING,
    LineFacts,
    RequestFacts,
    Rule,
    Ruling,
    ordered_on,
    rule_on,
)
from models.rules.positions import Span
from models.rules.quote_lines import QuotedLine, QuoteKind
from models.rules.terms import Fault, Terms, Waiver
from models.rules.worth import PaidLine
from models.store.gift_cards import sold_by
from models.store.policies import policy_at
from models.tables import (
    ExchangeLine,
    GrantedRefund,
    GrantLine,
    Order,
    OrderLine,
    Return,
    ReturnLine,
    StoreCredit,
)


def order_facts(
    session: Session, order: Order, policy: Policy, *, apart_from: str | None = None
) -> OrderFacts:
    """An order as the quote needs it.

    Args:
        session: any session; to grant, one that holds the order's lock.
        order: with its lines.
        policy: says whose fault earlier returns were.
        apart_from: the RMA of the return that is priced, which hasn't come back before.
    """
    own = _own(session, apart_from)
    return order_facts_after(
        session,
        order,
        returned=_returned(session, order, policy, apart_from),
        taken_back=order.promotion_reversed + own.get(QuoteKind.PROMOTION_REVERSAL, 0),
        shipping_refunded=order.shipping_refunded - own.get(QuoteKind.OUTBOUND_SHIPPING, 0),
    )


def order_facts_after(
    session: Session,
    order: Order,
    *,
    returned: Sequence[ReturnedBefore],
    taken_back: int,
    shipping_refunded: int,
) -> OrderFacts:
    """An order as the quote needs it, after these returns."""
    gift_cards = _gift_cards(session, order)
    return OrderFacts(
        currency=order.currency,
        lines=[paid_line(line, gift_cards) for line in order.lines],
        inclusive=order.tax_mode == TaxMode.INCLUSIVE,
        promotions=_promotions(order),
        outbound=Outbound(
            amount=order.shipping_amount,
            tax=order.shipping_tax,
            standard_amount=order.shipping_standard_amount,
        ),
        returned=list(returned),
        taken_back=taken_back,
        shipping_refunded=shipping_refunded,
    )


def _own(session: Session, rma: str | None) -> dict[str, int]:
    """What earlier grants of the priced return itself have of each kind: not "before" it."""
    if rma is None:
        return {}
    rows = session.execute(
        select(GrantLine.kind, func.sum(GrantLine.amount))
        .join(GrantedRefund, GrantedRefund.id == GrantLine.granted_refund_id)
        .where(GrantedRefund.rma == rma, GrantedRefund.kind == "return")
        .group_by(GrantLine.kind)
    )
    return {kind: int(amount) for kind, amount in rows}


def paid_line(line: OrderLine, gift_cards: Mapping[str, int] | None = None) -> PaidLine:
    """What the rules need of an order line. `gift_cards`: code → what is left on it."""
    return PaidLine(
        line=line.line,
        name=line.name,
        quantity=line.quantity,
        paid=line.paid,
        tax=line.tax,
        order_discount=line.order_discount,
        listed=line.quantity * line.unit_price - line.discount,
        tax_rate=line.tax_rate,
        gift_card_left=(gift_cards or {}).get(line.gift_card_code or ""),
        sku=line.sku,
    )


def _gift_cards(session: Session, order: Order) -> dict[str, int]:
    codes = [line.gift_card_code for line in order.lines if line.gift_card_code]
    if not codes:
        return {}
    found = session.scalars(
        select(StoreCredit)
        .where(StoreCredit.code.in_(codes))
        .execution_options(populate_existing=True)
    )
    return {credit.code: credit.balance for credit in found if sold_by(credit, order)}


def _promotions(order: Order) -> list[Promotion]:
    listed = {line.line: line.quantity * line.unit_price - line.discount for line in order.lines}
    return [
        Promotion(
            threshold=discount["threshold"],
            code=discount["code"],
            shares=discount_shares(discount["amount"], discount["shares"], listed),
        )
        for discount in order.discounts
        if discount["threshold"] is not None
    ]


def _returned(
    session: Session, order: Order, policy: Policy, apart_from: str | None
) -> list[ReturnedBefore]:
    names = {line.id: line.line for line in order.lines}
    rows = session.execute(
        select(ReturnLine, Return.kind, Return.policy_version)
        .join(Return, Return.rma == ReturnLine.rma)
        .where(
            Return.order_number == order.number,
            Return.rma != (apart_from or ""),
            ReturnLine.granted > 0,
            # What was exchanged is kept in value, as another line of the order.
            ReturnLine.resolution.not_in(EXCHANGING),
        )
        .options(selectinload(ReturnLine.ranges))
    ).all()
    return [
        ReturnedBefore(
            line=names[line.order_line_id],
            spans=granted_spans(line, line.granted),
            merchant_fault=earlier_fault(
                session, policy, ReturnKind(kind), line.reason, began_with=version
            )
            is Fault.MERCHANT,
            withdrawn=kind == ReturnKind.WITHDRAWAL,
        )
        for line, kind, version in rows
    ]


def granted_spans(line: ReturnLine, units: int) -> list[Span]:
    """The lowest positions of a return line: accepted units fill it from there (money rule 2)."""
    return positions.lowest([Span(span.first, span.last) for span in line.ranges], units)


def fault_of(policy: Policy, kind: ReturnKind, reason: str) -> Fault:
    """Whose fault a line is; a claim is the merchant's by its nature."""
    return Fault.MERCHANT if kind is ReturnKind.CLAIM else policy.on_reason(reason).fault


def earlier_fault(
    session: Session, policy: Policy, kind: ReturnKind, reason: str, *, began_with: int
) -> Fault:
    """Whose fault an earlier return was, as a policy sees it; a reason that was dropped since is
    as it was when that return began.
    """
    if reason not in policy.known_reasons:
        policy = policy_at(session, began_with)
    return fault_of(policy, kind, reason)


def ruling_of(
    policy: Policy,
    order: Order,
    line: OrderLine,
    *,
    kind: ReturnKind,
    reason: str,
    resolution: Resolution,
    request: RequestFacts,
) -> Ruling:
    """What a policy's rules say of one line; amounts in the order's currency."""
    if not policy.rules:
        return NO_RULING
    found = rule_on(
        [_in_currency_of(order, rule) for rule in policy.rules],
        LineFacts(
            kind=kind,
            reason=reason,
            resolution=resolution,
            category=line.category,
            sku=line.sku,
            country=order.country,
            ordered_on=ordered_on(order.placed_at, policy.time_zone),
            request=request,
        ),
    )
    fee = found.then.return_shipping
    if fee is None:
        return found
    then = replace(found.then, return_shipping=in_order_currency(order, fee))
    return replace(found, then=then)


def _in_currency_of(order: Order, rule: Rule) -> Rule:
    limit = rule.when.value_above
    if limit is None:
        return rule
    return replace(rule, when=replace(rule.when, value_above=in_order_currency(order, limit)))


def facts_of(row: Return) -> RequestFacts:
    """What was known when a return was asked for; its refunds are priced by the same."""
    return RequestFacts() if row.facts is None else RequestFacts.from_json(row.facts)


def quoted_lines(
    row: Return,
    facts: OrderFacts,
    accepted: Sequence[int],
    policy: Policy,
    grades: Sequence[Sequence[GradedUnits]] = (),
    *,
    instead: Resolution | None = None,
) -> list[QuotedLine]:
    """A stored return's lines with so many accepted units each, and with their grades.

    `instead`: what is given for those that are exchanged, were nothing exchanged.
    """
    known = {line.line: line for line in facts.lines}
    wanted = {
        line.no: replacement_of(line) for line in (row.exchange.lines if row.exchange else [])
    }
    given = [
        instead if instead and line.resolution in EXCHANGING else Resolution(line.resolution)
        for line in row.lines
    ]
    return [
        QuotedLine(
            no=line.no,
            line=known[line.order_line.line],
            spans=granted_spans(line, units),
            graded=graded,
            fault=fault_of(policy, ReturnKind(row.kind), line.reason),
            # Refunded lines of an exchange that was called off are not exchanged any more.
            replacement=wanted.get(line.no) if resolution in EXCHANGING else None,
            resolution=resolution,
            ruling=ruling_of(
                policy,
                row.order,
                line.order_line,
                kind=ReturnKind(row.kind),
                reason=line.reason,
                resolution=resolution,
                request=facts_of(row),
            ),
        )
        for line, resolution, units, graded in zip(
            row.lines, given, accepted, grades or [()] * len(accepted), strict=True
        )
    ]


def replacement_of(line: ExchangeLine) -> Replacement:
    """What goes out for a return line, at the price that was quoted."""
    return Replacement(
        sku=line.sku,
        name=line.name,
        price=line.price,
        tax_rate=line.tax_rate,
        same_product=line.same_product,
    )


def terms_of(policy: Policy, order: Order, kind: ReturnKind) -> Terms:
    """A policy's rules of money for a return of one order, in its currency.

    A claim is the shop's own fault, so that nobody pays fees for one, whatever else is waived.
    """
    claimed = {Waiver.MERCHANT_FAULT} if kind is ReturnKind.CLAIM else set()
    return Terms(
        promotions=policy.promotions,
        outbound_shipping=policy.outbound_shipping,
        return_shipping=in_order_currency(order, policy.return_shipping),
        restocking_percent=policy.restocking_percent,
        waived_for=frozenset(policy.fee_waived_for) | claimed,
        bonus_percent=policy.store_credit_bonus_percent,
        keep_percent=policy.keep_item_percent,
        grades=policy.grades,
    )


def in_order_currency(order: Order, amount: int) -> int:
    """An amount of the shop's currency in the order's, at its stored rate (money rule 10)."""
    if order.rate is None or order.rate_shop_currency is None:
        return amount
    return convert(amount, order.rate_shop_currency, order.currency, order.rate)


def left_to_refund(order: Order) -> int:
    """What the order can still give back: as a whole, and at its payments."""
    return min(
        order.paid - order.reserved,
        sum(payment.amount - payment.reserved for payment in order.payments),
    )
