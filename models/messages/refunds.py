"""Money of a return: granted, paid, failed, paid otherwise."""

from dataclasses import dataclass, field

from models.messages.words import Grade, PayoutMethod, RefundStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundNews:
    """The payment provider says how a refund stands now. `id` is the provider's event.

    `ask`: news may be old or come in any order, so that the provider is asked how the refund
    stands before anything is believed.
    """

    id: str
    refund: str
    status: RefundStatus
    at: str
    provider_reference: str | None = None
    failure: str | None = None
    ask: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRetry:
    """A person asks to try a refund that could not be paid once more."""

    id: str
    actor: str
    refund: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualResolution:
    """A person pays a refund by another way. `reference` (where to find what was paid by hand, or
    which payment of the order to use) and `note` are ids of stored notes: what people type may be
    personal.
    """

    id: str
    actor: str
    refund: str
    method: str
    reference: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedUnits:
    """Units of one grade, accepted one after the other."""

    grade: Grade
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Asks to reserve money for all units accepted so far, one count per return line.

    `id` makes asking again harmless. `grades`: for each return line the grades of its units, in
    the order they were accepted.
    """

    id: str
    rma: str
    at: str
    accepted: list[int]
    actor: str
    grades: list[list[GradedUnits]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedRefund:
    """A refund transaction with its row and key written down, before any call."""

    refund: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a grant reserved; `short` is what was owed but is no longer refundable.

    Store credit has no transactions: it is issued at once, `bonus` on top of the amount. `credit`
    is what of a mixed return became store credit, beside the amount that is refunded.
    """

    refunds: list[GrantedRefund]
    amount: int
    currency: str
    short: int = 0
    bonus: int = 0
    method: PayoutMethod = PayoutMethod.REFUND
    credit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clawback:
    """Asks how much was paid beyond what these units, one count per return line, are worth.

    `grades`: as in a grant.
    """

    rma: str
    earned: list[int]
    grades: list[list[GradedUnits]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackOwed:
    """What was paid ahead of goods and not earned by them; `by_grade`: beside that, because of
    their grades.
    """

    amount: int
    currency: str
    by_grade: int = 0
    # How much of both is tax.
    tax: int = 0
    tax_by_grade: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """Asks to pay one refund transaction."""

    refund: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnotherTry:
    """Asks for another try of a refund that a person wants."""

    refund: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWay:
    """Asks to pay a refund that failed in another way, or to write down that a person did."""

    refund: str
    method: str
    reference: str
    at: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWayTaken:
    """What came of it: paid, or `again`, a transaction at another payment that is to be paid."""

    again: GrantedRefund | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """Asks to write off what a return's grants owed but could not reserve."""

    rma: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOutcome:
    """How a refund transaction stands. `changed` is false when this was known before."""

    refund: str
    status: RefundStatus
    failure: str | None = None
    changed: bool = True
