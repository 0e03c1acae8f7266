"""What a payment's reference makes the sandbox do: the one place that reads `sbx_...`."""

from dataclasses import dataclass
from http import HTTPStatus

from activities.providers.payments.sandbox.refusals import Refusal

PREFIX = "sbx_"

DECLINED = Refusal(
    status=HTTPStatus.PAYMENT_REQUIRED,
    kind="card_error",
    code="card_declined",
    decline_code="generic_decline",
    message="The customer's bank declined this refund.",
)
DISPUTED = Refusal(
    status=HTTPStatus.BAD_REQUEST,
    code="charge_disputed",
    message="This payment has been charged back; it can't be refunded.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the refunds of one payment go.

    Attributes:
        refusal: every refund is refused with this.
        pending: a refund stays pending until told otherwise, instead of succeeding at once.
        fails_after_hours: a refund that succeeded fails by itself after so long.
        errors: so many requests of each idempotency key get a 500 before anything is done.
        drops: so many requests of each idempotency key are done, but get no answer.
        delay: seconds between doing and answering.
        settles_in: the currency its refunds leave the merchant's balance in, and how many
            hundredths of its minor unit one minor unit of the payment's is; None: the payment's.
    """

    refusal: Refusal | None = None
    pending: bool = False
    fails_after_hours: int | None = None
    errors: int = 0
    drops: int = 0
    delay: float = 0.0
    settles_in: tuple[str, int] | None = None


_OK = Behaviour()
_BY_PREFIX = {
    "sbx_decline_": Behaviour(refusal=DECLINED),
    "sbx_disputed_": Behaviour(refusal=DISPUTED),
    "sbx_pending_": Behaviour(pending=True),
    "sbx_fails_later_": Behaviour(fails_after_hours=72),
    "sbx_timeout_": Behaviour(drops=2),
    "sbx_error_": Behaviour(errors=3),
    "sbx_slow_": Behaviour(delay=3.0),
    "sbx_fx_": Behaviour(settles_in=("eur", 117)),
}


def behaviour_of(payment: str) -> Behaviour:
    """The behaviour a reference asks for; one that asks for none is paid back at once."""
    return next(
        (behaviour for prefix, behaviour in _BY_PREFIX.items() if payment.startswith(prefix)), _OK
    )
