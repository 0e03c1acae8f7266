"""Reading the books: entries by page or all of them, and what they come to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from models.rules.accounts import CHART, AccountBalance, BookedEntry
from models.tables import JournalEntry, JournalLine

_ROWS_AT_ONCE = 2000
_CHART_ORDER = {account: place for place, account in enumerate(CHART)}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries to read; None: any. Days are of UTC, both included."""

    rma: str | None = None
    order: str | None = None
    first_day: date | None = None
    last_day: date | None = None


EVERYTHING = EntryFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """Some entries by number; `next`: the number to go on after, None at the end."""

    entries: Sequence[BookedEntry]
    next: int | None


def read_as_of_now(session: Session) -> None:
    """Makes every query of this session see the books of one moment, whoever posts meanwhile.

    Called first in a session; SQLite reads like that anyway.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def list_entries(
    session: Session, wanted: EntryFilter, *, limit: int, after: int | None
) -> EntryPage:
    """A page of entries with their lines, by number.

    Args:
        session: to read with.
        wanted: which entries.
        limit: how many at most.
        after: the number of the last entry of the page before.
    """
    conditions = _conditions(wanted)
    if after is not None:
        conditions.append(JournalEntry.id > after)
    numbers = list(
        session.scalars(
            select(JournalEntry.id).where(*conditions).order_by(JournalEntry.id).limit(limit + 1)
        )
    )
    shown = numbers[:limit]
    rows = session.execute(_rows([JournalEntry.id.in_(shown)]))
    return EntryPage(entries=list(_entries(rows)), next=shown[-1] if len(numbers) > limit else None)


def stream_entries(
    session: Session, wanted: EntryFilter = EVERYTHING, *, newest_first: bool = False
) -> Iterator[BookedEntry]:
    """Every entry by number with its lines, without holding all of them in memory."""
    query = _rows(_conditions(wanted), newest_first=newest_first)
    yield from _entries(session.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)))


def trial_balance(session: Session, wanted: EntryFilter = EVERYTHING) -> list[AccountBalance]:
    """What each account comes to in each currency, in the order of the chart."""
    query = (
        select(
            JournalLine.account,
            JournalEntry.currency,
            func.sum(JournalLine.debit),
            func.sum(JournalLine.credit),
        )
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(*_conditions(wanted))
        .group_by(JournalLine.account, JournalEntry.currency)
    )
    found = [
        AccountBalance(account=account, currency=currency, debit=int(debit), credit=int(credit))
        for account, currency, debit, credit in session.execute(query)
    ]
    last = len(_CHART_ORDER)
    return sorted(
        found, key=lambda row: (_CHART_ORDER.get(row.account, last), row.account, row.currency)
    )


def _conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.rma is not None:
        found.append(JournalEntry.rma == wanted.rma)
    if wanted.order is not None:
        found.append(JournalEntry.order_number == wanted.order)
    first, end = moments(wanted)
    if first is not None:
        found.append(JournalEntry.at >= first)
    if end is not None:
        found.append(JournalEntry.at < end)
    return found


def moments(wanted: EntryFilter) -> tuple[datetime | None, datetime | None]:
    """The moment a filter's first day begins and the one its last day is over; None: open."""
    first = None if wanted.first_day is None else _midnight(wanted.first_day)
    # Nothing comes after the last day that can be written.
    if wanted.last_day is None or wanted.last_day == date.max:
        return first, None
    return first, _midnight(wanted.last_day + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _rows(
    conditions: Sequence[ColumnElement[bool]], *, newest_first: bool = False
) -> Select[*tuple[Any, ...]]:
    """Each line with its entry; an entry without lines makes one row."""
    number = JournalEntry.id.desc() if newest_first else JournalEntry.id
    return (
        select(
            JournalEntry.id,
            JournalEntry.source,
            JournalEntry.rma,
            JournalEntry.order_number,
            JournalEntry.at,
            JournalEntry.recorded_at,
            JournalEntry.currency,
            JournalEntry.memo,
            JournalEntry.reverses,
            JournalEntry.previous_hash,
            JournalEntry.hash,
            JournalLine.account,
            JournalLine.debit,
            JournalLine.credit,
        )
        .outerjoin(JournalLine, JournalLine.entry_id == JournalEntry.id)
        .where(*conditions)
        .order_by(number, JournalLine.position)
    )


def _entries(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[BookedEntry]:
    for number, group in groupby(rows, key=lambda row: row.id):
        lines = list(group)
        first = lines[0]
        yield BookedEntry(
            number=number,
            source=first.source,
            rma=first.rma,
            order=first.order_number,
            at=first.at,
            recorded_at=first.recorded_at,
            currency=first.currency,
            memo=first.memo,
            reverses=first.reverses,
            lines=[
                (row.account, row.debit, row.credit) for row in lines if row.account is not None
            ],
            previous_hash=first.previous_hash,
            hash=first.hash,
        )
