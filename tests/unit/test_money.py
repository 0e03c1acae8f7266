"""Amounts: sharing, rounding, converting and writing them, in every currency's own decimals."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.money import (
    apportion,
    convert,
    convert_back,
    round_half_up,
    share,
    to_minor,
    to_text,
)

AMOUNTS = st.integers(min_value=0, max_value=10**12)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 1), (-1, 2, -1), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (5, 10, 1), (4, 10, 0), (0, 7, 0)],
)
def test_halves_go_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded


@given(st.integers(), st.integers(min_value=1, max_value=10**9))
def test_rounding_is_never_off_by_more_than_a_half(numerator: int, denominator: int) -> None:
    off = round_half_up(numerator, denominator) - Fraction(numerator, denominator)
    assert abs(off) <= Fraction(1, 2)


@given(AMOUNTS, st.lists(st.integers(min_value=1, max_value=50), min_size=1, max_size=12))
def test_any_split_of_all_units_sums_to_the_total(total: int, parts: list[int]) -> None:
    count, first, given_out = sum(parts), 1, 0
    for part in parts:
        given_out += share(total, first, first + part - 1, count)
        first += part
    assert given_out == total


def test_no_units_are_worth_nothing() -> None:
    assert share(1000, 4, 3, 7) == 0


@given(AMOUNTS, st.lists(AMOUNTS, min_size=1, max_size=8))
def test_an_amount_is_apportioned_whole_and_within_one_unit_of_its_due(
    total: int, weights: list[int]
) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    if whole := sum(weights):
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(total * weight, whole)) < 1


def test_what_is_left_over_goes_to_the_largest_remainders_and_ties_to_the_first() -> None:
    assert apportion(100, [1, 1, 1]) == [34, 33, 33]
    assert apportion(10, [5, 3, 3]) == [4, 3, 3]
    assert apportion(11, [1, 2, 3, 4]) == [1, 2, 3, 5]


def test_without_weights_the_first_takes_everything() -> None:
    assert apportion(7, [0, 0]) == [7, 0]


def test_an_amount_converts_back_by_the_rate_of_the_other_direction() -> None:
    assert convert_back(8600, "GBP", "EUR", "0.86") == 10000
    assert convert_back(5000, "GBP", "EUR", "0.8600") == 5814
    assert convert_back(1620, "JPY", "EUR", "162") == 1000
    assert convert_back(-8600, "GBP", "EUR", "0.86") == -10000


def test_an_amount_converts_between_currencies_with_their_own_decimals() -> None:
    assert convert(1000, "EUR", "GBP", "0.8600") == 860
    assert convert(1000, "EUR", "JPY", "163.25") == 1633
    assert convert(1000, "JPY", "KWD", "0.002") == 2000
    assert convert(125, "EUR", "GBP", "0.5") == 63


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "GBP", 1250),
        ("12.5", "GBP", 1250),
        ("1250", "JPY", 1250),
        ("1.250", "KWD", 1250),
        ("12.500", "GBP", 1250),
        ("-0.01", "GBP", -1),
    ],
)
def test_a_written_amount_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize("text", ["", "abc", "12,50", "NaN", "Infinity", "1.2.3"])
def test_what_is_not_an_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an amount; write it like 12\.50"):
        to_minor(text, "GBP")


@pytest.mark.parametrize(("text", "currency"), [("1.005", "GBP"), ("0.5", "JPY")])
def test_more_decimals_than_the_currency_has_are_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="more decimals than"):
        to_minor(text, currency)


@given(st.integers(min_value=-(10**15), max_value=10**15), st.sampled_from(["GBP", "JPY", "KWD"]))
def test_a_written_amount_reads_back(amount: int, currency: str) -> None:
    assert to_minor(to_text(amount, currency), currency) == amount


def test_an_amount_is_written_with_all_its_decimals() -> None:
    assert to_text(1250, "GBP") == "12.50"
    assert to_text(5, "KWD") == "0.005"
    assert to_text(1250, "JPY") == "1250"
