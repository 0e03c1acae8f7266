"""What of a mixed return is refunded and what becomes store credit, by worked examples."""

import pytest

from models.messages import Resolution
from models.rules.order_facts import OrderFacts
from models.rules.parts import Parts, payable, split
from models.rules.payable import money_of
from models.rules.positions import Span
from models.rules.quote import make_quote
from models.rules.quote_lines import Quote, QuotedLine, QuoteKind, QuoteLine
from models.rules.terms import Terms
from models.rules.worth import PaidLine


def item(line: str, paid: int) -> PaidLine:
    return PaidLine(line=line, name=f"Item {line}", quantity=1, paid=paid, tax=0, order_discount=0)


def mixed(refund: int, credit: int, terms: Terms) -> tuple[Quote, Parts]:
    """One thing for money, one for store credit."""
    lines = [item("1", refund), item("2", credit)]
    quoted = [
        QuotedLine(line=lines[0], spans=[Span(1, 1)], no=1, resolution=Resolution.REFUND),
        QuotedLine(line=lines[1], spans=[Span(1, 1)], no=2, resolution=Resolution.STORE_CREDIT),
    ]
    quote = make_quote(OrderFacts(currency="GBP", lines=lines), quoted, terms)
    return quote, split(quote.lines, quoted)


@pytest.mark.parametrize(
    ("prices", "fee", "refund", "credit", "bonus"),
    [
        # The way back is taken off what is refunded, the bonus is on what becomes credit.
        ((3000, 5000), 795, 2205, 5000, 500),
        # What the refund can't bear, the store credit does; the bonus is less for it.
        ((500, 5000), 795, 0, 4705, 471),
        ((500, 100), 795, 0, 0, 0),
    ],
)
def test_what_belongs_to_no_line_is_borne_by_the_refund_as_far_as_it_goes(
    prices: tuple[int, int], fee: int, refund: int, credit: int, bonus: int
) -> None:
    quote, parts = mixed(*prices, Terms(return_shipping=fee, bonus_percent="10"))
    assert (money_of(parts.refund), money_of(parts.credit), quote.bonus) == (refund, credit, bonus)
    assert quote.total == refund + credit + bonus


def test_a_fee_of_a_line_stays_with_it() -> None:
    _, parts = mixed(3000, 5000, Terms(restocking_percent="10"))
    assert (money_of(parts.refund), money_of(parts.credit)) == (2700, 4500)


def test_the_tax_moves_with_the_amount_that_moves() -> None:
    def amount(kind: QuoteKind, amount: int, tax: int = 0) -> QuoteLine:
        return QuoteLine(kind=kind, line=None, amount=amount, tax=tax, explanation="")

    found = payable(
        Parts(
            refund=[amount(QuoteKind.RETURN_SHIPPING_FEE, -120, -20), amount(QuoteKind.GOODS, 60)],
            credit=[amount(QuoteKind.GOODS, 500), amount(QuoteKind.BONUS, 5)],
        )
    )
    assert (money_of(found.refund), money_of(found.credit)) == (0, 440)
    assert [line.tax for line in [*found.refund, *found.credit]] == [-10, 0, 0, 0, -10]


def test_what_neither_part_can_bear_waits() -> None:
    owed = QuoteLine(kind=QuoteKind.PROMOTION_REVERSAL, line=None, amount=-900, explanation="")
    goods = QuoteLine(kind=QuoteKind.GOODS, line="2", no=2, amount=500, explanation="")
    found = payable(Parts(refund=[owed], credit=[goods]))
    assert (money_of(found.refund), money_of(found.credit)) == (0, 0)


def test_of_goods_that_are_kept_the_policys_share_is_paid() -> None:
    line = item("1", 5000)
    facts = OrderFacts(currency="GBP", lines=[line])
    quoted = [QuotedLine(line=line, spans=[Span(1, 1)])]
    quote = make_quote(facts, quoted, Terms(keep_percent="60", restocking_percent="5"), kept=True)
    assert [(found.kind, found.amount) for found in quote.lines] == [
        (QuoteKind.GOODS, 5000),
        (QuoteKind.RESTOCKING_FEE, -2000),
    ]
    assert quote.lines[1].explanation == "The customer keeps the goods: 60 % of them is paid"


def test_what_moves_can_still_wait_when_the_other_part_was_paid_before() -> None:
    def line(kind: QuoteKind, amount: int) -> QuoteLine:
        return QuoteLine(kind=kind, line="1", no=1, amount=amount, explanation="")

    discount = line(QuoteKind.ORDER_DISCOUNT, -54)
    fee = line(QuoteKind.RESTOCKING_FEE, -168)
    quoted = [
        QuotedLine(line=item("1", 166), spans=[Span(1, 1)], no=1),
        QuotedLine(line=item("2", 2), spans=[Span(1, 1)], no=2, resolution=Resolution.STORE_CREDIT),
    ]
    credit = QuoteLine(kind=QuoteKind.GOODS, line="2", no=2, amount=2, explanation="")
    whole = split([line(QuoteKind.GOODS, 220), discount, fee, credit], quoted)
    assert [found.kind for found in whole.credit] == [QuoteKind.GOODS, QuoteKind.RESTOCKING_FEE]
    # The 2 of store credit were given before: what is left of the fee waits.
    found = payable(Parts(refund=whole.refund, credit=whole.credit[1:]))
    assert (money_of(found.refund), money_of(found.credit)) == (0, 0)
