"""What an ERP is told of exchanges: the goods that went out, and the difference that was paid."""

from dataclasses import dataclass
from datetime import date

from models.rules.accounts import EXCHANGE_SALES
from models.rules.erp import CreditLine


@dataclass(frozen=True, slots=True, kw_only=True)
class SentItem:
    """Units of one article that went out.

    Attributes:
        sku: the article's.
        quantity: 1 or more.
        unit_price: what one is worth on the order, in minor units.
    """

    sku: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsOut:
    """What went out for a return, as an exchange or a replacement.

    Attributes:
        reference: unique for what went out together, like exchange/R-7K2M-94; the books have the
            entry of the exchange under the same name. The ERP keeps it.
        order: the order's number.
        rma: the return's number.
        currency: ISO 4217; prices are in its minor units.
        items: what went out, one for each line of the return.
    """

    reference: str
    order: str
    rma: str
    currency: str
    items: tuple[SentItem, ...]

    @property
    def quantity(self) -> int:
        """All units together."""
        return sum(item.quantity for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a customer paid on top for the dearer item of an exchange.

    Attributes:
        reference: unique, like exchange/R-7K2M-94/paid, as the books name the entry.
        order: the order's number.
        rma: the return's number.
        currency: ISO 4217.
        paid_on: the day it was paid.
        line: as the lines of a credit note, so that what the customer pays is below 0.
        tax_code: what the shop's ERP calls the account of tax, for taxes it doesn't know.
    """

    reference: str
    order: str
    rma: str
    currency: str
    paid_on: date
    line: CreditLine
    tax_code: str

    @property
    def total(self) -> int:
        """What the customer paid, tax included."""
        return -(self.line.net + self.line.tax)


def difference_line(*, rma: str, net: int, tax: int, tax_rate: str, code: str) -> CreditLine:
    """The line of a paid difference.

    Args:
        rma: the return's number.
        net: what was paid, without tax.
        tax: the tax of it.
        tax_rate: of the item that went out; "" where there are several.
        code: what the ERP calls `exchange_sales`.
    """
    return CreditLine(
        account=EXCHANGE_SALES,
        code=code,
        net=-net,
        tax=-tax,
        tax_rate=tax_rate if tax else "",
        words=f"Difference paid for exchange {rma}",
    )
