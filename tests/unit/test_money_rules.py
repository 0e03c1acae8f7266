"""Promotions, fees, outbound shipping and the bonus in a quote, by worked examples."""

from collections.abc import Sequence

import pytest

from models.messages import Resolution
from models.rules.order_facts import OrderFacts, Outbound, Promotion, ReturnedBefore
from models.rules.positions import Span
from models.rules.quote import make_quote
from models.rules.quote_lines import Quote, QuotedLine, QuoteKind
from models.rules.terms import Fault, OutboundShipping, Promotions, Terms, Waiver
from models.rules.worth import PaidLine

REPRICE = Terms(promotions=Promotions.REPRICE_KEPT)


def item(
    paid: int,
    *,
    line: str = "1",
    quantity: int = 1,
    discount: int = 0,
    tax: int = 0,
    rate: str = "0",
    left: int | None = None,
) -> PaidLine:
    """An order line; prices are with tax."""
    return PaidLine(
        line=line,
        name=f"Item {line}",
        quantity=quantity,
        paid=paid,
        tax=tax,
        order_discount=discount,
        listed=paid + discount,
        tax_rate=rate,
        gift_card_left=left,
    )


def order(*lines: PaidLine, **more: object) -> OrderFacts:
    return OrderFacts(currency="GBP", lines=lines, **more)  # type: ignore[arg-type]


def back(
    facts: OrderFacts,
    spans: dict[str, Span],
    terms: Terms,
    *,
    fault: Fault = Fault.CUSTOMER,
    resolution: Resolution = Resolution.REFUND,
    withdrawal: bool = False,
    left: int | None = None,
) -> Quote:
    """The quote of these positions of an order's lines."""
    known = {line.line: line for line in facts.lines}
    lines = [
        QuotedLine(no=no, line=known[name], spans=[span], fault=fault, resolution=resolution)
        for no, (name, span) in enumerate(spans.items(), start=1)
    ]
    return make_quote(facts, lines, terms, withdrawal=withdrawal, left=left)


def amounts(quote: Quote, kind: QuoteKind) -> list[int]:
    return [line.amount for line in quote.lines if line.kind is kind]


# --- threshold promotions (rule 3) ---------------------------------------------------------------


def four_at_30(*, returned: Sequence[ReturnedBefore] = (), taken_back: int = 0) -> OrderFacts:
    """4 × 30.00 under "10 % from 100", paid 108.00."""
    return order(
        item(10800, quantity=4, discount=1200),
        promotions=[Promotion(threshold=10000, shares={"1": 1200}, code="TEN")],
        returned=returned,
        taken_back=taken_back,
    )


def test_kept_items_keep_their_share_by_default() -> None:
    assert back(four_at_30(), {"1": Span(1, 2)}, Terms()).total == 5400


def test_repriced_kept_items_take_their_share_back_in_a_line_of_its_own() -> None:
    quote = back(four_at_30(), {"1": Span(1, 2)}, REPRICE)
    assert amounts(quote, QuoteKind.PROMOTION_REVERSAL) == [-600]
    assert quote.total == 4800
    assert "worked out again" in quote.lines[-1].explanation


def test_a_threshold_that_is_just_reached_takes_nothing_back() -> None:
    facts = order(
        item(9000, quantity=3, discount=1000),
        promotions=[Promotion(threshold=6667, shares={"1": 1000})],
    )
    assert amounts(back(facts, {"1": Span(1, 1)}, REPRICE), QuoteKind.PROMOTION_REVERSAL) == []


def test_six_at_50_under_ten_percent_from_300_come_back_one_by_one() -> None:
    paid, taken = [], 0
    for unit in range(1, 7):
        before = [ReturnedBefore(line="1", spans=[Span(1, unit - 1)])] if unit > 1 else []
        facts = order(
            item(27000, quantity=6, discount=3000),
            promotions=[Promotion(threshold=30000, shares={"1": 3000})],
            returned=before,
            taken_back=taken,
        )
        quote = back(facts, {"1": Span(unit, unit)}, REPRICE)
        taken -= sum(amounts(quote, QuoteKind.PROMOTION_REVERSAL))
        paid.append(quote.total)
    assert paid == [2000, 5000, 5000, 5000, 5000, 5000]
    assert (sum(paid), taken) == (27000, 0)


def test_a_reversal_larger_than_the_goods_waits_for_the_next_return() -> None:
    facts = order(
        item(100, line="1"),
        item(54000, line="2", quantity=10, discount=6000),
        promotions=[Promotion(threshold=60100, shares={"2": 6000})],
    )
    quote = back(facts, {"1": Span(1, 1)}, REPRICE)
    assert (amounts(quote, QuoteKind.PROMOTION_REVERSAL), quote.total) == ([-100], 0)


def test_prices_without_tax_have_no_tax_in_a_reversal_and_prices_with_tax_their_part() -> None:
    taxed = item(10800, quantity=4, discount=1200, tax=1800, rate="0.20")
    promotion = Promotion(threshold=10000, shares={"1": 1200})
    for inclusive, tax in ((True, -100), (False, 0)):
        facts = order(taxed, promotions=[promotion], inclusive=inclusive)
        [line] = [
            line
            for line in back(facts, {"1": Span(1, 2)}, REPRICE).lines
            if line.kind is QuoteKind.PROMOTION_REVERSAL
        ]
        assert (line.amount, line.tax) == (-600, tax)


# --- fees (rule 5) -----------------------------------------------------------------------------


def test_restocking_is_of_the_goods_without_tax_and_is_taxed_itself() -> None:
    facts = order(item(11000, tax=1000, rate="0.10"), inclusive=False)
    quote = back(facts, {"1": Span(1, 1)}, Terms(restocking_percent="15"))
    [fee] = [line for line in quote.lines if line.kind is QuoteKind.RESTOCKING_FEE]
    assert (fee.amount, fee.tax, quote.total) == (-1650, -150, 9350)
    assert fee.explanation == "Restocking fee of 15 %, 1.50 GBP tax included"


def test_a_label_fee_never_exceeds_the_goods() -> None:
    quote = back(order(item(600)), {"1": Span(1, 1)}, Terms(return_shipping=750))
    assert (amounts(quote, QuoteKind.RETURN_SHIPPING_FEE), quote.total) == ([-600], 0)
    assert "7.50 GBP, cut" in quote.lines[-1].explanation


def test_the_same_fee_is_waived_for_the_shops_own_fault() -> None:
    terms = Terms(return_shipping=750, restocking_percent="50")
    quote = back(order(item(600)), {"1": Span(1, 1)}, terms, fault=Fault.MERCHANT)
    assert quote.total == 600


@pytest.mark.parametrize(
    ("waiver", "fault", "resolution"),
    [
        (Waiver.STORE_CREDIT, Fault.CUSTOMER, Resolution.STORE_CREDIT),
        (Waiver.CARRIER_FAULT, Fault.CARRIER, Resolution.REFUND),
        (Waiver.EXCHANGE, Fault.CUSTOMER, Resolution.EXCHANGE),
    ],
)
def test_fees_are_waived_for_what_the_policy_names(
    waiver: Waiver, fault: Fault, resolution: Resolution
) -> None:
    for waived_for, total in ((frozenset({waiver}), 10000), (frozenset[Waiver](), 9000)):
        terms = Terms(restocking_percent="10", waived_for=waived_for)
        quote = back(
            order(item(10000)), {"1": Span(1, 1)}, terms, fault=fault, resolution=resolution
        )
        assert quote.total == total


def test_the_label_fee_is_cut_before_the_restocking_fee() -> None:
    terms = Terms(return_shipping=750, restocking_percent="90")
    quote = back(order(item(600)), {"1": Span(1, 1)}, terms)
    assert amounts(quote, QuoteKind.RESTOCKING_FEE) == [-540]
    assert amounts(quote, QuoteKind.RETURN_SHIPPING_FEE) == [-60]


def test_the_label_fee_has_tax_at_the_rate_of_the_dearest_goods() -> None:
    facts = order(
        item(5000, line="1", tax=238, rate="0.05"),
        item(24000, line="2", quantity=4, tax=4000, rate="0.20"),
    )
    quote = back(facts, {"1": Span(1, 1), "2": Span(1, 1)}, Terms(return_shipping=600))
    [fee] = [line for line in quote.lines if line.kind is QuoteKind.RETURN_SHIPPING_FEE]
    assert (fee.amount, fee.tax) == (-600, -100)


def test_one_line_free_of_fees_makes_the_parcels_way_back_free_but_not_the_others_restocking() -> (
    None
):
    facts = order(item(1000, line="1"), item(1000, line="2"))
    lines = [
        QuotedLine(no=1, line=facts.lines[0], spans=[Span(1, 1)], fault=Fault.MERCHANT),
        QuotedLine(no=2, line=facts.lines[1], spans=[Span(1, 1)], fault=Fault.CUSTOMER),
    ]
    quote = make_quote(facts, lines, Terms(return_shipping=500, restocking_percent="10"))
    assert amounts(quote, QuoteKind.RETURN_SHIPPING_FEE) == []
    assert amounts(quote, QuoteKind.RESTOCKING_FEE) == [-100]


# --- outbound shipping (rule 4) ------------------------------------------------------------------

EXPRESS = Outbound(amount=1200, tax=200, standard_amount=600)
FULL = Terms(outbound_shipping=OutboundShipping.FULL_RETURN)
FAULT = Terms(outbound_shipping=OutboundShipping.MERCHANT_FAULT)


def test_shipping_comes_back_with_the_last_part_up_to_the_standard_amount() -> None:
    line = item(2000, quantity=2)
    first = back(order(line, outbound=EXPRESS), {"1": Span(1, 1)}, FULL)
    assert amounts(first, QuoteKind.OUTBOUND_SHIPPING) == []
    before = [ReturnedBefore(line="1", spans=[Span(1, 1)])]
    last = back(order(line, outbound=EXPRESS, returned=before), {"1": Span(2, 2)}, FULL)
    assert amounts(last, QuoteKind.OUTBOUND_SHIPPING) == [600]
    assert last.lines[-1].tax == 100
    again = order(line, outbound=EXPRESS, returned=before, shipping_refunded=600)
    assert amounts(back(again, {"1": Span(2, 2)}, FULL), QuoteKind.OUTBOUND_SHIPPING) == []


def test_prices_without_tax_have_the_shippings_tax_on_top() -> None:
    facts = order(item(2000), outbound=EXPRESS, inclusive=False)
    assert amounts(back(facts, {"1": Span(1, 1)}, FULL), QuoteKind.OUTBOUND_SHIPPING) == [700]


def test_by_default_and_for_a_part_shipping_stays() -> None:
    facts = order(item(2000), outbound=EXPRESS)
    assert back(facts, {"1": Span(1, 1)}, Terms()).total == 2000


@pytest.mark.parametrize("before", [True, False])
def test_for_the_shops_fault_every_line_must_be_its_fault(before: bool) -> None:
    facts = order(
        item(2000, quantity=2),
        outbound=EXPRESS,
        returned=[ReturnedBefore(line="1", spans=[Span(1, 1)], merchant_fault=before)],
    )
    quote = back(facts, {"1": Span(2, 2)}, FAULT, fault=Fault.MERCHANT)
    assert amounts(quote, QuoteKind.OUTBOUND_SHIPPING) == ([600] if before else [])
    quote = back(facts, {"1": Span(2, 2)}, FAULT, fault=Fault.CUSTOMER)
    assert amounts(quote, QuoteKind.OUTBOUND_SHIPPING) == []


@pytest.mark.parametrize("withdrawn", [True, False])
def test_a_withdrawal_of_everything_brings_shipping_whatever_the_policy_says(
    withdrawn: bool,
) -> None:
    facts = order(
        item(2000, quantity=2),
        outbound=EXPRESS,
        returned=[ReturnedBefore(line="1", spans=[Span(1, 1)], withdrawn=withdrawn)],
    )
    quote = back(facts, {"1": Span(2, 2)}, Terms(), withdrawal=True)
    assert amounts(quote, QuoteKind.OUTBOUND_SHIPPING) == ([600] if withdrawn else [])


# --- what is left, gift cards, the bonus (rules 8 and 9) ----------------------------------------


def test_what_was_refunded_before_is_a_line_that_fills_the_gap() -> None:
    quote = back(order(item(10000)), {"1": Span(1, 1)}, Terms(), left=7000)
    assert (amounts(quote, QuoteKind.ALREADY_REFUNDED), quote.total) == ([-3000], 7000)


def test_a_sold_gift_card_gives_back_at_most_what_is_left_on_it() -> None:
    quote = back(order(item(5000, left=2000)), {"1": Span(1, 1)}, Terms())
    assert (amounts(quote, QuoteKind.ALREADY_REFUNDED), quote.total) == ([-3000], 2000)
    assert back(order(item(5000, left=5000)), {"1": Span(1, 1)}, Terms()).total == 5000


def test_a_bonus_is_a_line_of_its_own_on_what_is_really_given() -> None:
    terms = Terms(bonus_percent="10")
    facts = order(item(10000))
    for resolution, left, total in (
        (Resolution.STORE_CREDIT, None, 11000),
        (Resolution.STORE_CREDIT, 7000, 7700),
        (Resolution.REFUND, None, 10000),
    ):
        quote = back(facts, {"1": Span(1, 1)}, terms, resolution=resolution, left=left)
        assert quote.total == total
        assert quote.total - quote.bonus == (left or 10000)
