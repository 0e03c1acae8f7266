"""What Redress asks of a payment provider: pay money back, once, and say what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.messages import DisputeStatus, RefundStatus

__all__ = [
    "DisputeStatus",
    "PaymentProvider",
    "PaymentRefused",
    "PaymentUnclear",
    "ProviderDispute",
    "ProviderRefund",
    "RefundOrder",
    "RefundStatus",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """One refund to be made at one payment.

    Attributes:
        refund_id: Redress's own id of the refund; the provider keeps it with the refund, so that
            it can be found there when an answer was lost.
        idempotency_key: the same for every attempt of this refund, whatever happens.
        payment_reference: the payment at the provider, for example `pi_...` or `sbx_ok_1`.
        amount: what to pay back, in minor units of `currency`; more than 0.
        currency: ISO 4217, upper case; the payment's own.
        captured: what the payment brought in, in minor units of `currency`.
        rma: the return that pays, for people who look at the provider's own pages.
        order_number: its order, likewise.
    """

    refund_id: str
    idempotency_key: str
    payment_reference: str
    amount: int
    currency: str
    captured: int
    rma: str
    order_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRefund:
    """A refund as the provider has it now.

    Attributes:
        reference: the provider's id of the refund, for example `re_...`.
        status: `succeeded` means begun; `failed` can follow for weeks.
        amount: in minor units of `currency`.
        currency: ISO 4217, upper case.
        failure: the provider's reason when it failed, else None.
        payment: the payment it was made at; "" when the provider doesn't say.
        charge: the payment's other name, where the provider knows it by two.
        refund_id: Redress's own id; None for a refund that was made elsewhere.
        settled: what it took off the merchant's balance, in minor units of `settled_in`; None
            when the provider doesn't say.
        settled_in: ISO 4217, upper case; it may be another than the payment's.
    """

    reference: str
    status: RefundStatus
    amount: int
    currency: str
    failure: str | None = None
    payment: str = ""
    charge: str = ""
    refund_id: str | None = None
    settled: int | None = None
    settled_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDispute:
    """A dispute as the provider has it now.

    Attributes:
        reference: the provider's id of it, for example `dp_...`.
        charge: the disputed payment, "" when the provider doesn't say.
        payment: the payment's other name, where the provider knows it by two.
        amount: what the customer wants back, in minor units of `currency`.
        currency: ISO 4217, upper case.
        refundable: the payment can be refunded all the same.
        due: until when it can be answered.
    """

    reference: str
    status: DisputeStatus
    amount: int
    currency: str
    charge: str = ""
    payment: str = ""
    refundable: bool = False
    due: datetime | None = None


class PaymentRefused(Exception):
    """The provider said no, and the same call again gets the same no: a person has to choose.

    Nothing was paid by the refused call.

    Attributes:
        code: the provider's code for it, for example `charge_disputed`.
        message: its sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class PaymentUnclear(Exception):
    """No answer that can be trusted: the provider may have paid or not.

    Never to be taken for a failure. Look the refund up, then ask again with the same key.

    Attributes:
        message: what happened instead of an answer.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PaymentProvider(Protocol):
    """A place where payments were taken and can be given back.

    Every method blocks, is safe to call from several threads, and raises only `PaymentRefused`
    and `PaymentUnclear`.
    """

    def refund(self, order: RefundOrder) -> ProviderRefund:
        """Pays back, or says what an earlier attempt with the same key did."""
        ...

    def find(self, payment_reference: str, refund_id: str) -> ProviderRefund | None:
        """Looks through all refunds of a payment for the one with Redress's id.

        Returns:
            The refund, or None when the provider has none with that id. Should it hold several
            (a forgotten key pays again), the first one that stands.
        """
        ...

    def get(self, provider_reference: str) -> ProviderRefund:
        """Reads one refund by the provider's id."""
        ...

    def get_dispute(self, reference: str) -> ProviderDispute:
        """Reads one dispute by the provider's id."""
        ...

    def list_refunds(self, since: datetime) -> Iterator[ProviderRefund]:
        """All refunds made since a moment, at any payment and by anybody, newest first, with what
        they took off the merchant's balance.

        Raises while it is read, too: what came before a break is not the whole list.
        """
        ...
