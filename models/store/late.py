"""What happens to a return after its workflow has ended: kept, and shown to a person."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import (
    Condition,
    EventKind,
    Receipt,
    TaskChange,
    TaskChoice,
    TaskCompletion,
    TaskKind,
    TimelineEvent,
    UnexpectedItem,
)
from models.store.carrier_claims import settle_claim
from models.store.clawbacks import book_claim
from models.store.refunds import RefundNotPossible
from models.store.returns import add_events
from models.tables import Event, Task

_DUE = timedelta(days=1)
# What the timeline says of a task that ends with something of its own.
_ENDS = {
    TaskKind.SEND_BACK: EventKind.SENT_BACK,
    TaskKind.CARRIER_CLAIM: EventKind.CARRIER_CLAIM_SETTLED,
    TaskKind.DISPUTE: EventKind.DISPUTE_ANSWERED,
}


def keep_parcel(session: Session, rma: str, receipt: Receipt, at: datetime) -> None:
    """Keeps a parcel that came after the end: no money moves, a person decides."""
    units = sum(line.quantity for line in receipt.lines) + sum(
        item.quantity for item in receipt.unexpected
    )
    task = str(uuid.uuid4())
    event = TimelineEvent(
        key=f"late/{receipt.id}",
        at=at.isoformat(),
        kind=EventKind.PARCEL_AFTER_END,
        actor=receipt.actor,
        data={
            "units": units,
            "lines": ", ".join(f"{line.line}: {line.quantity}" for line in receipt.lines),
            "tracking": receipt.tracking,
            # While it waits, the goods are here.
            "task": task,
        },
    )
    _tell_once(session, rma, event, TaskKind.UNEXPECTED_PARCEL, task, at)
    things = [
        TimelineEvent(
            key=f"late/{receipt.id}/{number}",
            at=at.isoformat(),
            kind=EventKind.UNEXPECTED_ITEM,
            actor=receipt.actor,
            data={"sku": item.sku, "quantity": item.quantity, **_instead(item)},
            note=item.note,
        )
        for number, item in enumerate(receipt.unexpected, start=1)
    ]
    things += [
        TimelineEvent(
            key=f"late/{receipt.id}/damaged/{number}",
            at=at.isoformat(),
            kind=EventKind.DAMAGED_ON_ARRIVAL,
            actor=receipt.actor,
            data={"line": line.line, "units": line.quantity},
            note=line.note,
        )
        for number, line in enumerate(receipt.lines, start=1)
        if line.condition is Condition.DAMAGED
    ]
    add_events(session, rma, things)


def _instead(item: UnexpectedItem) -> dict[str, str | int | None]:
    return {} if item.instead_of is None else {"instead_of": item.instead_of}


def complete_task(session: Session, completion: TaskCompletion, at: datetime) -> None:
    """Ends a task of a return that has ended, or that is about no return.

    Raises:
        RefundNotPossible: the task is about money, which has to be paid and booked.
    """
    task = session.get_one(Task, completion.task)
    if task.kind == TaskKind.REFUND_FAILED:
        raise RefundNotPossible(
            "This task ends when the refund is paid; pay it in another way and record that."
        )
    if completion.choice == TaskChoice.REFUND and task.kind != TaskKind.UNEXPECTED_PARCEL:
        raise RefundNotPossible("This return has ended; nothing is refunded by this task.")
    _close(task, completion.actor, at)
    if task.kind == TaskKind.CLAWBACK and task.return_ is not None:
        ended = TaskChange(
            id=task.id, kind=TaskKind.CLAWBACK, open=False, outcome=completion.choice
        )
        book_claim(session, task.return_, ended, at)
    if task.kind == TaskKind.CARRIER_CLAIM:
        settle_claim(session, task.id, completion.choice, at)
    event = TimelineEvent(
        key=f"late/{completion.id}",
        at=at.isoformat(),
        kind=_ENDS.get(TaskKind(task.kind), EventKind.TASK_COMPLETED),
        actor=completion.actor,
        data={"task": task.id, "kind": task.kind, "outcome": completion.choice or None},
        note=completion.note,
    )
    session.flush()
    if task.rma is not None:
        add_events(session, task.rma, [event])
    else:
        task.note_id = completion.note


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
    task: str,
    at: datetime,
) -> None:
    if _is_told(session, rma, event.key):
        return
    session.flush()
    add_events(session, rma, [event])
    session.add(
        Task(
            id=task,
            rma=rma,
            kind=kind,
            status="open",
            due_at=at + _DUE,
            opened_at=at,
        )
    )
