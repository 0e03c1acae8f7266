"""Rules of a policy: what they look at, which one decides, and that the answer names it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from models.messages import Reason, Resolution, ReturnKind
from models.rules.eligibility import AskedLine, judge
from models.rules.order_facts import OrderFacts
from models.rules.policy import Policy
from models.rules.policy_rules import (
    LineFacts,
    Rule,
    RuleDecision,
    Ruling,
    Then,
    When,
    ordered_on,
    rule_from_json,
    rule_on,
    rule_to_json,
)
from models.rules.positions import Span
from models.rules.quote import make_quote
from models.rules.quote_lines import QuotedLine
from models.rules.terms import Terms
from models.rules.worth import PaidLine

FACTS = LineFacts(
    kind=ReturnKind.RETURN,
    reason=Reason.TOO_SMALL,
    resolution=Resolution.REFUND,
    category="Swimwear",
    sku="SWIM-1",
    country="DE",
    ordered_on=date(2026, 11, 20),
)
DENIED = Then(deny="Once it was sent, hygiene forbids it.")


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (When(), True),
        (When(categories=("swimwear",)), True),
        (When(categories=("Shoes", "Bags")), False),
        (When(skus=("swim-1",)), True),
        (When(skus=("SWIM-2",)), False),
        (When(countries=("AT", "de")), True),
        (When(countries=("FR",)), False),
        (When(reasons=(Reason.TOO_SMALL,)), True),
        (When(reasons=(Reason.DEFECTIVE,)), False),
        (When(resolutions=(Resolution.REFUND,)), True),
        (When(resolutions=(Resolution.STORE_CREDIT,)), False),
        (When(kinds=(ReturnKind.CLAIM,)), False),
        (When(ordered_from=date(2026, 11, 20)), True),
        (When(ordered_from=date(2026, 11, 21)), False),
        (When(ordered_until=date(2026, 11, 20)), True),
        (When(ordered_until=date(2026, 11, 19)), False),
        (When(categories=("Swimwear",), countries=("FR",)), False),
    ],
)
def test_all_conditions_that_are_given_must_hold(when: When, holds: bool) -> None:
    assert when.holds(FACTS) is holds


def test_what_has_no_category_meets_no_condition_on_it() -> None:
    assert not When(categories=("Swimwear",)).holds(replace(FACTS, category=None))
    assert When().holds(replace(FACTS, category=None, country=None))


def test_each_thing_is_decided_by_the_highest_priority_that_says_something_of_it() -> None:
    rules = [
        Rule(name="All", then=Then(window_days=14, restocking_percent="10")),
        Rule(name="Christmas", priority=5, then=Then(window_days=60)),
        Rule(name="Too late", priority=5, then=Then(window_days=90)),
        Rule(name="France", priority=9, when=When(countries=("FR",)), then=Then(window_days=1)),
    ]
    ruling = rule_on(rules, FACTS)
    assert ruling.then == Then(window_days=60, restocking_percent="10")
    assert ruling.by == {"window_days": "Christmas", "restocking_percent": "All"}
    assert rule_on([], FACTS) == Ruling()


def test_rules_are_the_same_after_a_trip_through_the_document() -> None:
    dice = Random(5)

    def some(values: object) -> tuple[object, ...]:
        return tuple(value for value in values if dice.random() < 0.4)  # type: ignore[attr-defined]

    for number in range(300):
        rule = Rule(
            name=f"Rule {number}",
            priority=dice.randint(-9, 9),
            when=When(
                kinds=some(ReturnKind) or (ReturnKind.RETURN,),  # type: ignore[arg-type]
                categories=some(["Tees", "Bags"]),  # type: ignore[arg-type]
                reasons=some(Reason),  # type: ignore[arg-type]
                ordered_from=dice.choice([None, date(2026, 2, 28)]),
            ),
            then=Then(
                deny=dice.choice([None, "No."]),
                window_days=dice.choice([None, 0, 9]),
                resolutions=dice.choice([None, (), (Resolution.STORE_CREDIT,)]),
                return_shipping=dice.choice([None, 0, 495]),
                restocking_percent=dice.choice([None, "0", "12.5"]),
                decision=dice.choice([None, *RuleDecision]),
            ),
        )
        assert rule_from_json(rule_to_json(rule)) == rule


def test_the_day_of_an_order_is_the_shops() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert ordered_on(late, "UTC") == date(2026, 11, 20)
    assert ordered_on(late, "Europe/Berlin") == date(2026, 11, 21)


# --- in the judgement ----------------------------------------------------------------------------

DELIVERED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def judged(then: Then, *, days: int = 1, override: bool = False, **other: object) -> list[str]:
    """The refusals of a line that one rule is about, so many days after its delivery."""
    by = {
        name: "House rule" for name in Then.__dataclass_fields__ if getattr(then, name) is not None
    }
    line = AskedLine(
        pointer="/lines/0",
        line="1",
        quantity=1,
        resolution=Resolution.REFUND,
        name="Bikini",
        free_units=1,
        anchors=(None, None, DELIVERED),
        ruling=Ruling(then=then, by=by),
    )
    found = judge(
        [replace(line, **other)],  # type: ignore[arg-type]
        kind=ReturnKind.RETURN,
        policy=Policy(),
        at=DELIVERED + timedelta(days=days),
        override=override,
    )
    return [f"{refusal.code}: {refusal.message}" for refusal in found]


def test_a_rule_denies_in_the_shops_words_and_staff_may_set_it_aside() -> None:
    assert judged(DENIED) == [
        "denied_by_policy: Bikini can't be returned: Once it was sent, hygiene forbids it "
        "(rule “House rule”)."
    ]
    assert judged(DENIED, override=True) == []


def test_a_rule_makes_the_window_longer_or_shorter() -> None:
    assert judged(Then(window_days=60), days=59) == []
    assert judged(Then(window_days=7), days=8) == [
        "window_passed: Bikini could be returned until 8 March 2026 (rule “House rule”)."
    ]
    assert judged(Then(), days=29) == []


def test_a_rule_limits_what_may_be_asked_for() -> None:
    credit_only = Then(resolutions=(Resolution.STORE_CREDIT,))
    assert judged(credit_only) == [
        "resolution_not_offered: This shop does not offer refund for Bikini (rule “House rule”); "
        "ask for store credit."
    ]
    assert judged(credit_only, resolution=Resolution.STORE_CREDIT) == []
    assert "ask for nothing else" in judged(Then(resolutions=()))[0]


# --- in the quote --------------------------------------------------------------------------------

TEE = PaidLine(line="1", name="Tee", quantity=1, paid=10000, tax=0, order_discount=0, listed=10000)
MUG = PaidLine(line="2", name="Mug", quantity=1, paid=2000, tax=0, order_discount=0, listed=2000)
ORDER = OrderFacts(currency="GBP", lines=[TEE, MUG])
TERMS = Terms(return_shipping=500, restocking_percent="5", waived_for=frozenset())


def fees(*rulings: Ruling) -> list[tuple[str, int, str]]:
    """The fees of a tee and a mug that come back together."""
    lines = [
        QuotedLine(line=line, spans=[Span(1, 1)], no=no, ruling=ruling)
        for no, (line, ruling) in enumerate(zip((TEE, MUG), rulings, strict=False), start=1)
    ]
    quote = make_quote(ORDER, lines, TERMS)
    return [
        (line.kind, line.amount, line.explanation)
        for line in quote.lines
        if line.kind in ("restocking_fee", "return_shipping_fee")
    ]


def test_a_rules_fee_stands_in_the_quote_with_its_name() -> None:
    strict = Ruling(then=Then(restocking_percent="20"), by={"restocking_percent": "Electronics"})
    assert fees(strict, Ruling()) == [
        ("restocking_fee", -2000, "Restocking fee of 20 % (rule “Electronics”)"),
        ("restocking_fee", -100, "Restocking fee of 5 %"),
        ("return_shipping_fee", -500, "Fee for the return label"),
    ]


def test_a_rule_of_no_fee_is_no_fee_and_the_cheapest_way_counts() -> None:
    free = Ruling(
        then=Then(restocking_percent="0", return_shipping=100),
        by={"restocking_percent": "Club", "return_shipping": "Club"},
    )
    assert fees(free, Ruling()) == [
        ("restocking_fee", -100, "Restocking fee of 5 %"),
        ("return_shipping_fee", -100, "Fee for the return label (rule “Club”)"),
    ]
