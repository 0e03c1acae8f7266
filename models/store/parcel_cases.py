"""Parcels as they are kept, and the case of one that nobody knows."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from models.messages import TaskKind
from models.rules.parcels import (
    ParcelStatus,
)
from models.tables import (
    Parcel,
    Task,
)

DUE = timedelta(days=1)


def load_parcel(session: Session, id: str, *, lock: bool = False) -> Parcel | None:
    """One parcel with its things."""
    query = select(Parcel).where(Parcel.id == id).options(selectinload(Parcel.items))
    return session.scalar(query.with_for_update() if lock else query)


def open_case(session: Session, parcel: Parcel, at: datetime) -> None:
    """Asks a person to find out where a parcel belongs; once."""
    if session.get(Task, parcel.id) is None:
        session.add(
            Task(
                id=parcel.id,
                parcel_id=parcel.id,
                kind=TaskKind.UNMATCHED_PARCEL,
                status="open",
                due_at=at + DUE,
                opened_at=at,
            )
        )


def end_case(
    session: Session, parcel: Parcel, status: ParcelStatus, *, by: str, at: datetime
) -> None:
    """A parcel is dealt with: its task is done."""
    parcel.status = status
    parcel.closed_at = at
    parcel.closed_by = by
    task = session.get(Task, parcel.id)
    if task is not None and task.status != "done":
        task.status = "done"
        task.closed_at = at
        task.closed_by = by


def list_parcels(
    session: Session,
    status: ParcelStatus | None,
    *,
    limit: int,
    after: tuple[datetime, str] | None = None,
) -> list[Parcel]:
    """Parcels, newest first; `after`: time and id of the last of the page before."""
    query = select(Parcel).options(selectinload(Parcel.items))
    if status is not None:
        query = query.where(Parcel.status == status)
    if after is not None:
        at, last = after
        query = query.where(Parcel.created_at <= at, or_(Parcel.created_at < at, Parcel.id < last))
    query = query.order_by(Parcel.created_at.desc(), Parcel.id.desc()).limit(limit)
    return list(session.scalars(query))
