"""What the nightly work drops: events and deliveries of long ago."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from activities.definition import uninterrupted
from models.database import Database
from models.rules.webhooks import EVENTS_KEPT_FOR
from models.store.forgetting import forget_deliveries, forget_events


class Housekeeping:
    """The activities that keep the database small. Database only."""

    def __init__(self, database: Database) -> None:
        """Takes the database to write to."""
        self._database = database

    @uninterrupted
    def forget_what_was_told(self, at: str) -> int:
        """Drops events that nobody can read any more, and how they were sent; how many events."""
        before = datetime.fromisoformat(at) - EVENTS_KEPT_FOR
        self._all(forget_deliveries, before)
        return self._all(forget_events, before)

    def _all(self, forget: Callable[[Session, datetime], int], before: datetime) -> int:
        forgotten = 0
        while True:
            # Who writes events waits no longer than one part of them takes.
            with self._database.write() as session:
                some = forget(session, before)
            if not some:
                return forgotten
            forgotten += some
