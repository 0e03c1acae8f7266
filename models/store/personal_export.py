"""A copy of all that is held about a person, row by row, as JSON."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.store.personal_data import Subject, erasures_of, is_gift
from models.tables import (
    Base,
    CreditMemo,
    Customer,
    Event,
    GrantedRefund,
    Label,
    Message,
    Note,
    Order,
    OrderLine,
    Parcel,
    ParcelItem,
    Payment,
    Photo,
    QuoteLine,
    Refund,
    Return,
    ReturnLine,
    Scan,
    StoreCredit,
    Submission,
    Task,
)

# What a gift's recipient may see of its return: nothing with an amount.
_OF_CONTACT: Mapping[str, type[Base]] = {
    "notes": Note,
    "mails": Message,
    "photos": Photo,
    "labels": Label,
    "scans": Scan,
}
_OF_RETURN: Mapping[str, type[Base]] = {
    "lines": ReturnLine,
    "quote": QuoteLine,
    "events": Event,
    **_OF_CONTACT,
    "grants": GrantedRefund,
    "refunds": Refund,
    "credit_memos": CreditMemo,
    "store_credits": StoreCredit,
}
_OF_ORDER: Mapping[str, type[Base]] = {
    "lines": OrderLine,
    "payments": Payment,
    "requests": Submission,
}
_AMOUNTS = frozenset({"quote_total", "facts", "overridden"})


def export(session: Session, subject: Subject) -> dict[str, Any]:
    """`{"customer", "person", "orders", "returns", "parcels", "erasures"}`, each a list of rows.

    A gift's return is its recipient's business, so the export of the buyer leaves it out.
    """
    returns = [
        row
        for row in session.scalars(
            select(Return).where(Return.rma.in_(subject.rmas)).order_by(Return.created_at)
        )
        if subject.alone or not is_gift(row)
    ]
    rmas = [row.rma for row in returns]
    people = select(Customer).where(Customer.id.in_(subject.customers))
    orders = select(Order).where(Order.number.in_(subject.orders)).order_by(Order.placed_at)
    parcels = select(Parcel).where(
        Parcel.id.in_(select(ParcelItem.parcel_id).where(ParcelItem.rma.in_(rmas)))
        | Parcel.rma.in_(rmas)
    )
    below = _below(session, _OF_CONTACT if subject.alone else _OF_RETURN, "rma", rmas)
    bought = _below(session, _OF_ORDER, "order_number", subject.orders)
    came = session.scalars(parcels).all()
    noted = _notes(session, Task.order_number, subject.orders)
    noted |= _notes(session, Task.parcel_id, [row.id for row in came])
    return {
        "customer": subject.name,
        "person": [_row(row) for row in session.scalars(people)],
        "orders": [
            {**_row(row), **bought[row.number], "notes": noted[row.number]}
            for row in session.scalars(orders)
        ],
        "returns": [{**_own(row, alone=subject.alone), **below[row.rma]} for row in returns],
        "parcels": [{**_row(row), "notes": noted[row.id]} for row in came],
        "erasures": [_row(row) for row in erasures_of(session, subject)],
    }


def _notes(
    session: Session, column: InstrumentedAttribute[str | None], about: list[str]
) -> dict[str, list[Any]]:
    """What people said of tasks about orders, or parcels, without a return."""
    found: dict[str, list[Any]] = {name: [] for name in about}
    said = (
        select(column, Note)
        .join(Note, Note.id == Task.note_id)
        .where(column.in_(about))
        .order_by(Note.created_at, Note.id)
    )
    for name, note in session.execute(said):
        found[str(name)].append(_row(note))
    return found


def _own(row: Return, *, alone: bool) -> dict[str, Any]:
    told = _row(row)
    return {name: told[name] for name in told if not (alone and name in _AMOUNTS)}


def _below(
    session: Session, tables: Mapping[str, type[Base]], column: str, parents: Iterable[str]
) -> dict[str, dict[str, list[Any]]]:
    """Of each parent, the rows below it, table by table, in the order they were made."""
    wanted = list(parents)
    found: dict[str, dict[str, list[Any]]] = {
        parent: {name: [] for name in tables} for parent in wanted
    }
    for name, table in tables.items():
        key = inspect(table).primary_key
        rows = session.scalars(
            select(table).where(getattr(table, column).in_(wanted)).order_by(*key)
        )
        for row in rows:
            found[getattr(row, column)][name].append(_row(row))
    return found


def _row(row: Base) -> dict[str, Any]:
    """All columns but pictures and pages, which have calls of their own."""
    return {
        column.key: _value(getattr(row, column.key))
        for column in inspect(type(row)).column_attrs
        if not isinstance(column.columns[0].type, LargeBinary)
    }


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
