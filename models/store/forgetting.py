"""Dropping what other systems were told long ago, and what became of telling them."""

from datetime import datetime

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.orm import Session, aliased

from models.rules.milestones import MILESTONES
from models.store.webhooks import PENDING
from models.tables import OutgoingEvent, SystemCursor, WebhookDelivery

AT_ONCE = 1000
_CRM = "crm/%"


def forget_deliveries(session: Session, before: datetime) -> int:
    """Drops some deliveries that were settled long ago; how many those were."""
    place = (WebhookDelivery.endpoint_id, WebhookDelivery.number)
    tried = or_(
        WebhookDelivery.last_at < before,
        and_(WebhookDelivery.last_at.is_(None), WebhookDelivery.queued_at < before),
    )
    old = select(*place).where(WebhookDelivery.status != PENDING, tried).limit(AT_ONCE)
    found = session.execute(old).all()
    for endpoint, number in found:
        session.execute(
            delete(WebhookDelivery).where(
                WebhookDelivery.endpoint_id == endpoint,
                WebhookDelivery.number == number,
                WebhookDelivery.status != PENDING,
            )
        )
    return len(found)


def forget_events(session: Session, before: datetime) -> int:
    """Drops some events of long ago; how many those were.

    The last one of each stream stays, so that its sequence goes on; so do those that an endpoint
    is still to get or has just got, and the milestones of returns, where a CRM is told of them.
    """
    later, told = (
        aliased(OutgoingEvent),
        exists().where(WebhookDelivery.number == OutgoingEvent.number),
    )
    followed = exists().where(
        later.stream == OutgoingEvent.stream, later.sequence > OutgoingEvent.sequence
    )
    old = select(OutgoingEvent.number).where(OutgoingEvent.at < before, followed, ~told)
    if session.scalar(select(SystemCursor.name).where(SystemCursor.name.like(_CRM)).limit(1)):
        old = old.where(OutgoingEvent.type.not_in(MILESTONES))
    numbers = session.scalars(old.order_by(OutgoingEvent.number).limit(AT_ONCE)).all()
    session.execute(delete(OutgoingEvent).where(OutgoingEvent.number.in_(numbers)))
    return len(numbers)
