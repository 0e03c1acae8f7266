"""Threshold promotions that the kept items no longer reach (money rule 3)."""

from collections.abc import Mapping, Sequence

from models.money import round_half_up
from models.rules.order_facts import OrderFacts
from models.rules.positions import Span
from models.rules.worth import part_of


def discount_of_kept(order: OrderFacts, back: Mapping[str, Sequence[Span]]) -> int:
    """The share that kept units have of promotions whose threshold they no longer reach.

    Args:
        order: the order and its promotions.
        back: line id → all positions that came back, this return's included.
    """
    kept_price = sum(
        line.listed - part_of(line.listed, line, back.get(line.line, ())) for line in order.lines
    )
    owed = 0
    for promotion in order.promotions:
        if kept_price >= promotion.threshold:
            continue
        for line in order.lines:
            share = promotion.shares.get(line.line, 0)
            owed += share - part_of(share, line, back.get(line.line, ()))
    return owed


def tax_of_reversal(order: OrderFacts, amount: int) -> int:
    """How much of a reversal is tax: none where prices are without it."""
    paid = sum(line.paid for line in order.lines)
    if not order.inclusive or not paid:
        return 0
    return round_half_up(amount * sum(line.tax for line in order.lines), paid)
