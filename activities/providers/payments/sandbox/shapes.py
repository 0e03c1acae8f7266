"""The JSON the sandbox speaks: Stripe's objects, and its own plainer list."""

import json
from collections.abc import Sequence

from activities.providers.payments.sandbox.book import Payment, Refund

API_VERSION = "2026-10-28.endive"


def text(value: object) -> str:
    """JSON as it goes over the wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stripe_refund(refund: Refund) -> dict[str, object]:
    """Stripe's refund object. A payment and its charge are one thing here, with one name."""
    failed = {} if refund.failure_reason is None else {"failure_reason": refund.failure_reason}
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": None,
        "charge": refund.payment,
        "created": refund.created,
        "currency": refund.currency,
        **failed,
        "metadata": dict(refund.metadata),
        "payment_intent": refund.payment,
        "reason": refund.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.status,
        "transfer_reversal": None,
    }


def stripe_page(refunds: Sequence[Refund], has_more: bool) -> dict[str, object]:
    """Stripe's list object."""
    return {
        "object": "list",
        "url": "/v1/refunds",
        "has_more": has_more,
        "data": [stripe_refund(refund) for refund in refunds],
    }


def stripe_payment(payment: Payment) -> dict[str, object]:
    """Stripe's payment intent, as far as the sandbox knows it, and what was refunded of it."""
    captured = payment.captured or 0
    return {
        "id": payment.reference,
        "object": "payment_intent",
        "amount": captured,
        "amount_received": captured,
        "amount_refunded": payment.refunded,
        "currency": payment.currency,
        "latest_charge": payment.reference,
        "status": "succeeded",
    }


def stripe_event(event_id: str, kind: str, created: float, refund: Refund) -> dict[str, object]:
    """Stripe's event object, around the refund as it is now."""
    return {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": int(created),
        "data": {"object": stripe_refund(refund)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def listed_refund(refund: Refund) -> dict[str, object]:
    """A line of the sandbox's own list."""
    return {
        "id": refund.id,
        "payment": refund.payment,
        "amount": refund.amount,
        "currency": refund.currency,
        "status": refund.status,
        "created": refund.created,
        "metadata": dict(refund.metadata),
        "failure_reason": refund.failure_reason,
    }
