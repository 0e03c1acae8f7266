"""Which payments a refund goes back to: the three orders, the example, and the bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.tenders import Tender, TenderOrder, split

CARD = Tender(payment=1, kind="card", refundable=10000)
GIFT = Tender(payment=2, kind="gift_card", refundable=5000)
KINDS = ("card", "wallet", "bank", "cash", "gift_card", "store_credit")

TENDERS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(min_value=0, max_value=10**9)),
    min_size=1,
    max_size=6,
).map(
    lambda drawn: [
        Tender(payment=no, kind=kind, refundable=refundable)
        for no, (kind, refundable) in enumerate(drawn, start=1)
    ]
)


def amounts(amount: int, tenders: list[Tender], order: TenderOrder) -> dict[int, int]:
    """Payment → what it gives back."""
    return {part.payment: part.amount for part in split(amount, tenders, order)}


@pytest.mark.parametrize(
    ("order", "parts"),
    [
        (TenderOrder.CARD_FIRST, {1: 10000, 2: 2000}),
        (TenderOrder.GIFT_FIRST, {1: 7000, 2: 5000}),
        (TenderOrder.RATIO, {1: 8000, 2: 4000}),
    ],
)
def test_120_of_an_order_of_150_paid_100_by_card_and_50_by_gift_card(
    order: TenderOrder, parts: dict[int, int]
) -> None:
    assert amounts(12000, [GIFT, CARD], order) == parts


@pytest.mark.parametrize("order", list(TenderOrder))
def test_all_of_it_goes_back_the_way_it_came(order: TenderOrder) -> None:
    assert amounts(15000, [GIFT, CARD], order) == {1: 10000, 2: 5000}


def test_card_first_takes_kind_by_kind_and_gift_first_the_credits_before_them() -> None:
    one_each = [
        Tender(payment=no, kind=kind, refundable=1)
        for no, kind in reversed(list(enumerate(KINDS, start=1)))
    ]
    by_card = [part.payment for part in split(6, one_each, TenderOrder.CARD_FIRST)]
    by_gift = [part.payment for part in split(6, one_each, TenderOrder.GIFT_FIRST)]
    assert by_card == [1, 2, 3, 4, 5, 6]
    assert by_gift == [5, 6, 1, 2, 3, 4]


def test_two_cards_give_back_in_the_orders_list() -> None:
    cards = [
        Tender(payment=7, kind="card", refundable=300),
        Tender(payment=3, kind="card", refundable=300),
    ]
    assert amounts(400, cards, TenderOrder.CARD_FIRST) == {7: 300, 3: 100}


def test_by_ratio_a_tie_goes_to_the_first() -> None:
    halves = [
        Tender(payment=1, kind="gift_card", refundable=500),
        Tender(payment=2, kind="card", refundable=500),
    ]
    assert amounts(333, halves, TenderOrder.RATIO) == {1: 167, 2: 166}


def test_by_ratio_what_each_can_still_give_back_counts_not_what_it_once_paid() -> None:
    left = [
        Tender(payment=1, kind="card", refundable=1000),
        Tender(payment=2, kind="gift_card", refundable=5000),
    ]
    assert amounts(600, left, TenderOrder.RATIO) == {1: 100, 2: 500}


def test_nothing_needs_no_payment() -> None:
    assert split(0, [CARD, GIFT], TenderOrder.CARD_FIRST) == []
    assert split(0, [], TenderOrder.RATIO) == []


def test_an_empty_payment_is_left_out() -> None:
    empty = Tender(payment=3, kind="card", refundable=0)
    assert amounts(100, [empty, GIFT], TenderOrder.RATIO) == {2: 100}


@given(TENDERS, st.sampled_from(TenderOrder))
def test_more_than_the_payments_hold_is_refused(tenders: list[Tender], order: TenderOrder) -> None:
    whole = sum(tender.refundable for tender in tenders)
    with pytest.raises(ValueError, match="more than the payments can give back"):
        split(whole + 1, tenders, order)


@given(TENDERS, st.sampled_from(TenderOrder), st.data())
def test_parts_sum_to_the_amount_and_no_payment_gets_more_than_it_gave(
    tenders: list[Tender], order: TenderOrder, data: st.DataObject
) -> None:
    whole = sum(tender.refundable for tender in tenders)
    amount = data.draw(st.integers(min_value=0, max_value=whole))
    parts = amounts(amount, tenders, order)
    assert sum(parts.values()) == amount
    room = {tender.payment: tender.refundable for tender in tenders}
    assert all(0 < part <= room[payment] for payment, part in parts.items())
