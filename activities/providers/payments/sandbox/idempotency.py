"""Idempotency keys as Stripe keeps them: the first answer, for 24 hours of the sandbox's clock.

Kept is the answer to every request that began to be done, refusals too. A request that could not
be understood, met another one under way, or got one of `sbx_error_`'s 500s, leaves nothing.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from activities.providers.payments.sandbox.refusals import Refusal, Refused
from activities.providers.payments.sandbox.storage import Storage

KEPT_SECONDS = 24 * 3600
KEY_LENGTH = 255

_IN_USE = Refusal(
    status=HTTPStatus.CONFLICT,
    kind="idempotency_error",
    code="idempotency_key_in_use",
    message="There is currently another in-progress request using this idempotency key;"
    " try again once it has been answered.",
)
_OTHER_PARAMETERS = Refusal(
    status=HTTPStatus.BAD_REQUEST,
    kind="idempotency_error",
    message="Keys for idempotent requests can only be used with the same parameters they were"
    " first used with; use another key for another request.",
)
_TOO_LONG = Refusal(
    status=HTTPStatus.BAD_REQUEST,
    kind="idempotency_error",
    message=f"An idempotency key can have up to {KEY_LENGTH} characters.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP status and a JSON text."""

    status: int
    body: str


class Keys:
    """The keys in use, in memory, and the answers kept for used ones, in the book."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._in_use: set[str] = set()

    @contextmanager
    def claimed(self, key: str | None, fingerprint: str) -> Iterator[Answer | None]:
        """Holds a key while its request is under way; gives the answer it got before, if any.

        Raises:
            Refused: the key is in use (409), or was used for another request (400).
        """
        if key is None:
            yield None
            return
        if len(key) > KEY_LENGTH:
            raise Refused(_TOO_LONG)
        with self._lock:
            if key in self._in_use:
                raise Refused(_IN_USE)
            self._in_use.add(key)
        try:
            yield self._kept(key, fingerprint)
        finally:
            with self._lock:
                self._in_use.discard(key)

    def keep(
        self, book: sqlite3.Connection, key: str | None, fingerprint: str, answer: Answer
    ) -> None:
        """Keeps an answer, in the transaction that made it true."""
        if key is not None:
            book.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (key, fingerprint, answer.status, answer.body, self._storage.now()),
            )

    def count_attempt(self, key: str) -> int:
        """Which request with this key this is, from 1; forgotten with the key."""
        now = self._storage.now()
        with self._storage.writing() as book:
            book.execute(
                "DELETE FROM attempts WHERE key = ? AND first_at <= ?", (key, now - KEPT_SECONDS)
            )
            (count,) = book.execute(
                "INSERT INTO attempts VALUES (?, 1, ?)"
                " ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count",
                (key, now),
            ).fetchone()
        return int(count)

    def forget_old(self) -> None:
        """Deletes what is older than 24 hours, which nothing would read any more."""
        oldest = self._storage.now() - KEPT_SECONDS
        with self._storage.writing() as book:
            book.execute("DELETE FROM answers WHERE kept_at <= ?", (oldest,))
            book.execute("DELETE FROM attempts WHERE first_at <= ?", (oldest,))

    def _kept(self, key: str, fingerprint: str) -> Answer | None:
        rows = self._storage.rows(
            "SELECT fingerprint, status, body FROM answers WHERE key = ? AND kept_at > ?",
            (key, self._storage.now() - KEPT_SECONDS),
        )
        if not rows:
            return None
        if rows[0]["fingerprint"] != fingerprint:
            raise Refused(_OTHER_PARAMETERS)
        return Answer(status=rows[0]["status"], body=rows[0]["body"])
