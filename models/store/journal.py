"""The books: balanced entries, written once per thing that moved, numbered and chained."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.rules.accounts import FIRST_HASH, EntryFacts, Posting, entry_hash
from models.store.dialects import insert_or_ignore
from models.tables import JournalEntry, JournalLine, LedgerHead


def lock_head(session: Session) -> LedgerHead:
    """The newest numbers of the books, locked until the transaction ends.

    Always the last lock a transaction takes, so that nobody waits in a circle.
    """
    locked = (
        select(LedgerHead)
        .where(LedgerHead.id == 1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    session.flush()
    head = session.scalar(locked)
    if head is None:
        first = {"id": 1, "last_entry": 0, "last_hash": FIRST_HASH, "last_memo": 0}
        session.execute(insert_or_ignore(session, LedgerHead), [first])
        head = session.scalars(locked).one()
    return head


def post(
    session: Session,
    *,
    source: str,
    rma: str | None,
    order: str | None,
    at: datetime,
    currency: str,
    memo: str,
    postings: Sequence[Posting],
    reverses: str | None = None,
) -> None:
    """Writes an entry; one with the same `source` stands already when it was written before.

    Postings to one account are added up, and what comes to 0 is left out; an entry without any
    amount is not written. An entry for a closed period counts for the first moment after it.

    Args:
        session: a writing session.
        source: what it books, unique.
        rma: the return it belongs to.
        order: the number of the order it belongs to.
        at: when it happened.
        currency: ISO 4217.
        memo: a few words without personal data.
        postings: debits above 0, credits below.
        reverses: the source of the entry that this one takes back.

    Raises:
        ValueError: the postings don't balance.
    """
    if sum(posting.amount for posting in postings):
        raise ValueError(f"unbalanced entry for {source}")
    amounts: dict[str, int] = defaultdict(int)
    for posting in postings:
        amounts[posting.account] += posting.amount
    lines = [
        (account, max(amount, 0), max(-amount, 0)) for account, amount in amounts.items() if amount
    ]
    if not lines or find_entry(session, source) is not None:
        return
    head = lock_head(session)
    if find_entry(session, source) is not None:
        return  # Somebody booked it while we waited for the lock.
    facts = EntryFacts(
        number=head.last_entry + 1,
        source=source,
        rma=rma,
        order=order,
        at=_open_moment(at, head.closed_until),
        recorded_at=datetime.now(UTC),
        currency=currency,
        memo=memo,
        reverses=None if reverses is None else find_entry(session, reverses),
        lines=lines,
        previous_hash=head.last_hash,
    )
    head.last_entry, head.last_hash = facts.number, entry_hash(facts)
    session.add(
        JournalEntry(
            id=facts.number,
            source=source,
            rma=rma,
            order_number=order,
            at=facts.at,
            currency=currency,
            memo=memo,
            reverses=facts.reverses,
            recorded_at=facts.recorded_at,
            previous_hash=facts.previous_hash,
            hash=head.last_hash,
            lines=[
                JournalLine(position=position, account=account, debit=debit, credit=credit)
                for position, (account, debit, credit) in enumerate(lines, start=1)
            ],
        )
    )
    session.flush()


def find_entry(session: Session, source: str) -> int | None:
    """The number of the entry that books this; None when there is none."""
    return session.scalar(select(JournalEntry.id).where(JournalEntry.source == source))


def _open_moment(at: datetime, closed_until: date | None) -> datetime:
    if closed_until is None:
        return at
    opens = datetime.combine(closed_until + timedelta(days=1), time(), tzinfo=UTC)
    return max(at, opens)
