"""A change of mind: what a return is changed to, and what comes of it."""

from dataclasses import dataclass, field

from models.messages.requests import Assessment, RequestedLine
from models.messages.words import Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendedLine:
    """A line as it shall be. `reason`, `resolution` None: as they were; `comment`: a note's id."""

    line: str
    quantity: int
    reason: str | None = None
    resolution: Resolution | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendedItem:
    """What goes out for units of a line that is exchanged."""

    line: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """Changes a return before anything was inspected. `lines` None: they stay as they are; of
    lines that `exchange` doesn't name the same goes out as before.
    """

    id: str
    actor: str
    lines: list[AmendedLine] | None = None
    resolution: Resolution | None = None
    exchange: list[AmendedItem] | None = None
    # What who asks may approve alone, in minor units of the shop's currency; None: anything.
    limit: int | None = None


# --- to and from activities ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Amending:
    """Asks to judge a change and record it.

    `decided`: reasons are fixed. `declined`: numbers of the return lines that were declined; they
    stay as they are.
    """

    rma: str
    at: str
    amendment: Amendment
    decided: bool = False
    declined: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """The return as it is now, in the order of its line numbers; refusals changed nothing."""

    assessment: Assessment
    lines: list[RequestedLine] = field(default_factory=list)
    # Numbers of the lines that were declined before.
    declined: list[int] = field(default_factory=list)
    # The round of what goes out in exchange; 0: nothing does.
    exchange: int = 0
