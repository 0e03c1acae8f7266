"""Sending events to webhook endpoints."""

from dataclasses import dataclass, field


def webhook_workflow_id(endpoint: str) -> str:
    """The id of the workflow that sends to an endpoint."""
    return f"webhook/{endpoint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookStart:
    """Starts sending to an endpoint."""

    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPlanning:
    """Asks what is to be sent now. `busy`: streams that are being sent; `free`: how many more."""

    endpoint: str
    at: str
    free: int
    busy: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPlan:
    """The streams to send now, and when to look again (RFC 3339) if nothing happens before.

    `more`: not all new events are planned yet.
    """

    streams: list[str] = field(default_factory=list)
    look_again_at: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSending:
    """Send what waits of a stream, in order. `at`: the workflow's time."""

    endpoint: str
    stream: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksWaiting:
    """The endpoints for which something may be to do."""

    endpoints: list[str] = field(default_factory=list)
