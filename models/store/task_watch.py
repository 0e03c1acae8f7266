"""Tasks past their due time: who is reminded of them, and which go to the managers."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.messages import EventKind, TaskKind, TimelineEvent
from models.store.returns import add_events
from models.tables import StaffMail, Task, User

_WAITING = ("open", "claimed")


@dataclass(slots=True, kw_only=True)
class Told:
    """What one person is told of in one mail."""

    due: list[Task] = field(default_factory=list)
    escalated: list[Task] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Whose work each kind of task is, and who looks after what is left lying; by role."""

    workers: Mapping[TaskKind, frozenset[str]]
    managers: frozenset[str]


def mark_overdue(
    session: Session, at: datetime, escalate_after: timedelta, staff: Staff
) -> dict[int, Told]:
    """Marks what is overdue now and not marked yet; tells whom to write to, by user.

    A task is named to its owner once it is due, to all whose work it is when nobody claimed it,
    and to the managers once it waits for much longer. Doing it again finds nothing new.
    """
    escalates = Task.due_at <= at - escalate_after
    rows = session.scalars(
        select(Task)
        .where(
            Task.status.in_(_WAITING),
            Task.due_at <= at,
            or_(Task.reminded_at.is_(None), and_(escalates, Task.escalated_at.is_(None))),
        )
        .order_by(Task.due_at, Task.id)
        .with_for_update()
    ).all()
    people = session.scalars(select(User).where(User.disabled_at.is_(None)).order_by(User.id)).all()
    told: dict[int, Told] = defaultdict(Told)
    for task in rows:
        if task.reminded_at is None:
            task.reminded_at = at
            owner = [person for person in people if person.id == task.owner_id]
            roles = staff.workers[TaskKind(task.kind)]
            for person in owner or [person for person in people if person.role in roles]:
                told[person.id].due.append(task)
        if task.due_at is not None and task.due_at <= at - escalate_after:
            task.escalated_at = at
            for person in people:
                if person.role in staff.managers:
                    told[person.id].escalated.append(task)
            _tell_of_escalation(session, task, at)
    return dict(told)


def _tell_of_escalation(session: Session, task: Task, at: datetime) -> None:
    if task.rma is None:
        return
    event = TimelineEvent(
        key=f"escalated/{task.id}",
        at=at.isoformat(),
        kind=EventKind.TASK_ESCALATED,
        actor="redress",
        data={"task": task.id, "kind": task.kind},
    )
    add_events(session, task.rma, [event])


def unsent_mails(session: Session) -> list[tuple[StaffMail, str]]:
    """The mails to the staff that wait to be sent, oldest first, each with its address."""
    rows = session.execute(
        select(StaffMail, User.email)
        .join(StaffMail.user)
        .where(StaffMail.sent_at.is_(None), StaffMail.problem.is_(None))
        .order_by(StaffMail.written_at, StaffMail.key)
    ).all()
    return [(mail, email) for mail, email in rows]
