"""Events on their way to the shop: kept in the book until they arrived, whatever they tell of.

They go out oldest first. While nobody listens at the address, all wait, in order. An event that
is not taken (another answer than 2xx, or none) is tried again after 1, 2, 4 ... 60 seconds, for
three days, and the others go on meanwhile. An event can arrive twice, with the same id.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event
from urllib.parse import urlsplit

from activities.providers.payments.sandbox.storage import Storage

_ANSWER_SECONDS = 5
_LONGEST_DELAY = 60.0
_GIVEN_UP_AFTER = 3 * 24 * 3600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event that waits to be delivered; times are of the real clock, in Unix seconds."""

    seq: int
    id: str
    payload: str
    stored_at: float
    failures: int


class Events:
    """The events that have not arrived yet at one address.

    Args:
        storage: where they are kept.
        wanted: False when nobody listens; then none are kept.
        door: which address they are for: "" that of payments, "carrier" that of parcels.
    """

    def __init__(self, storage: Storage, *, wanted: bool, door: str = "") -> None:
        self._storage = storage
        self._wanted = wanted
        self._door = door
        self.news = Event()

    def put(self, book: sqlite3.Connection, event_id: str, payload: str) -> None:
        """Puts an event, in the transaction that made it so."""
        if not self._wanted:
            return
        now = time.time()
        book.execute(
            "INSERT INTO events (id, payload, stored_at, due_at, failures, door)"
            " VALUES (?, ?, ?, ?, 0, ?)",
            (event_id, payload, now, now, self._door),
        )
        self.news.set()

    def next_due(self) -> StoredEvent | None:
        """The oldest event whose time has come."""
        # As a writer, so that what is just being committed is waited for.
        with self._storage.writing() as book:
            row = book.execute(
                "SELECT seq, id, payload, stored_at, failures FROM events"
                " WHERE due_at <= ? AND door = ? ORDER BY seq LIMIT 1",
                (time.time(), self._door),
            ).fetchone()
        return None if row is None else StoredEvent(**dict(row))

    def remove(self, event: StoredEvent) -> None:
        """Forgets an event: it arrived, or never will."""
        with self._storage.writing() as book:
            book.execute("DELETE FROM events WHERE seq = ?", (event.seq,))

    def postpone(self, event: StoredEvent) -> None:
        """Tries an event again later, each time later than before; after three days no more."""
        now = time.time()
        if now - event.stored_at > _GIVEN_UP_AFTER:
            _log.warning("event %s was not taken for three days and is given up", event.id)
            self.remove(event)
            return
        delay = min(2.0**event.failures, _LONGEST_DELAY)
        with self._storage.writing() as book:
            book.execute(
                "UPDATE events SET failures = failures + 1, due_at = ? WHERE seq = ?",
                (now + delay, event.seq),
            )


class NobodyListens(Exception):
    """No connection to the address: nothing was sent."""


class Deliverer:
    """Brings events to one address.

    Args:
        events: where they wait.
        url: where to POST them, http or https.
        sign: gives the headers that prove a payload.
    """

    def __init__(
        self, events: Events, url: str, sign: Callable[[bytes], Mapping[str, str]]
    ) -> None:
        self._outbox = events
        self._address = urlsplit(url)
        self._sign = sign
        self._pause = _FIRST_PAUSE
        self._paused_until = 0.0

    def deliver(self) -> None:
        """Delivers what is due; returns early while nobody listens."""
        while time.monotonic() >= self._paused_until:
            event = self._outbox.next_due()
            if event is None:
                return
            try:
                taken = self._post(event.payload.encode())
            except NobodyListens:
                self._paused_until = time.monotonic() + self._pause
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
                return
            self._pause = _FIRST_PAUSE
            if taken:
                self._outbox.remove(event)
            else:
                self._outbox.postpone(event)

    def _post(self, payload: bytes) -> bool:
        """Sends one event; True when it was taken."""
        address = self._address
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=_ANSWER_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            raise NobodyListens from error
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        try:
            connection.request(
                "POST",
                path,
                body=payload,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "User-Agent": "Redress-Sandbox/1.0",
                    **self._sign(payload),
                },
            )
            return connection.getresponse().status // 100 == 2
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
