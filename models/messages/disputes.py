"""Payments that a customer disputes with their bank."""

from dataclasses import dataclass, field

from models.messages.words import DisputeStatus


def dispute_workflow_id(provider: str, dispute: str) -> str:
    """The id of the workflow that follows a dispute."""
    return f"dispute/{provider}/{dispute}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeStart:
    """Starts following a dispute at a provider, by the provider's id of it."""

    provider: str
    dispute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeWord:
    """How a dispute stands at its provider.

    Attributes:
        payments: the names the provider knows the payment by.
        amount: what the customer wants back, in minor units of `currency`.
        refundable: the payment can be refunded all the same: the bank only inquires so far.
        due: until when it can be answered, RFC 3339; None when the provider doesn't say.
    """

    payments: list[str]
    amount: int
    currency: str
    status: DisputeStatus
    refundable: bool = False
    due: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeNews:
    """Asks to record how a dispute stands. `at`: RFC 3339."""

    provider: str
    dispute: str
    word: DisputeWord
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredRefund:
    """A refund that is owed and failed, whose money the customer got by the dispute."""

    refund: str
    workflow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRecorded:
    """What came of it. `closed`: nothing more is to be followed."""

    closed: bool
    covered: list[CoveredRefund] = field(default_factory=list)
