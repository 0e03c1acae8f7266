"""What people and carriers do to a return."""

from dataclasses import dataclass, field

from models.messages.words import CarrierStatus, Condition, DecisionKind, Disposition, Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDecision:
    """A decision on one line, where it differs from the whole."""

    line: str
    decision: DecisionKind
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Approve or decline. `note` is the id of a stored note."""

    id: str
    actor: str
    decision: DecisionKind
    note: str | None = None
    lines: list[LineDecision] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Withdraws the request before anything was inspected or paid for goods."""

    id: str
    actor: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoTaken:
    """A photo of the request was kept; `id` is the photo's."""

    id: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinspection:
    """Has goods inspected once more that were all refused and are still here."""

    id: str
    actor: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierEvent:
    """A scan. Its free text stays in the stored scan of the same id."""

    id: str
    status: CarrierStatus
    at: str
    actor: str = "carrier"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLine:
    """Units of one order line counted at the dock, all in one condition; None: as it should be.

    `note` is the id of a stored note; before the message is made, its text.
    """

    line: str
    quantity: int
    condition: Condition | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexpectedItem:
    """A thing in the parcel that was not announced. `note` is the id of a stored note.

    `instead_of`: the order line whose units it came for, of which something else was expected.
    """

    sku: str
    quantity: int
    note: str | None = None
    instead_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was counted at the dock."""

    id: str
    actor: str
    lines: list[CountedLine]
    unexpected: list[UnexpectedItem] = field(default_factory=list)
    tracking: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedLine:
    """The verdict on some units of one order line. `note` is the id of a stored note.

    `accepted` None: what the policy makes of the grade.
    """

    line: str
    quantity: int
    grade: Grade
    disposition: Disposition
    accepted: bool | None = True
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found on opening the parcel."""

    id: str
    actor: str
    lines: list[InspectedLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRequest:
    """Make the label (again)."""

    id: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompletion:
    """A person has done what a task asked for. `choice`: a `TaskChoice`, where it has some."""

    id: str
    actor: str
    task: str
    note: str | None = None
    choice: str = ""


# --- to and from activities ----------------------------------------------------------------
