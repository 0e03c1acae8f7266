"""Opening a return again that had ended: whether it can be, and what it begins with."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import (
    DISPUTE_TASKS,
    Assessment,
    Refusal,
    Resolution,
    ReturnStart,
    ReturnStatus,
    TaskChange,
    TaskKind,
    reopened_workflow_id,
    workflow_id,
)
from models.rules.counting import SETTLED
from models.store.goods_here import GoodsHere, find_here
from models.store.holding import hold
from models.store.judging import assessment_of
from models.store.policies import policy_at
from models.store.returns import lock_order
from models.tables import Return, Task

# Their goods were set aside, and are no longer.
_EXCHANGED = (Resolution.EXCHANGE, Resolution.REPLACEMENT)
_MAY_BEGIN_ANEW = (ReturnStatus.DECLINED, ReturnStatus.CANCELLED, ReturnStatus.EXPIRED)


def workflow_of(row: Return) -> str:
    """The workflow that a return's messages go to."""
    return row.workflow or workflow_id(row.rma)


def reopenings(row: Return) -> int:
    """How often a return was opened again."""
    return int((row.workflow or "0").rpartition("/")[2])


def why_not(row: Return, open_tasks: Collection[str]) -> Refusal | None:
    """Why a return can't be opened again, and what to do instead; None when it can.

    `open_tasks`: the kinds of its tasks that wait.
    """
    status = ReturnStatus(row.status)
    message = None
    if status is ReturnStatus.REJECTED:
        if TaskKind.SEND_BACK not in open_tasks:
            message = "Its goods went back to the customer; ask for a new return."
        elif any(line.ahead for line in row.lines):
            message = SETTLED
    elif status is ReturnStatus.CLOSED:
        message = "It is closed and paid; ask for a new return of what else comes back."
    elif status not in _MAY_BEGIN_ANEW:
        return Refusal(
            code="still_open",
            message=f"This return is {row.status} and still open; go on with it as it is.",
        )
    elif any(line.refunded or line.granted for line in row.lines):
        message = (
            "All of it was paid before the goods came; whatever comes is an unexpected parcel, and "
            "nothing more is to be paid."
        )
    elif any(line.resolution in _EXCHANGED for line in row.lines):
        message = "What it was to be exchanged for is free again; ask for a new return."
    elif any(line.received for line in row.lines) and TaskKind.SEND_BACK not in open_tasks:
        message = "Its goods went back to the customer; ask for a new return."
    return None if message is None else Refusal(code="not_reopenable", message=message)


def open_task_kinds(session: Session, rma: str) -> set[str]:
    """The kinds of a return's tasks that wait."""
    return set(session.scalars(select(Task.kind).where(Task.rma == rma, Task.status != "done")))


def reopen(session: Session, start: ReturnStart) -> Assessment:
    """Takes the units of a return again, under the order's lock; its quote and policy stay.

    Doing it again answers the same and changes nothing.
    """
    row = session.get_one(Return, start.rma)
    order = lock_order(session, row.order_number)
    assert order is not None
    workflow = reopened_workflow_id(start.rma, start.reopening)
    if row.workflow != workflow:
        if (refusal := why_not(row, open_task_kinds(session, row.rma))) is not None:
            return Assessment(refusals=[refusal])
        wanted = [line.approved for line in row.lines]
        if not any(wanted):
            wanted = [line.requested for line in row.lines]
        gone = hold(session, order, row.lines, wanted)
        if gone:
            return Assessment(refusals=gone)
        row.workflow = workflow
    answer = assessment_of(session, row, policy_at(session, row.policy_version))
    before = [line.approved for line in row.lines]
    found = find_here(session, row) if any(before) else GoodsHere()
    return replace(
        answer,
        # The policy judged it once; what it then approved is among what was approved before.
        approved=False,
        rule=None,
        approved_before=before if any(before) else [],
        here=found.units,
        ended_tasks=found.tasks,
        open_tasks=_open_tasks(session, row.rma),
    )


def _open_tasks(session: Session, rma: str) -> list[TaskChange]:
    # Those about a dispute belong to no workflow.
    open_ones = Task.rma == rma, Task.status != "done", Task.kind.not_in(DISPUTE_TASKS)
    rows = session.scalars(select(Task).where(*open_ones).order_by(Task.opened_at, Task.id))
    return [
        TaskChange(id=row.id, kind=TaskKind(row.kind), open=True, refund=row.refund) for row in rows
    ]
