"""What the customer pays for a return (money rule 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from models.money import round_half_up
from models.rules.worth import PaidLine, Worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """A fee, its tax included, and how much of it is tax; minor units, both 0 or more."""

    amount: int
    tax: int


def percent_of(amount: int, percent: str) -> int:
    """A percentage of an amount, half up; "12.5" is an eighth."""
    factor = Fraction(percent) / 100
    return round_half_up(amount * factor.numerator, factor.denominator)


def percent_left(percent: str) -> str:
    """What a percentage leaves of the whole: of "62.5" it is "37.5"."""
    return str(100 - Decimal(percent))


def restocking_fee(line: PaidLine, value: Worth, percent: str, at_most: int) -> Fee:
    """A percentage of the goods after discounts, without tax, taxed at the line's rate.

    Args:
        line: the order line.
        value: what the accepted units of it are worth.
        percent: like "15".
        at_most: what is left to take a fee from.
    """
    net = percent_of(value.paid - value.tax, percent)
    rate = Fraction(line.tax_rate)
    tax = round_half_up(net * rate.numerator, rate.denominator)
    if net + tax <= at_most:
        return Fee(amount=net + tax, tax=tax)
    return _with_tax_inside(at_most, line.tax_rate)


def return_shipping_fee(lines: Sequence[PaidLine], fee: int, at_most: int) -> Fee:
    """What the customer pays for the way back, with tax at the rate of the dearest returned goods.

    Args:
        lines: the order lines that come back, at least one.
        fee: with its tax.
        at_most: what is left to take a fee from.
    """
    dearest = max(lines, key=lambda line: Fraction(line.paid, line.quantity))
    return _with_tax_inside(min(fee, at_most), dearest.tax_rate)


def _with_tax_inside(amount: int, tax_rate: str) -> Fee:
    rate = Fraction(tax_rate)
    inside = rate / (1 + rate)
    return Fee(amount=amount, tax=round_half_up(amount * inside.numerator, inside.denominator))
