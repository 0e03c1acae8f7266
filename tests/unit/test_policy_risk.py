"""Rules about customers and values, and what a shop says of its reasons."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from models.messages import Reason, Refusal, Resolution, ReturnKind
from models.rules.eligibility import AskedLine, judge
from models.rules.policy import Policy
from models.rules.policy_rules import (
    CustomerFacts,
    LineFacts,
    RequestFacts,
    Rule,
    Then,
    When,
    rule_from_json,
    rule_to_json,
)
from models.rules.reasons import FAULTS, ReasonTerms
from models.rules.terms import Fault

CARLA = CustomerFacts(id="c-1", orders=4, units_ordered=10, units_returned=5, returns_in_90_days=3)
FACTS = LineFacts(
    kind=ReturnKind.RETURN,
    reason=Reason.STYLE,
    resolution=Resolution.REFUND,
    category=None,
    sku="SKU-1",
    country="GB",
    ordered_on=date(2026, 11, 20),
    request=RequestFacts(value=5000, customer=CARLA),
)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (When(customers=("c-1",)), True),
        # An id is the shop's own and no word: capitals matter.
        (When(customers=("C-1", "c-2")), False),
        (When(orders_at_least=4), True),
        (When(orders_at_least=5), False),
        (When(return_rate_above="0.49"), True),
        (When(return_rate_above="0.5"), False),
        (When(return_rate_above="0.49", orders_at_least=5), False),
        (When(returns_in_90_days_above=2), True),
        (When(returns_in_90_days_above=3), False),
        (When(value_above=4999), True),
        (When(value_above=5000), False),
    ],
)
def test_a_condition_about_a_customer_or_value_holds_where_it_should(
    when: When, holds: bool
) -> None:
    assert when.holds(FACTS) is holds


def test_of_whom_nothing_is_known_nothing_is_counted() -> None:
    unknown = RequestFacts().customer
    counts = (unknown.orders, unknown.units_ordered, unknown.units_returned)
    assert (unknown.id, *counts, unknown.returns_in_90_days) == (None, 0, 0, 0, 0)
    assert RequestFacts().value == 0


def test_a_rule_without_a_priority_stands_in_the_middle() -> None:
    assert Rule(name="x", then=Then(deny="No")).priority == 0


def test_of_a_guest_and_of_a_first_order_nothing_is_held_against_them() -> None:
    guest = replace(FACTS, request=RequestFacts(value=5000))
    first = replace(
        FACTS, request=RequestFacts(customer=CustomerFacts(id="c-9", orders=1, units_ordered=2))
    )
    for facts in (guest, first):
        assert not When(return_rate_above="0").holds(facts)
        assert not When(returns_in_90_days_above=0).holds(facts)
        assert not When(customers=("c-1",)).holds(facts)


def test_only_conditions_about_the_customer_need_the_customer() -> None:
    assert not When(value_above=1, categories=("tees",)).looks_at_customer
    for when in (
        When(customers=("c-1",)),
        When(orders_at_least=1),
        When(return_rate_above="0"),
        When(returns_in_90_days_above=0),
    ):
        assert when.looks_at_customer
        policy = Policy(rules=(Rule(name="x", when=when, then=Then(deny="No")),))
        assert policy.looks_at_customers
        assert rule_from_json(rule_to_json(policy.rules[0])) == policy.rules[0]
        assert Policy.from_json(policy.to_json(), 1) == policy
    assert not Policy().looks_at_customers


def test_what_was_known_is_read_as_it_was_written() -> None:
    assert RequestFacts.from_json(FACTS.request.to_json()) == FACTS.request


def test_a_reason_has_its_usual_fault_until_the_shop_says_otherwise() -> None:
    late = ReasonTerms(reason=Reason.ARRIVED_LATE, fault=Fault.MERCHANT, photo=True)
    policy = Policy(reasons=(late,), deadlines=(("decision_due", "2d"),))
    assert policy.on_reason(Reason.ARRIVED_LATE) == late
    for reason in set(Reason) - {Reason.ARRIVED_LATE}:
        terms = policy.on_reason(reason)
        assert (terms.fault, terms.photo, terms.offered) == (FAULTS[reason], False, True)
    assert Policy.from_json(policy.to_json(), 1) == policy


def test_a_reason_that_is_not_offered_is_refused_unless_staff_say_so() -> None:
    line = AskedLine(
        pointer="/lines/0",
        line="1",
        quantity=1,
        resolution=Resolution.REFUND,
        free_units=1,
        reason=Reason.STYLE,
    )
    closed = ReasonTerms(reason=Reason.STYLE, fault=Fault.CUSTOMER, offered=False)

    def judged(reason: Reason, *, override: bool = False) -> list[Refusal]:
        return judge(
            [replace(line, reason=reason)],
            kind=ReturnKind.RETURN,
            policy=Policy(reasons=(closed,)),
            at=datetime(2026, 11, 20, tzinfo=UTC),
            override=override,
        )

    [refusal] = judged(Reason.STYLE)
    assert (refusal.code, refusal.pointer) == ("reason_not_offered", "/lines/0/reason")
    assert judged(Reason.COLOUR) == []
    assert judged(Reason.STYLE, override=True) == []
