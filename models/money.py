"""Amounts: whole minor units and an ISO 4217 currency, and how they are shared and written."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

# ISO 4217 minor units that differ from two decimals (source: the standard's table A.1).
_DECIMALS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


def decimals(currency: str) -> int:
    """How many decimals a currency is written with (JPY 0, GBP 2, KWD 3)."""
    return _DECIMALS.get(currency, 2)


def round_half_up(numerator: int, denominator: int) -> int:
    """Divides to the nearest whole unit; halves go away from zero. The denominator is positive."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def share(total: int, first: int, last: int, count: int) -> int:
    """What units first..last (from 1, inclusive) of `count` are worth of `total` (money rule 2).

    Every split of 1..count into ranges sums to `total` exactly. An empty range (last < first)
    is worth 0.
    """
    if last < first:
        return 0
    return round_half_up(total * last, count) - round_half_up(total * (first - 1), count)


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Shares `total` in proportion to `weights` by largest remainder, ties to the first.

    Weights are 0 or more; when all are 0 the first takes everything.
    """
    whole = sum(weights)
    if whole == 0:
        return [total if index == 0 else 0 for index in range(len(weights))]
    shares = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def convert(amount: int, source: str, target: str, rate: str) -> int:
    """Converts minor units of `source` into those of `target`, half up.

    Args:
        amount: minor units of `source`.
        source: ISO 4217.
        target: ISO 4217.
        rate: how much of `target` one unit of `source` is, in major units, like "0.8600".
    """
    factor = Fraction(rate) * 10 ** decimals(target) / 10 ** decimals(source)
    return round_half_up(amount * factor.numerator, factor.denominator)


def convert_back(amount: int, source: str, target: str, rate: str) -> int:
    """Converts minor units of `source` into those of `target`, half up, by the rate of the other
    direction: how much of `source` one unit of `target` is, in major units.
    """
    factor = 10 ** decimals(target) / (Fraction(rate) * 10 ** decimals(source))
    return round_half_up(amount * factor.numerator, factor.denominator)


def to_minor(text: str, currency: str) -> int:
    """Reads a decimal amount as people write it ("12.50") into minor units.

    Raises:
        ValueError: not a number, or more decimals than the currency has.
    """
    try:
        amount = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"{text!r} is not an amount; write it like 12.50") from None
    if not amount.is_finite():
        raise ValueError(f"{text!r} is not an amount; write it like 12.50")
    scaled = amount.scaleb(decimals(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text} has more decimals than {currency} has ({decimals(currency)})")
    return int(scaled)


def to_text(amount: int, currency: str) -> str:
    """Writes minor units plainly, without symbol or grouping: 1250 GBP is "12.50"."""
    places = decimals(currency)
    return f"{Decimal(amount).scaleb(-places):.{places}f}"
