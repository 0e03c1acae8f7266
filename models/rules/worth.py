"""What units of an order line are worth (money rule 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.money import share
from models.rules.positions import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """What an order line cost (money rule 1), in minor units for its whole quantity.

    `listed` is its price after its own discount, as the shop lists prices (with tax or without).
    `gift_card_left`: the line sold a gift card, and this is what nobody has spent of it.
    `sku`: what it sold.
    """

    line: str
    name: str
    quantity: int
    paid: int
    tax: int
    order_discount: int
    listed: int = 0
    tax_rate: str = "0"
    gift_card_left: int | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What units of one line are worth; goods + tax − discount = paid."""

    paid: int
    tax: int
    order_discount: int

    @property
    def goods(self) -> int:
        """The goods' price before the order's discounts, without tax."""
        return self.paid - self.tax + self.order_discount


def worth(line: PaidLine, spans: Sequence[Span]) -> Worth:
    """What the units at these positions are worth; the same whatever came back before."""
    return Worth(
        paid=part_of(line.paid, line, spans),
        tax=part_of(line.tax, line, spans),
        order_discount=part_of(line.order_discount, line, spans),
    )


def part_of(total: int, line: PaidLine, spans: Sequence[Span]) -> int:
    """The part of a line's total that the units at these positions have."""
    return sum(share(total, span.first, span.last, line.quantity) for span in spans)
