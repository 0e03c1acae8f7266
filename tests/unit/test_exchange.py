"""Exchanges: the difference both ways, its tax once, its words, and its entries."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from models.messages import Resolution
from models.rules.accounts import Posting
from models.rules.exchange import Exchanged, Replacement, exchange
from models.rules.order_facts import OrderFacts, Outbound, Promotion
from models.rules.payable import money_of
from models.rules.positions import Span
from models.rules.postings import difference_postings, exchange_postings, grant_postings
from models.rules.quote import make_quote
from models.rules.quote_lines import Quote, QuotedLine, QuoteKind
from models.rules.terms import OutboundShipping, Promotions, Terms, Waiver
from models.rules.worth import PaidLine, worth

# Two tees for 48.00, 8.00 of it tax; 12.00 of discount were shared out before.
TEE = PaidLine(
    line="1",
    name="Tee",
    quantity=2,
    paid=4800,
    tax=800,
    order_discount=1200,
    listed=6000,
    tax_rate="0.20",
    sku="TEE",
)
MUG = PaidLine(line="2", name="Mug", quantity=1, paid=1200, tax=200, order_discount=0, listed=1200)


def one(replacement: Replacement) -> Exchanged:
    """One tee exchanged."""
    return exchange(worth(TEE, [Span(1, 1)]), 1, replacement)


def item(price: int, *, same: bool = False) -> Replacement:
    return Replacement(sku="NEW", name="Shirt", price=price, tax_rate="0.20", same_product=same)


@pytest.mark.parametrize(
    ("price", "same", "to_customer", "tax"),
    [
        (2400, False, 0, 0),
        (3000, False, -600, -100),
        (1800, False, 600, 100),
        (0, False, 2400, 400),
        # Another size of the same item is even, whatever it costs today.
        (9900, True, 0, 0),
        (100, True, 0, 0),
    ],
)
def test_the_difference_is_todays_price_less_what_was_paid(
    price: int, same: bool, to_customer: int, tax: int
) -> None:
    found = one(item(price, same=same))
    assert (found.to_customer, found.tax_to_customer) == (to_customer, tax)
    assert (found.old, found.old_tax) == (2400, 400)
    assert found.new == (2400 if same else price)


def quote(*lines: QuotedLine, terms: Terms | None = None, **facts: object) -> Quote:
    order = OrderFacts(currency="GBP", lines=[TEE, MUG], **facts)  # type: ignore[arg-type]
    return make_quote(order, lines, terms or Terms())


def exchanged(replacement: Replacement, *spans: Span) -> QuotedLine:
    return QuotedLine(
        line=TEE,
        spans=spans or [Span(1, 1)],
        resolution=Resolution.EXCHANGE,
        replacement=replacement,
    )


def test_a_dearer_item_is_paid_for_and_the_quote_says_so() -> None:
    made = quote(exchanged(item(3000)))
    [line] = made.lines
    assert (line.kind, line.amount, line.tax) == (QuoteKind.EXCHANGE_DIFFERENCE, -600, -100)
    assert line.explanation == (
        "1 × Shirt for 1 × Tee: 30.00 GBP today, 24.00 GBP were paid; the difference is paid "
        "before it ships"
    )
    assert made.total == -600


def test_a_cheaper_item_brings_the_rest_back_and_the_same_item_nothing() -> None:
    assert quote(exchanged(item(1800))).total == 600
    even = quote(exchanged(item(9900, same=True)))
    assert even.total == 0
    assert "another variant" in even.lines[0].explanation


def test_a_replacement_by_the_very_same_item_says_so() -> None:
    again = replace(item(9900, same=True), sku="TEE", name="Tee")
    [line] = quote(exchanged(again)).lines
    assert line.explanation == "1 × Tee for 1 × Tee: the same item again, nothing to pay"
    assert line.amount == 0


def test_what_is_exchanged_brings_no_shipping_back_and_breaks_no_promotion() -> None:
    terms = Terms(
        promotions=Promotions.REPRICE_KEPT, outbound_shipping=OutboundShipping.FULL_RETURN
    )
    whole: dict[str, object] = {
        "promotions": [Promotion(threshold=7000, shares={"1": 1200, "2": 0})],
        "outbound": Outbound(amount=500, tax=0, standard_amount=500),
        "inclusive": True,
    }
    mug = QuotedLine(line=MUG, spans=[Span(1, 1)], no=2)
    made = quote(exchanged(item(2400), Span(1, 2)), mug, terms=terms, **whole)
    kinds = {line.kind for line in made.lines}
    assert QuoteKind.OUTBOUND_SHIPPING not in kinds
    tees = QuotedLine(line=TEE, spans=[Span(1, 2)])
    assert QuoteKind.OUTBOUND_SHIPPING in {
        line.kind for line in quote(tees, mug, terms=terms, **whole).lines
    }


def test_fees_of_an_exchange_are_waived_and_else_never_more_than_comes_back() -> None:
    dear = Terms(return_shipping=5000, restocking_percent="15")
    assert quote(exchanged(item(1800)), terms=dear).total == 600
    strict = Terms(return_shipping=5000, restocking_percent="15", waived_for=frozenset())
    assert quote(exchanged(item(1800)), terms=strict).total == 0
    assert quote(exchanged(item(3000)), terms=strict).total == -600
    assert Waiver.EXCHANGE in Terms().waived_for


def balances(*entries: list[Posting]) -> Counter[str]:
    found: Counter[str] = Counter()
    for postings in entries:
        assert sum(posting.amount for posting in postings) == 0
        for posting in postings:
            found[posting.account] += posting.amount
    return found


def test_the_books_of_a_cheaper_item() -> None:
    made = quote(exchanged(item(1800)))
    books = balances(grant_postings(made.lines), exchange_postings(one(item(1800))))
    # The whole old sale came back, 15.00 of it went out again; 6.00 are owed, 1.00 of it tax.
    assert books == {
        "sales_returns": 2000,
        "exchange_sales": -1500,
        "tax_payable": 100,
        "refunds_payable": -600,
    }


def test_the_books_of_a_dearer_item() -> None:
    found = one(item(3000))
    books = balances(difference_postings(found, "card"), exchange_postings(found))
    assert books == {
        "sales_returns": 2000,
        "exchange_sales": -2500,
        "tax_payable": -100,
        "clearing:card": 600,
    }


def test_whatever_is_exchanged_no_tax_is_taken_twice_and_the_books_balance() -> None:
    dice = Random(11)
    for _ in range(2000):
        quantity = dice.choice((1, 2, 7, 74_215))
        paid = dice.randint(0, 30_000)
        line = PaidLine(
            line="1",
            name="Tee",
            quantity=quantity,
            paid=paid,
            tax=dice.randint(0, paid // 3),
            order_discount=dice.randint(0, 900),
            tax_rate=dice.choice(("0", "0.05", "0.255")),
        )
        first = dice.randint(1, quantity)
        spans = [Span(first, dice.randint(first, quantity))]
        units = spans[0].last - spans[0].first + 1
        new = Replacement(
            sku="NEW",
            name="Shirt",
            price=dice.randint(0, 20_000),
            tax_rate=dice.choice(("0", "0.20", "0.255")),
            same_product=dice.random() < 0.3,
        )
        found = exchange(worth(line, spans), units, new)
        made = make_quote(
            OrderFacts(currency="GBP", lines=[line]),
            [QuotedLine(line=line, spans=spans, replacement=new, resolution=Resolution.EXCHANGE)],
            Terms(),
        )
        assert made.total == found.to_customer == found.old - found.new
        assert 0 <= found.old_tax <= found.old
        assert 0 <= found.new_tax <= found.new
        assert abs(found.tax_to_customer) <= abs(found.to_customer)
        entries = [exchange_postings(found)]
        if found.to_customer > 0:
            assert money_of(made.lines) == found.to_customer
            entries.append(grant_postings(made.lines))
        else:
            entries.append(difference_postings(found, "card"))
        books = balances(*entries)
        assert books["tax_payable"] == found.tax_to_customer
        assert books["refunds_payable"] == -max(0, found.to_customer)
        assert books["clearing:card"] == max(0, -found.to_customer)
