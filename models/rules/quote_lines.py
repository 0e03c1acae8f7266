"""The lines of a quote: what comes back, and the amounts that explain what it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.messages import GradedUnits, Resolution
from models.money import to_text
from models.rules.exchange import Exchanged, Replacement
from models.rules.order_facts import OrderFacts
from models.rules.policy_rules import NO_RULING, Ruling
from models.rules.positions import Span
from models.rules.terms import Fault
from models.rules.worth import PaidLine


class QuoteKind(StrEnum):
    """What an amount of a quote is for. Plus goes to the customer, minus comes from them."""

    GOODS = "goods"
    TAX = "tax"
    ORDER_DISCOUNT = "order_discount"
    PROMOTION_REVERSAL = "promotion_reversal"
    OUTBOUND_SHIPPING = "outbound_shipping"
    RETURN_SHIPPING_FEE = "return_shipping_fee"
    RESTOCKING_FEE = "restocking_fee"
    BONUS = "bonus"
    EXCHANGE_DIFFERENCE = "exchange_difference"
    ALREADY_REFUNDED = "already_refunded"
    GOODWILL = "goodwill"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedLine:
    """Unit positions of an order line that come back. `no`: which return line, from 1.

    `replacement`: what goes out for each of them, in an exchange. `ruling`: what the policy's
    rules say of the line. `graded`: the grades of the units that were accepted, in that order.
    """

    line: PaidLine
    spans: Sequence[Span]
    no: int = 1
    fault: Fault = Fault.NOBODY
    resolution: Resolution = Resolution.REFUND
    replacement: Replacement | None = None
    ruling: Ruling = NO_RULING
    graded: Sequence[GradedUnits] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """One amount, in minor units, with the words that explain it.

    `tax` is how much of the amount is tax: of a `tax` line all of it, of goods nothing.
    """

    kind: QuoteKind
    line: str | None
    amount: int
    explanation: str
    no: int | None = None
    tax: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeItem:
    """What goes out for one return line, and what it comes to."""

    no: int
    line: str
    quantity: int
    replacement: Replacement
    exchanged: Exchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The amounts and their sum, and what goes out in exchange."""

    currency: str
    lines: tuple[QuoteLine, ...]
    exchange: tuple[ExchangeItem, ...] = ()

    @property
    def difference(self) -> int:
        """What the customer owes for what goes out; below 0: what they get back."""
        return -sum(item.exchanged.to_customer for item in self.exchange)

    @property
    def total(self) -> int:
        """What the customer gets."""
        return sum(line.amount for line in self.lines)

    @property
    def bonus(self) -> int:
        """What of it is given on top, as store credit."""
        return sum(line.amount for line in self.lines if line.kind is QuoteKind.BONUS)


def tax_words(tax: int, order: OrderFacts) -> str:
    return f", {money_words(tax, order)} tax included" if tax else ""


def money_words(amount: int, order: OrderFacts) -> str:
    return f"{to_text(amount, order.currency)} {order.currency}"
