"""The sandbox's book: which payments it was told of, and every refund it made at them."""

import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from activities.providers.payments.sandbox.behaviour import Behaviour
from activities.providers.payments.sandbox.parameters import WantedPage, WantedRefund
from activities.providers.payments.sandbox.refusals import Refused, bad_request, missing_resource
from activities.providers.payments.sandbox.storage import Storage

# Taken when nobody says which currency a payment was in.
_DEFAULT_CURRENCY = "gbp"
_HOUR = 3600


class Status(StrEnum):
    """Where a refund is, in Stripe's words."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


_OPEN = {Status.PENDING, Status.REQUIRES_ACTION}
# What each change may start from. A bank can send money back after it was paid, so failing may;
# what failed or was cancelled stays so, since its money may have been refunded again since.
_MAY_BECOME = {
    Status.SUCCEEDED: _OPEN | {Status.SUCCEEDED},
    Status.FAILED: _OPEN | {Status.SUCCEEDED, Status.FAILED},
    Status.CANCELED: _OPEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund in the book: minor units, the currency in lower case, Unix seconds."""

    id: str
    payment: str
    amount: int
    currency: str
    status: Status
    created: int
    reason: str | None
    metadata: Mapping[str, str]
    failure_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as far as it was told: `captured` is None until somebody says it."""

    reference: str
    captured: int | None
    currency: str
    refunded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """All refunds that stand, in one currency."""

    currency: str
    amount: int


class Book:
    """Reads stand alone; what writes takes the transaction it is part of."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def refund(
        self, book: sqlite3.Connection, wanted: WantedRefund, behaviour: Behaviour
    ) -> Refund:
        """Makes a refund, never more than what is left of what the payment brought in.

        Raises:
            Refused: and what the request told about the payment is kept all the same.
        """
        payment = self._told(book, wanted)
        if behaviour.refusal is not None:
            raise Refused(behaviour.refusal)
        amount = _allowed(payment, wanted.amount)
        book.execute(
            "UPDATE payments SET currency = ? WHERE reference = ? AND currency IS NULL",
            (payment.currency, payment.reference),
        )
        now = self._storage.now()
        fails_after = behaviour.fails_after_hours
        (row,) = book.execute(
            "INSERT INTO refunds (id, payment, amount, currency, status, created, reason, metadata,"
            " fails_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            (
                f"re_{secrets.token_hex(12)}",
                payment.reference,
                amount,
                payment.currency,
                Status.PENDING if behaviour.pending else Status.SUCCEEDED,
                int(now),
                wanted.reason,
                json.dumps(dict(wanted.metadata), ensure_ascii=False),
                None if fails_after is None else now + fails_after * _HOUR,
            ),
        ).fetchall()
        return _refund(row)

    def change(
        self,
        book: sqlite3.Connection,
        refund_id: str,
        status: Status,
        failure_reason: str | None = None,
    ) -> Refund:
        """Moves a refund on; to where it already is, too.

        Raises:
            Refused: 404 when there is no such refund, 400 when it can't become that any more.
        """
        refund = _only(book.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)), refund_id)
        if refund.status not in _MAY_BECOME[status]:
            raise bad_request(
                f"Refund {refund_id} is {refund.status}; it can't become {status} any more."
            )
        (row,) = book.execute(
            "UPDATE refunds SET status = ?, failure_reason = ?,"
            " fails_at = CASE ? WHEN 'succeeded' THEN fails_at END WHERE id = ? RETURNING *",
            (status, failure_reason, status, refund_id),
        ).fetchall()
        return _refund(row)

    def due_to_fail(self, book: sqlite3.Connection) -> list[str]:
        """The ids of the refunds whose time to fail has come."""
        rows = book.execute(
            "SELECT id FROM refunds WHERE fails_at <= ? ORDER BY fails_at", (self._storage.now(),)
        )
        return [row["id"] for row in rows]

    def get(self, refund_id: str) -> Refund:
        """One refund by its id.

        Raises:
            Refused: 404, there is none.
        """
        return _only(
            iter(self._storage.rows("SELECT * FROM refunds WHERE id = ?", (refund_id,))), refund_id
        )

    def page(self, wanted: WantedPage) -> tuple[list[Refund], bool]:
        """A page of refunds, newest first, and whether there are more.

        Raises:
            Refused: the refund to start after isn't there.
        """
        conditions, values = ["TRUE"], list[str | int]()
        if wanted.payment is not None:
            conditions.append("payment = ?")
            values.append(wanted.payment)
        if wanted.created_from is not None:
            conditions.append("created >= ?")
            values.append(wanted.created_from)
        if wanted.starting_after is not None:
            after = self._storage.rows(
                "SELECT seq FROM refunds WHERE id = ?", (wanted.starting_after,)
            )
            if not after:
                raise missing_resource("refund", wanted.starting_after, "starting_after")
            conditions.append("seq < ?")
            values.append(after[0]["seq"])
        rows = self._storage.rows(
            f"SELECT * FROM refunds WHERE {' AND '.join(conditions)}"  # noqa: S608
            " ORDER BY seq DESC LIMIT ?",
            (*values, wanted.limit + 1),
        )
        return [_refund(row) for row in rows[: wanted.limit]], len(rows) > wanted.limit

    def all(self, payment: str | None) -> list[Refund]:
        """Every refund of one payment, or of all, oldest first."""
        condition, values = ("TRUE", ()) if payment is None else ("payment = ?", (payment,))
        rows = self._storage.rows(
            f"SELECT * FROM refunds WHERE {condition} ORDER BY seq",  # noqa: S608
            values,
        )
        return [_refund(row) for row in rows]

    def payment(self, reference: str) -> Payment:
        """What was told of a payment, and what of it has gone back."""
        rows = self._storage.rows("SELECT * FROM told WHERE reference = ?", (reference,))
        if not rows:
            return Payment(
                reference=reference, captured=None, currency=_DEFAULT_CURRENCY, refunded=0
            )
        return _payment(rows[0])

    def count(self) -> int:
        """How many refunds there are, whatever became of them."""
        (row,) = self._storage.rows("SELECT COUNT(*) AS refunds FROM refunds")
        return int(row["refunds"])

    def totals(self) -> list[Total]:
        """What has gone back or is about to, for each currency."""
        rows = self._storage.rows(
            "SELECT currency, SUM(amount) AS amount FROM standing GROUP BY currency ORDER BY 1"
        )
        return [Total(currency=row["currency"], amount=row["amount"]) for row in rows]

    def _told(self, book: sqlite3.Connection, wanted: WantedRefund) -> Payment:
        """Keeps what a request says about its payment; what was said once can't change."""
        book.execute(
            "INSERT INTO payments VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
            " captured = COALESCE(captured, excluded.captured),"
            " currency = COALESCE(currency, excluded.currency)",
            (wanted.payment, wanted.captured, wanted.currency),
        )
        (row,) = book.execute(
            "SELECT * FROM told WHERE reference = ?", (wanted.payment,)
        ).fetchall()
        if wanted.captured not in (None, row["captured"]):
            raise bad_request(
                f"Payment {wanted.payment} brought in {row['captured']}, as was told before;"
                f" not {wanted.captured}.",
                param="metadata[captured_amount]",
            )
        if wanted.currency not in (None, row["currency"]):
            raise bad_request(
                f"Payment {wanted.payment} is in {row['currency']}; not in {wanted.currency}.",
                param="currency",
            )
        return _payment(row)


def _allowed(payment: Payment, wanted: int | None) -> int:
    """The amount to refund, when that much is left."""
    if payment.captured is None:
        if wanted is None:
            raise bad_request(
                "Nobody has told what this payment brought in, so what is left isn't known:"
                " give the amount, or metadata[captured_amount].",
                param="amount",
                code="parameter_missing",
            )
        return wanted
    left = payment.captured - payment.refunded
    if left <= 0:
        raise bad_request(
            f"Charge {payment.reference} has already been refunded.",
            code="charge_already_refunded",
        )
    if wanted is not None and wanted > left:
        raise bad_request(
            f"Refund amount ({wanted} {payment.currency}) is greater than unrefunded amount on"
            f" charge ({left} {payment.currency})",
            param="amount",
            code="amount_too_large",
        )
    return left if wanted is None else wanted


def _only(rows: Iterator[sqlite3.Row], refund_id: str) -> Refund:
    row = next(rows, None)
    if row is None:
        raise missing_resource("refund", refund_id, "id")
    return _refund(row)


def _payment(row: sqlite3.Row) -> Payment:
    return Payment(
        reference=row["reference"],
        captured=row["captured"],
        currency=row["currency"] or _DEFAULT_CURRENCY,
        refunded=row["refunded"],
    )


def _refund(row: sqlite3.Row) -> Refund:
    return Refund(
        id=row["id"],
        payment=row["payment"],
        amount=row["amount"],
        currency=row["currency"],
        status=Status(row["status"]),
        created=row["created"],
        reason=row["reason"],
        metadata=json.loads(row["metadata"]),
        failure_reason=row["failure_reason"],
    )
