"""Unit positions: which are free, which are taken, and that none is ever given out twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.positions import Span, count, free, lowest


def units(spans: list[Span]) -> list[int]:
    """The positions one by one."""
    return [unit for span in spans for unit in range(span.first, span.last + 1)]


def ranges(chosen: set[int]) -> list[Span]:
    """The positions as spans of one unit each, in no particular order."""
    return [Span(unit, unit) for unit in chosen]


def test_an_untouched_line_is_wholly_free() -> None:
    assert free(74215, []) == [Span(1, 74215)]


def test_a_gap_is_free_again() -> None:
    assert free(5, [Span(4, 5), Span(1, 1)]) == [Span(2, 3)]
    assert free(5, [Span(1, 5)]) == []
    assert free(5, [Span(2, 3)]) == [Span(1, 1), Span(4, 5)]


def test_the_lowest_positions_are_taken_first_and_a_span_is_cut() -> None:
    assert lowest([Span(6, 9), Span(1, 2)], 4) == [Span(1, 2), Span(6, 7)]
    assert lowest([Span(1, 2)], 0) == []


def test_more_than_there_is_can_not_be_taken() -> None:
    with pytest.raises(ValueError, match="1 positions too few"):
        lowest([Span(1, 2)], 3)


@given(st.sets(st.integers(min_value=1, max_value=40)), st.integers(min_value=0, max_value=40))
def test_what_is_free_and_what_is_taken_are_the_whole_line(taken: set[int], spare: int) -> None:
    quantity = max(taken, default=0) + spare
    found = free(quantity, ranges(taken))
    assert units(found) == [unit for unit in range(1, quantity + 1) if unit not in taken]
    assert count(found) == quantity - len(taken)


@given(st.sets(st.integers(min_value=1, max_value=40)), st.data())
def test_the_lowest_of_some_positions_are_just_those(held: set[int], data: st.DataObject) -> None:
    wanted = data.draw(st.integers(min_value=0, max_value=len(held)))
    assert units(lowest(ranges(held), wanted)) == sorted(held)[:wanted]


@given(
    st.integers(min_value=1, max_value=30),
    st.lists(st.tuples(st.booleans(), st.integers(min_value=1, max_value=5)), max_size=20),
)
def test_taking_and_giving_back_in_any_order_never_gives_a_position_to_two(
    quantity: int, steps: list[tuple[bool, int]]
) -> None:
    held: list[list[Span]] = []
    for takes, size in steps:
        taken = [span for spans in held for span in spans]
        open_units = free(quantity, taken)
        if takes and count(open_units) >= size:
            held.append(lowest(open_units, size))
        elif not takes and held:
            held.pop(size % len(held))
        everything = units([span for spans in held for span in spans])
        assert len(everything) == len(set(everything))
