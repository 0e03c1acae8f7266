"""What an ERP is told of returns: credit notes with lines and accounts, and goods by place."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from models.messages import Disposition
from models.rules.accounts import (
    EXCHANGE_SALES,
    FEE_INCOME,
    GOODWILL,
    REFUNDS_PAYABLE,
    SALES_RETURNS,
    SHIPPING,
    STORE_CREDIT,
    STORE_CREDIT_BONUS,
    TAX_PAYABLE,
)
from models.rules.quote_lines import QuoteKind


class DocumentKind(StrEnum):
    """What a document in the ERP stands for."""

    CREDIT_NOTE = "credit_note"
    GOODS = "goods"
    # Of an exchange: what went out, and what was paid on top for it.
    GOODS_OUT = "goods_out"
    DIFFERENCE = "difference"


class Place(StrEnum):
    """Where goods are put; which location that is, the shop says."""

    STORAGE = "storage"
    QUARANTINE = "quarantine"
    SCRAP = "scrap"


# What is sold again as it is goes to storage; what somebody has to do something with waits in
# quarantine; the rest is scrap. What goes back to the customer never was the shop's.
PLACES: dict[Disposition, Place] = {
    Disposition.RESTOCK: Place.STORAGE,
    Disposition.REFURBISH: Place.QUARANTINE,
    Disposition.LIQUIDATE: Place.QUARANTINE,
    Disposition.RETURN_TO_VENDOR: Place.QUARANTINE,
    Disposition.DONATE: Place.SCRAP,
    Disposition.DESTROY: Place.SCRAP,
}

# Accounts of ours that a credit note can name: a shop that uses an ERP gives each its code.
ERP_ACCOUNTS = (
    SALES_RETURNS,
    EXCHANGE_SALES,
    SHIPPING,
    FEE_INCOME,
    GOODWILL,
    STORE_CREDIT_BONUS,
    REFUNDS_PAYABLE,
    TAX_PAYABLE,
    STORE_CREDIT,
)

_ACCOUNTS = {
    QuoteKind.GOODS: SALES_RETURNS,
    QuoteKind.TAX: SALES_RETURNS,
    QuoteKind.ORDER_DISCOUNT: SALES_RETURNS,
    QuoteKind.PROMOTION_REVERSAL: SALES_RETURNS,
    QuoteKind.EXCHANGE_DIFFERENCE: SALES_RETURNS,
    QuoteKind.OUTBOUND_SHIPPING: SHIPPING,
    QuoteKind.RETURN_SHIPPING_FEE: FEE_INCOME,
    QuoteKind.RESTOCKING_FEE: FEE_INCOME,
    QuoteKind.ALREADY_REFUNDED: GOODWILL,
    QuoteKind.GOODWILL: GOODWILL,
    QuoteKind.BONUS: STORE_CREDIT_BONUS,
}
# These belong together: what a line cost, less its share of the discount, and its tax.
_OF_GOODS = frozenset({QuoteKind.GOODS, QuoteKind.TAX, QuoteKind.ORDER_DISCOUNT})


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedAmount:
    """An amount as it was granted, in minor units; `tax` is how much of it is tax."""

    kind: QuoteKind
    line: str | None
    amount: int
    tax: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """One line of a credit note. Plus is for the customer, minus is what they are charged.

    Attributes:
        account: ours, like `sales_returns`.
        code: what the shop's ERP calls that account.
        net: without tax, in minor units.
        tax: in minor units.
        tax_rate: of the order line, like "0.20"; "" where it isn't known.
        words: what it is for.
    """

    account: str
    code: str
    net: int
    tax: int
    tax_rate: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    """A credit memo of ours, as the ERP is to have it.

    Attributes:
        reference: our number, like CM-000012. The ERP keeps it with the document, so that it is
            found there before it is made again.
        order: the order's number, by which the ERP finds its sale and its customer.
        rma: the return's number; "" for a refund that belongs to none.
        currency: ISO 4217; all amounts are in its minor units.
        issued_on: the day of our memo.
        lines: they sum to `total`.
        store_credit: the customer was given store credit, so that no payment will follow.
        tax_code: what the shop's ERP calls the account of tax, for taxes it doesn't know.
        store_credit_code: and the one of store credit that customers hold.
    """

    reference: str
    order: str
    rma: str
    currency: str
    issued_on: date
    lines: tuple[CreditLine, ...]
    store_credit: bool
    tax_code: str
    store_credit_code: str

    @property
    def total(self) -> int:
        """What the customer gets, tax included."""
        return sum(line.net + line.tax for line in self.lines)

    @property
    def tax(self) -> int:
        """How much of the total is tax."""
        return sum(line.tax for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """Units of one article that came back, as the ERP is to have them.

    Attributes:
        reference: unique for these units, like R-7K2M-94/12; kept by the ERP.
        order: the order's number.
        rma: the return's number.
        sku: the article's.
        quantity: 1 or more.
        place: where they go.
        unit_price: what one was sold for, in minor units of `currency`.
        currency: ISO 4217.
    """

    reference: str
    order: str
    rma: str
    sku: str
    quantity: int
    place: Place
    unit_price: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an ERP has under one reference.

    Attributes:
        reference: ours.
        kind: what it stands for.
        numbers: the ERP's own numbers of its documents, for people.
        ids: what the ERP finds them by.
        amount: the total of a credit note or a paid difference, in minor units of `currency`; 0 of
            goods.
        currency: ISO 4217; "" of goods.
        quantity: units of goods; 0 of what has an amount.
        final: posted, or moved; a draft is not.
        copies: how many times it is there; more than 1 is a mistake.
    """

    reference: str
    kind: DocumentKind
    numbers: tuple[str, ...]
    ids: tuple[str, ...]
    amount: int = 0
    currency: str = ""
    quantity: int = 0
    final: bool = False
    copies: int = 1


def credit_lines(
    amounts: Iterable[GrantedAmount],
    *,
    short: int,
    codes: Mapping[str, str],
    rates: Mapping[str, str],
) -> tuple[CreditLine, ...]:
    """The lines of a credit note: what was granted, on its accounts, each with its tax.

    Goods, their share of discounts and their tax are one line per order line; everything else has
    a line of its own. What is 0 is left out.

    Args:
        amounts: the grant's lines.
        short: what was owed and could no longer be given back; it stays owed.
        codes: what the ERP calls our accounts.
        rates: tax rates by order line.
    """
    goods: dict[str | None, list[GrantedAmount]] = defaultdict(list)
    others: list[GrantedAmount] = []
    for amount in amounts:
        if amount.kind in _OF_GOODS:
            goods[amount.line].append(amount)
        else:
            others.append(amount)
    groups = [*goods.values(), *([amount] for amount in others)]
    lines = [_line(group, codes, rates) for group in groups]
    if short:
        words = "No longer refundable to the order's payments"
        lines.append(
            CreditLine(
                account=REFUNDS_PAYABLE,
                code=codes[REFUNDS_PAYABLE],
                net=-short,
                tax=0,
                tax_rate="",
                words=words,
            )
        )
    return tuple(line for line in lines if line.net or line.tax)


def _line(
    group: Collection[GrantedAmount], codes: Mapping[str, str], rates: Mapping[str, str]
) -> CreditLine:
    first = next(iter(group))
    account = _ACCOUNTS[first.kind]
    tax = sum(amount.tax for amount in group)
    return CreditLine(
        account=account,
        code=codes[account],
        net=sum(amount.amount for amount in group) - tax,
        tax=tax,
        tax_rate=_rate(first.line, rates) if tax else "",
        words=first.words,
    )


def _rate(line: str | None, rates: Mapping[str, str]) -> str:
    """The rate of an order line; of what belongs to none, the rate when the order has only one."""
    if line is not None and line in rates:
        return rates[line]
    all_rates = set(rates.values())
    return all_rates.pop() if len(all_rates) == 1 else ""
