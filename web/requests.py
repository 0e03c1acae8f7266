"""What the three faces ask of the gateway, and the ways it can refuse."""

from dataclasses import dataclass, field
from datetime import datetime

from models.messages import (
    CarrierStatus,
    CountedLine,
    DecisionKind,
    Disposition,
    Grade,
    PayoutMethod,
    Refusal,
    Resolution,
    ReturnKind,
    ReturnStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRequest:
    """Some units of one order line to send back."""

    line: str
    quantity: int
    reason: str
    comment: str = ""
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedItem:
    """What goes out for units of a line that is exchanged."""

    line: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to write to when it isn't the order's customer (a guest, a gift's recipient)."""

    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequest:
    """A request for a return. `override_reason`: staff set the policy aside, and why.

    `reference` is the caller's own unique name for it.
    """

    order: str
    lines: list[LineRequest]
    kind: ReturnKind = ReturnKind.RETURN
    resolution: Resolution = Resolution.REFUND
    exchange: list[WantedItem] = field(default_factory=list)
    contact: Contact | None = None
    override_reason: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDecisionRequest:
    """A decision on one line, where it differs from the whole."""

    line: str
    decision: DecisionKind
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRequest:
    """Approve or decline a requested return."""

    decision: DecisionKind
    note: str = ""
    lines: list[LineDecisionRequest] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendedLineRequest:
    """A line as it shall be. What is None stays as it was."""

    line: str
    quantity: int
    reason: str | None = None
    comment: str | None = None
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRequest:
    """A change of mind. `lines` are all that come back; None: they stay as they are."""

    lines: list[AmendedLineRequest] | None = None
    resolution: Resolution | None = None
    exchange: list[WantedItem] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What a carrier says of the parcel. `event_id` makes repeating it harmless."""

    event_id: str
    status: CarrierStatus
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexpectedRequest:
    """A thing in the parcel that nobody announced; `instead_of`: the line it came for."""

    sku: str
    quantity: int
    note: str = ""
    instead_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRequest:
    """What was counted at the dock; the notes of its lines are still their texts."""

    lines: list[CountedLine]
    unexpected: list[UnexpectedRequest] = field(default_factory=list)
    tracking: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelRequest:
    """A parcel without a known return: what stands on it and what is in it."""

    items: list[UnexpectedRequest]
    tracking: str | None = None
    order: str | None = None
    rma: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionLineRequest:
    """The verdict on some units of one order line. `accepted` None: as the policy says."""

    line: str
    quantity: int
    grade: Grade
    disposition: Disposition
    accepted: bool | None = True
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRequest:
    """What was found on opening the parcel."""

    lines: list[InspectionLineRequest]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodwillRequest:
    """Money without goods: minor units of the order's currency, or of the shop's."""

    amount: int
    currency: str
    method: PayoutMethod
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Where the return stands. `settled` is false when the call is taken but not yet carried out
    (no worker answered in time): it will be, and the API says 202.
    """

    rma: str
    status: ReturnStatus
    settled: bool = True


class GatewayError(Exception):
    """A call was refused and changed nothing. `status` is the HTTP status it deserves."""

    status = 500
    code = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        """Takes the sentence the caller reads."""
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code


class NotFound(GatewayError):
    """There is no such thing, or the caller may not know of it."""

    status = 404
    code = "not_found"


class Forbidden(GatewayError):
    """The caller may not do this."""

    status = 403
    code = "forbidden"


class Conflict(GatewayError):
    """The return is not in a state for this. `state` is the present one."""

    status = 409
    code = "conflict"

    def __init__(
        self, detail: str, *, code: str | None = None, state: ReturnStatus | None = None
    ) -> None:
        """Takes the sentence and the present state, when there is one."""
        super().__init__(detail, code=code)
        self.state = state


class Refused(GatewayError):
    """The content can't be accepted; each refusal says where and why."""

    status = 422
    code = "not_eligible"

    def __init__(self, refusals: list[Refusal], *, code: str | None = None) -> None:
        """Takes one refusal or more."""
        super().__init__(" ".join(refusal.message for refusal in refusals), code=code)
        self.refusals = refusals


class Unavailable(GatewayError):
    """Something we need does not answer now; trying again later may work."""

    status = 503
    code = "unavailable"
