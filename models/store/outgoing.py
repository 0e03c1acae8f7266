"""Reading the events that other systems are told of.

How to consume them: each row of `outgoing_events` is something that happened, written in the same
transaction as the change. `number` grows in the order in which changes became visible, so a reader
keeps the number it has dealt with and asks for what comes after it (`events_after`); nothing with a
smaller number appears later. From outside it is `GET /events?after=<id of the last event>`. An
event is thin: ids, amounts, the state then, and where to read the rest. Reading again from an
earlier number gives the same events, so deal with them by their `id`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import OutgoingEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFilter:
    """Which events; empty or None: all."""

    types: tuple[str, ...] = ()
    rma: str | None = None


def events_after(
    session: Session, number: int, *, limit: int, wanted: OutgoingFilter | None = None
) -> Sequence[OutgoingEvent]:
    """The events behind a number (0: from the first), oldest first."""
    wanted = wanted or OutgoingFilter()
    query = select(OutgoingEvent).where(OutgoingEvent.number > number)
    if wanted.types:
        query = query.where(OutgoingEvent.type.in_(wanted.types))
    if wanted.rma is not None:
        query = query.where(OutgoingEvent.rma == wanted.rma)
    return session.scalars(query.order_by(OutgoingEvent.number).limit(limit)).all()


def find_event(session: Session, id: str) -> OutgoingEvent | None:
    """One event by its id."""
    return session.scalar(select(OutgoingEvent).where(OutgoingEvent.id == id))


def event_body(row: OutgoingEvent, api: str) -> dict[str, Any]:
    """An event as it is told, to callers and to webhook endpoints alike.

    Args:
        row: the event.
        api: the base address of the API, for its link.
    """
    link = row.data.get("link")
    return {
        "id": row.id,
        "type": row.type,
        "timestamp": _text(row.at),
        "data": {**row.data, "link": None if link is None else api + link},
    }


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
