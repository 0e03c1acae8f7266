"""How often somebody may call: token buckets, each kept as the one moment at which it is full.

A bucket that is full again is the same as none, so old rows can go without a word.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models.database import Database
from models.store.dialects import insert_or_ignore
from models.tables import RateLimit

_WAITED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`rate` calls a second in the long run, `burst` at once."""

    rate: float
    burst: int

    @property
    def window(self) -> float:
        """Seconds in which an empty bucket is full again."""
        return self.burst / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many calls were taken out of a bucket, and how many are left in it."""

    granted: int
    left: float


def take(database: Database, name: str, limit: Limit, wanted: int, now: datetime) -> Taken:
    """Takes up to `wanted` calls out of a bucket; none when not even one is in it.

    Processes that take at once wait for each other at the bucket's row.
    """
    with database.write() as session:
        row = _lock(session, name, now)
        full_at = max(row.full_at, now)
        empty = now + timedelta(seconds=limit.window)
        # It lacks more than all of it after its limit was changed; a little more, because this
        # caller waited for the row, or its clock is slow.
        if full_at > empty + _WAITED:
            full_at = empty
        inside = limit.burst - (full_at - now).total_seconds() * limit.rate
        granted = max(0, min(wanted, int(inside + 1e-6)))
        row.full_at = full_at + timedelta(seconds=granted / limit.rate)
        return Taken(granted=granted, left=max(0.0, inside - granted))


def _lock(session: Session, name: str, now: datetime) -> RateLimit:
    # A full bucket may be cleared away between the two statements.
    while (row := session.get(RateLimit, name, with_for_update=True)) is None:
        session.execute(insert_or_ignore(session, RateLimit).values(name=name, full_at=now))
    return row


def forget_full(database: Database, now: datetime) -> None:
    """Clears full buckets away."""
    with database.write() as session:
        session.execute(delete(RateLimit).where(RateLimit.full_at < now))
