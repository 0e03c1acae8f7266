"""The comparison of our refunds with a provider's list and with the books, case by case."""

from dataclasses import replace
from random import Random

import pytest

from models.messages import ManualMethod, RefundStatus
from models.rules.reconciliation import (
    Booked,
    Found,
    KnownPayment,
    OurRefund,
    TheirRefund,
    compare_with_books,
    compare_with_provider,
)

SUCCEEDED, FAILED = RefundStatus.SUCCEEDED, RefundStatus.FAILED
PENDING, CANCELED = RefundStatus.PENDING, RefundStatus.CANCELED
ACTION = RefundStatus.REQUIRES_ACTION

OURS = OurRefund(
    id="R-1-1",
    rma="R-1",
    order="1001",
    workflow="return/R-1",
    provider="stripe",
    payment="pi_1",
    amount=5000,
    currency="GBP",
    status=SUCCEEDED,
    provider_reference="re_1",
    paid_by=None,
    paid_reference=None,
    replaced=False,
)
THEIRS = TheirRefund(
    reference="re_1",
    refund_id="R-1-1",
    payment="pi_1",
    charge="ch_1",
    amount=5000,
    currency="GBP",
    status=SUCCEEDED,
)
PAYMENT = KnownPayment(id=7, order="1001", currency="GBP", left=3000, before=0)
BY_HAND = ManualMethod.PAID_BY_HAND


def compared(
    ours: list[OurRefund], theirs: list[TheirRefund], payment: KnownPayment = PAYMENT
) -> list[Found]:
    return list(compare_with_provider("stripe", ours, theirs, {"pi_1": payment}))


def named(found: list[Found]) -> list[tuple[str, int, bool]]:
    """Kind, amount, and whether it can be repaired."""
    return [
        (each.kind, each.amount, each.news is not None or each.adopt is not None) for each in found
    ]


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [
        (SUCCEEDED, SUCCEEDED, None),
        (PENDING, ACTION, None),
        (ACTION, PENDING, None),
        (FAILED, CANCELED, None),
        (CANCELED, FAILED, None),
        (PENDING, SUCCEEDED, "told"),
        (ACTION, SUCCEEDED, "told"),
        (PENDING, FAILED, "told"),
        (SUCCEEDED, FAILED, "told"),
        (SUCCEEDED, CANCELED, "told"),
        # What the provider said has failed stays failed with us; what it is now, people look at.
        (FAILED, SUCCEEDED, "open"),
        (SUCCEEDED, PENDING, "open"),
    ],
)
def test_states_are_compared(ours: RefundStatus, theirs: RefundStatus, kind: str | None) -> None:
    found = compared([replace(OURS, status=ours)], [replace(THEIRS, status=theirs)])
    expected = [] if kind is None else [("status_differs", 5000, kind == "told")]
    assert named(found) == expected


def test_a_refund_that_is_nowhere_is_missing() -> None:
    assert named(compared([OURS], [])) == [("missing_at_provider", 5000, False)]
    assert named(compared([replace(OURS, provider_reference=None, status=PENDING)], [])) == []


def test_amount_and_currency_are_compared() -> None:
    assert named(compared([OURS], [replace(THEIRS, amount=4700)])) == [
        ("amount_differs", 300, False)
    ]
    assert named(compared([OURS], [replace(THEIRS, currency="EUR")])) == [
        ("currency_differs", 5000, False)
    ]


@pytest.mark.parametrize("status", [PENDING, SUCCEEDED])
@pytest.mark.parametrize("ours", [PENDING, FAILED])
def test_a_lost_answer_is_found_by_our_id(ours: RefundStatus, status: RefundStatus) -> None:
    row = replace(OURS, status=ours, provider_reference=None)
    [found] = compared([row], [replace(THEIRS, status=status)])
    assert (found.kind, found.workflow) == ("lost_answer", "return/R-1")
    assert found.news is not None
    assert (found.news.reference, found.news.status) == ("re_1", status)


def test_a_failure_that_was_never_told_is_news_only_while_we_wait() -> None:
    failed = replace(THEIRS, status=FAILED)
    waiting = replace(OURS, status=PENDING, provider_reference=None)
    assert named(compared([waiting], [failed])) == [("lost_answer", 5000, True)]
    given_up = replace(waiting, status=FAILED)
    assert named(compared([given_up], [failed])) == []


@pytest.mark.parametrize(
    "other", [{"paid_by": BY_HAND, "paid_reference": "cheque 12"}, {"replaced": True}]
)
@pytest.mark.parametrize("reference", [None, "re_1"])
def test_what_was_paid_in_another_way_and_stands_was_paid_twice(
    other: dict[str, object], reference: str | None
) -> None:
    row = replace(OURS, status=FAILED, provider_reference=reference, **other)
    assert named(compared([row], [THEIRS])) == [("paid_twice", 5000, False)]
    assert named(compared([row], [replace(THEIRS, status=FAILED)])) == []


def test_two_that_stand_under_one_id_were_paid_twice() -> None:
    again = replace(THEIRS, reference="re_2")
    assert named(compared([OURS], [THEIRS, again])) == [("paid_twice", 5000, False)]
    lost = replace(OURS, status=PENDING, provider_reference=None)
    assert named(compared([lost], [THEIRS, again])) == [
        ("lost_answer", 5000, True),
        ("paid_twice", 5000, False),
    ]
    assert named(compared([OURS], [THEIRS, replace(again, status=FAILED)])) == []


# --- made at the provider by hand ----------------------------------------------------------

BY_CONSOLE = replace(THEIRS, reference="re_9", refund_id=None, amount=2000)


def test_a_refund_by_hand_is_adopted_as_long_as_there_is_room() -> None:
    more = replace(BY_CONSOLE, reference="re_10")
    assert named(compared([], [BY_CONSOLE, more])) == [
        ("unknown_refund", 2000, True),
        ("unknown_refund", 2000, False),
    ]


def test_a_payment_is_known_by_its_charge_too() -> None:
    by_charge = replace(BY_CONSOLE, payment="pi_other", charge="pi_1")
    [found] = compared([], [by_charge])
    assert (found.adopt, found.adopt_at, found.order) == (by_charge, 7, "1001")


def test_payments_of_others_and_what_failed_are_nobodys_business() -> None:
    assert compared([], [replace(BY_CONSOLE, payment="pi_else")]) == []
    assert compared([], [replace(BY_CONSOLE, status=FAILED)]) == []


def test_what_the_order_came_with_is_no_difference() -> None:
    before = replace(PAYMENT, before=2500)
    assert compared([], [BY_CONSOLE], before) == []
    more = replace(BY_CONSOLE, reference="re_10", amount=600)
    assert named(compared([], [BY_CONSOLE, more], before)) == [("unknown_refund", 600, False)]


def test_another_currency_is_left_to_a_person() -> None:
    foreign = replace(BY_CONSOLE, currency="EUR")
    assert named(compared([], [foreign])) == [("unknown_refund", 2000, False)]


def test_what_a_person_wrote_down_is_not_adopted() -> None:
    paid = replace(
        OURS, status=FAILED, amount=2000, paid_by=BY_HAND, paid_reference="see re_9 in the console"
    )
    failed = replace(THEIRS, amount=2000, status=FAILED)
    assert compared([paid], [failed, BY_CONSOLE]) == []
    perhaps = replace(paid, paid_reference="transfer 12")
    assert named(compared([perhaps], [failed, BY_CONSOLE])) == [("unknown_refund", 2000, False)]


def test_any_list_is_compared_without_repairing_more_than_there_is() -> None:
    dice = Random(7)
    for _ in range(500):
        left = dice.randint(0, 10_000)
        theirs = [
            replace(
                BY_CONSOLE,
                reference=f"re_{number}",
                amount=dice.randint(1, 4000),
                status=dice.choice(list(RefundStatus)),
            )
            for number in range(dice.randint(0, 8))
        ]
        found = compared([], theirs, replace(PAYMENT, left=left))
        assert sum(each.amount for each in found if each.adopt) <= left
        standing = {t.reference for t in theirs if t.status not in (FAILED, CANCELED)}
        assert {each.provider_reference for each in found} == standing


# --- the books ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "booked", "kind"),
    [
        (OURS, 5000, None),
        (OURS, None, "not_booked"),
        (OURS, 4000, "booked_amount_differs"),
        (replace(OURS, status=FAILED), None, None),
        (replace(OURS, status=FAILED), 0, None),
        (replace(OURS, status=FAILED), 5000, "booked_amount_differs"),
        (replace(OURS, status=PENDING), None, None),
        (replace(OURS, status=FAILED, paid_by=BY_HAND), 5000, None),
        (replace(OURS, status=FAILED, paid_by=BY_HAND), None, "not_booked"),
    ],
)
def test_entries_come_to_what_was_paid(
    ours: OurRefund, booked: int | None, kind: str | None
) -> None:
    entries = {} if booked is None else {ours.id: Booked(amount=booked, currency="GBP")}
    assert [each.kind for each in compare_with_books([ours], entries)] == ([kind] if kind else [])


def test_entries_in_another_currency_are_named() -> None:
    entries = {OURS.id: Booked(amount=5000, currency="EUR")}
    [found] = compare_with_books([OURS], entries)
    assert found.kind == "booked_amount_differs"
