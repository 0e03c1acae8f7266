"""The one place where outgoing events are written: with the change they tell, as it commits.

Whatever writes goes through `WritingSession` (`Database.write`). It looks at the rows that are
about to be stored: new entries of a timeline, and refunds, store credits, exchanges, tasks and
credit memos that are new or whose status changed. So nobody has to remember to tell, and no event
exists of a change that was rolled back.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import event, func, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from models.rules.outgoing import CREDIT_TYPES, FACTS, MEMO_TYPE, TEST_TYPE, type_of_entry
from models.store.dialects import insert_or_ignore
from models.tables import (
    CreditMemo,
    CreditMovement,
    Event,
    Exchange,
    OutgoingEvent,
    OutgoingHead,
    Refund,
    Return,
    StoreCredit,
    Task,
)
from models.tables.base import Base

_WATCHED = (Event, Refund, CreditMovement, Exchange, Task, CreditMemo)
_CHANGES = "outgoing_changes"
# Set in `session.info` once events were written.
TOLD = "outgoing_told"
# How much of a credit's code an event shows. Who holds the whole code may spend it.
_ENDING = 4
Json = dict[str, Any]


class WritingSession(Session):
    """A session whose changes are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    type: str
    row: Base
    # As it was at this change; the row may have gone on before the transaction ends.
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is told of a row: its return, what it is ordered within without one, and the rest."""

    at: datetime
    rma: str | None
    stream: str
    order: str | None
    path: str | None
    facts: Json


@event.listens_for(WritingSession, "before_flush")
def _notice(session: Session, _context: UOWTransaction, _instances: object) -> None:
    noticed: list[_Change] = session.info.setdefault(_CHANGES, [])
    for row in session.new:
        noticed += [_change(kind, row) for kind in _types_of_new(row)]
    for row in session.dirty:
        noticed += [_change(kind, row) for kind in _types_of_changed(row)]


@event.listens_for(WritingSession, "before_commit")
def _write(session: Session) -> None:
    session.flush()
    changes: list[_Change] = session.info.pop(_CHANGES, [])
    if changes:
        _add(session, [(change.type, _tell(session, change)) for change in changes])
        session.info[TOLD] = True


@event.listens_for(WritingSession, "do_orm_execute")
def _refuse_what_is_not_seen(state: ORMExecuteState) -> None:
    mapper = state.bind_mapper
    if (state.is_update or state.is_delete) and mapper and mapper.class_ in _WATCHED:
        # A programming error: such a statement changes rows without their being looked at.
        raise TypeError(f"change {mapper.class_.__name__} by its rows, so that it is told")


def _change(kind: str, row: Any) -> _Change:
    return _Change(type=kind, row=row, status=getattr(row, "status", "") or "")


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


# --- what is told --------------------------------------------------------------------------------


def _tell(session: Session, change: _Change) -> _Told:
    row = change.row
    if isinstance(row, Event):
        facts = {name: fact for name, fact in row.data.items() if name in FACTS}
        return _Told(
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
        return _Told(
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
    return _Told(
        at=row.issued_at,
        rma=row.rma,
        stream=row.rma or f"order/{row.order_number}",
        order=row.order_number,
        path=f"/credit-memos/CM-{row.number:06}",
        facts={"credit_memo": {**memo, "tax": row.tax}},
    )


def _tell_of_refund(row: Refund, change: _Change) -> _Told:
    refund = {
        "id": row.id,
        "amount": row.amount,
        "currency": row.currency,
        "status": change.status,
        "paid_by": row.paid_by,
        "replaced_by": row.replaced_by,
    }
    return _Told(
        at=row.created_at if change.type == "refund.created" else row.updated_at,
        rma=row.rma,
        stream=row.rma or f"order/{row.order_number}",
        order=row.order_number,
        path=f"/refunds/{quote(row.id, safe='')}",
        facts={"refund": refund},
    )


def _tell_of_credit(credit: StoreCredit, row: CreditMovement) -> _Told:
    told = {
        "ending": credit.code[-_ENDING:],
        "origin": credit.origin,
        "change": row.amount,
        "amount": credit.amount,
        "balance": credit.balance,
        "currency": credit.currency,
    }
    return _Told(
        at=row.at,
        rma=credit.rma,
        stream=credit.rma or f"order/{credit.order_number}",
        order=credit.order_number,
        path=None,
        facts={"store_credit": told, "actor": row.actor},
    )


def _tell_of_task(row: Task, change: _Change) -> _Told:
    task = {
        "id": row.id,
        "kind": row.kind,
        "status": change.status,
        "due_at": None if row.due_at is None else _text(row.due_at),
        "refund": row.refund,
        "parcel": row.parcel_id,
    }
    times = {"task.opened": row.opened_at, "task.done": row.closed_at}
    return _Told(
        at=times.get(change.type) or datetime.now(UTC),
        rma=row.rma,
        stream=row.rma or f"task/{row.id}",
        order=None,
        path=None,
        facts={"task": task},
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# --- in order ------------------------------------------------------------------------------------


def tell_test(session: Session, endpoint: str, at: datetime) -> OutgoingEvent:
    """Writes an event that only one webhook endpoint is told of."""
    told = _Told(
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


def _add(session: Session, told: Sequence[tuple[str, _Told]]) -> list[OutgoingEvent]:
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
