"""Granting money: what is owed for accepted goods or as goodwill, reserved at the payments.

Whatever takes money of an order holds the order's lock; the tables' constraints hold
`refunded + pending ≤ captured` even if a caller forgot it (money rule 7).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from models.messages import (
    EXCHANGING,
    Clawback,
    ClawbackOwed,
    ExchangeStatus,
    Grant,
    Granted,
    PayoutKind,
    PayoutMethod,
    PayoutStart,
    Resolution,
    ReturnKind,
    ReturnStatus,
    exchange_workflow_id,
    payout_workflow_id,
    workflow_id,
)
from models.messages import GrantedRefund as GrantedRefundMessage
from models.money import round_half_up, to_text
from models.rules import parts, tenders
from models.rules.payable import money_of
from models.rules.policy import Policy
from models.rules.postings import grant_postings
from models.rules.quote import Quote, QuoteKind, QuoteLine, exchange_items, make_quote
from models.store import credit_memos, journal, store_credits
from models.store.gift_cards import sold_by
from models.store.policies import policy_at
from models.store.pricing import left_to_refund, order_facts, quoted_lines, terms_of
from models.store.refunds import RefundNotPossible, new_refund
from models.store.returns import lock_order
from models.tables import (
    GrantedRefund,
    GrantLine,
    Note,
    Order,
    Payment,
    Return,
    ReturnLine,
    StoreCredit,
    TenderUse,
)

_NO_GOODWILL = {ReturnStatus.CLOSED, ReturnStatus.DECLINED, ReturnStatus.CANCELLED}


def grant(session: Session, asked: Grant) -> Granted:
    """Decides what all units accepted so far are owed, and reserves it.

    Pays what the quote's function says for them less what was granted before (money rule 2).
    Asking again with the same id answers the same.
    """
    row, order = _locked(session, asked.rma)
    existing = [session.get(GrantedRefund, name) for name in (asked.id, _beside(asked.id))]
    if existing[0] is not None:
        return granted_message(*[made for made in existing if made is not None])
    policy = policy_at(session, row.policy_version)
    facts = order_facts(session, order, policy, apart_from=row.rma)
    quoted = quoted_lines(row, facts, asked.accepted, policy, asked.grades)
    quote = make_quote(
        facts,
        quoted,
        terms_of(policy, order, ReturnKind(row.kind)),
        withdrawal=row.kind == ReturnKind.WITHDRAWAL,
        kept=row.resolution == Resolution.KEEP_ITEM,
        left=_promised(row),
    )
    whole = parts.split(_given(quote), quoted)
    due = parts.payable(
        parts.Parts(
            refund=_since(session, row, PayoutMethod.REFUND, whole.refund),
            credit=_since(session, row, PayoutMethod.STORE_CREDIT, whole.credit),
        )
    )
    _count(order, row, asked.accepted, [*due.refund, *due.credit])
    methods = {PayoutMethod.REFUND: due.refund, PayoutMethod.STORE_CREDIT: due.credit}
    paid = {method: lines for method, lines in methods.items() if lines} or {_method(row): []}
    granted: list[GrantedRefund] = []
    for method, lines in paid.items():
        owed = money_of(lines)
        amount = min(owed, left_to_refund(order))
        short = owed - amount
        made = GrantedRefund(
            id=_beside(asked.id) if granted else asked.id,
            kind="return",
            method=method,
            rma=row.rma,
            order_number=order.number,
            amount=amount,
            tax=sum(line.tax for line in lines),
            short=short,
            bonus=0,
            currency=row.currency,
            accepted=list(asked.accepted),
            actor=asked.actor,
            created_at=datetime.fromisoformat(asked.at),
            refunds=[],
        )
        if not granted:
            _void_gift_cards(session, made, order, [*due.refund, *due.credit])
        lines = _fit_bonus(lines, amount, short)
        _reserve(session, made, order, policy, lines, row.workflow or workflow_id(row.rma))
        granted.append(made)
    return granted_message(*granted)


def owed_back(session: Session, asked: Clawback) -> ClawbackOwed:
    """What was paid ahead beyond what the units that stay earned are worth."""
    row = session.get_one(Return, asked.rma)
    policy = policy_at(session, row.policy_version)
    facts = order_facts(session, row.order, policy, apart_from=row.rma)
    terms = terms_of(policy, row.order, ReturnKind(row.kind))
    quotes = [
        make_quote(facts, quoted_lines(row, facts, asked.earned, policy, grades), terms)
        for grades in ((), asked.grades)
    ]
    earned, graded = (sum(line.amount for line in _given(quote)) for quote in quotes)
    paid = select(func.sum(GrantedRefund.amount + GrantedRefund.bonus)).where(
        GrantedRefund.rma == row.rma, GrantedRefund.kind == "return"
    )
    amount = int(session.scalar(paid) or 0) - earned
    if row.exchange is not None and row.exchange.status == ExchangeStatus.SHIPPED:
        sent = [line.ahead if line.resolution in EXCHANGING else 0 for line in row.lines]
        items = exchange_items(quoted_lines(row, facts, sent, policy))
        amount += sum(item.exchanged.old for item in items)
        amount -= sum(item.exchanged.old for item in quotes[0].exchange)
    return ClawbackOwed(
        amount=max(0, amount), currency=row.currency, by_grade=max(0, earned - graded)
    )


def _given(quote: Quote) -> list[QuoteLine]:
    """What a quote gives. What the customer owes for a dearer item is a payment of its own, made
    before it goes out.
    """
    return [
        line
        for line in quote.lines
        if line.kind is not QuoteKind.EXCHANGE_DIFFERENCE or line.amount > 0
    ]


def _beside(grant: str) -> str:
    """The id of the store credit that a grant gives beside a refund."""
    return f"{grant}/credit"


def _promised(row: Return) -> int | None:
    """What a quote that reckoned with earlier refunds promised at most, without its bonus."""
    reduced = [
        line
        for line in row.quote_lines
        if line.kind == QuoteKind.ALREADY_REFUNDED and line.line is None
    ]
    if not reduced:
        return None
    return sum(line.amount for line in row.quote_lines if line.kind != QuoteKind.BONUS)


def _since(
    session: Session, row: Return, method: PayoutMethod, lines: Sequence[QuoteLine]
) -> list[QuoteLine]:
    """What a part of the quote has beyond earlier grants of the return, line by line."""
    rows = session.execute(
        select(
            GrantLine.kind,
            GrantLine.line,
            GrantLine.return_line,
            func.sum(GrantLine.amount),
            func.sum(GrantLine.tax),
        )
        .join(GrantedRefund, GrantedRefund.id == GrantLine.granted_refund_id)
        .where(
            GrantedRefund.rma == row.rma,
            GrantedRefund.kind == "return",
            GrantedRefund.method == method,
        )
        .group_by(GrantLine.kind, GrantLine.line, GrantLine.return_line)
    ).all()
    before = {(kind, line, no): (int(amount), int(tax)) for kind, line, no, amount, tax in rows}
    found = []
    again = Counter((line.kind, line.line, line.no) for line in lines)
    for line in lines:
        key = (line.kind, line.line, line.no)
        amount, tax = before.pop(key, (0, 0))
        again[key] -= 1
        if again[key] and abs(amount) > abs(line.amount):
            # Several fees of one line: what was paid of all of them is counted off one by one.
            before[key] = (amount - line.amount, tax - line.tax)
            amount, tax = line.amount, line.tax
        words = line.explanation
        if amount:
            granted = f"{to_text(abs(amount), row.currency)} {row.currency}"
            words = f"{words}; {granted} of it came with an earlier payment"
        found.append(
            replace(line, amount=line.amount - amount, tax=line.tax - tax, explanation=words)
        )
    found.extend(
        QuoteLine(
            kind=QuoteKind(kind),
            line=line,
            no=no,
            amount=-amount,
            tax=-tax,
            explanation="Worked out again, with all that was accepted",
        )
        for (kind, line, no), (amount, tax) in before.items()
    )
    return [line for line in found if line.amount or line.tax]


def _fit_bonus(lines: list[QuoteLine], amount: int, short: int) -> list[QuoteLine]:
    """Gives no bonus on what can't be given."""
    if not short:
        return lines
    return [
        replace(line, amount=round_half_up(line.amount * amount, amount + short))
        if line.kind is QuoteKind.BONUS
        else line
        for line in lines
    ]


def _count(order: Order, row: Return, accepted: Sequence[int], lines: Sequence[QuoteLine]) -> None:
    """Writes down what is taken of each line, of the shipping and of promotions."""
    worth_of = {
        QuoteKind.GOODS,
        QuoteKind.ORDER_DISCOUNT,
        QuoteKind.TAX,
        QuoteKind.ALREADY_REFUNDED,
    }
    for stored, units in zip(row.lines, accepted, strict=True):
        stored.granted = units
        taken = sum(line.amount for line in lines if line.no == stored.no and line.kind in worth_of)
        stored.granted_amount += taken
        stored.order_line.reserved += taken
    for line in lines:
        if line.kind is QuoteKind.OUTBOUND_SHIPPING:
            order.shipping_refunded += line.amount
        elif line.kind is QuoteKind.PROMOTION_REVERSAL:
            order.promotion_reversed -= line.amount


def _void_gift_cards(
    session: Session, made: GrantedRefund, order: Order, lines: Sequence[QuoteLine]
) -> None:
    """What comes back of a sold gift card can't be spent any more (money rule 9)."""
    for sold in order.lines:
        back = sum(line.amount for line in lines if line.line == sold.line)
        if back <= 0 or sold.gift_card_code is None:
            continue
        card = session.get(StoreCredit, sold.gift_card_code)
        if card is not None and sold_by(card, order):
            store_credits.void(
                session,
                sold.gift_card_code,
                amount=back,
                reference=made.id,
                actor=made.actor,
                at=made.created_at,
            )


def grant_goodwill(session: Session, start: PayoutStart, at: datetime) -> Granted:
    """Grants money without goods; it counts against the order, not against a line (money rule 8).

    Asking again with the same id answers the same.

    Raises:
        RefundNotPossible: the return's state forbids it, or less can still be refunded.
    """
    row, order = _locked(session, start.rma)
    grant_id = f"{start.rma}/{PayoutKind.GOODWILL}/{start.id}"
    existing = session.get(GrantedRefund, grant_id)
    if existing is not None:
        return granted_message(existing)
    if row.status in _NO_GOODWILL:
        raise RefundNotPossible(
            f"This return is {row.status}; goodwill needs one that is not.", code="no_goodwill"
        )
    if row.kind == ReturnKind.GIFT and start.method is PayoutMethod.REFUND:
        raise RefundNotPossible(
            "This is a gift's return: a refund would go to the buyer. Give store credit instead.",
            code="gift_needs_store_credit",
        )
    left = left_to_refund(order)
    if start.amount > left:
        raise RefundNotPossible(
            f"{to_text(left, order.currency)} can still be refunded of order {order.number} "
            f"({order.currency}), not {to_text(start.amount, order.currency)}.",
            code="exceeds_refundable",
        )
    made = GrantedRefund(
        id=grant_id,
        kind="goodwill",
        method=start.method,
        rma=row.rma,
        order_number=order.number,
        amount=start.amount,
        tax=0,
        short=0,
        bonus=0,
        currency=row.currency,
        accepted=[],
        actor=start.actor,
        note_id=start.note if start.note and session.get(Note, start.note) else None,
        created_at=at,
        refunds=[],
    )
    words = QuoteLine(
        kind=QuoteKind.GOODWILL, line=None, amount=start.amount, explanation="Goodwill"
    )
    workflow = payout_workflow_id(start.rma, PayoutKind.GOODWILL, start.id)
    _reserve(session, made, order, policy_at(session, row.policy_version), [words], workflow)
    return granted_message(made)


def grant_back(
    session: Session,
    row: Return,
    order: Order,
    payment: Payment,
    *,
    amount: int,
    tax: int,
    actor: str,
    at: datetime,
) -> GrantedRefund:
    """Grants what was paid for an exchange that doesn't go out, or not whole, at its payment."""
    made = GrantedRefund(
        id=f"{row.rma}/exchange/back",
        kind="exchange",
        method=PayoutMethod.REFUND,
        rma=row.rma,
        order_number=order.number,
        amount=amount,
        tax=tax,
        short=0,
        bonus=0,
        currency=row.currency,
        accepted=[],
        actor=actor,
        created_at=at,
        refunds=[],
    )
    session.add(made)
    session.flush()
    words = QuoteLine(
        kind=QuoteKind.EXCHANGE_DIFFERENCE,
        line=None,
        amount=amount,
        tax=tax,
        explanation="Difference that was paid for an exchange that did not go out",
    )
    _write_lines(session, made, [words])
    order.reserved += amount
    payment.reserved += amount
    made.refunds.append(new_refund(session, made, payment, amount, exchange_workflow_id(row.rma)))
    session.flush()
    _book(session, made, order, [words])
    credit_memos.issue(session, made, at)
    return made


def _write_lines(session: Session, made: GrantedRefund, lines: Sequence[QuoteLine]) -> None:
    session.add_all(
        GrantLine(
            granted_refund_id=made.id,
            position=position,
            kind=line.kind,
            line=line.line,
            return_line=line.no,
            amount=line.amount,
            tax=line.tax,
            explanation=line.explanation,
        )
        for position, line in enumerate(lines, start=1)
    )
    session.flush()


def _locked(session: Session, rma: str) -> tuple[Return, Order]:
    """A return with its lines, and its order, locked."""
    order = lock_order(session, session.get_one(Return, rma).order_number)
    row = session.get_one(
        Return,
        rma,
        options=[selectinload(Return.lines).selectinload(ReturnLine.ranges)],
        populate_existing=True,
    )
    if order is None:
        raise LookupError(f"no order of {rma}")
    return row, order


def _method(row: Return) -> PayoutMethod:
    credit = all(line.resolution == Resolution.STORE_CREDIT for line in row.lines)
    return PayoutMethod.STORE_CREDIT if credit else PayoutMethod.REFUND


def _reserve(
    session: Session,
    made: GrantedRefund,
    order: Order,
    policy: Policy,
    lines: Sequence[QuoteLine],
    workflow: str,
) -> None:
    """Takes what was granted off the payments, books it, and prepares how it is paid."""
    made.bonus = sum(line.amount for line in lines if line.kind is QuoteKind.BONUS)
    session.add(made)
    session.flush()
    _write_lines(session, made, lines)
    order.reserved += made.amount
    shares = tenders.split(
        made.amount,
        [
            tenders.Tender(
                payment=payment.id, kind=payment.kind, refundable=payment.amount - payment.reserved
            )
            for payment in order.payments
        ],
        policy.tender_order,
    )
    payments = {payment.id: payment for payment in order.payments}
    for part in shares:
        payments[part.payment].reserved += part.amount
        if made.method == PayoutMethod.REFUND:
            refund = new_refund(session, made, payments[part.payment], part.amount, workflow)
            made.refunds.append(refund)
            session.flush()
        else:
            session.add(
                TenderUse(granted_refund_id=made.id, payment_id=part.payment, amount=part.amount)
            )
    _book(session, made, order, lines)
    if made.method == PayoutMethod.STORE_CREDIT and made.amount + made.bonus:
        store_credits.issue(
            session,
            source=f"grant/{made.id}",
            origin=made.kind,
            amount=made.amount,
            bonus=made.bonus,
            currency=made.currency,
            rma=made.rma,
            order=made.order_number,
            at=made.created_at,
            expires_at=policy.credit_expires(made.created_at),
            actor=made.actor,
        )
    if lines:
        credit_memos.issue(session, made, made.created_at)


def _book(session: Session, made: GrantedRefund, order: Order, lines: Sequence[QuoteLine]) -> None:
    journal.post(
        session,
        source=f"grant/{made.id}",
        rma=made.rma,
        order=made.order_number,
        at=made.created_at,
        currency=made.currency,
        memo=f"Granted {made.id}",
        postings=grant_postings(lines, {line.line for line in order.lines if line.gift_card_code}),
    )


def granted_message(made: GrantedRefund, beside: GrantedRefund | None = None) -> Granted:
    """A grant as its workflow hears of it. `beside`: the store credit that came with a refund."""
    return Granted(
        refunds=[
            GrantedRefundMessage(refund=row.id, amount=row.amount, currency=row.currency)
            for row in made.refunds
            if row.replaced_by is None
        ],
        amount=made.amount,
        currency=made.currency,
        short=made.short + (beside.short if beside else 0),
        bonus=made.bonus + (beside.bonus if beside else 0),
        method=PayoutMethod(made.method),
        credit=beside.amount if beside else 0,
    )
