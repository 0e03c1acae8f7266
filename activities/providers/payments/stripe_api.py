"""Stripe, and whatever speaks like it at another base address, through the official SDK."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import stripe
from stripe.params import RefundCreateParams, RefundListParams

from activities.providers.payments.protocol import (
    DisputeStatus,
    PaymentRefused,
    PaymentUnclear,
    ProviderDispute,
    ProviderRefund,
    RefundOrder,
    RefundStatus,
)

# Named, so that an update of the SDK can't change what an answer means.
API_VERSION = "2026-10-28.endive"

# Stripe counts these not as ISO 4217 does: 5 ISK are sent as 500, 500 units of MGA as 5
# (https://docs.stripe.com/currencies#special-cases). The sandbox counts as Redress does.
_STRIPE_UNITS_PER_MINOR_UNIT = {"ISK": 100, "UGX": 100}
_MINOR_UNITS_PER_STRIPE_UNIT = {"MGA": 100}

# The most that Stripe gives at once.
_PAGE = 100

_SANDBOX_PREFIX = "sbx_"
_CHARGE_PREFIXES = ("ch_", "py_")
_LIVE = {RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.SUCCEEDED}


# Whatever else Stripe calls them is under way. An inquiry that ended, and a dispute that was kept
# from becoming one, took no money.
_DISPUTES = {
    "won": DisputeStatus.WON,
    "warning_closed": DisputeStatus.WON,
    "prevented": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}


class StripePayments:
    """Refunds at Stripe; a `PaymentProvider`.

    Args:
        api_key: the secret key.
        base_address: where to call instead of Stripe, for example `http://127.0.0.1:8091`.
        timeout: seconds to wait for a connection, and for each part of an answer.
    """

    def __init__(
        self, api_key: str, base_address: str | None = None, timeout: float = 30.0
    ) -> None:
        self._client = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": base_address.rstrip("/")} if base_address else {},
            # Temporal retries, looking the refund up before each attempt; the SDK would not.
            max_network_retries=0,
            # An address of one's own is called directly, whatever proxy the environment names.
            http_client=stripe.RequestsClient(
                timeout=timeout, proxy={"http": "", "https": ""} if base_address else None
            ),
        )

    def refund(self, order: RefundOrder) -> ProviderRefund:
        """Makes the refund, or reads the answer an earlier attempt with its key got.

        Raises:
            PaymentRefused: Stripe will not pay this back, now or on a retry.
            PaymentUnclear: no answer, or not one that says whether it paid.
        """
        reference, currency = order.payment_reference, order.currency
        params: RefundCreateParams = {
            "amount": _to_provider(order.amount, currency, reference),
            "metadata": {
                "refund_id": order.refund_id,
                "rma": order.rma,
                "order": order.order_number,
                # How the sandbox, which knows no payments of its own, learns what was paid.
                "captured_amount": str(_to_provider(order.captured, currency, reference)),
                "captured_currency": currency.lower(),
            },
        }
        if _is_charge(reference):
            params["charge"] = reference
        else:
            params["payment_intent"] = reference
        with _translated():
            answer = self._client.v1.refunds.create(
                params, {"idempotency_key": order.idempotency_key}
            )
            return _read(answer)

    def find(self, payment_reference: str, refund_id: str) -> ProviderRefund | None:
        """Looks through all refunds of the payment for ours, newest first, page by page.

        Returns:
            Ours, or None. Of several, the newest that stands, else the newest.

        Raises:
            PaymentRefused: Stripe knows no such payment.
            PaymentUnclear: no answer, or half of one.
        """
        params: RefundListParams = {"limit": _PAGE}
        if _is_charge(payment_reference):
            params["charge"] = payment_reference
        else:
            params["payment_intent"] = payment_reference
        ours = [refund for refund in self._list(params) if refund.refund_id == refund_id]
        standing = [refund for refund in ours if refund.status in _LIVE]
        return next(iter(standing or ours), None)

    def get(self, provider_reference: str) -> ProviderRefund:
        """Reads one refund by its `re_...` id.

        Raises:
            PaymentRefused: Stripe knows no such refund.
            PaymentUnclear: no answer.
        """
        with _translated():
            return _read(self._client.v1.refunds.retrieve(provider_reference))

    def get_dispute(self, reference: str) -> ProviderDispute:
        """Reads one dispute by its `dp_...` (or older `du_...`) id.

        Raises:
            PaymentRefused: Stripe knows no such dispute.
            PaymentUnclear: no answer.
        """
        with _translated():
            return _read_dispute(self._client.v1.disputes.retrieve(reference))

    def list_refunds(self, since: datetime) -> Iterator[ProviderRefund]:
        """All refunds made since a moment, newest first, page by page.

        Raises:
            PaymentRefused: Stripe will not list them.
            PaymentUnclear: no answer, or half of one.
        """
        return self._list(
            {
                "limit": _PAGE,
                "created": {"gte": int(since.timestamp())},
                "expand": ["data.balance_transaction"],
            }
        )

    def _list(self, params: RefundListParams) -> Iterator[ProviderRefund]:
        with _translated():
            for refund in self._client.v1.refunds.list(params).auto_paging_iter():
                yield _read(refund)


@contextmanager
def _translated() -> Iterator[None]:
    """Turns what the SDK raises into the two things that matter: a plain no, or not known.

    Only an answer in which Stripe itself refuses this request is a no. A wrong API key is
    not: it says nothing about the refund, and correcting the key cures it.
    """
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        raise PaymentRefused(_code(error), _sentence(error)) from error
    except stripe.IdempotencyError as error:
        raise PaymentRefused("idempotency_error", _sentence(error)) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise PaymentUnclear("the payment provider does not accept the API key") from error
    except stripe.RateLimitError as error:
        raise PaymentUnclear("the payment provider asks for fewer calls") from error
    except stripe.APIConnectionError as error:
        raise PaymentUnclear("no answer from the payment provider") from error
    except stripe.StripeError as error:
        status = f"HTTP {error.http_status}" if error.http_status else "not understood"
        raise PaymentUnclear(f"the payment provider's answer was {status}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PaymentUnclear("the payment provider's answer was not a refund") from error


def _code(error: stripe.CardError | stripe.InvalidRequestError) -> str:
    """The code, or what comes nearest: many of Stripe's refusals have none."""
    return error.code or (error.error and error.error.type) or "refused"


def _sentence(error: stripe.StripeError) -> str:
    return error.user_message or "no reason was given"


def _is_charge(reference: str) -> bool:
    return reference.startswith(_CHARGE_PREFIXES)


def _to_provider(amount: int, currency: str, payment_reference: str) -> int:
    if payment_reference.startswith(_SANDBOX_PREFIX):
        return amount
    per_unit = _MINOR_UNITS_PER_STRIPE_UNIT.get(currency, 1)
    if amount % per_unit:
        raise PaymentRefused(
            "amount_not_whole",
            f"Stripe pays {currency} in whole units only; {amount} minor units are not whole.",
        )
    return amount // per_unit * _STRIPE_UNITS_PER_MINOR_UNIT.get(currency, 1)


def _from_provider(amount: int, currency: str, payment_reference: str) -> int:
    if payment_reference.startswith(_SANDBOX_PREFIX):
        return amount
    per_minor_unit = _STRIPE_UNITS_PER_MINOR_UNIT.get(currency, 1)
    if amount % per_minor_unit:
        raise ValueError(f"{amount} is not a whole number of {currency}")
    return amount // per_minor_unit * _MINOR_UNITS_PER_STRIPE_UNIT.get(currency, 1)


def _read(refund: stripe.Refund) -> ProviderRefund:
    """Reads Stripe's refund; whatever is missing or strange raises ValueError or its like."""
    currency = refund.currency.upper()
    charge = _id(refund.charge) or ""
    payment = _id(refund.payment_intent) or charge
    settled, settled_in = _settlement(refund, payment)
    return ProviderRefund(
        reference=refund.id,
        # A refund without a status is one of the few payment methods that don't report one.
        status=RefundStatus(refund.status or RefundStatus.PENDING),
        amount=_from_provider(refund.amount, currency, payment),
        currency=currency,
        failure=getattr(refund, "failure_reason", None),
        payment=payment,
        charge=charge,
        refund_id=getattr(refund.metadata, "refund_id", None),
        settled=settled,
        settled_in=settled_in,
    )


def _read_dispute(dispute: stripe.Dispute) -> ProviderDispute:
    currency = dispute.currency.upper()
    charge = _id(dispute.charge) or ""
    payment = _id(dispute.payment_intent) or charge
    due = dispute.evidence_details.due_by
    return ProviderDispute(
        reference=dispute.id,
        status=_DISPUTES.get(dispute.status, DisputeStatus.OPEN),
        amount=_from_provider(dispute.amount, currency, payment),
        currency=currency,
        charge=charge,
        payment=payment,
        refundable=bool(dispute.is_charge_refundable),
        due=None if due is None else datetime.fromtimestamp(due, UTC),
    )


def _settlement(refund: stripe.Refund, payment: str) -> tuple[int | None, str | None]:
    """What it took off the balance and in which currency, where Stripe was asked to tell."""
    told = getattr(refund, "balance_transaction", None)
    if not isinstance(told, stripe.BalanceTransaction):
        return None, None
    currency = told.currency.upper()
    return _from_provider(-told.amount, currency, payment), currency


def _id(expandable: object) -> str | None:
    """The id of something Stripe sends as an id, as an object, or not at all."""
    if isinstance(expandable, str):
        return expandable
    return getattr(expandable, "id", None)
