"""What of a quote is given to the customer."""

from models.rules.quote_lines import Quote, QuoteKind, QuoteLine


def given_lines(quote: Quote) -> list[QuoteLine]:
    """What a quote gives. What the customer owes for a dearer item is a payment of its own, made
    before it goes out.
    """
    return [
        line
        for line in quote.lines
        if line.kind is not QuoteKind.EXCHANGE_DIFFERENCE or line.amount > 0
    ]
