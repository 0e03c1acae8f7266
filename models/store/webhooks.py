"""Webhook endpoints: registered, switched on and off, their secrets turned, their deliveries."""

import base64
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.orm import Session, joinedload

from models.rules.webhooks import GIVES_UP_AFTER
from models.store.telling import newest_number, tell_test
from models.store.webhook_trouble import end_trouble
from models.tables import OutgoingEvent, WebhookDelivery, WebhookEndpoint

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"
MOST_ENDPOINTS = 50
_SECRET_BYTES = 24


class TooManyEndpoints(Exception):
    """There are as many endpoints as there may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCounts:
    """How many events are on their way to an endpoint, and how many it never took."""

    pending: int = 0
    failed: int = 0


def make_secret() -> str:
    """A new signing secret, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def add_endpoint(
    session: Session, *, url: str, description: str, types: Sequence[str], actor: str, at: datetime
) -> WebhookEndpoint:
    """Registers an endpoint; it is told of what happens from now on.

    Raises:
        TooManyEndpoints: there are `MOST_ENDPOINTS` already.
    """
    count = session.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0
    if count >= MOST_ENDPOINTS:
        raise TooManyEndpoints(
            f"There can be {MOST_ENDPOINTS} webhook endpoints, and there are; remove one first."
        )
    made = WebhookEndpoint(
        id=f"ep_{uuid.uuid4().hex}",
        url=url,
        description=description,
        types=sorted(set(types)),
        secret=make_secret(),
        enabled=True,
        planned=newest_number(session),
        silent=0,
        actor=actor,
        created_at=at,
    )
    session.add(made)
    session.flush()
    return made


def remove_endpoint(session: Session, id: str, *, actor: str, at: datetime) -> bool:
    """Removes an endpoint with what was sent to it; False: there is none."""
    found = _lock(session, id)
    if found is None:
        return False
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.endpoint_id == id))
    session.delete(found)
    end_trouble(session, id, by=actor, at=at)
    return True


def switch_endpoint(
    session: Session, id: str, *, on: bool, actor: str, at: datetime
) -> WebhookEndpoint | None:
    """Switches an endpoint on or off. What happens meanwhile waits, and is sent once it is on.

    Either way somebody has looked after it, so that the task about it is done.
    """
    found = _lock(session, id)
    if found is not None and found.enabled is not on:
        session.execute(
            update(WebhookDelivery)
            .where(WebhookDelivery.endpoint_id == id, WebhookDelivery.status == PENDING)
            .values(due_at=at, give_up_at=at + GIVES_UP_AFTER)
        )
        found.enabled = on
        found.disabled_because = None if on else "switched_off"
        _end_pause(found)
        end_trouble(session, id, by=actor, at=at)
    return found


def turn_secret(
    session: Session, id: str, *, at: datetime, overlap: timedelta
) -> WebhookEndpoint | None:
    """Gives an endpoint a new secret; the present one signs beside it for a while."""
    found = _lock(session, id)
    if found is not None:
        found.previous_secret, found.previous_until = found.secret, at + overlap
        found.secret = make_secret()
    return found


def send_test(session: Session, id: str, *, at: datetime) -> OutgoingEvent | None:
    """Writes an event `webhook.test` that only this endpoint is told of."""
    found = _lock(session, id)
    if found is None:
        return None
    _end_pause(found)
    return tell_test(session, id, at)


def resend(
    session: Session, event: OutgoingEvent, endpoints: Sequence[WebhookEndpoint], at: datetime
) -> list[WebhookDelivery]:
    """Puts an event on its way again, under its id; before what waits of its stream."""
    found = []
    for endpoint in endpoints:
        _end_pause(endpoint)
        row = session.get(WebhookDelivery, (endpoint.id, event.number), with_for_update=True)
        if row is None:
            row = new_delivery(endpoint.id, event, at)
            session.add(row)
        row.status, row.attempts = PENDING, 0
        row.due_at, row.give_up_at = at, at + GIVES_UP_AFTER
        found.append(row)
    session.flush()
    return found


def new_delivery(endpoint: str, event: OutgoingEvent, at: datetime) -> WebhookDelivery:
    """An event that is to be sent to an endpoint."""
    return WebhookDelivery(
        endpoint_id=endpoint,
        number=event.number,
        stream=event.stream,
        status=PENDING,
        attempts=0,
        queued_at=at,
        give_up_at=at + GIVES_UP_AFTER,
        due_at=at,
    )


# --- reading -------------------------------------------------------------------------------------


def list_endpoints(session: Session) -> Sequence[WebhookEndpoint]:
    """All endpoints, oldest first."""
    return session.scalars(
        select(WebhookEndpoint).order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
    ).all()


def load_endpoint(session: Session, id: str) -> WebhookEndpoint | None:
    """One endpoint."""
    return session.get(WebhookEndpoint, id)


def count_deliveries(session: Session) -> dict[str, DeliveryCounts]:
    """By endpoint, how much waits and how much failed."""
    found: dict[str, dict[str, int]] = {}
    counts = (
        select(WebhookDelivery.endpoint_id, WebhookDelivery.status, func.count())
        .where(WebhookDelivery.status.in_((PENDING, FAILED)))
        .group_by(WebhookDelivery.endpoint_id, WebhookDelivery.status)
    )
    for endpoint, status, count in session.execute(counts):
        found.setdefault(endpoint, {})[status] = count
    return {endpoint: DeliveryCounts(**counts) for endpoint, counts in found.items()}


def list_deliveries(
    session: Session, endpoint: str, *, limit: int, status: str | None = None, below: int | None
) -> Sequence[WebhookDelivery]:
    """What was sent to an endpoint, newest event first; `below`: only older events."""
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint)
    if status is not None:
        query = query.where(WebhookDelivery.status == status)
    if below is not None:
        query = query.where(WebhookDelivery.number < below)
    query = query.options(joinedload(WebhookDelivery.event))
    return session.scalars(query.order_by(WebhookDelivery.number.desc()).limit(limit)).all()


def load_delivery(session: Session, endpoint: str, event: str) -> WebhookDelivery | None:
    """How far an event is with an endpoint."""
    return session.scalar(
        select(WebhookDelivery)
        .join(WebhookDelivery.event)
        .where(WebhookDelivery.endpoint_id == endpoint, OutgoingEvent.id == event)
        .options(joinedload(WebhookDelivery.event))
    )


def forget_delivered(session: Session, before: datetime) -> None:
    """Drops what was delivered long ago; the events themselves stay."""
    old = (
        select(WebhookDelivery.endpoint_id, WebhookDelivery.number)
        .where(WebhookDelivery.status == DELIVERED, WebhookDelivery.last_at < before)
        .limit(5000)
    )
    keys = [tuple(row) for row in session.execute(old)]
    if keys:
        place = tuple_(WebhookDelivery.endpoint_id, WebhookDelivery.number)
        session.execute(delete(WebhookDelivery).where(place.in_(keys)))


def _end_pause(endpoint: WebhookEndpoint) -> None:
    """A person wants to see now whether somebody answers."""
    endpoint.silent, endpoint.paused_until = 0, None


def _lock(session: Session, id: str) -> WebhookEndpoint | None:
    return session.get(WebhookEndpoint, id, with_for_update=True)
