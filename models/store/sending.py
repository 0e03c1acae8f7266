"""What is to be sent to a webhook endpoint now, and what came of an attempt."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from models.rules.outgoing import TEST_TYPE
from models.rules.webhooks import Answer, next_attempt, pause
from models.store.outgoing import events_after
from models.store.telling import newest_number
from models.store.webhook_trouble import note_works, open_trouble
from models.store.webhooks import DELIVERED, FAILED, PENDING, new_delivery
from models.tables import WebhookDelivery, WebhookEndpoint

# How many events are planned in one transaction.
_AT_ONCE = 1000
_LONGEST_PROBLEM = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The streams whose first pending event is due; when the next one is; whether more is new."""

    streams: Sequence[str]
    next_at: datetime | None
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to. `tell`: the managers have to hear of it, `gone` or `failed`."""

    status: str
    tell: str | None = None


def plan(session: Session, endpoint: str, *, at: datetime, busy: Collection[str], free: int) -> Due:
    """Plans new events for an endpoint, and says which streams are to be sent now.

    Args:
        session: a writing session.
        endpoint: its id; one that is gone or off has nothing to do.
        at: the sender's time.
        busy: streams that are being sent.
        free: how many more may be.
    """
    row = session.get(WebhookEndpoint, endpoint, with_for_update=True)
    if row is None or not row.enabled:
        return Due(streams=[], next_at=None, more=False)
    more = _plan_new(session, row, at)
    if row.paused_until is not None and row.paused_until > at:
        return Due(streams=[], next_at=row.paused_until, more=False)
    if row.silent:
        # One attempt is enough to find out whether somebody answers again.
        free = 0 if busy else min(free, 1)
    heads = [head for head in _heads(session, endpoint) if head.stream not in busy]
    due = [head.stream for head in heads if head.due_at <= at]
    later = [head.due_at for head in heads if head.due_at > at]
    return Due(
        streams=due[:free], next_at=min(later, default=None), more=more or len(due) > max(free, 0)
    )


def _plan_new(session: Session, row: WebhookEndpoint, at: datetime) -> bool:
    events = events_after(session, row.planned, limit=_AT_ONCE)
    for event in events:
        own = event.type != TEST_TYPE or event.stream == f"webhook/{row.id}"
        wanted = event.type == TEST_TYPE or not row.types or event.type in row.types
        known = session.get(WebhookDelivery, (row.id, event.number)) if own and wanted else None
        if own and wanted and known is None:
            session.add(new_delivery(row.id, event, at))
    if events:
        row.planned = events[-1].number
        session.flush()
    return len(events) == _AT_ONCE


def _heads(session: Session, endpoint: str) -> Sequence[WebhookDelivery]:
    """Of each stream the first that waits, oldest first."""
    waiting = and_(WebhookDelivery.endpoint_id == endpoint, WebhookDelivery.status == PENDING)
    first = select(func.min(WebhookDelivery.number)).where(waiting).group_by(WebhookDelivery.stream)
    return session.scalars(
        select(WebhookDelivery)
        .where(waiting, WebhookDelivery.number.in_(first))
        .order_by(WebhookDelivery.number)
    ).all()


def first_due(session: Session, endpoint: str, stream: str, at: datetime) -> WebhookDelivery | None:
    """The event of a stream that is to be sent now, with its endpoint; None: none is due."""
    head = session.scalar(
        select(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == endpoint,
            WebhookDelivery.status == PENDING,
            WebhookDelivery.stream == stream,
        )
        .options(joinedload(WebhookDelivery.event), joinedload(WebhookDelivery.endpoint))
        .order_by(WebhookDelivery.number)
        .limit(1)
    )
    return head if head is not None and head.due_at <= at and head.endpoint.enabled else None


def note_answer(
    session: Session, endpoint: str, number: int, answer: Answer, *, at: datetime
) -> Outcome:
    """Writes down what came of an attempt, and when to try again.

    An endpoint that is gone is switched off; what waits for it stays.
    """
    place = session.get(WebhookEndpoint, endpoint, with_for_update=True)
    row = session.get(WebhookDelivery, (endpoint, number), with_for_update=True)
    if place is None or row is None:  # Removed while it was sent to.
        return Outcome(status=FAILED)
    row.attempts += 1
    row.last_at = at
    row.response_status = answer.status
    row.response_body = answer.body
    row.problem = answer.problem[:_LONGEST_PROBLEM] or None
    row.took = answer.took
    _note_silence(place, answer, at)
    if answer.taken:
        row.status = DELIVERED
        note_works(session, endpoint, row.event.id, at=at)
        return Outcome(status=DELIVERED)
    if answer.gone:
        place.enabled, place.disabled_because = False, "gone"
        row.due_at = at
        open_trouble(session, endpoint, row.event.id, at=at)
        return Outcome(status=PENDING, tell="gone")
    if at >= row.give_up_at:
        row.status = FAILED
        if answer.status is None:
            _give_up_all(session, place, row, at)
        open_trouble(session, endpoint, row.event.id, at=at)
        again = place.told_at is not None and (at - place.told_at).days < 1
        place.told_at = place.told_at if again else at
        return Outcome(status=FAILED, tell=None if again else "failed")
    row.due_at = min(next_attempt(row.attempts, at), row.give_up_at)
    return Outcome(status=PENDING)


def _give_up_all(
    session: Session, place: WebhookEndpoint, row: WebhookDelivery, at: datetime
) -> None:
    """Gives up what waited as long: nobody is there, and trying each would take for ever."""
    session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == place.id,
            WebhookDelivery.status == PENDING,
            WebhookDelivery.give_up_at <= at,
        )
        .values(status=FAILED, problem=row.problem)
        .execution_options(synchronize_session=False)
    )


def _note_silence(place: WebhookEndpoint, answer: Answer, at: datetime) -> None:
    if answer.status is not None:
        place.silent, place.paused_until = 0, None
    elif place.paused_until is None or place.paused_until <= at:
        # Attempts that were on their way together count as one.
        place.silent += 1
        place.paused_until = at + pause(place.silent)


def endpoints_waiting(session: Session) -> Sequence[str]:
    """The endpoints that are on and have something to be planned or sent."""
    waiting = select(WebhookDelivery.number).where(
        WebhookDelivery.endpoint_id == WebhookEndpoint.id, WebhookDelivery.status == PENDING
    )
    return session.scalars(
        select(WebhookEndpoint.id)
        .where(
            WebhookEndpoint.enabled,
            or_(WebhookEndpoint.planned < newest_number(session), waiting.exists()),
        )
        .order_by(WebhookEndpoint.id)
    ).all()


def endpoints_behind(session: Session) -> Sequence[str]:
    """The endpoints that are on and have new events that nobody has planned."""
    return session.scalars(
        select(WebhookEndpoint.id).where(
            WebhookEndpoint.enabled, WebhookEndpoint.planned < newest_number(session)
        )
    ).all()
