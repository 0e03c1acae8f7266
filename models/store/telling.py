"""The one place where outgoing events are written: with the change they tell, as it commits.

Whatever writes goes through `WritingSession` (`Database.write`). It looks at the rows that are
about to be stored: new entries of a timeline, and refunds, store credits, exchanges, tasks and
credit memos that are new or whose status changed. So nobody has to remember to tell, and no event
exists of a change that was rolled back.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import event, func, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from models.rules.outgoing import CREDIT_TYPES, MEMO_TYPE, TEST_TYPE, type_of_entry
from models.store.dialects import insert_or_ignore
from models.store.told import Change, Told, tell
from models.tables import (
    CreditMemo,
    CreditMovement,
    Event,
    Exchange,
    OutgoingEvent,
    OutgoingHead,
    Refund,
    Return,
    Task,
)
from models.tables.base import Base

_WATCHED = (Event, Refund, CreditMovement, Exchange, Task, CreditMemo)
_CHANGES = "outgoing_changes"
# Set in `session.info` once events were written.
TOLD = "outgoing_told"


class WritingSession(Session):
    """A session whose changes are told."""


@event.listens_for(WritingSession, "before_flush")
def _notice(session: Session, _context: UOWTransaction, _instances: object) -> None:
    noticed: list[Change] = session.info.setdefault(_CHANGES, [])
    for row in session.new:
        noticed += [_change(kind, row) for kind in _types_of_new(row)]
    for row in session.dirty:
        noticed += [_change(kind, row) for kind in _types_of_changed(row)]


@event.listens_for(WritingSession, "before_commit")
def _write(session: Session) -> None:
    session.flush()
    changes: list[Change] = session.info.pop(_CHANGES, [])
    if changes:
        _add(session, [(change.type, tell(session, change)) for change in changes])
        session.info[TOLD] = True


@event.listens_for(WritingSession, "do_orm_execute")
def _refuse_what_is_not_seen(state: ORMExecuteState) -> None:
    mapper = state.bind_mapper
    if (state.is_update or state.is_delete) and mapper and mapper.class_ in _WATCHED:
        # A programming error: such a statement changes rows without their being looked at.
        raise TypeError(f"change {mapper.class_.__name__} by its rows, so that it is told")


def _change(kind: str, row: Any) -> Change:
    return Change(type=kind, row=row, status=getattr(row, "status", "") or "")


def _types_of_new(row: object) -> list[str]:
    if isinstance(row, Event):
        made = type_of_entry(row.kind)
        return [] if made is None else [made]
    if isinstance(row, Refund):
        settled = [] if row.status == "pending" else [f"refund.{row.status}"]
        return ["refund.created", *settled]
    if isinstance(row, CreditMovement):
        return [CREDIT_TYPES[row.kind]] if row.kind in CREDIT_TYPES else []
    if isinstance(row, Exchange):
        return [f"exchange.{row.status}"]
    if isinstance(row, Task):
        return ["task.opened", *([] if row.status == "open" else [f"task.{row.status}"])]
    return [MEMO_TYPE] if isinstance(row, CreditMemo) else []


def _types_of_changed(row: object) -> list[str]:
    found = []
    if isinstance(row, Refund):
        if _differs(row, "status"):
            found.append(f"refund.{row.status}")
        if row.paid_by is not None and _differs(row, "paid_by"):
            found.append("refund.paid_otherwise")
    elif isinstance(row, Exchange) and _differs(row, "status"):
        found.append(f"exchange.{row.status}")
    elif isinstance(row, Task):
        if _differs(row, "status"):
            found.append("task.released" if row.status == "open" else f"task.{row.status}")
        if row.escalated_at is not None and _differs(row, "escalated_at"):
            found.append("task.escalated")
    return found


def _differs(row: Base, name: str) -> bool:
    history = inspect(row).attrs[name].history
    return history.has_changes() and list(history.added) != list(history.deleted)


# --- in order ------------------------------------------------------------------------------------


def tell_test(session: Session, endpoint: str, at: datetime) -> OutgoingEvent:
    """Writes an event that only one webhook endpoint is told of."""
    told = Told(
        at=at,
        rma=None,
        stream=f"webhook/{endpoint}",
        order=None,
        path=f"/webhook-endpoints/{endpoint}",
        facts={"endpoint": endpoint},
    )
    session.flush()
    [made] = _add(session, [(TEST_TYPE, told)])
    return made


def newest_number(session: Session) -> int:
    """The number of the newest event; 0: there is none."""
    return session.scalar(select(OutgoingHead.last)) or 0


def _add(session: Session, told: Sequence[tuple[str, Told]]) -> list[OutgoingEvent]:
    """Writes events, numbered under the lock of their head.

    It is the last lock of all and held until the commit, so that numbers become visible in their
    order: who has read up to one of them never finds a smaller one later.
    """
    head = _lock_head(session)
    places = _places(session, {each.stream for _, each in told})
    returns = _returns(session, {each.rma for _, each in told if each.rma is not None})
    made = []
    for kind, each in told:
        head.last += 1
        places[each.stream] = place = places.get(each.stream, 0) + 1
        order, status = returns.get(each.rma or "", (each.order, None))
        path = f"/returns/{quote(each.rma, safe='')}" if each.rma else None
        made.append(
            OutgoingEvent(
                number=head.last,
                id=f"evt_{uuid.uuid4().hex}",
                type=kind,
                at=each.at,
                rma=each.rma,
                stream=each.stream,
                sequence=place,
                data={
                    "return": each.rma,
                    "order": order,
                    "status": status,
                    "sequence": place,
                    **each.facts,
                    "link": each.path or path,
                },
            )
        )
    session.add_all(made)
    session.flush()
    return made


def _lock_head(session: Session) -> OutgoingHead:
    locked = (
        select(OutgoingHead)
        .where(OutgoingHead.id == 1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    head = session.scalar(locked)
    if head is None:
        session.execute(insert_or_ignore(session, OutgoingHead), [{"id": 1, "last": 0}])
        head = session.scalars(locked).one()
    return head


def _places(session: Session, streams: set[str]) -> dict[str, int]:
    last = func.max(OutgoingEvent.sequence)
    found = (
        select(OutgoingEvent.stream, last)
        .where(OutgoingEvent.stream.in_(streams))
        .group_by(OutgoingEvent.stream)
    )
    return dict(session.execute(found).all())


def _returns(session: Session, rmas: set[str]) -> dict[str, tuple[str | None, str | None]]:
    if not rmas:
        return {}
    found = select(Return.rma, Return.order_number, Return.status).where(Return.rma.in_(rmas))
    return {rma: (order, status) for rma, order, status in session.execute(found)}
