"""What the customers' records are told: returns with new milestones, in order."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.rules.milestones import MILESTONES, Case, Milestone, standing_after, words_of
from models.store.outgoing import OutgoingFilter, events_after
from models.tables import OutgoingEvent, Return, SystemCursor, UntoldCase

_AT_ONCE = 50
_WANTED = OutgoingFilter(types=MILESTONES)


def due_events(session: Session, crm: str) -> Sequence[OutgoingEvent]:
    """The next milestones that the CRM was not told of."""
    row = session.get(SystemCursor, _name(crm))
    number = 0 if row is None else int(row.position)
    return events_after(session, number, limit=_AT_ONCE, wanted=_WANTED)


def move_on(session: Session, crm: str, number: int, at: datetime) -> None:
    """Keeps that everything up to this event was told, or set aside."""
    row = session.get(SystemCursor, _name(crm), with_for_update=True)
    if row is None:
        session.add(SystemCursor(name=_name(crm), position=str(number), moved_at=at))
    elif int(row.position) < number:
        row.position, row.moved_at = str(number), at


def read_case(session: Session, rma: str) -> Case | None:
    """A return with all its milestones so far; None when there is no such return any more."""
    order = session.scalar(select(Return.order_number).where(Return.rma == rma))
    query = select(OutgoingEvent).where(
        OutgoingEvent.rma == rma, OutgoingEvent.type.in_(MILESTONES)
    )
    events = session.scalars(query.order_by(OutgoingEvent.number)).all()
    if order is None or not events:
        return None
    return Case(
        rma=rma,
        order=order,
        opened_at=events[0].at,
        standing=standing_after([event.type for event in events]),
        milestones=[
            Milestone(key=event.id, at=event.at, words=words_of(event.type, event.data))
            for event in events
        ],
    )


def set_aside(session: Session, rma: str, problem: str, at: datetime) -> None:
    """Keeps that the CRM refused a return, and why."""
    row = session.get(UntoldCase, rma)
    if row is None:
        session.add(UntoldCase(rma=rma, problem=problem, at=at))
    else:
        row.problem, row.at = problem, at


def no_longer_aside(session: Session, rma: str) -> None:
    """Forgets a refusal."""
    row = session.get(UntoldCase, rma)
    if row is not None:
        session.delete(row)


def set_aside_before(session: Session, at: datetime, limit: int) -> Sequence[str]:
    """Returns that were refused before a moment, the longest ago first."""
    query = select(UntoldCase.rma).where(UntoldCase.at < at).order_by(UntoldCase.at)
    return session.scalars(query.limit(limit)).all()


def _name(crm: str) -> str:
    return f"crm/{crm}"
