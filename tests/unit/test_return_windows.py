"""The last minute of a window in the shop's zone: clocks that change, leap days, unknown days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.messages import Resolution, ReturnKind
from models.rules.policy import Policy
from models.rules.policy_rules import LineFacts, Rule, Then, When, ordered_on, rule_on
from tests.unit.test_eligibility import ARRIVED, PLACED, SHIPPED, TEES, delivered, judged


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- the window -----------------------------------------------------------------------------------

# Zone, when it was delivered, how long the window is, and the moment its last day is over. All
# moments are UTC and were worked out by hand from the zones' published changes.
LAST_DAYS = [
    # Clocks go forward in the night: 29 March 2026 has 23 hours, 8 March in New York.
    ("Europe/Berlin", "2026-03-22 12:00", 7, "2026-03-29 22:00"),
    ("America/New_York", "2026-03-01 17:00", 7, "2026-03-09 04:00"),
    # They go back: 25 October has 25 hours, 1 November in New York, 5 April in Sydney.
    ("Europe/London", "2026-09-25 12:00", 30, "2026-10-26 00:00"),
    ("America/New_York", "2026-10-25 12:00", 7, "2026-11-02 05:00"),
    ("Australia/Sydney", "2026-03-29 02:00", 7, "2026-04-05 14:00"),
    # By half an hour only.
    ("Australia/Lord_Howe", "2026-03-29 02:00", 7, "2026-04-05 13:30"),
    # The day after the last has no first hour: 24 April in Cairo, 29 March in Beirut, and
    # 4 November 2018 in Sao Paulo begin at one in the morning.
    ("Africa/Cairo", "2026-03-24 12:00", 30, "2026-04-23 22:00"),
    ("Asia/Beirut", "2026-03-21 12:00", 7, "2026-03-28 22:00"),
    ("America/Sao_Paulo", "2018-10-27 12:00", 7, "2018-11-04 03:00"),
    # The last day itself has no first hour.
    ("Africa/Cairo", "2026-03-25 12:00", 30, "2026-04-24 21:00"),
    # The last day has its last hour twice: at midnight it is eleven once more.
    ("Africa/Cairo", "2026-10-22 12:00", 7, "2026-10-29 22:00"),
    ("Asia/Beirut", "2026-10-17 12:00", 7, "2026-10-24 22:00"),
    ("America/Sao_Paulo", "2018-02-10 12:00", 7, "2018-02-18 03:00"),
    # Samoa left out 30 December 2011 whole, going from one side of the date line to the other.
    ("Pacific/Apia", "2011-12-22 20:00", 7, "2011-12-30 10:00"),
    # As far east and west as there are people, and by three quarters of an hour.
    ("Pacific/Kiritimati", "2026-05-01 09:59", 7, "2026-05-08 10:00"),
    ("Pacific/Kiritimati", "2026-05-01 10:00", 7, "2026-05-09 10:00"),
    ("Pacific/Pago_Pago", "2026-05-01 10:59", 7, "2026-05-08 11:00"),
    ("Pacific/Pago_Pago", "2026-05-01 11:00", 7, "2026-05-09 11:00"),
    ("Asia/Kathmandu", "2026-05-01 18:15", 7, "2026-05-09 18:15"),
    # Leap days: as the last day, as the first, and on the way over one, a year and four later.
    ("Europe/Berlin", "2028-02-22 12:00", 7, "2028-02-29 23:00"),
    ("America/New_York", "2028-02-29 12:00", 0, "2028-03-01 05:00"),
    ("UTC", "2028-02-28 12:00", 2, "2028-03-02 00:00"),
    ("UTC", "2027-02-27 12:00", 2, "2027-03-02 00:00"),
    ("UTC", "2028-02-29 12:00", 365, "2029-03-01 00:00"),
    ("UTC", "2028-02-29 12:00", 1461, "2032-03-01 00:00"),
]


@pytest.mark.parametrize(("time_zone", "arrived", "days", "ends"), LAST_DAYS)
def test_the_last_minute_of_a_window_is_in_it_and_the_next_is_not(
    time_zone: str, arrived: str, days: int, ends: str
) -> None:
    end = utc(ends)
    tees, policy = delivered(utc(arrived), time_zone, days)
    for before in (timedelta(minutes=1), timedelta(microseconds=1)):
        assert judged(tees, at=end - before, policy=policy) == []
    for after in (timedelta(), timedelta(minutes=1), timedelta(hours=1)):
        [refusal] = judged(tees, at=end + after, policy=policy)
        assert refusal.code == "window_passed"


@pytest.mark.parametrize(("time_zone", "arrived", "days", "ends"), LAST_DAYS)
def test_the_zone_that_a_time_was_written_in_does_not_matter(
    time_zone: str, arrived: str, days: int, ends: str
) -> None:
    end = utc(ends)
    for zone in (
        timezone(timedelta(hours=14)),
        timezone(-timedelta(hours=12)),
        ZoneInfo(time_zone),
    ):
        tees, policy = delivered(utc(arrived).astimezone(zone), time_zone, days)
        last = (end - timedelta(microseconds=1)).astimezone(zone)
        assert judged(tees, at=last, policy=policy) == []
        assert judged(tees, at=end.astimezone(zone), policy=policy) != []


@given(
    st.sampled_from([zone for zone, *_ in LAST_DAYS]),
    st.datetimes(utc("2015-01-01").replace(tzinfo=None), utc("2035-01-01").replace(tzinfo=None)),
    st.integers(0, 400),
)
def test_what_counts_is_the_calendar_of_the_shop(
    time_zone: str, arrived: datetime, days: int
) -> None:
    # The other way round: a moment is in the window when its day in the shop's zone is.
    zone, at = ZoneInfo(time_zone), arrived.replace(tzinfo=UTC)
    tees, policy = delivered(at, time_zone, days)
    first = at.astimezone(zone).date()
    for hours in (-1, 0, 1, 22, 23, 24, 25, 26):
        asked = at + timedelta(days=days, hours=hours)
        if asked >= at:
            on = asked.astimezone(zone).date()
            fits = (on - first).days <= days
            assert (judged(tees, at=asked, policy=policy) == []) == fits


# --- from when it counts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchors", "ends"),
    [
        # Days end at 22:00 UTC in a summer in Berlin.
        ((PLACED, SHIPPED, ARRIVED), "2026-05-16 22:00"),
        ((PLACED, SHIPPED, None), "2026-05-13 22:00"),
        ((PLACED, None, None), "2026-05-11 22:00"),
        ((None, SHIPPED, None), "2026-05-13 22:00"),
    ],
)
def test_without_a_delivery_the_window_lasts_to_the_last_minute_from_what_is_known(
    anchors: tuple[datetime | None, datetime | None, datetime | None], ends: str
) -> None:
    line = replace(TEES, anchors=anchors)
    policy = Policy(window_days=10, time_zone="Europe/Berlin")
    assert judged(line, at=utc(ends) - timedelta(minutes=1), policy=policy) == []
    [refusal] = judged(line, at=utc(ends), policy=policy)
    assert refusal.code == "window_passed"


def test_each_line_has_the_window_of_its_own_delivery() -> None:
    # Two parcels of one order, the second eleven days later.
    first = replace(TEES, anchors=(PLACED, SHIPPED, ARRIVED))
    late = ARRIVED + timedelta(days=11)
    second = replace(TEES, pointer="/lines/1", line="2", anchors=(PLACED, SHIPPED, late))
    policy = Policy(window_days=10)
    [refusal] = judged(first, second, at=ARRIVED + timedelta(days=12), policy=policy)
    assert refusal.pointer == "/lines/0/line"


def test_before_a_line_was_sent_its_window_never_ends() -> None:
    shipped = Policy(window_anchor="shipped")
    late = datetime(2036, 1, 1, tzinfo=UTC)
    assert judged(replace(TEES, anchors=(None, None, ARRIVED)), policy=shipped, at=late) == []


# --- windows by rule ---------------------------------------------------------------------------

# Longer where the parcel travels far, shorter for what spoils, longest for gifts before Christmas.
BY_RULE = (
    Rule(name="Far", priority=1, when=When(countries=("NO",)), then=Then(window_days=20)),
    Rule(name="Fresh", priority=2, when=When(categories=("flowers",)), then=Then(window_days=1)),
    Rule(
        name="Season",
        priority=3,
        when=When(ordered_from=date(2027, 11, 15), ordered_until=date(2028, 2, 29)),
        then=Then(window_days=60),
    ),
)


@pytest.mark.parametrize(
    ("placed", "category", "country", "rule", "ends"),
    [
        # Berlin's winter: days end at 23:00 UTC. Without a rule it is ten days.
        ("2027-11-14 22:59", "tees", "DE", "", "2027-11-24 23:00"),
        ("2027-11-14 22:59", "tees", "NO", "Far", "2027-12-04 23:00"),
        ("2027-11-14 22:59", "flowers", "NO", "Fresh", "2027-11-15 23:00"),
        # A minute later the 15th has begun in Berlin, and the season with it.
        ("2027-11-14 23:00", "flowers", "NO", "Season", "2028-01-14 23:00"),
        # The season's last minute is that of the leap day; 60 days on, it is summer time.
        ("2028-02-29 22:59", "tees", "DE", "Season", "2028-04-29 22:00"),
        ("2028-02-29 23:00", "tees", "DE", "", "2028-03-11 23:00"),
    ],
)
def test_a_rules_window_lasts_to_its_last_minute(
    placed: str, category: str, country: str, rule: str, ends: str
) -> None:
    at, end = utc(placed), utc(ends)
    policy = Policy(window_days=10, rules=BY_RULE, time_zone="Europe/Berlin")
    facts = LineFacts(
        kind=ReturnKind.RETURN,
        reason="style",
        resolution=Resolution.REFUND,
        category=category,
        sku="TEE",
        country=country,
        ordered_on=ordered_on(at, policy.time_zone),
    )
    line = replace(TEES, anchors=(at, None, None), ruling=rule_on(policy.rules, facts))
    assert judged(line, at=end - timedelta(minutes=1), policy=policy) == []
    [refusal] = judged(line, at=end, policy=policy)
    assert refusal.code == "window_passed"
    assert (f"(rule “{rule}”)" in refusal.message) == bool(rule)


# --- withdrawals -------------------------------------------------------------------------------

WITHDRAWAL = ReturnKind.WITHDRAWAL


@pytest.mark.parametrize(
    ("time_zone", "arrived", "ends"),
    [
        # From Sunday 15 March to Sunday 29 March 2026, when clocks go forward, and so to Monday.
        ("Europe/Berlin", "2026-03-15 12:00", "2026-03-30 22:00"),
        # From 11 October to 25 October, when they go back, and so to Monday.
        ("Europe/London", "2026-10-11 12:00", "2026-10-27 00:00"),
        # At 22:30 UTC it was Tuesday still in London, and Wednesday in Helsinki.
        ("Europe/London", "2026-03-03 22:30", "2026-03-18 00:00"),
        ("Europe/Helsinki", "2026-03-03 22:30", "2026-03-18 22:00"),
        # From Friday to Friday; on Saturday it were Monday.
        ("America/New_York", "2026-03-07 04:59", "2026-03-21 04:00"),
        ("America/New_York", "2026-03-07 05:00", "2026-03-24 04:00"),
        # Cairo's Friday 24 April has no first hour, so that Thursday ends at 22:00 UTC.
        ("Africa/Cairo", "2026-04-09 12:00", "2026-04-23 22:00"),
        # The leap day is a Tuesday.
        ("Europe/Berlin", "2028-02-15 12:00", "2028-02-29 23:00"),
    ],
)
def test_a_withdrawal_can_be_made_to_the_last_minute_of_its_fourteen_days(
    time_zone: str, arrived: str, ends: str
) -> None:
    end = utc(ends)
    line, policy = delivered(utc(arrived), time_zone, days=0)
    for before in (timedelta(minutes=1), timedelta(microseconds=1)):
        assert judged(line, kind=WITHDRAWAL, policy=policy, at=end - before) == []
    [refusal] = judged(line, kind=WITHDRAWAL, policy=policy, at=end)
    assert refusal.code == "window_passed"


def test_a_withdrawals_days_count_from_delivery_whatever_the_shops_window_counts_from() -> None:
    monday = datetime(2026, 3, 2, 12, tzinfo=UTC)
    line = replace(TEES, anchors=(monday - timedelta(days=60), monday - timedelta(days=50), monday))
    policy = Policy(window_anchor="placed", window_days=1)
    last = datetime(2026, 3, 16, 23, 59, tzinfo=UTC)
    assert judged(line, kind=WITHDRAWAL, policy=policy, at=last) == []
    assert judged(line, kind=WITHDRAWAL, policy=policy, at=last + timedelta(minutes=1)) != []
    # Shipped is not delivered: the days have not begun.
    on_its_way = replace(line, anchors=(monday, monday, None))
    assert judged(on_its_way, kind=WITHDRAWAL, policy=policy, at=last + timedelta(days=99)) == []
