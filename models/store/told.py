"""What an outgoing event says of a row: ids, amounts and our own words, never personal data."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from models.rules.outgoing import FACTS
from models.tables import (
    CreditMemo,
    CreditMovement,
    Event,
    Exchange,
    Refund,
    StoreCredit,
    Task,
)
from models.tables.base import Base

# How much of a credit's code an event shows. Who holds the whole code may spend it.
_ENDING = 4
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row that is new or changed, and the type of event that tells it."""

    type: str
    row: Base
    # As it was at this change; the row may have gone on before the transaction ends.
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of a row: its return, what it is ordered within without one, and the rest."""

    at: datetime
    rma: str | None
    stream: str
    order: str | None
    path: str | None
    facts: Json


def tell(session: Session, change: Change) -> Told:
    """What is told of a change, once its row is complete."""
    row = change.row
    if isinstance(row, Event):
        facts = {name: fact for name, fact in row.data.items() if name in FACTS}
        return Told(
            at=row.at,
            rma=row.rma,
            stream=row.rma,
            order=None,
            path=None,
            facts={"actor": row.actor, "facts": facts},
        )
    if isinstance(row, Refund):
        return _tell_of_refund(row, change)
    if isinstance(row, CreditMovement):
        return _tell_of_credit(session.get_one(StoreCredit, row.code), row)
    if isinstance(row, Exchange):
        exchange = {
            "status": change.status,
            "difference": row.difference,
            "paid": row.paid,
            "currency": row.currency,
            "tracking": row.tracking,
        }
        ended = {"shipped": row.shipped_at, "cancelled": row.cancelled_at}.get(change.status)
        return Told(
            at=ended or datetime.now(UTC),
            rma=row.rma,
            stream=row.rma,
            order=None,
            path=None,
            facts={"exchange": exchange},
        )
    if isinstance(row, Task):
        return _tell_of_task(row, change)
    if not isinstance(row, CreditMemo):
        raise TypeError(f"nothing is told of {type(row).__name__}")
    memo = {"number": f"CM-{row.number:06}", "amount": row.amount, "currency": row.currency}
    return Told(
        at=row.issued_at,
        rma=row.rma,
        stream=row.rma or f"order/{row.order_number}",
        order=row.order_number,
        path=f"/credit-memos/CM-{row.number:06}",
        facts={"credit_memo": {**memo, "tax": row.tax}},
    )


def _tell_of_refund(row: Refund, change: Change) -> Told:
    refund = {
        "id": row.id,
        "amount": row.amount,
        "currency": row.currency,
        "status": change.status,
        "paid_by": row.paid_by,
        "replaced_by": row.replaced_by,
    }
    return Told(
        at=row.created_at if change.type == "refund.created" else row.updated_at,
        rma=row.rma,
        stream=row.rma or f"order/{row.order_number}",
        order=row.order_number,
        path=f"/refunds/{quote(row.id, safe='')}",
        facts={"refund": refund},
    )


def _tell_of_credit(credit: StoreCredit, row: CreditMovement) -> Told:
    told = {
        "ending": credit.code[-_ENDING:],
        "origin": credit.origin,
        "change": row.amount,
        "amount": credit.amount,
        "balance": credit.balance,
        "currency": credit.currency,
    }
    return Told(
        at=row.at,
        rma=credit.rma,
        stream=credit.rma or f"order/{credit.order_number}",
        order=credit.order_number,
        path=None,
        facts={"store_credit": told, "actor": row.actor},
    )


def _tell_of_task(row: Task, change: Change) -> Told:
    task = {
        "id": row.id,
        "kind": row.kind,
        "status": change.status,
        "due_at": None if row.due_at is None else _text(row.due_at),
        "refund": row.refund,
        "parcel": row.parcel_id,
    }
    times = {"task.opened": row.opened_at, "task.done": row.closed_at}
    return Told(
        at=times.get(change.type) or datetime.now(UTC),
        rma=row.rma,
        stream=row.rma or f"task/{row.id}",
        order=row.order_number,
        path=None,
        facts={"task": task},
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
