"""What a granted refund moves on the accounts (money rule 13)."""

from collections.abc import Collection, Iterable

from models.rules.accounts import (
    ASKED_BACK,
    EXCHANGE_SALES,
    FEE_INCOME,
    GOODWILL,
    REFUNDS_PAYABLE,
    SALES_RETURNS,
    SHIPPING,
    STORE_CREDIT,
    TAX_PAYABLE,
    Posting,
    clearing_account,
)
from models.rules.exchange import Exchanged
from models.rules.quote_lines import QuoteKind, QuoteLine

_ACCOUNTS = {
    QuoteKind.GOODS: SALES_RETURNS,
    QuoteKind.ORDER_DISCOUNT: SALES_RETURNS,
    QuoteKind.PROMOTION_REVERSAL: SALES_RETURNS,
    QuoteKind.TAX: TAX_PAYABLE,
    QuoteKind.OUTBOUND_SHIPPING: SHIPPING,
    QuoteKind.RETURN_SHIPPING_FEE: FEE_INCOME,
    QuoteKind.RESTOCKING_FEE: FEE_INCOME,
    # Goodwill that was given before is goods given back now.
    QuoteKind.ALREADY_REFUNDED: GOODWILL,
    QuoteKind.GOODWILL: GOODWILL,
    # A part of the old sale that comes back; the rest of its value goes out again.
    QuoteKind.EXCHANGE_DIFFERENCE: SALES_RETURNS,
}


def exchange_postings(exchanged: Exchanged) -> list[Posting]:
    """The postings of an exchange whose new units went out: one sale in the place of another.

    Its difference is booked when it is granted or paid; the value that is exchanged keeps its tax.
    """
    value = min(exchanged.old - exchanged.old_tax, exchanged.new - exchanged.new_tax)
    return [
        Posting(account=SALES_RETURNS, amount=value),
        Posting(account=EXCHANGE_SALES, amount=-value),
    ]


def difference_postings(exchanged: Exchanged, payment_kind: str) -> list[Posting]:
    """The postings of a difference that the customer paid, with the kind of that payment."""
    paid, tax = -exchanged.to_customer, -exchanged.tax_to_customer
    return [
        Posting(account=clearing_account(payment_kind), amount=paid),
        Posting(account=EXCHANGE_SALES, amount=tax - paid),
        Posting(account=TAX_PAYABLE, amount=-tax),
    ]


def claim_postings(amount: int, tax: int) -> list[Posting]:
    """The postings of asking back what was paid ahead: the sale stands again, with its tax.

    `tax`: how much of the amount is tax.
    """
    return [
        Posting(account=ASKED_BACK, amount=amount),
        Posting(account=SALES_RETURNS, amount=tax - amount),
        Posting(account=TAX_PAYABLE, amount=-tax),
    ]


def grant_postings(lines: Iterable[QuoteLine], gift_cards: Collection[str] = ()) -> list[Posting]:
    """The postings of a grant: what each line is for, against what is owed to the customer.

    A bonus is booked where the store credit is issued.

    Args:
        lines: what was granted.
        gift_cards: ids of order lines that sold gift cards; giving those back ends a liability.
    """
    postings: list[Posting] = []
    for line in lines:
        if line.kind is QuoteKind.BONUS:
            continue
        account = STORE_CREDIT if line.line in gift_cards else _ACCOUNTS[line.kind]
        postings.append(Posting(account=account, amount=line.amount - line.tax))
        postings.append(Posting(account=TAX_PAYABLE, amount=line.tax))
    owed = sum(posting.amount for posting in postings)
    return [*postings, Posting(account=REFUNDS_PAYABLE, amount=-owed)]
