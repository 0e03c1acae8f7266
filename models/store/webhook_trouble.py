"""The task about a webhook endpoint that does not take what it is told: one at a time for each."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models.messages import TaskKind
from models.tables import OutgoingEvent, Task, WebhookDelivery

_BY = "redress"
_DUE = timedelta(days=1)
_DELIVERED = "delivered"


def open_trouble(session: Session, endpoint: str, event: str, *, at: datetime) -> None:
    """Asks a person to look after an endpoint, unless somebody is asked already.

    `event`: what was given up, or what it answered that it is gone to.
    """
    if _open_task(session, endpoint) is None:
        session.add(
            Task(
                id=str(uuid.uuid4()),
                endpoint_id=endpoint,
                kind=TaskKind.WEBHOOK_FAILED,
                status="open",
                reference=event,
                due_at=at + _DUE,
                opened_at=at,
            )
        )
        session.flush()


def note_works(session: Session, endpoint: str, event: str, *, at: datetime) -> None:
    """It took an event, so that nobody is needed any more.

    Where it took others all along, that is no news: then a person says what becomes of the one
    that it would not take, or it takes that one at last.
    """
    task = _open_task(session, endpoint)
    if task is None or (task.reference != event and _took_others(session, task)):
        return
    end_trouble(session, endpoint, by=_BY, at=at)


def end_trouble(session: Session, endpoint: str, *, by: str, at: datetime) -> None:
    """Somebody has looked after it, or it works again."""
    task = _open_task(session, endpoint)
    if task is not None:
        task.status, task.closed_at, task.closed_by = "done", at, by
        session.flush()


def _open_task(session: Session, endpoint: str) -> Task | None:
    return session.scalar(
        select(Task).where(
            Task.endpoint_id == endpoint,
            Task.kind == TaskKind.WEBHOOK_FAILED,
            Task.status != "done",
        )
    )


def _took_others(session: Session, task: Task) -> bool:
    """Whether it took something between the first try of what was given up and the end of it."""
    since = (
        select(WebhookDelivery.queued_at)
        .join(OutgoingEvent, OutgoingEvent.number == WebhookDelivery.number)
        .where(WebhookDelivery.endpoint_id == task.endpoint_id, OutgoingEvent.id == task.reference)
        .scalar_subquery()
    )
    taken = exists().where(
        WebhookDelivery.endpoint_id == task.endpoint_id,
        WebhookDelivery.status == _DELIVERED,
        WebhookDelivery.last_at > since,
        WebhookDelivery.last_at < task.opened_at,
    )
    return bool(session.scalar(select(taken)))
