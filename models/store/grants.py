"""Granting a return's money: what is owed for its accepted goods, reserved at the payments.

Whatever takes money of an order holds the order's lock; the tables' constraints hold
`refunded + pending ≤ captured` even if a caller forgot it (money rule 7).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.messages import (
    Grant,
    Granted,
    PayoutMethod,
    Resolution,
    ReturnKind,
    workflow_id,
)
from models.money import round_half_up, to_text
from models.rules import parts
from models.rules.payable import money_of
from models.rules.quote import make_quote
from models.rules.quote_lines import QuoteKind, QuoteLine
from models.store import store_credits
from models.store.gift_cards import sold_by
from models.store.granting import (
    granted_message,
    lock_return,
    reserve_grant,
)
from models.store.policies import policy_at
from models.store.pricing import left_to_refund, order_facts, quoted_lines, terms_of
from models.store.quoted import given_lines
from models.tables import (
    GrantedRefund,
    GrantLine,
    Order,
    Return,
    StoreCredit,
)


def grant(session: Session, asked: Grant) -> Granted:
    """Decides what all units accepted so far are owed, and reserves it.

    Pays what the quote's function says for them less what was granted before (money rule 2).
    Asking again with the same id answers the same.
    """
    row, order = lock_return(session, asked.rma)
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
    gift = row.kind == ReturnKind.GIFT
    whole = parts.split(given_lines(quote), quoted, gift=gift)
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
        reserve_grant(session, made, order, policy, lines, row.workflow or workflow_id(row.rma))
        granted.append(made)
    return granted_message(*granted)


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


def _method(row: Return) -> PayoutMethod:
    credit = all(line.resolution == Resolution.STORE_CREDIT for line in row.lines)
    gift = row.kind == ReturnKind.GIFT
    return PayoutMethod.STORE_CREDIT if credit or gift else PayoutMethod.REFUND
