"""Webhook endpoints, and what was sent to each of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base
from models.tables.outgoing import OutgoingEvent


class WebhookEndpoint(Base):
    """An address that is told of events.

    The secrets sign what is sent, so they are kept as they are: a hash can't sign. While
    `previous_until` hasn't passed, both of them do.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(200))
    # Empty: all types.
    types: Mapped[list[Any]]
    secret: Mapped[str] = mapped_column(String(100))
    previous_secret: Mapped[str | None] = mapped_column(String(100))
    previous_until: Mapped[datetime | None]
    enabled: Mapped[bool]
    # Why it isn't: `switched_off` by a person, or `gone`: it answered 410.
    disabled_because: Mapped[str | None] = mapped_column(String(20))
    # Up to which event deliveries are planned.
    planned: Mapped[int]
    # Attempts in a row that got no answer at all, and until when nothing is sent because of them.
    silent: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    # When the managers were last told that deliveries failed.
    told_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class WebhookDelivery(Base):
    """An event on its way to an endpoint: pending, delivered or failed.

    Of one stream (a return, say) only the first pending one is ever sent.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "ix_webhook_deliveries_endpoint_id_status", "endpoint_id", "status", "stream", "number"
        ),
    )

    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id"), primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("outgoing_events.number"), primary_key=True)
    stream: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int]
    queued_at: Mapped[datetime]
    # An attempt at or after this moment that fails is the last one.
    give_up_at: Mapped[datetime]
    due_at: Mapped[datetime]
    # Of the last attempt: when, its answer (None: there was none), how long it took, in ms.
    last_at: Mapped[datetime | None]
    response_status: Mapped[int | None]
    response_body: Mapped[str | None] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(String(300))
    took: Mapped[int | None]

    endpoint: Mapped[WebhookEndpoint] = relationship()
    event: Mapped[OutgoingEvent] = relationship()
