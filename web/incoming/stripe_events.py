"""What Stripe reports, and the sandbox in its manner: refunds that move, and disputes."""

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

    What an event says is a hint: it may be old by the time it comes. The workflow that looks after
    the refund asks Stripe how it stands.

    Attributes:
        provider: the name that payments give.
        secrets: each proves a body; two while one replaces the other.
        live: only events with this `livemode` count; None: either.
    """

    provider: str
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
        """Passes on which refund, payment or dispute of ours moved; anything else means nothing."""
        if self.live is not None and event.body.get("livemode") is not self.live:
            _log.warning("webhook_of_other_mode", event_id=event.id, live_here=self.live)
            return False
        for prefix, act in _ACTS.items():
            if event.type.startswith(prefix):
                return act(self.provider, event, gateway)
        return False


def from_sandbox(settings: Settings) -> StripeEvents | None:
    """The sandbox provider, which has a secret of its own."""
    secret = settings.sandbox_webhook_secret
    return StripeEvents(provider="sandbox", secrets=(secret,)) if secret else None


def from_stripe(settings: Settings) -> StripeEvents | None:
    """Stripe, once the endpoint's secret is set."""
    secrets = settings.stripe_webhook_secrets
    if not secrets:
        return None
    return StripeEvents(provider="stripe", secrets=secrets, live=settings.stripe_is_live)


def _proves(body: bytes, header: str, secret: str) -> bool:
    try:
        WebhookSignature.verify_header(body.decode(), header, secret, _TOLERANCE_SECONDS)
    except (SignatureVerificationError, ValueError):
        return False
    return True


def _refund(provider: str, event: IncomingEvent, gateway: Gateway) -> bool:
    """Tells of a refund; false for one made elsewhere or not understood."""
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
    return gateway.refund_news(provider, event.id, reference, refund, status, failure)


def _charge(provider: str, event: IncomingEvent, gateway: Gateway) -> bool:
    """Tells that something was refunded at a payment, which Stripe may know by two names."""
    names = _payment_names(event, "id", "payment_intent")
    return bool(names) and gateway.payment_news(provider, event.id, names)


def _payment_names(event: IncomingEvent, *fields: str) -> list[str]:
    try:
        found = event.body["data"]["object"]
        names = [as_text(found.get(field), LONGEST_ABOUT) for field in fields]
    except (KeyError, TypeError, AttributeError):
        return []
    return [name for name in names if name is not None]


def _dispute(provider: str, event: IncomingEvent, gateway: Gateway) -> bool:
    """Tells that a payment is disputed, or that this has changed."""
    names = _payment_names(event, "charge", "payment_intent")
    return bool(names and event.about) and gateway.dispute_news(provider, event.about, names)


# By what the type of an event begins with.
_ACTS = {
    "refund.": _refund,
    "charge.refund.": _refund,
    "charge.refunded": _charge,
    "charge.dispute.": _dispute,
}
