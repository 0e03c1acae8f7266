"""Requests held against what is known of the customer, the reasons and the deadlines of a shop."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import update

from models.database import Database
from models.messages import Assessment, Deadlines, Reason, ReturnStatus
from models.rules.policy import Policy
from models.rules.policy_rules import CustomerFacts, Rule, RuleDecision, Then, When
from models.rules.reasons import ReasonTerms
from models.rules.terms import Fault
from models.settings import load_settings
from models.store.judging import assessment_of
from models.store.overrides import read_overrides
from models.store.policies import policy_at
from models.store.policy_versions import save_policy
from models.store.pricing import facts_of
from models.tables import Return, ReturnLine
from tests.conftest import MakeDatabase
from tests.web.past_returns import PLACED, ask, order
from tests.web.staff_app import Desk
from web.access import Role
from web.gateway import Gateway

DAY = timedelta(days=1)
WATCHED = Rule(
    name="Half of it comes back",
    when=When(return_rate_above="0.4", orders_at_least=2),
    then=Then(decision=RuleDecision.REVIEW, return_shipping=300),
)


def put(database: Database, policy: Policy) -> None:
    with database.write() as session:
        save_policy(session, policy, actor="user:1", now=PLACED)


def row(database: Database, rma: str) -> Return:
    with database.read() as session:
        return session.get_one(Return, rma)


def assessed(database: Database, rma: str) -> Assessment:
    with database.read() as session:
        found = session.get_one(Return, rma)
        return assessment_of(session, found, policy_at(session, found.policy_version))


def came_back(database: Database, rma: str, units: int) -> None:
    with database.write() as session:
        session.execute(
            update(ReturnLine).where(ReturnLine.rma == rma).values(approved=units, received=units)
        )


def test_a_customer_who_sends_much_back_is_looked_at(database: Database) -> None:
    put(database, Policy(auto_approve_up_to=100_000, rules=(WATCHED,)))
    order(database, "O-1")
    ask(database, "O-1", "R-1", at=PLACED + DAY, units={"1": 2})
    # The first order of this customer: nothing to go by.
    assert assessed(database, "R-1").approved
    came_back(database, "R-1", 2)
    order(database, "O-2", at=PLACED + 2 * DAY)
    ask(database, "O-2", "R-2", at=PLACED + 3 * DAY)
    made = assessed(database, "R-2")
    assert (made.approved, made.rule, made.total) == (False, "Half of it comes back", 4700)
    known = CustomerFacts(
        id="c-1", orders=2, units_ordered=4, units_returned=2, returns_in_90_days=1
    )
    assert facts_of(row(database, "R-2")).customer == known
    # Somebody else is somebody else.
    order(database, "O-3", customer="c-2")
    ask(database, "O-3", "R-3", at=PLACED + 3 * DAY)
    assert assessed(database, "R-3").approved


def test_what_is_known_is_what_was_known_on_that_day(database: Database) -> None:
    put(database, Policy(rules=(WATCHED,)))
    order(database, "O-1")
    order(database, "O-2")
    for number, (of, at) in enumerate(
        [("O-1", PLACED + DAY), ("O-1", PLACED + 2 * DAY), ("O-2", PLACED + 3 * DAY)], start=1
    ):
        ask(database, of, f"R-{number}", at=at)
        came_back(database, f"R-{number}", 1)
    with database.write() as session:
        session.get_one(Return, "R-1").status = ReturnStatus.DECLINED
    order(database, "O-9", at=PLACED + 120 * DAY)
    ask(database, "O-9", "R-9", at=PLACED + 92 * DAY, override=True)
    known = facts_of(row(database, "R-9")).customer
    # O-9 was not placed yet; R-1 was declined, R-2 is exactly ninety days ago.
    assert (known.orders, known.units_ordered) == (2, 4)
    assert (known.units_returned, known.returns_in_90_days) == (3, 2)
    with database.write() as session:
        session.get_one(Return, "R-2").judged_at -= timedelta(seconds=1)
    ask(database, "O-9", "R-10", at=PLACED + 92 * DAY, override=True)
    assert facts_of(row(database, "R-10")).customer.returns_in_90_days == 1


def test_the_value_of_a_request_is_what_all_of_it_had_cost(database: Database) -> None:
    dear = Rule(name="Dear", when=When(value_above=9000), then=Then(restocking_percent="10"))
    put(database, Policy(rules=(dear,)))
    order(database, "O-1")
    ask(database, "O-1", "R-1", at=PLACED + DAY, units={"1": 2})
    assert row(database, "R-1").quote_total == 9000
    assert facts_of(row(database, "R-1")).value == 10000


def test_a_blocked_customer_is_refused_by_the_rules_name(database: Database) -> None:
    blocked = Rule(name="Blocked", when=When(customers=("c-1",)), then=Then(deny="Please call us"))
    put(database, Policy(rules=(blocked,)))
    order(database, "O-1")
    with pytest.raises(AssertionError, match="Please call us"):
        ask(database, "O-1", "R-1", at=PLACED + DAY)
    order(database, "O-2", customer="c-2")
    ask(database, "O-2", "R-2", at=PLACED + DAY)


def test_the_shops_own_word_on_a_fault_decides_the_fee(database: Database) -> None:
    ours = ReasonTerms(reason=Reason.STYLE, fault=Fault.MERCHANT)
    put(database, Policy(return_shipping=400, reasons=(ours,)))
    order(database, "O-1")
    ask(database, "O-1", "R-1", at=PLACED + DAY, reason=Reason.STYLE)
    ask(database, "O-1", "R-2", at=PLACED + DAY, reason=Reason.COLOUR)
    assert (row(database, "R-1").quote_total, row(database, "R-2").quote_total) == (5000, 4600)


def test_what_needs_a_photo_is_never_approved_by_a_rule(database: Database) -> None:
    shown = ReasonTerms(reason=Reason.DEFECTIVE, fault=Fault.MERCHANT, photo=True)
    put(database, Policy(auto_approve_up_to=100_000, reasons=(shown,)))
    order(database, "O-1")
    ask(database, "O-1", "R-1", at=PLACED + DAY, reason=Reason.DEFECTIVE)
    ask(database, "O-1", "R-2", at=PLACED + DAY)
    first, second = assessed(database, "R-1"), assessed(database, "R-2")
    assert (first.approved, first.photo_needed, first.rule) == (False, True, None)
    assert (second.approved, second.photo_needed) == (True, False)


def test_overrides_are_counted_by_rule_and_person(database: Database) -> None:
    short = Rule(name="Sale", when=When(categories=("sale",)), then=Then(window_days=2))
    put(database, Policy(rules=(short,)))
    order(database, "O-1", category="sale")
    order(database, "O-2")
    for number, of in enumerate(("O-1", "O-1", "O-2"), start=1):
        ask(database, of, f"R-{number}", at=PLACED + 60 * DAY, override=True)
    order(database, "O-3")
    ask(database, "O-3", "R-4", at=PLACED + DAY, override=True)
    ask(database, "O-3", "R-5", at=PLACED + DAY)
    with database.read() as session:
        found = read_overrides(session)
        assert [row.rma for row in found.returns][-1] == "R-4"
    assert [(each.code, each.rule, each.actor, each.count) for each in found.counts] == [
        ("window_passed", "Sale", "user:1", 2),
        ("window_passed", None, "user:1", 1),
        (None, None, "user:1", 1),
    ]


# --- pages and deadlines --------------------------------------------------------------------------


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def test_the_page_of_the_policy_tells_what_was_set_aside(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER)
    assert "Nobody set the policy aside." in manager.get("/policy").text
    order(desk.database, "O-1")
    ask(desk.database, "O-1", "R-1", at=PLACED + 60 * DAY, override=True)
    page = manager.get("/policy").text
    assert "The return window" in page
    assert "She asked nicely" in page


def test_who_decides_is_told_to_look_at_a_photo(desk: Desk) -> None:
    shown = ReasonTerms(reason=Reason.DEFECTIVE, fault=Fault.MERCHANT, photo=True)
    put(desk.database, Policy(reasons=(shown,)))
    order(desk.database, "O-1")
    ask(desk.database, "O-1", "R-1", at=PLACED + DAY, reason=Reason.DEFECTIVE)
    ask(desk.database, "O-1", "R-2", at=PLACED + DAY)
    agent = desk.browser(Role.AGENT)
    assert "the policy wants one for" in agent.get("/returns/R-1").text
    assert "the policy wants one for" not in agent.get("/returns/R-2").text


def test_the_policys_deadlines_win_over_the_settings(desk: Desk, tmp_path: Path) -> None:
    settings = replace(load_settings(tmp_path), deadlines=Deadlines(label_reminder=7))
    gateway = Gateway(settings, desk.database, cast("Any", None))
    assert gateway.deadlines() == settings.deadlines
    put(desk.database, Policy(deadlines=(("decision_due", "12h"), ("no_movement", "5s"))))
    assert gateway.deadlines() == replace(
        settings.deadlines, decision_due=12 * 3600, no_movement=5, label_reminder=7
    )
