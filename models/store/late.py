"""What happens to a return after its workflow has ended: kept, and shown to a person."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.messages import (
    EventKind,
    Receipt,
    RefundNews,
    RefundStatus,
    TaskCompletion,
    TaskKind,
    TimelineEvent,
)
from models.store import refunds
from models.store.returns import add_events
from models.tables import Event, Task

_DUE = timedelta(days=1)


def keep_parcel(session: Session, rma: str, receipt: Receipt, at: datetime) -> None:
    """Keeps a parcel that came after the end: no money moves, a person decides."""
    units = sum(line.quantity for line in receipt.lines) + sum(
        item.quantity for item in receipt.unexpected
    )
    event = TimelineEvent(
        key=f"late/{receipt.id}",
        at=at.isoformat(),
        kind=EventKind.PARCEL_AFTER_END,
        actor=receipt.actor,
        data={"units": units},
    )
    _tell_once(session, rma, event, TaskKind.UNEXPECTED_PARCEL, at)


def keep_refund_news(session: Session, rma: str, news: RefundNews, at: datetime) -> None:
    """Books what became of a refund after the end; a failed one is shown to a person."""
    outcome = refunds.settle(
        session,
        news.refund,
        status=news.status,
        at=at,
        provider_reference=news.provider_reference,
        failure=news.failure,
    )
    if not outcome.changed or outcome.status not in (RefundStatus.FAILED, RefundStatus.CANCELED):
        return
    refund = refunds.load(session, news.refund)
    event = TimelineEvent(
        key=f"late/{news.refund}/{outcome.status}",
        at=at.isoformat(),
        kind=EventKind.REFUND_FAILED,
        actor="redress",
        data={
            "refund": refund.id,
            "amount": refund.amount,
            "currency": refund.currency,
            "failure": news.failure or "no reason given",
        },
    )
    _tell_once(session, rma, event, TaskKind.REFUND_FAILED, at, refund=refund.id)


def complete_task(session: Session, completion: TaskCompletion, at: datetime) -> None:
    """Ends a task of a return that has ended."""
    task = session.get_one(Task, completion.task)
    task.status = "done"
    task.closed_at = at
    task.closed_by = completion.actor
    event = TimelineEvent(
        key=f"late/{completion.id}",
        at=at.isoformat(),
        kind=EventKind.TASK_COMPLETED,
        actor=completion.actor,
        data={"task": task.id, "kind": task.kind},
        note=completion.note,
    )
    session.flush()
    add_events(session, task.rma, [event])


def _tell_once(
    session: Session,
    rma: str,
    event: TimelineEvent,
    kind: TaskKind,
    at: datetime,
    *,
    refund: str | None = None,
) -> None:
    if session.query(Event.id).filter_by(rma=rma, key=event.key).first() is not None:
        return
    session.flush()
    add_events(session, rma, [event])
    session.add(
        Task(
            id=str(uuid.uuid4()),
            rma=rma,
            kind=kind,
            status="open",
            refund=refund,
            due_at=at + _DUE,
            opened_at=at,
        )
    )
