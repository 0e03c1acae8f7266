"""Checks the books: every entry is there, unchanged, balanced and chained to its neighbours.

The head of the books vouches for the newest entry, and each entry for the one before it. So they
are read from the newest to the oldest, and what was changed is told from what only follows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.rules.accounts import FIRST_HASH, BookedEntry, entry_hash
from models.store.ledger import read_as_of_now, stream_entries
from models.tables import JournalEntry, JournalLine, LedgerHead


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """What is wrong with the entry of a number; 0 stands for the head of empty books."""

    number: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was checked and what is wrong, by number. `last_hash`: of the newest entry."""

    entries: int
    last_hash: str
    bad: list[BadRow]

    @property
    def first_bad(self) -> BadRow | None:
        """The wrong row with the lowest number; None: the books are as they were written."""
        return self.bad[0] if self.bad else None


def verify(session: Session) -> Verification:
    """Checks every entry; a row is named once, with the first thing wrong with it."""
    read_as_of_now(session)
    problems: dict[int, str] = {}
    for found in (*_misplaced_lines(session), *_Chain(session).walk()):
        problems.setdefault(found.number, found.problem)
    count, newest = session.execute(select(func.count(), func.max(JournalEntry.id))).one()
    last_hash = session.scalar(select(JournalEntry.hash).where(JournalEntry.id == newest))
    return Verification(
        entries=count,
        last_hash=last_hash or FIRST_HASH,
        bad=[BadRow(number=number, problem=problems[number]) for number in sorted(problems)],
    )


class _Chain:
    """Walks from the head to the first entry."""

    def __init__(self, session: Session) -> None:
        self._session = session
        head = session.get(LedgerHead, 1, populate_existing=True)
        self._last = None if head is None else head.last_entry
        # What the neighbour above says of the next entry; None when there is none to be trusted.
        self._vouched = None if head is None else head.last_hash

    def walk(self) -> Iterator[BadRow]:
        """What is wrong, newest first."""
        # The number that must come next.
        due = self._last
        for entry in stream_entries(self._session, newest_first=True):
            if due is None:
                yield BadRow(number=entry.number, problem="The head of the books is missing.")
                due = entry.number
            if entry.number > due:
                yield BadRow(number=entry.number, problem="The head of the books doesn't count it.")
                continue
            if entry.number < 1:
                yield BadRow(number=entry.number, problem="Numbers begin with 1.")
                continue
            if entry.number < due:
                yield _missing(entry.number + 1, due)
                self._vouched = None
            problem = self._problem(entry)
            if problem is not None:
                yield BadRow(number=entry.number, problem=problem)
            self._vouched = None if problem else entry.previous_hash
            due = entry.number - 1
        if due:
            yield _missing(1, due)
        elif self._vouched not in (None, FIRST_HASH):
            # Of an entry this was checked already, so there is none.
            yield BadRow(number=0, problem="The head of the books knows an entry that isn't there.")

    def _problem(self, entry: BookedEntry) -> str | None:
        debit = sum(debit for _, debit, _ in entry.lines)
        credit = sum(credit for _, _, credit in entry.lines)
        if debit != credit or debit <= 0:
            return f"Its debits are {debit} and its credits {credit}."
        if entry_hash(entry) != entry.hash:
            return "It was changed after it was written: its hash is another one."
        if self._vouched not in (None, entry.hash):
            return "It was replaced: what follows it knows another hash of it."
        if entry.number == 1 and entry.previous_hash != FIRST_HASH:
            return "Something was cut off before it: it is the first, but follows another entry."
        return None


def _missing(first: int, last: int) -> BadRow:
    if first == last:
        return BadRow(number=first, problem="It is missing.")
    return BadRow(number=first, problem=f"Entries {first} to {last} are missing.")


def _misplaced_lines(session: Session) -> Iterator[BadRow]:
    """Lines without an entry, and positions other than 1, 2, 3 …; no hash covers these."""
    query = (
        select(JournalLine.entry_id, func.max(JournalEntry.id))
        .outerjoin(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .group_by(JournalLine.entry_id)
        .having(
            or_(
                func.max(JournalEntry.id).is_(None),
                func.min(JournalLine.position) != 1,
                func.max(JournalLine.position) != func.count(),
            )
        )
        .order_by(JournalLine.entry_id)
    )
    for number, entry in session.execute(query):
        problem = (
            "It is missing, but its lines are there."
            if entry is None
            else "The positions of its lines have gaps."
        )
        yield BadRow(number=number, problem=problem)
