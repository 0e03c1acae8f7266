"""How far a return is: its lines' counters, what may happen next, and the one status they make."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from models.messages import (
    Acceptance,
    CountedLine,
    Decision,
    DecisionKind,
    Disposition,
    Grade,
    GradedUnits,
    InspectedLine,
    LineProgress,
    Reception,
    Refusal,
    RequestedLine,
    ReturnStatus,
    UnexpectedItem,
)


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


class Refused(Exception):
    """A step is not possible now (`conflict`) or asks for something wrong (`invalid`)."""

    def __init__(self, kind: str, refusal: Refusal) -> None:
        """Takes "conflict" or "invalid", and what to say."""
        super().__init__(refusal.message)
        self.kind = kind
        self.refusal = refusal


def conflict(code: str, message: str) -> Refused:
    """The step doesn't fit the present state."""
    return Refused("conflict", Refusal(code=code, message=message))


def invalid(code: str, message: str, pointer: str = "") -> Refused:
    """The step's content can't be right."""
    return Refused("invalid", Refusal(code=code, message=message, pointer=pointer))


@dataclass(slots=True, kw_only=True)
class Progress:
    """The state of a return. Check methods raise `Refused` and change nothing."""

    lines: list[Line]
    decided: bool = False
    # Where two must approve, the first approval: what it declined stays declined.
    first_approval: Decision | None = None
    label_made: bool = False
    moving: bool = False
    lost: bool = False
    # Something is still to go out in exchange.
    exchange_open: bool = False
    # Ids of open tasks that block the way: a label or a refund that needs a person.
    blocked_by: set[str] = field(default_factory=set)
    # Set once the return has ended, in whichever way.
    ended_as: ReturnStatus | None = None

    @classmethod
    def of(cls, lines: Sequence[RequestedLine]) -> "Progress":
        """The state of a return just requested; return lines are numbered from 1."""
        return cls(
            lines=[
                Line(no=no, line=line.line, requested=line.quantity)
                for no, line in enumerate(lines, start=1)
            ]
        )

    # --- what it amounts to ----------------------------------------------------------------

    @property
    def status(self) -> ReturnStatus:
        """The one status: of the least advanced open unit; needs_attention while blocked."""
        if self.ended_as is not None:
            return self.ended_as
        if self.blocked_by:
            return ReturnStatus.NEEDS_ATTENTION
        if not self.decided:
            return ReturnStatus.REQUESTED
        if self._sum("outstanding"):
            return self._status_on_the_way()
        if self._sum("uninspected"):
            return ReturnStatus.RECEIVED
        if not self._sum("accepted"):
            nothing_came = self._sum("ahead") and not self._sum("rejected")
            return ReturnStatus.RESOLVING if nothing_came else ReturnStatus.REJECTED
        if self.to_grant:
            return ReturnStatus.INSPECTED
        if self._sum("refunded") < self._sum("granted") or self.exchange_open:
            return ReturnStatus.RESOLVING
        return ReturnStatus.RESOLVED

    def _status_on_the_way(self) -> ReturnStatus:
        if self.lost:
            return ReturnStatus.LOST
        if self._sum("received"):
            return ReturnStatus.PARTIALLY_RECEIVED
        if self.moving:
            return ReturnStatus.IN_TRANSIT
        return ReturnStatus.AWAITING_PARCEL if self.label_made else ReturnStatus.APPROVED

    @property
    def ended(self) -> bool:
        """Nothing more can happen."""
        return self.ended_as is not None

    @property
    def to_grant(self) -> bool:
        """Units whose money is due and was not granted yet."""
        return self._sum("granted") < self._sum("due")

    @property
    def received_units(self) -> int:
        """Units that came."""
        return self._sum("received")

    @property
    def outstanding_units(self) -> int:
        """Units that are still expected."""
        return self._sum("outstanding")

    @property
    def uninspected_units(self) -> int:
        """Units that came and nobody has looked at."""
        return self._sum("uninspected")

    @property
    def ahead_units(self) -> int:
        """Units that were paid before they came."""
        return self._sum("ahead")

    @property
    def forfeited_units(self) -> int:
        """Units that were paid ahead, and that won't be accepted."""
        return self._sum("forfeited")

    @property
    def lost_ahead(self) -> int:
        """Units that were paid ahead, in a parcel that counts as lost."""
        return sum(line.outstanding for line in self.lines if line.ahead) if self.lost else 0

    @property
    def graded_ahead(self) -> int:
        """Units that were paid ahead, and accepted with a grade."""
        return sum(run.units for line in self.lines if line.ahead for run in line.grades)

    @property
    def all_paid(self) -> bool:
        """What was granted has arrived at the customer."""
        return self._sum("refunded") >= self._sum("granted")

    @property
    def came_to_nothing(self) -> bool:
        """All was paid ahead, none of it came, and nobody waits for it any more."""
        came = self._sum("received") + self._sum("outstanding")
        return not self.ended and self._sum("ahead") > 0 and not came and self.all_paid

    def earned(self, *, lost: bool) -> list[int]:
        """Units of each line whose money stays with the customer; `lost`: none in a lost parcel."""
        return [
            line.granted - line.forfeited - (line.outstanding if lost and line.ahead else 0)
            for line in self.lines
        ]

    def snapshot(self) -> list[LineProgress]:
        """The lines as they are recorded."""
        return [self._line_progress(line) for line in self.lines]

    def _line_progress(self, line: Line) -> LineProgress:
        if self.ended_as in (
            ReturnStatus.DECLINED,
            ReturnStatus.CANCELLED,
            ReturnStatus.EXPIRED,
        ):
            held = 0
        elif not self.decided:
            held = line.requested
        else:
            held = line.approved - line.rejected - line.missing
        # What was paid for can't be returned and paid once more.
        held = max(held, line.ahead)
        return LineProgress(
            no=line.no,
            line=line.line,
            requested=line.requested,
            held=held,
            approved=line.approved,
            received=line.received,
            accepted=line.accepted,
            rejected=line.rejected,
            missing=line.missing,
            refunded=line.refunded,
            reception=self._reception(line),
            acceptance=_acceptance(line),
            grade=line.grade,
            disposition=line.disposition,
            kept=line.kept,
            ahead=line.ahead,
            forgone=line.forgone,
        )

    def _reception(self, line: Line) -> Reception:
        if line.wrong and (line.outstanding > 0 or line.missing):
            return Reception.WRONG_ITEM
        if line.forgone:
            return Reception.LOST
        if line.outstanding > 0 or not line.approved or line.kept:
            return Reception.LOST if self.lost else Reception.AWAITING
        return Reception.SHORT_SHIPPED if line.missing else Reception.RECEIVED

    # --- the decision ----------------------------------------------------------------------

    def check_decision(self, decision: Decision) -> None:
        """Whether this decision may be taken now."""
        if self.decided or self.ended:
            raise conflict(
                "already_decided", f"This return was already decided; it is {self.status}."
            )
        known = {line.line for line in self.lines}
        for index, part in enumerate(decision.lines):
            if part.line not in known:
                raise invalid(
                    "unknown_line", f"The return has no line {part.line}.", f"/lines/{index}/line"
                )
            if part.line in [earlier.line for earlier in decision.lines[:index]]:
                raise invalid(
                    "line_twice", f"Decide line {part.line} once.", f"/lines/{index}/line"
                )
        approves = any(kind is DecisionKind.APPROVE for kind in self._verdicts(decision))
        if approves and self.first_approval and self.first_approval.actor == decision.actor:
            raise conflict(
                "second_person_needed",
                "You approved this return already; a second person must approve it, too.",
            )

    def decide(self, decision: Decision) -> list[Line]:
        """Takes the decision and tells which lines were declined."""
        declined = []
        for line, kind in zip(self.lines, self._verdicts(decision), strict=True):
            if kind is DecisionKind.APPROVE:
                line.approved = line.requested
            else:
                declined.append(line)
        self.decided = True
        if len(declined) == len(self.lines):
            self.ended_as = ReturnStatus.DECLINED
        return declined

    def approve_all(self) -> None:
        """Takes the policy's own approval."""
        for line in self.lines:
            line.approved = line.requested
        self.decided = True

    def approve_again(self, units: Sequence[int]) -> None:
        """Takes up what was approved before the return ended, one count per line."""
        for line, approved in zip(self.lines, units, strict=True):
            line.approved = approved
        self.decided = True

    def let_keep(self) -> int:
        """Accepts every approved unit where it is, and tells how many those are."""
        for line in self.lines:
            line.kept = line.accepted = line.approved
        return self._sum("kept")

    def pay_ahead(self) -> None:
        """Has every approved unit paid before it comes."""
        for line in self.lines:
            line.ahead = line.approved

    def forgo(self) -> int:
        """Accepts what was lost on the way, and tells how many units that is."""
        units = self.outstanding_units
        for line in self.lines:
            line.accepted += line.outstanding
            line.forgone += line.outstanding
        return units

    @property
    def forgone_units(self) -> int:
        """Units that were refunded though they were lost."""
        return self._sum("forgone")

    def approves_anything(self, decision: Decision) -> bool:
        """Whether at least one line would be approved."""
        return DecisionKind.APPROVE in self._verdicts(decision)

    def _verdicts(self, decision: Decision) -> list[DecisionKind]:
        said = [decision] if self.first_approval is None else [self.first_approval, decision]
        return [
            DecisionKind.DECLINE
            if any(_verdict(each, line) is DecisionKind.DECLINE for each in said)
            else DecisionKind.APPROVE
            for line in self.lines
        ]

    # --- cancelling ------------------------------------------------------------------------

    def check_cancel(self) -> None:
        """Whether the return can still be cancelled."""
        if self.ended:
            raise conflict("already_ended", f"This return has ended; it is {self.status}.")
        if self._sum("ahead"):
            raise conflict(
                "already_paid",
                "This return was paid ahead of the goods; it can't be cancelled any more.",
            )
        if self._sum("accepted") or self._sum("rejected"):
            raise conflict(
                "already_inspected", "Goods of this return were inspected; it can't be cancelled."
            )

    # --- the dock --------------------------------------------------------------------------

    def check_receipt(self, counted: Sequence[CountedLine]) -> None:
        """Whether these counts can be received now."""
        if self.ended:
            raise conflict("already_ended", f"This return has ended; it is {self.status}.")
        if not self.decided:
            raise conflict("not_decided", "This return has not been approved yet; decide it first.")
        self._check_counts(
            [(part.line, part.quantity) for part in counted],
            room=_room,
            code="more_than_expected",
            words=lambda name, room, asked: (
                f"{room} of line {name} are still expected, not {asked}; "
                "put what is extra under unexpected."
            ),
        )

    def check_instead(
        self, counted: Sequence[CountedLine], unexpected: Sequence[UnexpectedItem]
    ) -> None:
        """Whether things can have come instead of the lines they name."""
        left = {line.line: 0 for line in self.lines}
        for line in self.lines:
            left[line.line] += line.outstanding
        for part in counted:
            left[part.line] -= part.quantity
        for index, item in enumerate(unexpected):
            name, pointer = item.instead_of, f"/unexpected/{index}/instead_of"
            if name is None:
                continue
            if name not in left:
                raise invalid("unknown_line", f"The return has no line {name}.", pointer)
            if item.quantity > left[name]:
                raise invalid(
                    "more_than_expected",
                    f"{left[name]} of line {name} are still expected, so {item.quantity} "
                    "can't have come as something else.",
                    pointer,
                )
            left[name] -= item.quantity

    def receive_instead(self, name: str) -> None:
        """Notes that another thing came for a line; its units are still expected."""
        for line in self.lines:
            if line.line == name and line.outstanding:
                line.wrong = True

    def receive(self, counted: Sequence[CountedLine]) -> int:
        """Counts units in and tells how many."""
        units = 0
        for part in counted:
            for line, taken in _allocate(
                self.lines, part.line, part.quantity, lambda line: line.outstanding
            ):
                line.received += taken
                units += taken
        self.lost = False
        return units

    def take_late(self, counted: Sequence[CountedLine]) -> int:
        """Counts units that were refunded as lost and came after all, and tells how many.

        They change nothing of what was decided. To be asked before `receive`.
        """
        units = 0
        for part in counted:
            expected = sum(line.outstanding for line in self.lines if line.line == part.line)
            for line, taken in _allocate(
                self.lines,
                part.line,
                max(0, part.quantity - expected),
                lambda line: line.forgone - line.late,
            ):
                line.late += taken
                units += taken
        return units

    def give_up_missing(self) -> int:
        """Stops expecting what did not come and tells how many units that is."""
        units = 0
        for line in self.lines:
            units += line.outstanding
            line.missing += line.outstanding
        return units

    # --- inspection ------------------------------------------------------------------------

    def check_inspection(self, inspected: Sequence[InspectedLine]) -> None:
        """Whether these units can be inspected now."""
        if self.ended:
            raise conflict("already_ended", f"This return has ended; it is {self.status}.")
        if not self._sum("received"):
            raise conflict(
                "nothing_received", "Nothing of this return was received yet; receive it first."
            )
        self._check_counts(
            [(part.line, part.quantity) for part in inspected],
            room=lambda line: line.uninspected,
            code="more_than_received",
            words=lambda name, room, asked: (
                f"{room} of line {name} are received and not yet inspected, not {asked}."
            ),
        )

    def inspect(self, part: InspectedLine) -> None:
        """Takes the verdict on units of one order line; by now it says whether it accepts them."""
        for line, units in _allocate(
            self.lines, part.line, part.quantity, lambda line: line.uninspected
        ):
            if part.accepted:
                line.accepted += units
                line.grades.append(GradedUnits(grade=part.grade, units=units))
            else:
                line.rejected += units
            line.grade = part.grade
            line.disposition = part.disposition

    # --- helpers ---------------------------------------------------------------------------

    def _check_counts(
        self,
        counts: Iterable[tuple[str, int]],
        *,
        room: Callable[[Line], int],
        code: str,
        words: Callable[[str, int, int], str],
    ) -> None:
        left = {line.line: 0 for line in self.lines}
        for line in self.lines:
            left[line.line] += room(line)
        for index, (name, asked) in enumerate(counts):
            if name not in left:
                raise invalid(
                    "unknown_line", f"The return has no line {name}.", f"/lines/{index}/line"
                )
            if asked < 1:
                raise invalid(
                    "quantity", "A quantity is a whole number from 1.", f"/lines/{index}/quantity"
                )
            if asked > left[name]:
                raise invalid(code, words(name, left[name], asked), f"/lines/{index}/quantity")
            left[name] -= asked

    def _sum(self, counter: str) -> int:
        return sum(getattr(line, counter) for line in self.lines)


def _room(line: Line) -> int:
    """Units of a line that may still come, those that were refunded as lost included."""
    return line.outstanding + line.forgone - line.late


def _allocate(
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


def _verdict(decision: Decision, line: Line) -> DecisionKind:
    by_line = {part.line: part.decision for part in decision.lines}
    return by_line.get(line.line, decision.decision)


def _acceptance(line: Line) -> Acceptance:
    if line.accepted:
        return Acceptance.ACCEPTED
    return Acceptance.REJECTED if line.rejected else Acceptance.PENDING
