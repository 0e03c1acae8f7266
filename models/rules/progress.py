"""How returns stand: counters, what may happen next, and the one status they make."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.messages import Decision, DecisionKind, ReturnStatus
from models.rules.counters import Line
from models.rules.counting import Counting
from models.rules.refused import conflict, invalid


@dataclass(slots=True, kw_only=True)
class Progress(Counting):
    """The state of a return. Check methods raise `Refused` and change nothing."""

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


def _verdict(decision: Decision, line: Line) -> DecisionKind:
    by_line = {part.line: part.decision for part in decision.lines}
    return by_line.get(line.line, decision.decision)
