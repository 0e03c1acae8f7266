"""How a return stands: its lines' counters, what they amount to, and the one status they make."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from models.messages import Decision, LineProgress, Reception, RequestedLine, ReturnStatus
from models.rules.counters import Line


@dataclass(slots=True, kw_only=True)
class Standing:
    """The state of a return, and what follows from it."""

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
    def of(cls, lines: Sequence[RequestedLine]) -> Self:
        """The state of a return just requested; return lines are numbered from 1."""
        return cls(
            lines=[
                Line(no=no, line=line.line, requested=line.quantity)
                for no, line in enumerate(lines, start=1)
            ]
        )

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
    def forgone_units(self) -> int:
        """Units that were refunded though they were lost."""
        return self._sum("forgone")

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
            acceptance=line.acceptance,
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

    def _sum(self, counter: str) -> int:
        return sum(getattr(line, counter) for line in self.lines)
