"""What the quote must know of an order: what it cost, and what came back of it before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.money import round_half_up
from models.rules.positions import Span
from models.rules.worth import PaidLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A discount on the order that asks for a threshold. `shares`: line id → its part."""

    threshold: int
    shares: Mapping[str, int]
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """The way out: what it cost, its tax, and what standard shipping would have cost."""

    amount: int = 0
    tax: int = 0
    standard_amount: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedBefore:
    """Units that an earlier return was granted for. `withdrawn`: in a withdrawal."""

    line: str
    spans: Sequence[Span]
    merchant_fault: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """An order as the quote needs it. Amounts are minor units of `currency`.

    Attributes:
        currency: ISO 4217.
        lines: all lines of the order.
        inclusive: prices are with tax.
        promotions: its discounts that ask for a threshold.
        outbound: its shipping.
        returned: what other returns were granted for.
        taken_back: what earlier grants took back of promotions.
        shipping_refunded: what earlier grants gave back of the shipping.
    """

    currency: str
    lines: Sequence[PaidLine]
    inclusive: bool = True
    promotions: Sequence[Promotion] = ()
    outbound: Outbound = field(default_factory=Outbound)
    returned: Sequence[ReturnedBefore] = ()
    taken_back: int = 0
    shipping_refunded: int = 0

    def refundable_shipping(self) -> tuple[int, int]:
        """What of the shipping can come back, its tax included, and how much of it is tax."""
        whole = self.outbound.amount
        standard = min(self.outbound.standard_amount, whole)
        if standard == 0 or self.shipping_refunded:
            return 0, 0
        tax = round_half_up(self.outbound.tax * standard, whole)
        return (standard if self.inclusive else standard + tax), tax
