"""What a return is worth, line by line: the one function behind quotes, pages and refunds."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.money import share, to_text
from models.rules.positions import Span, count


class QuoteKind(StrEnum):
    """What an amount of a quote is for. Plus goes to the customer, minus comes from them."""

    GOODS = "goods"
    TAX = "tax"
    ORDER_DISCOUNT = "order_discount"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """What an order line cost (money rule 1), in minor units for its whole quantity."""

    line: str
    name: str
    quantity: int
    paid: int
    tax: int
    order_discount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedLine:
    """Unit positions of a paid line that come back."""

    line: PaidLine
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """One amount, in minor units, with the words that explain it."""

    kind: QuoteKind
    line: str | None
    amount: int
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The amounts and their sum."""

    currency: str
    lines: tuple[QuoteLine, ...]
    total: int


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

    def part(total: int) -> int:
        return sum(share(total, span.first, span.last, line.quantity) for span in spans)

    return Worth(paid=part(line.paid), tax=part(line.tax), order_discount=part(line.order_discount))


def make_quote(currency: str, lines: Sequence[QuotedLine]) -> Quote:
    """Works out what the customer gets for these lines.

    Args:
        currency: ISO 4217; the order's.
        lines: the units that come back.
    """
    amounts: list[QuoteLine] = []
    for quoted in lines:
        line, value = quoted.line, worth(quoted.line, quoted.spans)
        amounts.append(
            QuoteLine(
                kind=QuoteKind.GOODS,
                line=line.line,
                amount=value.goods,
                explanation=_goods_words(line, count(quoted.spans), currency),
            )
        )
        if line.order_discount:
            amounts.append(
                QuoteLine(
                    kind=QuoteKind.ORDER_DISCOUNT,
                    line=line.line,
                    amount=-value.order_discount,
                    explanation="Share of the order's discounts that these goods had",
                )
            )
        if line.tax:
            amounts.append(
                QuoteLine(
                    kind=QuoteKind.TAX,
                    line=line.line,
                    amount=value.tax,
                    explanation="Tax paid on them",
                )
            )
    return Quote(
        currency=currency, lines=tuple(amounts), total=sum(amount.amount for amount in amounts)
    )


def _goods_words(line: PaidLine, units: int, currency: str) -> str:
    if units == line.quantity:
        return f"{units} × {line.name}"
    whole = to_text(line.paid - line.tax + line.order_discount, currency)
    return f"{units} of {line.quantity} × {line.name}, which cost {whole} {currency} in all"
