"""What the policy makes of a grade: how much of the goods is paid, or that they are refused."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from models.messages import Grade, GradedUnits
from models.rules.positions import Span

# In the place of a percentage: units of this grade aren't accepted.
REFUSE = "refuse"
FULL = "100"
ALL_PAID: Mapping[Grade, str] = dict.fromkeys(Grade, FULL)


def refused_grades(grades: Mapping[Grade, str]) -> list[Grade]:
    """The grades that aren't accepted."""
    return [grade for grade, share in grades.items() if share == REFUSE]


def cuts_any(grades: Mapping[Grade, str]) -> bool:
    """Whether accepted units of some grade aren't paid whole."""
    return any(share not in (FULL, REFUSE) for share in grades.values())


def spans_by_grade(spans: Sequence[Span], graded: Sequence[GradedUnits]) -> dict[Grade, list[Span]]:
    """The positions of each grade: accepted units fill a line's positions from the lowest.

    Args:
        spans: the positions of all accepted units.
        graded: how many units of which grade, in the order they were accepted; units beyond them
            have no grade yet.
    """
    found: dict[Grade, list[Span]] = defaultdict(list)
    left = [[span.first, span.last] for span in sorted(spans)]
    for run in graded:
        units = run.units
        while units and left:
            first, last = left[0]
            taken = min(units, last - first + 1)
            found[run.grade].append(Span(first, first + taken - 1))
            units -= taken
            left[0][0] += taken
            if left[0][0] > last:
                left.pop(0)
    return found
