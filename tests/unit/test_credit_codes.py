"""Codes of store credit: read as people write them; a gift card's own code is left alone."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.credit_codes import CODE_BITS, make_credit_code, normalise_credit_code

NUMBERS = st.integers(min_value=0, max_value=2**CODE_BITS - 1)
# How people write what is not in the alphabet but looks like something that is.
MISREADINGS = {"0": "Oo", "1": "IiLl"}
PREFIX = "SC-"


@given(NUMBERS)
def test_a_code_reads_back_as_it_is(number: int) -> None:
    code = make_credit_code(number)
    assert normalise_credit_code(code) == code
    assert len(code) == len("SC-7K2M-9QX4-0TBC-D3FG1")


@given(NUMBERS, NUMBERS)
def test_two_numbers_have_two_codes(one: int, other: int) -> None:
    assert (make_credit_code(one) == make_credit_code(other)) == (one == other)


def test_a_code_carries_80_bits() -> None:
    assert CODE_BITS == 80
    assert make_credit_code(2**80 - 1) == "SC-ZZZZ-ZZZZ-ZZZZ-ZZZZ0"
    assert make_credit_code(0) == "SC-0000-0000-0000-00000"


@given(NUMBERS)
def test_case_spaces_and_dashes_do_not_matter(number: int) -> None:
    code = make_credit_code(number)
    bare = code.replace("-", "")
    for written in (code.lower(), bare, f" {bare[:2]} {bare[2:9]} {bare[9:]}  ", f"{code}-"):
        assert normalise_credit_code(written) == code


@given(NUMBERS)
def test_letters_that_look_like_digits_are_taken_for_them(number: int) -> None:
    code = make_credit_code(number)
    for place, char in enumerate(code):
        for misread in MISREADINGS.get(char, ""):
            assert normalise_credit_code(code[:place] + misread + code[place + 1 :]) == code


@given(NUMBERS)
def test_every_slip_of_one_character_leads_to_no_other_code(number: int) -> None:
    code = make_credit_code(number)
    looks_alike = str.maketrans("ILO", "110")
    for place in range(len(PREFIX), len(code)):
        if code[place] == "-":
            continue
        for wrong in string.ascii_uppercase + string.digits:
            if wrong.translate(looks_alike) != code[place]:
                slip = code[:place] + wrong + code[place + 1 :]
                assert normalise_credit_code(slip.lower()) == slip.lower()


@given(NUMBERS)
def test_a_character_too_many_or_too_few_makes_it_none_of_ours(number: int) -> None:
    bare = make_credit_code(number).replace("-", "")
    for place in range(len(bare)):
        for written in (bare[:place] + bare[place + 1 :], bare[:place] + "7" + bare[place:]):
            assert normalise_credit_code(written) == written


@pytest.mark.parametrize(
    "code", ["", "GC-1", "gift card 20 €", "SC-1", "sc-sale-2026", "0" * 17, "SC-ÄÄÄÄ", "5" * 100]
)
def test_a_shops_own_code_is_kept_but_for_its_outer_spaces(code: str) -> None:
    assert normalise_credit_code(f"  {code} ") == code
