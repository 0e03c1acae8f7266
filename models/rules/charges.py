"""What is taken off a quote: restocking, worn grades, kept goods and the way back."""

from collections.abc import Iterator, Sequence

from models.rules.fees import Fee, percent_left, restocking_fee, return_shipping_fee
from models.rules.grading import FULL, REFUSE, spans_by_grade
from models.rules.order_facts import OrderFacts
from models.rules.quote_lines import QuotedLine, QuoteKind, QuoteLine, money_words, tax_words
from models.rules.terms import Terms, Waiver
from models.rules.worth import worth


def fees(
    order: OrderFacts, lines: Sequence[QuotedLine], terms: Terms, room: int, *, withdrawal: bool
) -> Iterator[QuoteLine]:
    if not lines:
        return
    free_way = withdrawal and Waiver.WITHDRAWAL in terms.waived_for
    for quoted in lines:
        if terms.waives(quoted.fault, quoted.resolution):
            # One parcel brings everything back: with one line free of fees, its way back is free.
            free_way = True
            continue
        # Of a withdrawal the law lets the consumer bear the way back, and nothing else.
        if withdrawal:
            continue
        for deduction in _deductions(order, quoted, terms, room):
            room += deduction.amount
            yield deduction
        value = worth(quoted.line, quoted.spans)
        rule = quoted.ruling
        percent = rule.then.restocking_percent or terms.restocking_percent
        fee = restocking_fee(quoted.line, value, percent, room)
        room -= fee.amount
        if fee.amount:
            words = f"Restocking fee of {percent} %{rule.words('restocking_percent')}"
            yield _restocking(order, quoted, fee, words)
    price, rule_words = _price_of_way(lines, terms)
    if price and not free_way:
        fee = return_shipping_fee([quoted.line for quoted in lines], price, room)
        if fee.amount:
            cut = fee.amount < price
            whole = f" of {money_words(price, order)}, cut to what is left of the goods"
            yield QuoteLine(
                kind=QuoteKind.RETURN_SHIPPING_FEE,
                line=None,
                amount=-fee.amount,
                tax=-fee.tax,
                explanation=(
                    f"Fee for the return label{rule_words}{whole if cut else ''}"
                    f"{tax_words(fee.tax, order)}"
                ),
            )


def _deductions(
    order: OrderFacts, quoted: QuotedLine, terms: Terms, room: int
) -> Iterator[QuoteLine]:
    """What is taken off for the state in which units came back."""
    for grade, spans in spans_by_grade(quoted.spans, quoted.graded).items():
        share = terms.grades[grade]
        # A person who accepts what the policy refuses pays for it.
        if share in (FULL, REFUSE):
            continue
        fee = restocking_fee(quoted.line, worth(quoted.line, spans), percent_left(share), room)
        room -= fee.amount
        if fee.amount:
            words = f"Grade {grade}: {share} % of the goods is paid"
            yield _restocking(order, quoted, fee, words)


def not_paid_of_kept(
    order: OrderFacts, lines: Sequence[QuotedLine], terms: Terms, room: int
) -> Iterator[QuoteLine]:
    """What is taken off because the customer keeps the goods; whom fees are waived, nothing."""
    percent = percent_left(terms.keep_percent)
    for quoted in lines:
        if terms.waives(quoted.fault, quoted.resolution):
            continue
        fee = restocking_fee(quoted.line, worth(quoted.line, quoted.spans), percent, room)
        room -= fee.amount
        if fee.amount:
            words = f"The customer keeps the goods: {terms.keep_percent} % of them is paid"
            yield _restocking(order, quoted, fee, words)


def _restocking(order: OrderFacts, quoted: QuotedLine, fee: Fee, words: str) -> QuoteLine:
    return QuoteLine(
        kind=QuoteKind.RESTOCKING_FEE,
        line=quoted.line.line,
        no=quoted.no,
        amount=-fee.amount,
        tax=-fee.tax,
        explanation=f"{words}{tax_words(fee.tax, order)}",
    )


def _price_of_way(lines: Sequence[QuotedLine], terms: Terms) -> tuple[int, str]:
    """What the way back costs, and the rule that says so: of several lines, the cheapest."""
    prices = [
        (
            terms.return_shipping
            if quoted.ruling.then.return_shipping is None
            else quoted.ruling.then.return_shipping,
            quoted.ruling.words("return_shipping"),
        )
        for quoted in lines
    ]
    return min(prices)
