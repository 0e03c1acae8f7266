"""What a return is worth: the worked examples, and that every partition sums to what was paid."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from models.rules.order_facts import OrderFacts
from models.rules.order_pricing import price_order
from models.rules.orders import DiscountInput, LineInput, OrderInput, PaymentInput, TaxMode
from models.rules.positions import Span, count, free, lowest
from models.rules.quote import make_quote
from models.rules.quote_lines import Quote, QuotedLine, QuoteKind
from models.rules.terms import Terms
from models.rules.worth import PaidLine, Worth, worth


def line(
    quantity: int, paid: int, *, tax: int = 0, order_discount: int = 0, name: str = "Tee"
) -> PaidLine:
    return PaidLine(
        line="1",
        name=name,
        quantity=quantity,
        paid=paid,
        tax=tax,
        order_discount=order_discount,
    )


def quoted(paid_line: PaidLine, spans: list[Span], currency: str = "GBP") -> Quote:
    """The quote of units of the one line of an order, by the default terms."""
    facts = OrderFacts(currency=currency, lines=[paid_line])
    return make_quote(facts, [QuotedLine(line=paid_line, spans=spans)], Terms())


def unit(paid_line: PaidLine, position: int) -> Worth:
    return worth(paid_line, [Span(position, position)])


def priced(lines: list[LineInput], discount: int, tax_mode: TaxMode, paid: int) -> list[PaidLine]:
    """Lines of an order as its intake prices them."""
    order = price_order(
        OrderInput(
            number="1001",
            currency="GBP",
            placed_at=datetime(2026, 11, 1, tzinfo=UTC),
            tax_mode=tax_mode,
            lines=lines,
            discounts=[DiscountInput(amount=discount)] if discount else [],
            payments=[
                PaymentInput(
                    id="p-1",
                    kind="card",
                    provider="sandbox",
                    reference="sbx_ok_1",
                    amount=paid,
                    currency="GBP",
                )
            ],
        )
    )
    return [
        PaidLine(
            line=found.line.id,
            name=found.line.name,
            quantity=found.line.quantity,
            paid=found.paid,
            tax=found.line.tax,
            order_discount=found.order_discount,
        )
        for found in order.lines
    ]


# --- worked examples -------------------------------------------------------------------------


def test_two_at_60_less_15_with_8_percent_on_top_are_56_70_each() -> None:
    [tees] = priced(
        [
            LineInput(
                id="1",
                sku="TEE",
                name="Tee",
                quantity=2,
                unit_price=6000,
                tax_rate="0.08",
                tax=840,
            )
        ],
        discount=1500,
        tax_mode=TaxMode.EXCLUSIVE,
        paid=11340,
    )
    for position in (1, 2):
        quote = quoted(tees, [Span(position, position)])
        assert [(part.kind, part.amount) for part in quote.lines] == [
            (QuoteKind.GOODS, 6000),
            (QuoteKind.ORDER_DISCOUNT, -750),
            (QuoteKind.TAX, 420),
        ]
        assert quote.total == 5670


def test_seven_paid_100_together_with_tax_inside_come_back_one_at_a_time() -> None:
    seven = line(7, 10000, tax=1667)
    units = [unit(seven, position) for position in range(1, 8)]
    assert [part.paid for part in units] == [1429, 1428, 1429, 1428, 1429, 1428, 1429]
    assert sum(part.tax for part in units) == 1667
    assert sum(part.goods for part in units) == 8333


def test_ten_percent_off_7_and_3_leaves_6_30_and_2_70() -> None:
    lines = priced(
        [
            LineInput(id="1", sku="A", name="Seven", quantity=1, unit_price=700),
            LineInput(id="2", sku="B", name="Three", quantity=1, unit_price=300),
        ],
        discount=100,
        tax_mode=TaxMode.INCLUSIVE,
        paid=900,
    )
    assert [worth(each, [Span(1, 1)]).paid for each in lines] == [630, 270]


def test_three_paid_10_together_are_3_33_and_3_34_and_3_33() -> None:
    three = line(3, 1000)
    assert [unit(three, position).paid for position in (1, 2, 3)] == [333, 334, 333]
    assert worth(three, [Span(1, 2)]).paid == 667
    assert worth(three, [Span(1, 1), Span(3, 3)]).paid == 666


def test_a_thing_that_cost_nothing_is_quoted_at_nothing() -> None:
    quote = quoted(line(1, 0), [Span(1, 1)])
    assert [(part.kind, part.amount) for part in quote.lines] == [(QuoteKind.GOODS, 0)]
    assert quote.total == 0


def test_a_goods_line_says_how_many_of_what_and_what_they_cost() -> None:
    tees = line(3, 1000, tax=100, order_discount=200, name="Linen tee")
    quote = quoted(tees, [Span(1, 2)])
    assert quote.lines[0].explanation == "2 of 3 × Linen tee, which cost 11.00 GBP in all"
    assert [part.line for part in quote.lines] == ["1", "1", "1"]


def test_amounts_are_written_with_the_currencys_own_decimals() -> None:
    quote = quoted(line(2, 1000), [Span(1, 1)], "JPY")
    assert quote.lines[0].explanation.endswith("cost 1000 JPY in all")


def test_a_whole_line_needs_no_arithmetic_to_be_understood() -> None:
    quote = quoted(line(3, 1000), [Span(1, 3)])
    assert quote.lines[0].explanation.startswith("3 × ")


# --- what always holds -------------------------------------------------------------------------

LINES = st.builds(
    line,
    quantity=st.integers(min_value=1, max_value=60),
    paid=st.integers(min_value=0, max_value=10**9),
    tax=st.integers(min_value=0, max_value=10**8),
    order_discount=st.integers(min_value=0, max_value=10**8),
)


@st.composite
def partitions(draw: st.DrawFn) -> tuple[PaidLine, list[list[Span]]]:
    """A line and all of its positions, dealt out in any order in parts of any size."""
    drawn = draw(LINES)
    order = draw(st.permutations(range(1, drawn.quantity + 1)))
    parts: list[list[Span]] = [[]]
    for position in order:
        parts[-1].append(Span(position, position))
        if draw(st.booleans()):
            parts.append([])
    return drawn, parts


@given(partitions())
def test_any_partition_in_any_order_sums_exactly(dealt: tuple[PaidLine, list[list[Span]]]) -> None:
    drawn, parts = dealt
    worths = [worth(drawn, part) for part in parts]
    assert sum(found.paid for found in worths) == drawn.paid
    assert sum(found.tax for found in worths) == drawn.tax
    assert sum(found.order_discount for found in worths) == drawn.order_discount
    assert all(found.paid >= 0 for found in worths)


@given(LINES, st.lists(st.integers(min_value=1, max_value=9), max_size=12))
def test_lowest_free_positions_taken_in_turn_sum_exactly_once_all_are_back(
    drawn: PaidLine, sizes: list[int]
) -> None:
    taken: list[Span] = []
    paid = 0
    for size in [*sizes, drawn.quantity]:
        left = free(drawn.quantity, taken)
        spans = lowest(left, min(size, count(left)))
        paid += worth(drawn, spans).paid
        taken += spans
    assert paid == drawn.paid


@given(LINES, st.data())
def test_a_quotes_lines_sum_to_its_total_and_that_is_the_worth(
    drawn: PaidLine, data: st.DataObject
) -> None:
    first = data.draw(st.integers(min_value=1, max_value=drawn.quantity))
    last = data.draw(st.integers(min_value=first, max_value=drawn.quantity))
    spans = [Span(first, last)]
    quote = quoted(drawn, spans)
    assert quote.total == sum(part.amount for part in quote.lines) == worth(drawn, spans).paid
