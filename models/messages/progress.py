"""What a workflow has recorded of a return."""

from dataclasses import dataclass, field

from models.messages.words import (
    Acceptance,
    Disposition,
    EventKind,
    Grade,
    Reception,
    ReturnStatus,
    TaskKind,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProgress:
    """The counters of one return line, in units. `held`: unit positions the line still takes."""

    no: int
    line: str
    requested: int
    held: int
    approved: int
    received: int
    accepted: int
    rejected: int
    missing: int
    refunded: int
    reception: Reception
    acceptance: Acceptance
    grade: Grade | None = None
    disposition: Disposition | None = None
    kept: int = 0
    ahead: int = 0
    forgone: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """Something that happened to a return, without personal data.

    `key` is unique within the return, so that recording it again changes nothing. `note` is the
    id of a stored note. `data` holds what the words need: quantities, amounts, ids.
    """

    key: str
    at: str
    kind: EventKind
    actor: str
    data: dict[str, str | int | None] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """A task opened or closed. A task is opened once per id; closing an unknown id is an error."""

    id: str
    kind: TaskKind
    open: bool
    due_at: str | None = None
    refund: str | None = None
    closed_by: str | None = None
    # How it ended, where that is kept: of a claim against the carrier, a `ClaimStatus`; of one
    # against the customer paid, written_off or, later, recovered. None: the goods came.
    outcome: str = ""
    # What is asked back of the customer, and the tax in it, in minor units.
    amount: int = 0
    tax: int = 0
    # What it is about, where that is neither a refund nor the return: a document of the ERP.
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldUnits:
    """Asks for unit positions that a return had given back: how many each line is to have now."""

    rma: str
    held: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnProgress:
    """The whole present state of a return and what is new on its timeline."""

    rma: str
    at: str
    status: ReturnStatus
    lines: list[LineProgress]
    events: list[TimelineEvent] = field(default_factory=list)
    tasks: list[TaskChange] = field(default_factory=list)
    # name → RFC 3339, what the return now waits for.
    deadlines: dict[str, str] = field(default_factory=dict)
    # The id of the workflow that writes; "" in what was written before it was told.
    workflow: str = ""
