"""What Stripe reports, and the sandbox in its manner: refunds that move."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from stripe import SignatureVerificationError, WebhookSignature
from werkzeug.datastructures import Headers

from models.messages import RefundStatus
from models.settings import Settings
from web.gateway import Gateway
from web.incoming.sender import (
    LONGEST_ABOUT,
    LONGEST_ID,
    IncomingEvent,
    as_text,
    make_event,
    read_object,
)

# Stripe signs anew each time it sends, so that a late delivery is as fresh as the first.
_TOLERANCE_SECONDS = 300
_LONGEST_FAILURE = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeEvents:
    """One account's webhooks; a `Sender`.

    Attributes:
        secrets: each proves a body; two while one replaces the other.
        live: only events with this `livemode` count; None: either.
    """

    secrets: tuple[str, ...]
    live: bool | None = None
    header: str = "Stripe-Signature"

    def proves(self, body: bytes, headers: Headers) -> bool:
        """The signature of one of the secrets, made within five minutes."""
        header = headers.get(self.header)
        # A header that isn't ASCII can't be compared in constant time; no signature is.
        if header is None or not header.isascii():
            return False
        return any(_proves(body, header, secret) for secret in self.secrets)

    def read(self, body: bytes) -> Sequence[IncomingEvent]:
        """Stripe sends one event at a time."""
        found = read_object(body)
        data = found.get("data")
        about = data.get("object") if isinstance(data, dict) else None
        about_id = about.get("id") if isinstance(about, dict) else None
        return [make_event(found.get("id"), found.get("type"), about_id, found)]

    def act(self, event: IncomingEvent, gateway: Gateway) -> bool:
        """Tells of a refund of ours; of anything else nothing."""
        if self.live is not None and event.body.get("livemode") is not self.live:
            _log.warning("webhook_of_other_mode", event_id=event.id, live_here=self.live)
            return False
        return event.type.startswith("refund.") and _refund(event, gateway)


def from_sandbox(settings: Settings) -> StripeEvents | None:
    """The sandbox provider, which has a secret of its own."""
    secret = settings.sandbox_webhook_secret
    return StripeEvents(secrets=(secret,)) if secret else None


def from_stripe(settings: Settings) -> StripeEvents | None:
    """Stripe, once the endpoint's secret is set."""
    secrets = settings.stripe_webhook_secrets
    return StripeEvents(secrets=secrets, live=settings.stripe_is_live) if secrets else None


def _proves(body: bytes, header: str, secret: str) -> bool:
    try:
        WebhookSignature.verify_header(body.decode(), header, secret, _TOLERANCE_SECONDS)
    except (SignatureVerificationError, ValueError):
        return False
    return True


def _refund(event: IncomingEvent, gateway: Gateway) -> bool:
    """Passes the news of a refund on; false for one made elsewhere or not understood."""
    try:
        found = event.body["data"]["object"]
        refund = as_text(found["metadata"]["refund_id"], LONGEST_ID)
        reference = as_text(found["id"], LONGEST_ABOUT)
        # A few payment methods report no status: their refunds are under way.
        status = RefundStatus(found.get("status") or RefundStatus.PENDING)
        failure = as_text(found.get("failure_reason"), _LONGEST_FAILURE)
    except (KeyError, TypeError, AttributeError, ValueError):
        return False
    if refund is None or reference is None:
        return False
    gateway.refund_news(event.id, reference, refund, status, failure)
    return True
