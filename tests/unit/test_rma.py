"""RMA numbers: read as people write them, and a slip of one character is noticed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.rma import make_rma, normalise_rma

NUMBERS = st.integers(min_value=0, max_value=32**7 - 1)
# How people write what is not in the alphabet but looks like something that is.
MISREADINGS = {"0": "Oo", "1": "IiLl"}


@given(NUMBERS)
def test_an_rma_reads_back_as_it_is(number: int) -> None:
    rma = make_rma(number)
    assert normalise_rma(rma) == rma
    assert len(rma) == len("R-7K2M-9QX4")


@given(NUMBERS, NUMBERS)
def test_two_numbers_have_two_rmas(one: int, other: int) -> None:
    assert (make_rma(one) == make_rma(other)) == (one == other)


@given(NUMBERS)
def test_case_spaces_and_dashes_do_not_matter(number: int) -> None:
    rma = make_rma(number)
    bare = rma.replace("-", "")
    for written in (rma.lower(), bare, f"  {bare[:3]} {bare[3:]} ", f"{bare[0]} - {bare[1:]}"):
        assert normalise_rma(written) == rma


@given(NUMBERS)
def test_letters_that_look_like_digits_are_taken_for_them(number: int) -> None:
    rma = make_rma(number)
    for place, char in enumerate(rma):
        for misread in MISREADINGS.get(char, ""):
            assert normalise_rma(rma[:place] + misread + rma[place + 1 :]) == rma


@given(NUMBERS)
def test_every_slip_of_one_character_is_noticed(number: int) -> None:
    rma = make_rma(number)
    looks_alike = str.maketrans("ILO", "110")
    for place, right in enumerate(rma):
        if right == "-":
            continue
        for wrong in string.ascii_uppercase + string.digits:
            if wrong.translate(looks_alike) != right:
                assert normalise_rma(rma[:place] + wrong + rma[place + 1 :]) is None


@given(NUMBERS)
def test_a_character_too_many_or_too_few_is_noticed(number: int) -> None:
    bare = make_rma(number).replace("-", "")
    for place in range(len(bare)):
        assert normalise_rma(bare[:place] + bare[place + 1 :]) is None
        assert normalise_rma(bare[:place] + "7" + bare[place:]) is None


@pytest.mark.parametrize(
    "text", ["", "R", "R-", "1001", "R-7K2M-9QXU", "R-ÄK2M-9QX4", "R-7K2M-9Q\x00X", "O" * 9]
)
def test_what_is_no_rma_is_none(text: str) -> None:
    assert normalise_rma(text) is None
