"""The counters of one return line, and how units are spread over the lines of one order line."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from models.messages import Acceptance, Disposition, Grade, GradedUnits
from models.rules.refused import invalid


@dataclass(slots=True, kw_only=True)
class Line:
    """The counters of one return line, in units."""

    no: int
    line: str
    requested: int
    approved: int = 0
    received: int = 0
    accepted: int = 0
    rejected: int = 0
    missing: int = 0
    # Of those, what nothing is given for any more, even if it comes.
    settled: int = 0
    # Accepted without having come: the customer keeps them.
    kept: int = 0
    # Accepted though they were lost on the way: refunded anyway.
    forgone: int = 0
    # Of those, what came after all.
    late: int = 0
    # Granted before they came, once the parcel was moving.
    ahead: int = 0
    granted: int = 0
    refunded: int = 0
    # Another thing came for some of its units, which are still expected.
    wrong: bool = False
    grade: Grade | None = None
    disposition: Disposition | None = None
    # Of the accepted units, in the order they were accepted.
    grades: list[GradedUnits] = field(default_factory=list)

    @property
    def outstanding(self) -> int:
        """Approved units that neither came nor were given up."""
        return self.approved - self.received - self.missing - self.kept - self.forgone

    @property
    def uninspected(self) -> int:
        """Units that came and nobody has looked at."""
        return self.received + self.kept + self.forgone - self.accepted - self.rejected

    @property
    def due(self) -> int:
        """Units whose money is due."""
        return max(self.accepted, self.ahead)

    @property
    def forfeited(self) -> int:
        """Units that were paid ahead and then refused, or that nobody waits for any more."""
        return min(self.ahead, self.rejected + self.missing)

    @property
    def given_up(self) -> int:
        """Missing units that count as received when they come after all."""
        return max(0, self.missing - self.settled)

    @property
    def room(self) -> int:
        """Units that may still come: expected, given up, or refunded as lost."""
        return self.outstanding + self.given_up + self.forgone - self.late

    @property
    def acceptance(self) -> Acceptance:
        """What became of its units at the inspection, in a word."""
        if self.accepted:
            return Acceptance.ACCEPTED
        return Acceptance.REJECTED if self.rejected else Acceptance.PENDING


def allocate(
    lines: Iterable[Line], name: str, quantity: int, room: Callable[[Line], int]
) -> list[tuple[Line, int]]:
    """Spreads units over the return lines of one order line, first line first."""
    taken = []
    for line in lines:
        if line.line == name and quantity:
            part = min(quantity, room(line))
            if part:
                taken.append((line, part))
            quantity -= part
    return taken


def check_counts(
    lines: Sequence[Line],
    counts: Iterable[tuple[str, int]],
    *,
    room: Callable[[Line], int],
    code: str,
    words: Callable[[str, int, int], str],
) -> None:
    """Whether each counted line is known and has room for its units; `words`: how it is refused."""
    left = {line.line: 0 for line in lines}
    for line in lines:
        left[line.line] += room(line)
    for index, (name, asked) in enumerate(counts):
        if name not in left:
            raise invalid("unknown_line", f"The return has no line {name}.", f"/lines/{index}/line")
        if asked < 1:
            raise invalid(
                "quantity", "A quantity is a whole number from 1.", f"/lines/{index}/quantity"
            )
        if asked > left[name]:
            raise invalid(code, words(name, left[name], asked), f"/lines/{index}/quantity")
        left[name] -= asked
