"""The sandbox's disputes: a customer wants a payment back from their bank, and how that ends."""

import secrets
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from activities.providers.payments.sandbox.book import Book
from activities.providers.payments.sandbox.refusals import bad_request, missing_resource
from activities.providers.payments.sandbox.storage import Storage

_ANSWER_WITHIN = 7 * 24 * 3600


class DisputeStatus(StrEnum):
    """Where a dispute is, in Stripe's words; a warning is an inquiry that has taken no money."""

    WARNING = "warning_needs_response"
    OPEN = "needs_response"
    WON = "won"
    LOST = "lost"
    WARNING_CLOSED = "warning_closed"


_UNDER_WAY = (DisputeStatus.WARNING, DisputeStatus.OPEN)
# While it stands so, its payment can't be refunded.
_HOLDS = (DisputeStatus.OPEN, DisputeStatus.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute: minor units, the currency in lower case, Unix seconds."""

    id: str
    payment: str
    amount: int
    currency: str
    status: DisputeStatus
    reason: str
    created: int
    due_by: int

    @property
    def refundable(self) -> bool:
        """The payment can be refunded all the same."""
        return self.status not in _HOLDS


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDispute:
    """A dispute somebody has made. `amount`: None for all that is left of the payment."""

    payment: str
    amount: int | None
    reason: str
    inquiry: bool


class Disputes:
    """Reads stand alone; what writes takes the transaction it is part of."""

    def __init__(self, storage: Storage, payments: Book) -> None:
        self._storage = storage
        self._payments = payments

    def open(self, book: sqlite3.Connection, wanted: WantedDispute) -> Dispute:
        """Opens a dispute about what is left of a payment, or about a part of it.

        Raises:
            Refused: one is under way already, or the amount can't be known or right.
        """
        held = book.execute(
            "SELECT 1 FROM disputes WHERE payment = ? AND status <> 'won'"
            " AND status <> 'warning_closed'",
            (wanted.payment,),
        )
        if held.fetchone() is not None:
            raise bad_request(f"Payment {wanted.payment} is disputed already.")
        payment = self._payments.payment(wanted.payment)
        amount = wanted.amount if payment.captured is None else wanted.amount or payment.captured
        if amount is None:
            raise bad_request(
                'Nobody has told what this payment brought in: give an "amount".', param="amount"
            )
        if payment.captured is not None and amount > payment.captured:
            raise bad_request(
                f"The payment brought in {payment.captured}; {amount} can't be disputed.",
                param="amount",
            )
        now = int(self._storage.now())
        (row,) = book.execute(
            "INSERT INTO disputes (id, payment, amount, currency, status, reason, created, due_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            (
                f"dp_{secrets.token_hex(12)}",
                wanted.payment,
                amount,
                payment.currency,
                DisputeStatus.WARNING if wanted.inquiry else DisputeStatus.OPEN,
                wanted.reason,
                now,
                now + _ANSWER_WITHIN,
            ),
        ).fetchall()
        return _dispute(row)

    def close(self, book: sqlite3.Connection, dispute: str, *, won: bool) -> Dispute:
        """Ends a dispute; where it has ended so already, too.

        Raises:
            Refused: 404, there is none; 400, it has ended otherwise, or an inquiry can't be lost.
        """
        found = self.get(dispute)
        inquiry = found.status in (DisputeStatus.WARNING, DisputeStatus.WARNING_CLOSED)
        if inquiry and not won:
            raise bad_request("An inquiry takes no money, so it can't be lost.")
        ended = DisputeStatus.WARNING_CLOSED if inquiry else DisputeStatus.WON
        status = ended if won else DisputeStatus.LOST
        if found.status not in (*_UNDER_WAY, status):
            raise bad_request(f"Dispute {dispute} is {found.status}; that is final.")
        (row,) = book.execute(
            "UPDATE disputes SET status = ? WHERE id = ? RETURNING *", (status, dispute)
        ).fetchall()
        return _dispute(row)

    def get(self, dispute: str) -> Dispute:
        """One dispute by its id.

        Raises:
            Refused: 404, there is none.
        """
        rows = self._storage.rows("SELECT * FROM disputes WHERE id = ?", (dispute,))
        if not rows:
            raise missing_resource("dispute", dispute, "dispute")
        return _dispute(rows[0])

    def all(self) -> list[Dispute]:
        """Every dispute, oldest first."""
        return [_dispute(row) for row in self._storage.rows("SELECT * FROM disputes ORDER BY seq")]


def is_held(book: sqlite3.Connection, payment: str) -> bool:
    """Whether a dispute keeps a payment from being refunded."""
    found = book.execute(
        "SELECT 1 FROM disputes WHERE payment = ? AND status IN ('needs_response', 'lost')",
        (payment,),
    )
    return found.fetchone() is not None


def _dispute(row: sqlite3.Row) -> Dispute:
    return Dispute(
        id=row["id"],
        payment=row["payment"],
        amount=row["amount"],
        currency=row["currency"],
        status=DisputeStatus(row["status"]),
        reason=row["reason"],
        created=row["created"],
        due_by=row["due_by"],
    )
