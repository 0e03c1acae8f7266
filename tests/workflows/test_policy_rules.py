"""Rules of a policy at work: who decides, what it costs, and that a return keeps its version."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from models.messages import EventKind, ReturnStatus
from models.rules.policy import Policy
from models.rules.policy_rules import Rule, RuleDecision, Then, When
from models.rules.reasons import ReasonTerms
from models.rules.terms import Fault
from models.store.policy_versions import save_policy
from models.tables import OrderLine, Return
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite, told
from tests.workflows.stored import NOW
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import (
    AmendedLineRequest,
    AmendRequest,
    Conflict,
    LineRequest,
    Refused,
    ReturnRequest,
)

pytestmark = on_sqlite

TRUSTED = Rule(
    name="Tees",
    when=When(categories=("tees",)),
    then=Then(decision=RuleDecision.APPROVE, restocking_percent="10"),
)


def rules(world: World, *rules: Rule, **policy: object) -> None:
    with world.database.write() as session:
        made = replace(Policy(), rules=rules, **policy)  # type: ignore[arg-type]
        save_policy(session, made, actor="user:1", now=NOW)


def sold(world: World, *categories: str) -> str:
    """An order with a line of each category."""
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(1,) * len(categories))
    with world.database.write() as session:
        for no, category in enumerate(categories, start=1):
            session.execute(
                update(OrderLine)
                .where(OrderLine.order_number == number, OrderLine.line == str(no))
                .values(category=category)
            )
    return number


async def test_a_rule_approves_at_once_and_the_quote_it_made_is_the_refund(world: World) -> None:
    rules(world, TRUSTED)
    rma = await world.request(sold(world, "tees"))
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert told(world, rma, EventKind.APPROVED) == [{"units": 1, "by_policy": 1, "rule": "Tees"}]
    # The shop changes its mind; this return began under the rules it began under.
    rules(world, replace(TRUSTED, then=Then(restocking_percent="50")))
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [4500]
    with world.database.read() as session:
        assert session.get_one(Return, rma).quote_total == 4500


async def test_what_one_rule_reviews_is_reviewed_as_a_whole(world: World) -> None:
    review = Rule(
        name="Bags are looked at",
        when=When(categories=("bags",)),
        then=Then(decision=RuleDecision.REVIEW),
    )
    rules(world, TRUSTED, review, auto_approve_up_to=100_000)
    lines = {"1": 1, "2": 1}
    reviewed = await world.request(sold(world, "tees", "bags"), lines)
    assert world.status(reviewed) == ReturnStatus.REQUESTED
    # Of what no rule speaks, the amount decides.
    by_amount = await world.request(sold(world, "tees", "mugs"), lines)
    await world.until(by_amount, ReturnStatus.AWAITING_PARCEL)


async def test_rules_approve_only_what_they_approve_as_a_whole(world: World) -> None:
    rules(world, TRUSTED)
    rma = await world.request(sold(world, "tees", "mugs"), {"1": 1, "2": 1})
    assert world.status(rma) == ReturnStatus.REQUESTED


async def test_what_a_rule_denies_is_refused_by_its_name(world: World) -> None:
    rules(world, Rule(name="Swimwear", then=Then(deny="Hygiene forbids it")))
    with pytest.raises(Refused, match=r"Hygiene forbids it \(rule “Swimwear”\)\."):
        await world.request(sold(world, "swim"))


async def test_a_return_for_a_shops_own_reason_goes_its_way_when_the_reason_is_dropped(
    world: World,
) -> None:
    zips = ReasonTerms(reason="zip_broke", fault=Fault.MERCHANT, label="The zip broke")
    rules(world, auto_approve_up_to=100_000, return_shipping=400, reasons=(zips,))
    asked = ReturnRequest(
        order=sold(world, "tees"), lines=[LineRequest(line="1", quantity=1, reason="zip_broke")]
    )
    rma = (await world.call(world.gateway.request_return, asked, AGENT)).rma
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    rules(world, return_shipping=400)
    again = replace(asked, order=sold(world, "tees"))
    with pytest.raises(Refused, match="no reason zip_broke; give one of too_small"):
        await world.call(world.gateway.request_return, again, AGENT)
    # A change of mind is held against the reasons the return began with.
    for reason, refused in (("zip_brok", "unknown_reason"), ("colour", "reason_fixed")):
        line = AmendedLineRequest(line="1", quantity=1, reason=reason)
        with pytest.raises((Refused, Conflict)) as caught:
            await world.call(world.gateway.amend, rma, AmendRequest(lines=[line]), AGENT)
        codes = {caught.value.code, *(each.code for each in getattr(caught.value, "refusals", []))}
        assert refused in codes
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    # The shop's fault: nothing is kept for the way back.
    assert [refund.amount for refund in world.refunds(rma)] == [5000]
    with world.database.read() as session:
        assert [line.why for line in session.get_one(Return, rma).lines] == ["The zip broke"]
