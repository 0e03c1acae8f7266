"""What became of a return's refund transactions: news in any order, retries, units refunded."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.messages import Granted, GrantedRefund, RefundOutcome, RefundStatus
from models.rules.payouts import Payouts, Transaction

PENDING, ACTION = RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION
SUCCEEDED, FAILED = RefundStatus.SUCCEEDED, RefundStatus.FAILED


def granted(*refunds: str) -> Granted:
    return Granted(
        refunds=[GrantedRefund(refund=name, amount=100, currency="GBP") for name in refunds],
        amount=100 * len(refunds),
        currency="GBP",
    )


def payouts(*grants: tuple[list[int], list[str]]) -> Payouts:
    made = Payouts()
    for accepted, refunds in grants:
        made.add(accepted, granted(*refunds))
    return made


def one() -> tuple[Payouts, Transaction]:
    made = payouts(([1], ["r-1"]))
    return made, made.transactions["r-1"]


def test_a_new_grant_is_to_be_paid_and_numbered() -> None:
    made = payouts(([1, 0], ["r-1", "r-2"]), ([1, 2], ["r-3"]))
    assert [found.refund for found in made.to_pay()] == ["r-1", "r-2", "r-3"]
    assert made.next_grant == 3


@pytest.mark.parametrize("last", [SUCCEEDED, FAILED])
def test_the_same_news_counts_once(last: RefundStatus) -> None:
    made, transaction = one()
    assert made.take("r-1", last)
    assert not any(made.take("r-1", last) for _ in range(4))
    assert transaction.status is last


def test_the_first_word_that_the_provider_has_it_is_news_even_when_it_is_pending() -> None:
    made, transaction = one()
    assert not transaction.known
    assert made.take("r-1", PENDING)
    assert transaction.known
    assert not made.take("r-1", PENDING)


@given(st.permutations([PENDING, PENDING, ACTION, SUCCEEDED, SUCCEEDED, FAILED]))
def test_news_in_any_order_end_the_same(news: list[RefundStatus]) -> None:
    made, transaction = one()
    for status in news:
        made.take("r-1", status)
    assert transaction.status is FAILED
    assert transaction.needs_person
    assert not transaction.done


def test_early_news_are_not_undone_by_the_answer_to_the_call() -> None:
    made, transaction = one()
    assert made.take("r-1", SUCCEEDED)
    assert not made.take("r-1", PENDING)
    assert transaction.done


def test_news_of_a_refund_nobody_knows_change_nothing() -> None:
    made, _ = one()
    assert not made.take("r-9", SUCCEEDED)


@pytest.mark.parametrize("status", [PENDING, ACTION, SUCCEEDED])
def test_a_refund_without_a_clear_answer_needs_a_person_until_news_come(
    status: RefundStatus,
) -> None:
    made, transaction = one()
    transaction.parked = True
    assert transaction.needs_person
    assert made.take("r-1", status)
    assert not transaction.needs_person


def test_another_try_takes_the_place_of_the_one_that_failed() -> None:
    made = payouts(([2], ["r-1", "r-2"]))
    made.take("r-1", FAILED)
    made.take("r-2", SUCCEEDED)
    assert made.refunded() == []
    for transaction in made.to_pay():
        transaction.to_pay = False
    made.retry("r-1", GrantedRefund(refund="r-3", amount=100, currency="GBP"))
    assert [found.refund for found in made.to_pay()] == ["r-3"]
    assert not made.take("r-1", FAILED), "the old one is history"
    made.take("r-3", SUCCEEDED)
    assert made.refunded() == [2]


def test_a_refund_whose_key_lives_on_is_tried_again_as_itself() -> None:
    made, transaction = one()
    transaction.to_pay, transaction.parked = False, True
    made.retry("r-1", GrantedRefund(refund="r-1", amount=100, currency="GBP"))
    again = made.transactions["r-1"]
    assert again.to_pay
    assert not again.needs_person


def test_units_are_refunded_when_every_part_of_their_grant_is() -> None:
    made = payouts(([1, 0], ["r-1", "r-2"]), ([1, 1], ["r-3"]))
    made.take("r-1", SUCCEEDED)
    made.take("r-3", SUCCEEDED)
    assert made.refunded() == []
    made.take("r-2", SUCCEEDED)
    assert made.refunded() == [1, 1]


def test_a_refund_that_comes_back_takes_its_units_back() -> None:
    made = payouts(([1], ["r-1"]), ([3], ["r-2"]))
    made.take("r-1", SUCCEEDED)
    made.take("r-2", SUCCEEDED)
    assert made.refunded() == [3]
    made.take("r-2", FAILED)
    assert made.refunded() == [1]
    made.take("r-1", FAILED)
    assert made.refunded() == []


def test_what_a_person_paid_is_refunded() -> None:
    made, transaction = one()
    made.take("r-1", FAILED)
    transaction.paid_by_hand = True
    assert made.refunded() == [1]
    assert not transaction.needs_person


def test_units_that_cost_nothing_are_refunded_at_once() -> None:
    assert payouts(([2], [])).refunded() == [2]
    assert Payouts().refunded() == []


def test_whatever_fails_last_no_order_of_two_refunds_counts_units_whose_money_is_not_there() -> (
    None
):
    steps = [("r-1", SUCCEEDED), ("r-1", FAILED), ("r-2", SUCCEEDED)]
    for order in itertools.permutations(steps):
        made = payouts(([1], ["r-1"]), ([2], ["r-2"]))
        for refund, status in order:
            made.take(refund, status)
        assert made.refunded() == []


@pytest.mark.parametrize("status", [PENDING, ACTION, SUCCEEDED])
def test_a_refund_given_up_can_turn_out_to_stand_after_all(status: RefundStatus) -> None:
    made, transaction = one()
    made.take("r-1", FAILED)
    outcome = RefundOutcome(refund="r-1", status=status)
    assert made.may_revive(outcome)
    assert made.revive(outcome)
    assert (transaction.status, transaction.needs_person) == (status, False)


@pytest.mark.parametrize(
    "outcome",
    [
        RefundOutcome(refund="r-1", status=SUCCEEDED, changed=False),
        RefundOutcome(refund="r-1", status=FAILED),
        RefundOutcome(refund="r-1", status=RefundStatus.CANCELED),
        RefundOutcome(refund="r-9", status=SUCCEEDED),
    ],
)
def test_nothing_else_revives_it(outcome: RefundOutcome) -> None:
    made, _ = one()
    made.take("r-1", FAILED)
    assert not made.may_revive(outcome)


@pytest.mark.parametrize("status", [PENDING, SUCCEEDED])
def test_a_refund_that_was_not_given_up_is_not_revived(status: RefundStatus) -> None:
    made, _ = one()
    made.take("r-1", status)
    assert not made.may_revive(RefundOutcome(refund="r-1", status=SUCCEEDED))
