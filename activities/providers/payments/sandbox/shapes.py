"""The JSON the sandbox speaks: Stripe's objects, and its own plainer list."""

import json
from collections.abc import Sequence

from activities.providers.payments.sandbox.behaviour import behaviour_of
from activities.providers.payments.sandbox.book import Payment, Refund, Status
from activities.providers.payments.sandbox.disputes import Dispute

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


def balance_transaction(refund: Refund) -> dict[str, object] | None:
    """What a refund took off the merchant's balance; None as long as it took nothing."""
    if refund.status != Status.SUCCEEDED:
        return None
    settles_in = behaviour_of(refund.payment).settles_in
    currency, hundredths = settles_in or (refund.currency, 100)
    return {
        "id": f"txn_{refund.id}",
        "object": "balance_transaction",
        "amount": -((refund.amount * hundredths + 50) // 100),
        "currency": currency,
        "exchange_rate": None if settles_in is None else hundredths / 100,
        "type": "refund",
    }


def stripe_page(refunds: Sequence[Refund], has_more: bool, *, settled: bool) -> dict[str, object]:
    """Stripe's list object. `settled`: each refund with its balance transaction."""
    return {
        "object": "list",
        "url": "/v1/refunds",
        "has_more": has_more,
        "data": [
            {**stripe_refund(refund), "balance_transaction": balance_transaction(refund)}
            if settled
            else stripe_refund(refund)
            for refund in refunds
        ],
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


def stripe_dispute(dispute: Dispute) -> dict[str, object]:
    """Stripe's dispute object. A payment and its charge are one thing here, with one name."""
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [],
        "charge": dispute.payment,
        "created": dispute.created,
        "currency": dispute.currency,
        "evidence_details": {
            "due_by": dispute.due_by,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": dispute.refundable,
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.payment,
        "reason": dispute.reason,
        "status": dispute.status,
    }


def stripe_event(
    event_id: str, kind: str, created: float, about: dict[str, object]
) -> dict[str, object]:
    """Stripe's event object, around a refund or dispute as it is now."""
    return {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": int(created),
        "data": {"object": about},
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
