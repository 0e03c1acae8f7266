"""What comes of a return: counting it in at the dock, giving it up, and inspecting it."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.messages import CountedLine, GradedUnits, InspectedLine, UnexpectedItem
from models.rules.counters import allocate, check_counts
from models.rules.refused import conflict, invalid
from models.rules.standing import Standing

# Why refused goods that were paid ahead are not inspected again: nothing would be paid for them.
SETTLED = (
    "It was paid before the goods came, and that is settled; send its goods back, and give "
    "goodwill if they should have been accepted."
)


@dataclass(slots=True, kw_only=True)
class Counting(Standing):
    """A return at the dock. Check methods raise `Refused` and change nothing."""

    # --- the dock --------------------------------------------------------------------------

    def check_receipt(self, counted: Sequence[CountedLine]) -> None:
        """Whether these counts can be received now."""
        if self.ended:
            raise conflict("already_ended", f"This return has ended; it is {self.status}.")
        if not self.decided:
            raise conflict("not_decided", "This return has not been approved yet; decide it first.")
        check_counts(
            self.lines,
            [(part.line, part.quantity) for part in counted],
            room=lambda line: line.room,
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

    def recovered(self, counted: Sequence[CountedLine]) -> list[int]:
        """Of what is counted, the units of each line that were given up as missing.

        To be asked before `receive`.
        """
        found = [0 for _ in self.lines]
        for name, more in self._beyond_expected(counted):
            for line, taken in allocate(self.lines, name, more, lambda line: line.given_up):
                found[line.no - 1] += taken
        return found

    def find_missing(self, units: Sequence[int]) -> None:
        """Expects units again that were given up, one count per line."""
        for line, found in zip(self.lines, units, strict=True):
            line.missing -= found

    def receive(self, counted: Sequence[CountedLine]) -> int:
        """Counts units in and tells how many."""
        units = 0
        for part in counted:
            for line, taken in allocate(
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
        for name, more in self._beyond_expected(counted):
            for line, taken in allocate(
                self.lines, name, more, lambda line: line.forgone - line.late
            ):
                line.late += taken
                units += taken
        return units

    def _beyond_expected(self, counted: Sequence[CountedLine]) -> list[tuple[str, int]]:
        """Order lines of which more is counted than is still expected, and how much more."""
        more: dict[str, int] = {}
        for part in counted:
            more[part.line] = more.get(part.line, 0) + part.quantity
        for line in self.lines:
            if line.line in more:
                more[line.line] -= line.outstanding
        return [(name, units) for name, units in more.items() if units > 0]

    def give_up_missing(self) -> int:
        """Stops expecting what did not come and tells how many units that is."""
        units = 0
        for line in self.lines:
            units += line.outstanding
            line.missing += line.outstanding
        return units

    def forgo(self) -> int:
        """Accepts what was lost on the way, and tells how many units that is."""
        units = self.outstanding_units
        for line in self.lines:
            line.accepted += line.outstanding
            line.forgone += line.outstanding
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
        check_counts(
            self.lines,
            [(part.line, part.quantity) for part in inspected],
            room=lambda line: line.uninspected,
            code="more_than_received",
            words=lambda name, room, asked: (
                f"{room} of line {name} are received and not yet inspected, not {asked}."
            ),
        )

    def inspect_again(self) -> int:
        """Forgets that units were refused, and tells how many those are."""
        units = self._sum("rejected")
        for line in self.lines:
            if line.rejected:
                line.rejected, line.grade, line.disposition = 0, None, None
        return units

    def take_as_here(self, units: Sequence[int]) -> int:
        """Counts units in that came before the return was opened again, one count per line."""
        for line, here in zip(self.lines, units, strict=True):
            line.received = here
        return self._sum("received")

    def inspect(self, part: InspectedLine) -> None:
        """Takes the verdict on units of one order line; by now it says whether it accepts them."""
        for line, units in allocate(
            self.lines, part.line, part.quantity, lambda line: line.uninspected
        ):
            if part.accepted:
                line.accepted += units
                line.grades.append(GradedUnits(grade=part.grade, units=units))
            else:
                line.rejected += units
            line.grade = part.grade
            line.disposition = part.disposition
