"""Fees to the penny: percentages, the tax inside, and the limit of what is left."""

from dataclasses import replace

import pytest

from models.rules.fees import percent_left, percent_of, restocking_fee, return_shipping_fee
from models.rules.positions import Span
from models.rules.worth import PaidLine, worth

TEE = PaidLine(
    line="1", name="Tee", quantity=1, paid=1200, tax=200, order_discount=0, tax_rate="0.2"
)
ALL = [Span(1, 1)]


def restocking(percent: str, at_most: int) -> tuple[int, int]:
    fee = restocking_fee(TEE, worth(TEE, ALL), percent, at_most)
    return fee.amount, fee.tax


@pytest.mark.parametrize(
    ("amount", "percent", "part"),
    [
        (1000, "15", 150),
        (1000, "12.5", 125),
        (999, "0", 0),
        (999, "100", 999),
        # Half a penny goes up, less goes down.
        (10, "5", 1),
        (9, "5", 0),
    ],
)
def test_a_percentage_is_rounded_half_up(amount: int, percent: str, part: int) -> None:
    assert percent_of(amount, percent) == part


@pytest.mark.parametrize(("percent", "left"), [("80", 20), ("100", 0), ("0", 100), ("12.5", 87.5)])
def test_what_a_percentage_leaves_of_the_whole(percent: str, left: float) -> None:
    assert float(percent_left(percent)) == left


@pytest.mark.parametrize(
    ("at_most", "fee"),
    [
        # 15 % of the 10.00 without tax, and a fifth of that as tax.
        (1200, (180, 30)),
        (181, (180, 30)),
        (180, (180, 30)),
        # Less is left: its tax is the sixth that is inside of it.
        (179, (179, 30)),
        (60, (60, 10)),
        (0, (0, 0)),
    ],
)
def test_a_restocking_fee_is_no_more_than_what_is_left(at_most: int, fee: tuple[int, int]) -> None:
    assert restocking("15", at_most) == fee


@pytest.mark.parametrize(("at_most", "fee"), [(600, (600, 100)), (599, (599, 100)), (0, (0, 0))])
def test_the_way_back_has_the_tax_of_the_dearest_goods(at_most: int, fee: tuple[int, int]) -> None:
    # Dearer as a line, but cheaper each, and without tax.
    book = replace(TEE, line="2", quantity=3, paid=3000, tax=0, tax_rate="0")
    found = return_shipping_fee([book, TEE], 600, at_most)
    assert (found.amount, found.tax) == fee
    assert return_shipping_fee([book], 600, 600).tax == 0
