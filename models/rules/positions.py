"""Unit positions of an order line, as ranges (money rule 2): which are free, taken, given back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Unit positions first..last, from 1, both included."""

    first: int
    last: int

    @property
    def units(self) -> int:
        """How many positions."""
        return self.last - self.first + 1


def count(spans: Iterable[Span]) -> int:
    """How many positions the spans hold together."""
    return sum(span.units for span in spans)


def free(quantity: int, taken: Iterable[Span]) -> list[Span]:
    """The positions of 1..quantity that no span takes, lowest first."""
    gaps = []
    expected = 1
    for span in sorted(taken):
        if span.first > expected:
            gaps.append(Span(expected, span.first - 1))
        expected = max(expected, span.last + 1)
    if expected <= quantity:
        gaps.append(Span(expected, quantity))
    return gaps


def lowest(spans: Sequence[Span], units: int) -> list[Span]:
    """The lowest `units` positions of the spans.

    Raises:
        ValueError: they hold fewer.
    """
    taken = []
    for span in sorted(spans):
        if units == 0:
            break
        part = min(units, span.units)
        taken.append(Span(span.first, span.first + part - 1))
        units -= part
    if units:
        raise ValueError(f"{units} positions too few")
    return taken
