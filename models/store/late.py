"""What happens to a return after its workflow has ended: kept, and shown to a person."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import (
    EventKind,
    ManualResolution,
    Receipt,
    RefundNews,
    RefundStatus,
    TaskCompletion,
    TaskKind,
    TimelineEvent,
)
from models.store import refunds
from models.store.returns import add_events
from models.tables import Event, Refund, Return, Task

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
        data={
            "units": units,
            "lines": ", ".join(f"{line.line}: {line.quantity}" for line in receipt.lines),
            "tracking": receipt.tracking,
        },
    )
    _tell_once(session, rma, event, TaskKind.UNEXPECTED_PARCEL, at)
    things = [
        TimelineEvent(
            key=f"late/{receipt.id}/{number}",
            at=at.isoformat(),
            kind=EventKind.UNEXPECTED_ITEM,
            actor=receipt.actor,
            data={"sku": item.sku, "quantity": item.quantity},
            note=item.note,
        )
        for number, item in enumerate(receipt.unexpected, start=1)
    ]
    add_events(session, rma, things)


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
    for line in session.get_one(Return, rma).lines:
        line.refunded = 0
    _tell_once(session, rma, event, TaskKind.REFUND_FAILED, at, refund=refund.id)


def pay_by_hand(session: Session, rma: str, paid: ManualResolution, at: datetime) -> None:
    """Books that a person paid a refund which came back after the end, and ends its task.

    Raises:
        RefundNotPossible: the return has no such refund, or it doesn't need another way.
    """
    refund = session.get(Refund, paid.refund)
    if refund is None or refund.rma != rma:
        raise refunds.RefundNotPossible(f"This return has no refund {paid.refund}.")
    key = f"late/{paid.id}"
    outcome = refunds.pay_by_hand(
        session, paid.refund, method=paid.method, reference=paid.reference, at=at
    )
    if not outcome.changed:
        if _is_told(session, rma, key):
            return
        raise refunds.RefundNotPossible("This refund was paid in another way already.")
    event = TimelineEvent(
        key=key,
        at=at.isoformat(),
        kind=EventKind.REFUND_PAID_BY_HAND,
        actor=paid.actor,
        data={
            "refund": refund.id,
            "amount": refund.amount,
            "currency": refund.currency,
            "method": paid.method,
        },
        note=paid.note,
    )
    session.flush()
    add_events(session, rma, [event])
    for task in session.scalars(
        select(Task).where(Task.refund == refund.id, Task.status != "done")
    ):
        _close(task, paid.actor, at)
    if not any(unpaid(found) for found in refunds.of_return(session, rma)):
        for line in session.get_one(Return, rma).lines:
            line.refunded = line.accepted


def unpaid(refund: Refund) -> bool:
    """A refund that failed, and that neither another try nor a person has paid."""
    failed = refund.status in (RefundStatus.FAILED, RefundStatus.CANCELED)
    return failed and refund.paid_by is None and refund.replaced_by is None


def complete_task(session: Session, completion: TaskCompletion, at: datetime) -> None:
    """Ends a task of a return that has ended.

    Raises:
        RefundNotPossible: the task is about money, which has to be paid and booked.
    """
    task = session.get_one(Task, completion.task)
    if task.kind == TaskKind.REFUND_FAILED:
        raise refunds.RefundNotPossible(
            "This task ends when the refund is paid; pay it in another way and record that."
        )
    _close(task, completion.actor, at)
    sent_back = task.kind == TaskKind.SEND_BACK
    event = TimelineEvent(
        key=f"late/{completion.id}",
        at=at.isoformat(),
        kind=EventKind.SENT_BACK if sent_back else EventKind.TASK_COMPLETED,
        actor=completion.actor,
        data={"task": task.id, "kind": task.kind},
        note=completion.note,
    )
    session.flush()
    add_events(session, task.rma, [event])


def _close(task: Task, by: str, at: datetime) -> None:
    task.status = "done"
    task.closed_at = at
    task.closed_by = by


def _is_told(session: Session, rma: str, key: str) -> bool:
    known = select(Event.id).where(Event.rma == rma, Event.key == key)
    return session.scalar(known) is not None


def _tell_once(
    session: Session,
    rma: str,
    event: TimelineEvent,
    kind: TaskKind,
    at: datetime,
    *,
    refund: str | None = None,
) -> None:
    if _is_told(session, rma, event.key):
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
