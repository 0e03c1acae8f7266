"""What a granted refund moves on the accounts (money rule 13)."""

from collections.abc import Collection, Iterable

from models.rules.accounts import (
    FEE_INCOME,
    GOODWILL,
    REFUNDS_PAYABLE,
    SALES_RETURNS,
    SHIPPING,
    STORE_CREDIT,
    TAX_PAYABLE,
    Posting,
)
from models.rules.quote import QuoteKind, QuoteLine

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
}


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
