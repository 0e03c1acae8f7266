"""Whether lines may come back: the window to its last second, and why not in plain words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.messages import Refusal, Resolution, ReturnKind
from models.rules.eligibility import AskedLine, judge, last_day, last_day_to_withdraw
from models.rules.policy import Policy

DELIVERED = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
TEES = AskedLine(
    pointer="/lines/0",
    line="1",
    quantity=1,
    resolution=Resolution.REFUND,
    name="Linen tee",
    free_units=3,
    anchors=(None, None, DELIVERED),
)
SOON = DELIVERED + timedelta(days=1)


def judged(
    *lines: AskedLine,
    at: datetime = SOON,
    policy: Policy | None = None,
    kind: ReturnKind = ReturnKind.RETURN,
    override: bool = False,
) -> list[Refusal]:
    return judge(lines, kind=kind, policy=policy or Policy(), at=at, override=override)


def delivered(at: datetime, time_zone: str, days: int = 30) -> tuple[AskedLine, Policy]:
    return (
        replace(TEES, anchors=(None, None, at)),
        Policy(time_zone=time_zone, window_days=days),
    )


# --- withdrawals ---------------------------------------------------------------------------------

WITHDRAWAL = ReturnKind.WITHDRAWAL


@pytest.mark.parametrize(
    ("delivered_on", "last"),
    [
        # 2026-03-02 is a Monday: 14 days later is a Monday, too.
        (date(2026, 3, 2), date(2026, 3, 16)),
        # A period that would end on Saturday or Sunday ends with the Monday after it.
        (date(2026, 3, 7), date(2026, 3, 23)),
        (date(2026, 3, 8), date(2026, 3, 23)),
        # The 29th of February counts like any day.
        (date(2028, 2, 15), date(2028, 2, 29)),
    ],
)
def test_the_withdrawal_period_does_not_end_on_a_weekend(delivered_on: date, last: date) -> None:
    noon = datetime(delivered_on.year, delivered_on.month, delivered_on.day, 12, tzinfo=UTC)
    assert last_day_to_withdraw(noon, Policy()) == last


def test_the_withdrawal_period_ends_with_its_last_minute_in_the_shops_zone() -> None:
    # 16 March 2026 in New York ends at 4:00 UTC on the 17th: summer time began on the 8th.
    monday = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    line = replace(TEES, anchors=(None, None, monday))
    policy = Policy(time_zone="America/New_York")
    end = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)
    assert judged(line, kind=WITHDRAWAL, policy=policy, at=end - timedelta(seconds=1)) == []
    [refusal] = judged(line, kind=WITHDRAWAL, policy=policy, at=end)
    assert refusal.code == "window_passed"
    assert "until 16 March 2026" in refusal.message


def test_before_delivery_everything_can_be_withdrawn_from() -> None:
    placed = replace(TEES, anchors=(datetime(2020, 1, 1, tzinfo=UTC), None, None))
    assert judged(placed, kind=WITHDRAWAL) == []


def test_the_shops_own_limits_do_not_bind_a_withdrawal() -> None:
    final = replace(TEES, final_sale=True)
    strict = Policy(window_days=0)
    assert judged(final, kind=WITHDRAWAL, policy=strict) == []
    assert {refusal.code for refusal in judged(final, policy=strict, at=SOON)} == {
        "final_sale",
        "window_passed",
    }


def test_what_the_law_excludes_is_told() -> None:
    made_to_order = replace(TEES, category="engraved")
    policy = Policy(withdrawal_excluded=("engraved",))
    [refusal] = judged(made_to_order, kind=WITHDRAWAL, policy=policy)
    assert refusal.code == "withdrawal_excluded"
    assert judged(made_to_order, kind=WITHDRAWAL, policy=policy, override=True) == []
    assert judged(made_to_order, policy=policy) == []
    # Another category, or none, is not excluded.
    for line in (replace(TEES, category="plain"), TEES):
        assert judged(line, kind=WITHDRAWAL, policy=policy) == []


def test_a_line_that_is_asked_for_twice_has_no_fewer_than_no_units_left() -> None:
    [more, none] = judged(replace(TEES, quantity=4), replace(TEES, pointer="/lines/1"))
    assert more.message == "3 of Linen tee can still be returned, not 4."
    assert none.message == "All units of Linen tee are already in a return."
    assert none.pointer == "/lines/1/quantity"


def test_a_withdrawal_is_refunded_by_the_same_means() -> None:
    credit = replace(TEES, resolution=Resolution.STORE_CREDIT)
    [refusal] = judged(credit, kind=WITHDRAWAL)
    assert refusal.code == "resolution_not_offered"


def test_where_there_is_no_right_of_withdrawal_the_kind_is_not_offered() -> None:
    [refusal] = judged(TEES, kind=WITHDRAWAL, policy=Policy(withdrawal_days=0))
    assert refusal.code == "kind_not_offered"


# --- the window --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time_zone", "ends"),
    [
        # Delivered on 1 March in UTC and New York, but on the 2nd already in Tokyo.
        ("UTC", datetime(2026, 4, 1, 0, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 4, 1, 4, 0, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 4, 1, 15, 0, tzinfo=UTC)),
        # Clocks went forward on 29 March: 31 March ends at 23:00 UTC.
        ("Europe/London", datetime(2026, 3, 31, 23, 0, tzinfo=UTC)),
    ],
)
def test_the_window_lasts_to_the_last_second_of_its_last_day_in_the_shops_time_zone(
    time_zone: str, ends: datetime
) -> None:
    tees, policy = delivered(DELIVERED, time_zone)
    assert judged(tees, at=ends - timedelta(microseconds=1), policy=policy) == []
    assert [found.code for found in judged(tees, at=ends, policy=policy)] == ["window_passed"]


def test_a_day_of_25_hours_counts_whole() -> None:
    # In London 25 October 2026 ends at 24:00 UTC, as its clocks go back at 01:00 UTC.
    tees, policy = delivered(datetime(2026, 9, 25, 12, 0, tzinfo=UTC), "Europe/London")
    assert judged(tees, at=datetime(2026, 10, 25, 23, 59, 59, tzinfo=UTC), policy=policy) == []
    assert judged(tees, at=datetime(2026, 10, 26, 0, 0, tzinfo=UTC), policy=policy) != []


def test_a_day_that_begins_at_one_in_the_morning_begins_there() -> None:
    # In Cairo clocks go forward at midnight: 24 April 2026 has no first hour.
    tees, policy = delivered(datetime(2026, 3, 24, 12, 0, tzinfo=UTC), "Africa/Cairo")
    assert judged(tees, at=datetime(2026, 4, 23, 21, 59, 59, tzinfo=UTC), policy=policy) == []
    assert judged(tees, at=datetime(2026, 4, 23, 22, 0, tzinfo=UTC), policy=policy) != []


def test_the_leap_day_is_a_day() -> None:
    bought = (datetime(2028, 1, 30, 12, 0, tzinfo=UTC), None, None)
    assert last_day(bought, Policy(window_days=30)) == date(2028, 2, 29)
    bought = (datetime(2027, 1, 30, 12, 0, tzinfo=UTC), None, None)
    assert last_day(bought, Policy(window_days=30)) == date(2027, 3, 1)


PLACED, SHIPPED, ARRIVED = (datetime(2026, 5, day, tzinfo=UTC) for day in (1, 3, 6))


@pytest.mark.parametrize(
    ("anchor", "anchors", "starts"),
    [
        ("delivered", (PLACED, SHIPPED, ARRIVED), ARRIVED),
        ("delivered", (PLACED, SHIPPED, None), SHIPPED),
        ("delivered", (PLACED, None, None), PLACED),
        ("shipped", (PLACED, SHIPPED, ARRIVED), SHIPPED),
        ("shipped", (PLACED, None, ARRIVED), PLACED),
        ("placed", (PLACED, SHIPPED, ARRIVED), PLACED),
    ],
)
def test_an_unknown_delivery_gives_way_to_what_came_before_it(
    anchor: str, anchors: tuple[datetime | None, ...], starts: datetime
) -> None:
    policy = Policy(window_anchor=anchor, window_days=10)
    assert last_day(anchors, policy) == starts.date() + timedelta(days=10)  # type: ignore[arg-type]


def test_without_any_date_the_window_never_ends() -> None:
    undated = replace(TEES, anchors=(None, None, None))
    assert judged(undated, at=datetime(2036, 1, 1, tzinfo=UTC)) == []


def test_a_window_of_no_days_lasts_to_the_end_of_the_day_of_delivery() -> None:
    tees, policy = delivered(datetime(2026, 5, 6, 9, tzinfo=UTC), "UTC", days=0)
    assert judged(tees, at=datetime(2026, 5, 6, 23, 59, tzinfo=UTC), policy=policy) == []
    assert judged(tees, at=datetime(2026, 5, 7, tzinfo=UTC), policy=policy) != []


# --- gifts ---------------------------------------------------------------------------------------


def test_a_gift_is_judged_like_a_return_but_brings_no_refund() -> None:
    credit = replace(TEES, resolution=Resolution.STORE_CREDIT)
    assert judged(credit, kind=ReturnKind.GIFT) == []
    [refusal] = judged(TEES, kind=ReturnKind.GIFT, override=True)
    assert (refusal.pointer, refusal.code) == ("/lines/0/resolution", "resolution_not_offered")
    assert (
        "never back to the buyer's payments; ask for store credit or an exchange."
        in refusal.message
    )
    exchange = replace(TEES, resolution=Resolution.EXCHANGE)
    assert judged(exchange, kind=ReturnKind.GIFT) == []
    late = datetime(2026, 4, 1, tzinfo=UTC)
    [refusal] = judged(credit, kind=ReturnKind.GIFT, at=late)
    assert refusal.code == "window_passed"


# --- what else speaks against it ---------------------------------------------------------------


def test_every_refusal_is_a_plain_sentence_at_its_place() -> None:
    late = datetime(2026, 4, 1, tzinfo=UTC)
    found = judged(
        replace(TEES, quantity=4, final_sale=True, resolution=Resolution.REPLACEMENT),
        AskedLine(pointer="/lines/1", line="9", quantity=1, resolution=Resolution.REFUND),
        at=late,
    )
    assert [(refusal.pointer, refusal.code, refusal.message) for refusal in found] == [
        (
            "/lines/0/quantity",
            "quantity_exceeds_left",
            "3 of Linen tee can still be returned, not 4.",
        ),
        (
            "/lines/0/resolution",
            "resolution_not_offered",
            "This shop does not offer replacement; ask for a refund, store credit or an exchange.",
        ),
        (
            "/lines/0/line",
            "final_sale",
            "Linen tee was sold as final sale and can't be returned.",
        ),
        (
            "/lines/0/line",
            "window_passed",
            "Linen tee could be returned until 31 March 2026.",
        ),
        ("/lines/1/line", "unknown_line", "The order has no line 9."),
    ]


def test_nothing_asked_for_is_refused() -> None:
    assert [refusal.message for refusal in judged()] == ["Name a line to return."]


@pytest.mark.parametrize("quantity", [0, -1])
def test_less_than_one_unit_is_refused(quantity: int) -> None:
    [refusal] = judged(replace(TEES, quantity=quantity))
    assert refusal.code == "quantity"
    assert refusal.message == "A quantity is a whole number from 1."
    assert refusal.pointer == "/lines/0/quantity"


def test_when_all_units_are_in_returns_it_says_so() -> None:
    [refusal] = judged(replace(TEES, free_units=0))
    assert refusal.message == "All units of Linen tee are already in a return."


def test_a_line_named_twice_shares_what_is_left() -> None:
    again = replace(TEES, pointer="/lines/1", quantity=2)
    assert judged(replace(TEES, quantity=1), again) == []
    [refusal] = judged(replace(TEES, quantity=2), again)
    assert refusal.pointer == "/lines/1/quantity"
    assert refusal.message == "1 of Linen tee can still be returned, not 2."


@given(st.integers(min_value=1, max_value=9), st.lists(st.integers(min_value=1, max_value=4)))
def test_however_a_line_is_split_no_more_units_pass_than_are_free(
    free_units: int, quantities: list[int]
) -> None:
    lines = [replace(TEES, free_units=free_units, quantity=quantity) for quantity in quantities]
    fits = sum(quantities) <= free_units
    assert (judged(*lines) == []) == (fits and bool(lines))


# --- staff set the policy aside ----------------------------------------------------------------


def test_an_override_sets_window_and_final_sale_aside_but_never_the_units() -> None:
    late = datetime(2027, 1, 1, tzinfo=UTC)
    final = replace(TEES, final_sale=True)
    assert judged(final, at=late, override=True) == []
    [refusal] = judged(replace(final, quantity=4), at=late, override=True)
    assert refusal.code == "quantity_exceeds_left"
