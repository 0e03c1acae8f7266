"""What exchange rates made of refunds: the difference between the order's rate and the provider's.

It is the shop's, and never changes what the customer gets (money rule 10).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.messages import RefundStatus
from models.money import convert_back
from models.rules.accounts import FX, Posting, clearing_account
from models.rules.reconciliation import TheirRefund
from models.store import journal
from models.tables import JournalEntry, Order, Refund

_AT_ONCE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A refund that took another amount of the shop's currency than its order's rate says.

    `difference`: minor units of `currency`; above 0: it cost the shop more. 0: nothing, or it came
    back, and what was booked is to be taken back.
    """

    refund: str
    difference: int
    currency: str


def to_book(session: Session, theirs: Iterable[TheirRefund]) -> list[Settled]:
    """The differences that are not booked yet, and the booked ones whose refund came back."""
    known = {their.reference: their for their in theirs}
    references = sorted(known)
    found = []
    for first in range(0, len(references), _AT_ONCE):
        rows = session.execute(
            select(Refund, Order)
            .join(Order, Order.number == Refund.order_number)
            .where(
                Refund.provider_reference.in_(references[first : first + _AT_ONCE]),
                Order.rate.is_not(None),
            )
        )
        for refund, order in rows:
            settled = _settled(refund, order, known[refund.provider_reference or ""])
            if settled is not None and _is_due(session, settled):
                found.append(settled)
    return found


def _settled(refund: Refund, order: Order, their: TheirRefund) -> Settled | None:
    currency, rate = order.rate_shop_currency, order.rate
    if currency is None or rate is None or currency == order.currency:
        return None
    if refund.status != RefundStatus.SUCCEEDED:
        return Settled(refund=refund.id, difference=0, currency=currency)
    if their.settled is None or their.settled_in != currency:
        return None
    expected = convert_back(refund.amount, order.currency, currency, rate)
    return Settled(refund=refund.id, difference=their.settled - expected, currency=currency)


def _is_due(session: Session, settled: Settled) -> bool:
    source = _source(settled)
    booked = journal.find_entry(session, source) is not None
    if settled.difference:
        return not booked
    return booked and journal.find_entry(session, f"{source}/failed") is None


def book(session: Session, settled: Settled, at: datetime) -> None:
    """Books a difference in the shop's currency, or takes it back; once."""
    refund = session.get_one(Refund, settled.refund, options=[joinedload(Refund.payment)])
    source, clearing = _source(settled), clearing_account(refund.payment.kind)
    difference, name, reverses = settled.difference, source, None
    if difference == 0:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.source == source)).one()
        difference = sum(line.credit - line.debit for line in entry.lines if line.account == FX)
        name, reverses = f"{source}/failed", source
    journal.post(
        session,
        source=name,
        rma=refund.rma,
        order=refund.order_number,
        at=at,
        currency=settled.currency,
        memo=f"Exchange rate of refund {refund.id}",
        postings=[
            Posting(account=FX, amount=difference),
            Posting(account=clearing, amount=-difference),
        ],
        reverses=reverses,
    )


def _source(settled: Settled) -> str:
    return f"refund/{settled.refund}/fx"
