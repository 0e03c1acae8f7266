"""What of the lines that are due can be paid now: never less than nothing (money rule 2)."""

from collections.abc import Sequence
from dataclasses import replace

from models.money import round_half_up
from models.rules.quote_lines import QuoteKind, QuoteLine


def money_of(lines: Sequence[QuoteLine]) -> int:
    """What the lines come to in money; a bonus is given on top of it."""
    return sum(line.amount for line in lines if line.kind is not QuoteKind.BONUS)


# What can wait or be cut, in this order, when the lines would leave the customer in debt.
YIELDING = (
    QuoteKind.PROMOTION_REVERSAL,
    QuoteKind.RETURN_SHIPPING_FEE,
    QuoteKind.RESTOCKING_FEE,
)


def without_debt(lines: Sequence[QuoteLine]) -> list[QuoteLine]:
    """The lines, with as much of what the customer owes left for later as they can't bear now.

    Other returns may have come back since the last grant, which makes a reversal grow; and a fee
    on more units may round up by more than the units bring.
    """
    debt = -money_of(lines)
    kept = list(lines)
    for kind in YIELDING:
        for index, line in enumerate(kept):
            part = min(debt, -line.amount)
            if line.kind is kind and part > 0:
                left = line.amount + part
                tax = round_half_up(line.tax * left, -line.amount) * -1
                kept[index] = replace(line, amount=left, tax=tax)
                debt -= part
    # A bonus that was given stays given.
    return [
        line
        for line in kept
        if (line.amount or line.tax) and (line.kind is not QuoteKind.BONUS or line.amount > 0)
    ]
