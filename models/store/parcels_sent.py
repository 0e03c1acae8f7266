"""Parcels that carriers were told of, kept before their labels are paid for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.store.dialects import insert_or_ignore
from models.tables import Label, PreparedParcel, Return


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownParcels:
    """The parcels of one label key: those whose labels were refused, and the one that counts."""

    refused: Sequence[str]
    current: str | None
    next_no: int


def known_parcels(session: Session, key: str) -> KnownParcels:
    """What carriers were told of for this key."""
    rows = session.scalars(
        select(PreparedParcel).where(PreparedParcel.key == key).order_by(PreparedParcel.no)
    ).all()
    open_ = [row.shipment for row in rows if row.refused_at is None]
    return KnownParcels(
        refused=[row.shipment for row in rows if row.refused_at is not None],
        current=open_[-1] if open_ else None,
        next_no=len(rows) + 1,
    )


def keep_parcel(session: Session, key: str, no: int, rma: str, shipment: str, at: datetime) -> str:
    """Keeps a parcel, unless another attempt was quicker; gives the one that counts."""
    values = {"key": key, "no": no, "rma": rma, "shipment": shipment, "prepared_at": at}
    session.execute(insert_or_ignore(session, PreparedParcel), [values])
    row = session.get_one(PreparedParcel, (key, no))
    return row.shipment


def refuse_parcel(session: Session, key: str, shipment: str, at: datetime) -> None:
    """Notes that this parcel gets no label, so that the next attempt prepares another."""
    session.execute(
        update(PreparedParcel)
        .where(PreparedParcel.key == key, PreparedParcel.shipment == shipment)
        .values(refused_at=at)
    )


def set_sender(
    session: Session, rma: str, address: Mapping[str, str] | None, at: datetime
) -> dict[str, str] | None:
    """Says where a return's parcel is sent from; None: from where the order went.

    A parcel that carriers know with another address gets no label any more.

    Returns:
        What was said before.
    """
    row = session.get_one(Return, rma)
    before = row.sender_address
    row.sender_address = None if address is None else dict(address)
    bought = select(Label.key).where(Label.rma == rma)
    session.execute(
        update(PreparedParcel)
        .where(
            PreparedParcel.rma == rma,
            PreparedParcel.refused_at.is_(None),
            PreparedParcel.key.not_in(bought),
        )
        .values(refused_at=at)
    )
    return before
