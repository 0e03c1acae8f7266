"""Tells the shop what became of refunds: signed events, kept in the book until they arrived.

Which ones: `refund.created` when a refund is not final at once, `refund.updated` when one is
settled or cancelled, `refund.updated` and then `refund.failed` when one fails.

They go out oldest first. While nobody listens at the address, all wait, in order. An event that
is not taken (another answer than 2xx, or none) is tried again after 1, 2, 4 ... 60 seconds, for
three days, and the others go on meanwhile. An event can arrive twice, with the same id.
"""

import hashlib
import hmac
import logging
import secrets
import sqlite3
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event
from urllib.parse import urlsplit

from activities.providers.payments.sandbox import shapes
from activities.providers.payments.sandbox.book import Refund, Status
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


class Outbox:
    """The events that have not arrived yet.

    Args:
        storage: where they are kept.
        wanted: False when nobody listens; then none are kept.
    """

    def __init__(self, storage: Storage, *, wanted: bool) -> None:
        self._storage = storage
        self._wanted = wanted
        self.news = Event()

    def tell(self, book: sqlite3.Connection, refund: Refund) -> None:
        """Puts what there is to tell about a refund, in the transaction that made it so."""
        if refund.status == Status.FAILED:
            self._put(book, "refund.updated", refund)
            self._put(book, "refund.failed", refund)
        else:
            self._put(book, "refund.updated", refund)

    def tell_created(self, book: sqlite3.Connection, refund: Refund) -> None:
        """Puts the event of a new refund, unless its answer has said all there is to know."""
        if refund.status != Status.SUCCEEDED:
            self._put(book, "refund.created", refund)

    def next_due(self) -> StoredEvent | None:
        """The oldest event whose time has come."""
        # As a writer, so that what is just being committed is waited for.
        with self._storage.writing() as book:
            row = book.execute(
                "SELECT seq, id, payload, stored_at, failures FROM events WHERE due_at <= ?"
                " ORDER BY seq LIMIT 1",
                (time.time(),),
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

    def _put(self, book: sqlite3.Connection, kind: str, refund: Refund) -> None:
        if not self._wanted:
            return
        event_id, now = f"evt_{secrets.token_hex(12)}", time.time()
        payload = shapes.text(shapes.stripe_event(event_id, kind, self._storage.now(), refund))
        book.execute(
            "INSERT INTO events (id, payload, stored_at, due_at, failures) VALUES (?, ?, ?, ?, 0)",
            (event_id, payload, now, now),
        )
        self.news.set()


class NobodyListens(Exception):
    """No connection to the address: nothing was sent."""


class Courier:
    """Brings the outbox's events to one address.

    Args:
        outbox: where they wait.
        url: where to POST them, http or https.
        secret: what signs them, as `stripe.Webhook.construct_event` checks it.
    """

    def __init__(self, outbox: Outbox, url: str, secret: str) -> None:
        self._outbox = outbox
        self._address = urlsplit(url)
        self._secret = secret
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
                    "Stripe-Signature": signature(payload, self._secret, int(time.time())),
                    "User-Agent": "Redress-Sandbox/1.0",
                },
            )
            return connection.getresponse().status // 100 == 2
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def signature(payload: bytes, secret: str, at: int) -> str:
    """The `Stripe-Signature` header of a payload signed at a Unix time."""
    digest = hmac.new(secret.encode(), b"%d." % at + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
