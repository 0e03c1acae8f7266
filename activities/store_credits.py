"""What the nightly work does with store credit."""

from datetime import datetime

from activities.definition import uninterrupted
from models.database import Database
from models.store.credit_expiry import expire_due


class StoreCredits:
    """The activities that look after store credit. Database only."""

    def __init__(self, database: Database) -> None:
        """Takes the database to write to."""
        self._database = database

    @uninterrupted
    def expire_store_credits(self, at: str) -> int:
        """Writes off what is left on codes that have expired; how many codes that were."""
        now = datetime.fromisoformat(at)
        expired = 0
        while True:
            # Till and refunds wait no longer than one part of the codes takes.
            with self._database.write() as session:
                some = expire_due(session, now)
            if not some:
                return expired
            expired += some
