"""What a set of returns comes to in the tables: for the closing lines of long runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.messages import RefundStatus
from models.tables import JournalEntry, JournalLine, Refund, Return, ReturnLine

_AT_ONCE = 500
_CLEARING = "clearing:%"


@dataclass(slots=True, kw_only=True)
class Sums:
    """Counts, and amounts in minor units."""

    by_status: dict[str, int]
    lines: int = 0
    units: int = 0
    refunds: int = 0
    refunded: int = 0
    entries: int = 0
    booked: int = 0


def sum_returns(session: Session, rmas: Sequence[str]) -> Sums:
    """Adds returns up: their lines, refund transactions and journal entries."""
    sums = Sums(by_status={})
    for start in range(0, len(rmas), _AT_ONCE):
        some = rmas[start : start + _AT_ONCE]
        counted = (
            select(Return.status, func.count()).where(Return.rma.in_(some)).group_by(Return.status)
        )
        for status, count in session.execute(counted):
            sums.by_status[status] = sums.by_status.get(status, 0) + count
        lines, units = session.execute(
            select(func.count(), func.coalesce(func.sum(ReturnLine.refunded), 0)).where(
                ReturnLine.rma.in_(some)
            )
        ).one()
        refunds, refunded = session.execute(
            select(func.count(), func.coalesce(func.sum(Refund.amount), 0)).where(
                Refund.rma.in_(some), Refund.status == RefundStatus.SUCCEEDED
            )
        ).one()
        booked = session.scalar(
            select(func.coalesce(func.sum(JournalLine.credit - JournalLine.debit), 0))
            .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
            .where(JournalEntry.rma.in_(some), JournalLine.account.like(_CLEARING))
        )
        entries = select(func.count()).where(JournalEntry.rma.in_(some))
        sums.lines += lines
        sums.units += int(units)
        sums.refunds += refunds
        sums.refunded += int(refunded)
        sums.entries += session.scalar(entries) or 0
        sums.booked += int(booked or 0)
    return sums
