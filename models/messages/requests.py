"""How a return begins: what was asked for, and what was made of it."""

from dataclasses import dataclass, field

from models.messages.progress import TaskChange
from models.messages.words import Grade, Resolution, ReturnKind, ReturnStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long a return waits, in whole seconds."""

    decision_due: int = 2 * 86400
    label_reminder: int = 7 * 86400
    parcel_deadline: int = 30 * 86400
    no_movement: int = 10 * 86400
    missing_deadline: int = 14 * 86400
    inspection_due: int = 3 * 86400
    follow_up_after: int = 7 * 86400
    photo_deadline: int = 3 * 86400


# --- the start of a return -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedLine:
    """One line of a request: an order line and how many of its units come back."""

    line: str
    quantity: int
    # A code that the shop knows; `Reason` has the usual ones.
    reason: str
    resolution: Resolution | None = None
    # What goes out for it in an exchange; None: nothing, or the same item again.
    exchange_sku: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnStart:
    """Starts a return. Comments and contact wait in the submission stored under the RMA."""

    rma: str
    order: str
    lines: list[RequestedLine]
    actor: str
    deadlines: Deadlines
    kind: ReturnKind = ReturnKind.RETURN
    resolution: Resolution = Resolution.REFUND
    # When the request is judged, RFC 3339; None: when the workflow starts.
    judged_at: str | None = None
    # Staff set the policy aside; the reason stands in the submission.
    override: bool = False
    # How often this return was opened again; `actor` did it, `note` is the id of why. 0: it is new.
    reopening: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Asks to judge and record a request. `at`: the workflow's time, RFC 3339."""

    start: ReturnStart
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something can't be done, as a code, plain words and the place it concerns."""

    code: str
    message: str
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What came of judging a request."""

    refusals: list[Refusal] = field(default_factory=list)
    approved: bool = False
    needs_second_approval: bool = False
    # The customer can be written to; without it no mail activity is scheduled.
    mailable: bool = False
    total: int = 0
    currency: str = ""
    policy_version: int = 1
    # The name of the policy's rule that approved it, or wants a person to look.
    rule: str | None = None
    # Once it is approved, the customer keeps the goods and is paid at once.
    keep_item: bool = False
    # Once the parcel is moving, all that was approved is paid.
    instant: bool = False
    # A reason of it is believed with a photo only, so that a person looks.
    photo_needed: bool = False
    # That photo hasn't come yet; with it the policy judges as if none were needed.
    photo_awaited: bool = False
    # Order line → grades of which the policy refuses its units.
    refused_grades: dict[str, list[Grade]] = field(default_factory=dict)
    # Units of some grade aren't paid whole.
    grades_cut: bool = False
    # What is exchanged goes out before it has come back.
    advance_exchange: bool = False
    # A parcel that is lost is refunded without asking.
    refund_lost: bool = False
    # Of a return that is opened again: units approved before, one count per line; none: undecided.
    approved_before: list[int] = field(default_factory=list)
    # Units of it that are here already, one count per line; the tasks about them end. None: [].
    here: list[int] = field(default_factory=list)
    ended_tasks: list[str] = field(default_factory=list)
    # Tasks of it that wait still.
    open_tasks: list[TaskChange] = field(default_factory=list)
    # An ERP is to be told of what comes of it.
    erp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingAgain:
    """Asks what a recorded request comes to with the photos that it has now."""

    rma: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnState:
    """What an Update answers: where the return is now."""

    rma: str
    status: ReturnStatus


# --- messages to a running return ----------------------------------------------------------
