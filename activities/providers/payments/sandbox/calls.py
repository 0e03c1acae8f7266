"""The log of calls the provider's API got, so that a test can see what was asked, and how often."""

from dataclasses import dataclass
from enum import StrEnum

from activities.providers.payments.sandbox.storage import Storage


class Outcome(StrEnum):
    """What became of a call; `unanswered` also when the process died during it."""

    UNANSWERED = "unanswered"
    ANSWERED = "answered"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        at: when it came, by the sandbox's clock, in Unix seconds.
        method: of HTTP.
        path: without the query.
        payment: the payment it was about, if it was about one.
        idempotency_key: as it was sent.
        outcome: what became of it.
        status: the HTTP status of its answer.
        replayed: the answer was an earlier one.
    """

    at: float
    method: str
    path: str
    payment: str | None
    idempotency_key: str | None
    outcome: Outcome
    status: int | None
    replayed: bool


class Calls:
    """The calls, in the book: each is there before anything is done about it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def came(self, method: str, path: str, payment: str | None, idempotency_key: str | None) -> int:
        """Notes a call; gives the number to note its end with."""
        at = round(self._storage.now(), 3)
        with self._storage.writing() as book:
            cursor = book.execute(
                "INSERT INTO calls (at, method, path, payment, idempotency_key, outcome, replayed)"
                " VALUES (?, ?, ?, ?, ?, ?, 0)",
                (at, method, path, payment, idempotency_key, Outcome.UNANSWERED),
            )
            return int(cursor.lastrowid or 0)

    def ended(self, number: int, outcome: Outcome, status: int | None, replayed: bool) -> None:
        """Notes what a call was answered."""
        with self._storage.writing() as book:
            book.execute(
                "UPDATE calls SET outcome = ?, status = ?, replayed = ? WHERE seq = ?",
                (outcome, status, replayed, number),
            )

    def all(self) -> list[Call]:
        """Every call, in the order they came."""
        rows = self._storage.rows(
            "SELECT at, method, path, payment, idempotency_key, outcome, status, replayed"
            " FROM calls ORDER BY seq"
        )
        return [
            Call(
                at=row["at"],
                method=row["method"],
                path=row["path"],
                payment=row["payment"],
                idempotency_key=row["idempotency_key"],
                outcome=Outcome(row["outcome"]),
                status=row["status"],
                replayed=bool(row["replayed"]),
            )
            for row in rows
        ]
