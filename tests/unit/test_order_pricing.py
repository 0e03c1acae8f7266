"""What each line of an order cost: the worked examples, the sums, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.money import decimals, to_text
from models.rules.order_pricing import discount_shares, price_order
from models.rules.orders import (
    CustomerInput,
    DiscountInput,
    LineInput,
    OrderInput,
    OrderRefused,
    PaymentInput,
    RateInput,
    ShippingInput,
    TaxMode,
)

PLACED_AT = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)


def line(id_: str = "1", quantity: int = 1, unit_price: int = 1000, **rest: object) -> LineInput:
    values = {"id": id_, "sku": "TEE", "name": "Tee", "quantity": quantity, **rest}
    return LineInput(unit_price=unit_price, **values)  # type: ignore[arg-type]


def payment(amount: int, id_: str = "p-1", currency: str = "GBP", **rest: object) -> PaymentInput:
    values = {"kind": "card", "provider": "sandbox", "reference": "sbx_ok_1", **rest}
    return PaymentInput(id=id_, amount=amount, currency=currency, **values)  # type: ignore[arg-type]


def order(*lines: LineInput, paid: int, currency: str = "GBP", **rest: object) -> OrderInput:
    values = {"number": "1001", "placed_at": PLACED_AT, "lines": lines, **rest}
    values.setdefault("payments", [payment(paid, currency=currency)])
    return OrderInput(currency=currency, **values)  # type: ignore[arg-type]


def refusals(sent: OrderInput) -> dict[str, str]:
    with pytest.raises(OrderRefused) as refused:
        price_order(sent)
    return {refusal.pointer: refusal.message for refusal in refused.value.refusals}


# --- worked examples -------------------------------------------------------------------------


def test_tax_on_top_is_added_after_the_discount() -> None:
    priced = price_order(
        order(
            line(quantity=2, unit_price=6000, tax_rate="0.08", tax=840),
            discounts=[DiscountInput(amount=1500)],
            tax_mode="exclusive",
            paid=11340,
        )
    )
    assert (priced.lines[0].order_discount, priced.lines[0].paid) == (1500, 11340)


def test_an_own_discount_costs_the_same_as_an_order_discount() -> None:
    priced = price_order(
        order(
            line(quantity=2, unit_price=6000, discount=1500, tax_rate="0.08", tax=840),
            tax_mode="exclusive",
            paid=11340,
        )
    )
    assert (priced.lines[0].order_discount, priced.lines[0].paid) == (0, 11340)


def test_tax_in_the_price_is_not_added() -> None:
    priced = price_order(order(line(quantity=7, unit_price=1429, discount=3, tax=1667), paid=10000))
    assert priced.lines[0].paid == 10000


def test_an_order_discount_is_shared_in_proportion_to_price() -> None:
    priced = price_order(
        order(
            line("1", 1, 700),
            line("2", 1, 300),
            discounts=[DiscountInput(amount=100)],
            paid=900,
        )
    )
    assert [priced_line.paid for priced_line in priced.lines] == [630, 270]


def test_ten_percent_from_a_hundred() -> None:
    discount = DiscountInput(amount=1200, threshold=10000, percent="10", code="TEN")
    priced = price_order(order(line(quantity=4, unit_price=3000), discounts=[discount], paid=10800))
    assert priced.lines[0].paid == 10800


def test_the_order_of_the_contract_costs_198() -> None:
    priced = price_order(
        order(
            line(quantity=2, unit_price=10000, tax_rate="0.10", tax=1800),
            discounts=[DiscountInput(code="WELCOME", amount=2000)],
            tax_mode="exclusive",
            exchange_rate=RateInput(shop_currency="EUR", rate="0.8600"),
            paid=19800,
        )
    )
    assert (priced.paid, priced.lines[0].order_discount) == (19800, 2000)


def test_each_discount_is_shared_on_its_own() -> None:
    # Together, 2 over three equal lines would be 1, 1, 0.
    lines = [line(str(number), 1, 100) for number in (1, 2, 3)]
    discounts = [DiscountInput(amount=1), DiscountInput(amount=1)]
    priced = price_order(order(*lines, discounts=discounts, paid=298))
    assert [priced_line.order_discount for priced_line in priced.lines] == [2, 0, 0]


def test_own_discounts_lower_a_lines_share() -> None:
    priced = price_order(
        order(
            line("1", 1, 1000, discount=500),
            line("2", 1, 500),
            discounts=[DiscountInput(amount=100)],
            paid=900,
        )
    )
    assert [priced_line.order_discount for priced_line in priced.lines] == [50, 50]


def test_given_shares_are_used_as_they_are() -> None:
    priced = price_order(
        order(
            line("1", 1, 700),
            line("2", 1, 300),
            discounts=[DiscountInput(amount=100, shares={"2": 100})],
            paid=900,
        )
    )
    assert [priced_line.paid for priced_line in priced.lines] == [700, 200]


def test_shipping_counts_and_its_tax_when_prices_are_without_tax() -> None:
    shipping = ShippingInput(amount=500, tax=50)
    assert price_order(order(line(), shipping=shipping, paid=1500)).paid == 1500
    exclusive = order(line(), shipping=shipping, tax_mode="exclusive", paid=1550)
    assert price_order(exclusive).paid == 1550


def test_a_free_order_needs_no_payment_and_may_have_one_of_nothing() -> None:
    assert price_order(order(line(unit_price=0), payments=[], paid=0)).paid == 0
    assert price_order(order(line(unit_price=0), payments=[payment(0)], paid=0)).paid == 0


def test_several_payments_add_up() -> None:
    payments = [payment(600), payment(400, "p-2", kind="gift_card")]
    assert price_order(order(line(), payments=payments, paid=1000)).paid == 1000


# --- sums that hold for every order ----------------------------------------------------------

amounts = st.integers(min_value=0, max_value=10**9)


@st.composite
def goods(draw: st.DrawFn) -> list[LineInput]:
    made = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        quantity, price = draw(st.integers(1, 80_000)), draw(st.integers(0, 10**6))
        discount = draw(st.integers(0, quantity * price))
        made.append(line(str(number), quantity, price, discount=discount))
    return made


def worth(sent: LineInput) -> int:
    return sent.quantity * sent.unit_price - sent.discount


@given(
    lines=goods(),
    fractions=st.lists(st.integers(0, 900), max_size=3),
    tax_mode=st.sampled_from(TaxMode),
    currency=st.sampled_from(["GBP", "JPY", "KWD"]),
    shipping=amounts,
    tax=st.integers(0, 10**6),
)
def test_the_lines_and_shipping_sum_to_the_payments(
    lines: list[LineInput],
    fractions: list[int],
    tax_mode: TaxMode,
    currency: str,
    shipping: int,
    tax: int,
) -> None:
    # Below that, discounts rounded each on its own can pass a line's goods, which is refused.
    assume(all(worth(sent) == 0 or worth(sent) >= 30 for sent in lines))
    total = sum(worth(sent) for sent in lines)
    discounts = [DiscountInput(amount=total * part // 3000) for part in fractions]
    exclusive = tax_mode is TaxMode.EXCLUSIVE
    lines = [replace(sent, tax=tax if exclusive else 0) for sent in lines]
    paid = total - sum(discount.amount for discount in discounts) + shipping
    paid += tax * (len(lines) + 1) if exclusive else 0
    sent = order(
        *lines,
        currency=currency,
        tax_mode=tax_mode,
        discounts=discounts,
        shipping=ShippingInput(amount=shipping, tax=tax if exclusive else 0),
        paid=paid,
    )
    priced = price_order(sent)
    assert priced.paid == paid
    for priced_line in priced.lines:
        net = worth(priced_line.line) - priced_line.order_discount
        assert net >= 0
        assert priced_line.paid == net + (tax if exclusive else 0)
    shared = sum(priced_line.order_discount for priced_line in priced.lines)
    assert shared == sum(discount.amount for discount in discounts)


@given(
    amount=amounts,
    weights=st.dictionaries(st.text(min_size=1), st.integers(1, 10**9), min_size=1, max_size=8),
)
def test_a_share_is_never_a_whole_unit_off_its_proportion(
    amount: int, weights: dict[str, int]
) -> None:
    whole = sum(weights.values())
    shares = discount_shares(amount, None, weights)
    assert sum(shares.values()) == amount
    for name, weight in weights.items():
        assert abs(shares[name] * whole - amount * weight) < whole


@given(count=st.integers(1, 9), amount=st.integers(0, 1000), weight=st.integers(1, 1000))
def test_ties_go_to_the_first_lines(count: int, amount: int, weight: int) -> None:
    shares = list(discount_shares(amount, None, dict.fromkeys(range(count), weight)).values())  # type: ignore[arg-type]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= 1


@given(lines=goods(), data=st.data())
def test_given_shares_that_sum_up_are_never_changed(
    lines: list[LineInput], data: st.DataObject
) -> None:
    shares = {sent.id: data.draw(st.integers(0, worth(sent))) for sent in lines}
    amount = sum(shares.values())
    sent = order(
        *lines,
        discounts=[DiscountInput(amount=amount, shares=shares)],
        paid=sum(worth(sent) for sent in lines) - amount,
    )
    assert {priced.line.id: priced.order_discount for priced in price_order(sent).lines} == shares


@given(
    lines=goods(), off=st.integers(-(10**6), 10**6), currency=st.sampled_from(["GBP", "JPY", "KWD"])
)
def test_payments_that_differ_are_refused_with_the_difference(
    lines: list[LineInput], off: int, currency: str
) -> None:
    total = sum(worth(sent) for sent in lines)
    assume(off and total + off >= 0)
    message = refusals(order(*lines, currency=currency, paid=total + off))["/payments"]
    difference = to_text(abs(off), currency)
    assert message.endswith(f": {difference} are {'missing' if off < 0 else 'too much'}.")
    assert len(difference.partition(".")[2]) == decimals(currency)


# --- what is refused -------------------------------------------------------------------------


def test_missing_money_is_named() -> None:
    sent = order(line(quantity=2, unit_price=10000), paid=19800)
    assert refusals(sent) == {
        "/payments": "The payments come to 198.00 GBP but the order to 200.00 GBP: "
        "2.00 are missing."
    }


def test_more_discount_than_goods_is_refused() -> None:
    sent = order(line(), discounts=[DiscountInput(amount=700), DiscountInput(amount=301)], paid=0)
    assert refusals(sent) == {
        "/discounts": "The order's discounts come to 10.01 GBP but its goods only to 10.00 GBP."
    }
    sent = order(line(discount=1001), paid=0)
    assert "more than its goods" in refusals(sent)["/lines/0/discount"]


def test_discounts_that_round_past_a_lines_goods_are_refused() -> None:
    lines = [line("1", 1, 1), line("2", 1, 1)]
    sent = order(*lines, discounts=[DiscountInput(amount=1), DiscountInput(amount=1)], paid=0)
    assert "send other `shares`" in refusals(sent)["/lines/0/discount"]


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"1": 50}, "come to 0.50 GBP, not to its amount of 1.00 GBP"),
        ({"1": 50, "9": 50}, "name line 9"),
        ({"1": 150, "2": -50}, "below 0"),
        ({"1": 0, "2": 0}, "come to 0.00 GBP"),
        ({}, "come to 0.00 GBP"),
    ],
)
def test_shares_must_name_lines_and_sum_up(shares: dict[str, int], words: str) -> None:
    sent = order(
        line("1"), line("2"), discounts=[DiscountInput(amount=100, shares=shares)], paid=1900
    )
    assert words in refusals(sent)["/discounts/0/shares"]


def test_a_share_larger_than_its_line_is_refused() -> None:
    shares = {"1": 1100}
    discounts = [DiscountInput(amount=1100, shares=shares)]
    sent = order(line("1"), line("2"), discounts=discounts, paid=900)
    assert "more than its goods of 10.00 GBP" in refusals(sent)["/lines/0/discount"]


def test_tax_larger_than_an_inclusive_price_is_refused() -> None:
    shipping = ShippingInput(amount=100, tax=101)
    found = refusals(order(line(tax=1001), shipping=shipping, paid=1100))
    assert "10.01 GBP is more than its price with tax, 10.00 GBP" in found["/lines/0/tax"]
    assert "/shipping/tax" in found


@pytest.mark.parametrize(
    ("pointer", "change"),
    [
        ("/number", {"number": ""}),
        ("/number", {"number": "10\n01"}),
        ("/number", {"number": "1" * 101}),
        ("/currency", {"currency": "gbp"}),
        ("/placed_at", {"placed_at": datetime(2026, 11, 1)}),  # noqa: DTZ001
        ("/placed_at", {"placed_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))}),
        ("/country", {"country": "x" * 61}),
        ("/tax_mode", {"tax_mode": "none"}),
        ("/lines", {"lines": []}),
        ("/lines/1/id", {"lines": [line(), line()]}),
        ("/lines/0/quantity", {"lines": [line(quantity=0)]}),
        ("/lines/0/quantity", {"lines": [line(quantity=-2)]}),
        ("/lines/0/quantity", {"lines": [line(quantity=2**31)]}),
        ("/lines/0/unit_price", {"lines": [line(unit_price=-1)]}),
        ("/lines/0/unit_price", {"lines": [line(quantity=10**6, unit_price=10**12)]}),
        ("/lines/0/discount", {"lines": [line(discount=-1)]}),
        ("/lines/0/tax", {"lines": [line(tax=-1)]}),
        ("/lines/0/tax_rate", {"lines": [line(tax_rate="20")]}),
        ("/lines/0/tax_rate", {"lines": [line(tax_rate="NaN")]}),
        ("/lines/0/sku", {"lines": [line(sku=" TEE")]}),
        ("/lines/0/name", {"lines": [line(name="\ud800")]}),
        ("/lines/0/name", {"lines": [line(name="a\0b")]}),
        ("/lines/0/variant", {"lines": [line(variant={"size": "\ud800"})]}),
        ("/discounts/0/amount", {"discounts": [DiscountInput(amount=-1)]}),
        ("/discounts/0/percent", {"discounts": [DiscountInput(amount=0, percent="110")]}),
        ("/shipping/amount", {"shipping": ShippingInput(amount=-1)}),
        ("/exchange_rate/rate", {"exchange_rate": RateInput(shop_currency="EUR", rate="0")}),
        ("/exchange_rate/rate", {"exchange_rate": RateInput(shop_currency="EUR", rate="1e5")}),
        ("/customer/id", {"customer": CustomerInput(id="")}),
        ("/customer/email", {"customer": CustomerInput(email="a" * 321)}),
        ("/payments/0/currency", {"payments": [payment(1000, currency="EUR")]}),
        ("/payments/0/kind", {"payments": [payment(1000, kind="cheque")]}),
        ("/payments/0/amount", {"payments": [payment(-1000)]}),
        ("/payments/0/refunded", {"payments": [payment(1000, refunded=1001)]}),
        ("/payments/0/refunded", {"payments": [payment(1000, refunded=-1)]}),
        ("/payments/1/id", {"payments": [payment(500), payment(500)]}),
    ],
)
def test_a_field_that_makes_no_sense_is_refused_in_its_place(
    pointer: str, change: dict[str, object]
) -> None:
    sent = replace(order(line(), paid=1000), **change)  # type: ignore[arg-type]
    message = refusals(sent)[pointer]
    assert message.encode()
    assert message.endswith(".")


def test_all_problems_are_told_at_once() -> None:
    sent = order(
        line("1", quantity=0),
        line("1", unit_price=-5),
        payments=[payment(1, currency="EUR"), payment(1, kind="cheque")],
        paid=0,
    )
    assert set(refusals(sent)) == {
        "/lines/0/quantity",
        "/lines/1/unit_price",
        "/lines/1/id",
        "/payments/0/currency",
        "/payments/1/kind",
        "/payments/1/id",
    }
