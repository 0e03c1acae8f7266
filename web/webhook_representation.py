"""Webhook endpoints and deliveries as the API's JSON."""

from datetime import UTC, datetime

from models.settings import Settings
from models.store.webhooks import PENDING, DeliveryCounts
from models.tables import WebhookDelivery, WebhookEndpoint
from web.representation import Json, represent_time


def represent_endpoint(
    found: WebhookEndpoint, counts: DeliveryCounts, settings: Settings, *, secret: bool = False
) -> Json:
    """An endpoint; with its secret only when that is new."""
    now = datetime.now(UTC)
    address = f"{settings.web_url.rstrip('/')}/api/v1/webhook-endpoints/{found.id}"
    return {
        "id": found.id,
        "url": found.url,
        "description": found.description,
        "types": list(found.types),
        "enabled": found.enabled,
        "disabled_because": found.disabled_because,
        "pending": counts.pending,
        "failed": counts.failed,
        "paused_until": represent_time(_ahead(found.paused_until, now)),
        "previous_secret_until": represent_time(_ahead(found.previous_until, now)),
        "created_at": represent_time(found.created_at),
        "links": {"self": address, "deliveries": f"{address}/deliveries"},
        **({"secret": found.secret} if secret else {}),
    }


def represent_delivery(found: WebhookDelivery) -> Json:
    """An event on its way."""
    return {
        "endpoint": found.endpoint_id,
        "event": found.event.id,
        "type": found.event.type,
        "return": found.event.rma,
        "sequence": found.event.sequence,
        "status": found.status,
        "attempts": found.attempts,
        "queued_at": represent_time(found.queued_at),
        "next_attempt_at": represent_time(found.due_at if found.status == PENDING else None),
        "give_up_at": represent_time(found.give_up_at),
        "last_attempt_at": represent_time(found.last_at),
        "response_status": found.response_status,
        "response_body": found.response_body,
        "problem": found.problem,
        "took_ms": found.took,
    }


def _ahead(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at > now else None
