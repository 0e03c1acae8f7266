"""Incoming webhooks: what a payment provider reports, proven by its signature."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, request
from sqlalchemy.exc import IntegrityError
from stripe import SignatureVerificationError, WebhookSignature

from models.messages import RefundStatus
from models.settings import Settings
from models.tables import ProviderEvent
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.answers import ReceivedSchema
from web.auth import public
from web.errors import Problem, not_found
from web.services import services

blueprint = ResourceBlueprint("webhooks", "What payment providers report.")

_TOLERANCE_SECONDS = 300
_LONGEST_ID, _LONGEST_TYPE, _LONGEST_REFERENCE, _LONGEST_FAILURE = 120, 80, 200, 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RefundEvent:
    """What an event says of a refund of ours."""

    refund: str
    reference: str
    status: RefundStatus
    failure: str | None


@blueprint.on("POST", "/webhooks/<provider>")
@public
@blueprint.answers(200, ReceivedSchema)
def receive(provider: str) -> Response:
    """Take what a payment provider reports; its signature is checked on the raw body.

    An event counts once, however often it comes. One of a type that means nothing here is kept
    and answered like the others, so that the provider stops sending it.
    """
    secret = _secret(services().settings, provider)
    if secret is None:
        raise not_found(f"provider {provider} set up here")
    payload = request.get_data(cache=False)
    _verify(payload, request.headers.get("Stripe-Signature"), secret)
    event_id, kind, event = _read(payload)
    with services().database.read() as session:
        known = session.get(ProviderEvent, (provider, event_id))
    if known is None:
        _act(event_id, kind, event)
        # Kept after it took effect: an event lost between the two comes again, and taking it
        # twice is harmless.
        _keep(provider, event_id, kind)
    return respond({"received": True})


def _secret(settings: Settings, provider: str) -> str | None:
    secrets = {
        "sandbox": settings.sandbox_webhook_secret,
        "stripe": settings.stripe_webhook_secret,
    }
    return secrets.get(provider) or None


def _verify(payload: bytes, header: str | None, secret: str) -> None:
    try:
        # A header that isn't ASCII can't be compared in constant time; no signature is.
        if header is not None and not header.isascii():
            raise ValueError("not ASCII")
        WebhookSignature.verify_header(payload.decode(), header, secret, _TOLERANCE_SECONDS)
    except (SignatureVerificationError, ValueError):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid_signature",
            "The Stripe-Signature header does not prove this body.",
        ) from None


def _read(payload: bytes) -> tuple[str, str, dict[str, Any]]:
    try:
        event = json.loads(payload)
        event_id, kind = event["id"], event["type"]
    except (ValueError, TypeError, KeyError, RecursionError):
        event, event_id, kind = {}, None, None
    if not _is_text(event_id, _LONGEST_ID) or not _is_text(kind, _LONGEST_TYPE):
        raise Problem(
            HTTPStatus.BAD_REQUEST, "not_an_event", "The body is not an event with id and type."
        )
    return event_id, kind, event


def _act(event_id: str, kind: str, event: dict[str, Any]) -> None:
    news = _refund_of(event) if kind.startswith("refund.") else None
    if news is None:
        _log.info("webhook_ignored", event_id=event_id, type=kind)
        return
    services().gateway.refund_news(event_id, news.reference, news.refund, news.status, news.failure)


def _refund_of(event: dict[str, Any]) -> _RefundEvent | None:
    """The news of a refund of ours; None for one that was made elsewhere or isn't understood."""
    try:
        found = event["data"]["object"]
        refund, reference = found["metadata"]["refund_id"], found["id"]
        # A few payment methods report no status: their refunds are under way.
        status = RefundStatus(found.get("status") or RefundStatus.PENDING)
        failure = found.get("failure_reason")
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    if not _is_text(refund, _LONGEST_ID) or not _is_text(reference, _LONGEST_REFERENCE):
        return None
    return _RefundEvent(
        refund=refund,
        reference=reference,
        status=status,
        failure=failure if _is_text(failure, _LONGEST_FAILURE) else None,
    )


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def _keep(provider: str, event_id: str, kind: str) -> None:
    try:
        with services().database.write() as session:
            session.add(
                ProviderEvent(
                    provider=provider, event=event_id, type=kind, received_at=datetime.now(UTC)
                )
            )
    except IntegrityError:
        # The same event came twice at the same moment, and the other one was kept.
        return
