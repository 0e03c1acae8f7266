"""The life of a return on a real Temporal server, a real provider and both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from models.messages import CarrierStatus, DecisionKind, ReturnStatus
from models.tables import PolicyVersion
from tests.contract.sandbox_process import new_payment
from tests.workflows.world import AGENT, SECOND, World, new_order_number
from web.requests import (
    Conflict,
    DecisionRequest,
    Forbidden,
    LineDecisionRequest,
    NotFound,
    ReceiptRequest,
    Refused,
    ScanRequest,
    UnexpectedRequest,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_return_goes_from_request_to_closed_and_pays_once(world: World) -> None:
    number, payment = new_order_number(), new_payment("ok")
    world.put_order(number, reference=payment)
    rma = await world.request(number)
    assert world.status(rma) == ReturnStatus.REQUESTED
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    assert world.status(rma) == ReturnStatus.IN_TRANSIT
    await world.receive(rma)
    assert world.status(rma) == ReturnStatus.RECEIVED
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    result = await world.handle(rma).result()
    assert result["status"] == ReturnStatus.CLOSED
    assert [row["amount"] for row in world.sandbox.refunds(payment)] == [5000]
    assert world.balance(rma) == {"sales_returns": 5000, "clearing:card": -5000}
    assert world.mails(rma) == ["requested", "approved", "received", "refunded", "follow_up"]


# --- deciding ----------------------------------------------------------------------------------


async def test_a_declined_return_gives_its_units_back(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number, {"1": 2})
    assert world.free_units(rma) == 0
    decline = DecisionRequest(decision=DecisionKind.DECLINE, note="Worn, Carla says so")
    await world.call(world.gateway.decide, rma, decline, AGENT)
    await world.until(rma, ReturnStatus.DECLINED)
    assert world.free_units(rma) == 2
    assert world.open_tasks(rma) == {}


async def test_a_second_decision_is_a_conflict_that_tells_the_state(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    with pytest.raises(Conflict) as caught:
        await world.approve(rma)
    assert caught.value.state == ReturnStatus.AWAITING_PARCEL
    assert "already decided" in caught.value.detail


async def test_one_line_can_be_declined_and_the_other_approved(world: World) -> None:
    number, payment = new_order_number(), new_payment("ok")
    world.put_order(number, reference=payment, quantities=(1, 1))
    rma = await world.request(number, {"1": 1, "2": 1})
    decision = DecisionRequest(
        decision=DecisionKind.APPROVE,
        lines=[LineDecisionRequest(line="1", decision=DecisionKind.DECLINE, note="worn")],
    )
    await world.call(world.gateway.decide, rma, decision, AGENT)
    assert world.free_units(rma) == 1
    with pytest.raises(Refused, match="0 of line 1 are still expected"):
        await world.receive(rma, {"1": 1})
    await world.receive(rma, {"2": 1})
    await world.inspect(rma, {"2": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [row.amount for row in world.refunds(rma)] == [5000]


async def test_over_the_policys_limit_a_second_person_must_approve_too(world: World) -> None:
    with world.database.write() as session:
        session.execute(delete(PolicyVersion))
        session.add(
            PolicyVersion(
                version=2, body={"second_approval_above": 4999}, actor="user:1", created_at=NOW
            )
        )
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number)
    answer = await world.approve(rma)
    assert answer.status == ReturnStatus.REQUESTED
    assert list(world.open_tasks(rma)) == ["second_approval"]
    with pytest.raises(Conflict, match="a second person must approve"):
        await world.approve(rma)
    await world.approve(rma, SECOND)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)


async def test_the_policy_approves_up_to_its_limit_before_the_caller_is_answered(
    world: World,
) -> None:
    with world.database.write() as session:
        session.add(
            PolicyVersion(
                version=2, body={"auto_approve_up_to": 5000}, actor="user:1", created_at=NOW
            )
        )
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    small = await world.request(number, {"1": 1})
    assert world.status(small) in (ReturnStatus.APPROVED, ReturnStatus.AWAITING_PARCEL)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    large = await world.request(number, {"1": 2})
    assert world.status(large) == ReturnStatus.REQUESTED


async def test_nobody_approves_above_their_own_limit(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number)
    junior = replace(AGENT, approval_limit=4999)
    with pytest.raises(Forbidden, match=r"up to 49\.99 GBP"):
        await world.approve(rma, junior)
    assert world.status(rma) == ReturnStatus.REQUESTED


async def test_a_cancelled_return_ends_and_gives_its_units_back(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.call(world.gateway.cancel, rma, "Keeps it after all", AGENT)
    assert world.status(rma) == ReturnStatus.CANCELLED
    assert world.free_units(rma) == 2
    await world.handle(rma).result()
    with pytest.raises(Conflict) as caught:
        await world.inspect(rma)
    assert caught.value.state == ReturnStatus.CANCELLED


async def test_an_inspected_return_can_not_be_cancelled(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.receive(rma)
    await world.inspect(rma)
    with pytest.raises(Conflict, match="inspected"):
        await world.call(world.gateway.cancel, rma, "", AGENT)


# --- the way back ------------------------------------------------------------------------------


async def test_without_a_parcel_it_reminds_and_expires_and_a_late_parcel_moves_no_money(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    await world.skip(rma, days=8)
    await world.until_true(lambda: "label_reminder" in world.mails(rma))
    assert world.status(rma) == ReturnStatus.AWAITING_PARCEL
    await world.skip(rma, days=23)
    await world.until(rma, ReturnStatus.EXPIRED)
    assert world.free_units(rma) == 2
    await world.handle(rma).result()
    answer = await world.receive(rma)
    assert answer.status == ReturnStatus.EXPIRED
    assert "parcel_after_end" in world.timeline(rma)
    tasks = world.open_tasks(rma)
    assert list(tasks) == ["unexpected_parcel"]
    await world.call(world.gateway.complete_task, tasks["unexpected_parcel"], "kept", AGENT)
    assert world.open_tasks(rma) == {}
    assert world.sandbox.refunds(payment) == []


async def test_a_parcel_that_stops_moving_becomes_a_task_and_may_still_come(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.skip(rma, days=11)
    await world.until(rma, ReturnStatus.LOST)
    tasks = world.open_tasks(rma)
    assert set(tasks) == {"parcel_lost", "carrier_claim"}
    answer = await world.call(world.gateway.complete_task, tasks["parcel_lost"], "wait", AGENT)
    assert answer.status == ReturnStatus.IN_TRANSIT
    await world.skip(rma, days=11)
    await world.until(rma, ReturnStatus.LOST)
    await world.scan(rma, "s-2", CarrierStatus.IN_TRANSIT)
    assert world.status(rma) == ReturnStatus.IN_TRANSIT
    assert world.open_tasks(rma) == {}


async def test_the_same_scan_twice_counts_once(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    for _ in range(3):
        await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    assert world.timeline(rma).count("scanned") == 1


async def test_an_old_scan_that_comes_late_does_not_find_a_lost_parcel(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    old = ScanRequest(
        event_id="s-1", status=CarrierStatus.IN_TRANSIT, at=datetime.now(UTC) - timedelta(days=1)
    )
    await world.call(world.gateway.scan, rma, old, AGENT)
    assert world.status(rma) == ReturnStatus.LOST
    assert set(world.open_tasks(rma)) == {"parcel_lost", "carrier_claim"}


async def test_a_decision_names_a_line_once(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number)
    twice = DecisionRequest(
        decision=DecisionKind.APPROVE,
        lines=[
            LineDecisionRequest(line="1", decision=DecisionKind.APPROVE),
            LineDecisionRequest(line="1", decision=DecisionKind.DECLINE),
        ],
    )
    with pytest.raises(Refused, match="Decide line 1 once"):
        await world.call(world.gateway.decide, rma, twice, AGENT)
    assert world.status(rma) == ReturnStatus.REQUESTED


async def test_what_came_is_refunded_and_what_is_missing_is_given_up_at_the_deadline(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment, {"1": 2})
    await world.receive(rma, {"1": 1})
    assert world.status(rma) == ReturnStatus.PARTIALLY_RECEIVED
    await world.inspect(rma, {"1": 1})
    await world.until_true(lambda: [row.status for row in world.refunds(rma)] == ["succeeded"])
    assert world.status(rma) == ReturnStatus.PARTIALLY_RECEIVED
    await world.skip(rma, days=15)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.free_units(rma) == 1
    assert world.line(rma).reception == "short_shipped"
    assert "short_shipped" in world.mails(rma)


async def test_a_label_no_carrier_makes_needs_a_person_and_the_goods_may_come_without(
    world: World,
) -> None:
    number, payment = new_order_number(), new_payment("ok")
    world.put_order(number, reference=payment, country="AQ")
    rma = await world.request(number)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert list(world.open_tasks(rma)) == ["label_failed"]
    await world.receive(rma)
    assert world.status(rma) == ReturnStatus.RECEIVED
    assert list(world.open_tasks(rma)) == ["inspect"]


# --- the dock ----------------------------------------------------------------------------------


async def test_wrong_steps_at_the_dock_are_refused_in_plain_words(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number, {"1": 2})
    with pytest.raises(Conflict, match="not been approved"):
        await world.receive(rma)
    await world.approve(rma)
    with pytest.raises(Conflict, match="Nothing of this return was received"):
        await world.inspect(rma)
    with pytest.raises(Refused, match="2 of line 1 are still expected, not 3"):
        await world.receive(rma, {"1": 3})
    with pytest.raises(Refused, match="no line 9"):
        await world.receive(rma, {"9": 1})
    await world.receive(rma, {"1": 1})
    with pytest.raises(Refused, match="1 of line 1 are received and not yet inspected, not 2"):
        await world.inspect(rma, {"1": 2})
    with pytest.raises(NotFound):
        await world.receive("R-0000-0000")


async def test_unannounced_things_are_recorded(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    asked = ReceiptRequest(
        lines=[], unexpected=[UnexpectedRequest(sku="HAT", quantity=1, note="a hat of hers")]
    )
    await world.call(world.gateway.receive, rma, asked, AGENT)
    assert "unexpected_item" in world.timeline(rma)
    assert world.status(rma) == ReturnStatus.AWAITING_PARCEL
    assert list(world.open_tasks(rma)) == ["unexpected_parcel"]


async def test_an_overdue_inspection_is_told(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.receive(rma)
    await world.skip(rma, days=4)
    await world.until_true(lambda: "inspection_overdue" in world.timeline(rma))
    assert world.status(rma) == ReturnStatus.RECEIVED


async def test_refused_goods_go_back_and_nothing_is_paid(world: World) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    await world.receive(rma)
    await world.inspect(rma, accepted=False)
    await world.until_true(lambda: list(world.open_tasks(rma)) == ["send_back"])
    assert world.status(rma) == ReturnStatus.REJECTED
    await world.call(world.gateway.complete_task, world.open_tasks(rma)["send_back"], "", AGENT)
    await world.handle(rma).result()
    assert world.status(rma) == ReturnStatus.REJECTED
    assert world.free_units(rma) == 2
    assert world.sandbox.refunds(payment) == []


async def test_each_inspection_is_paid_at_once_and_they_sum_to_the_quote(world: World) -> None:
    payment = new_payment("ok")
    number = new_order_number()
    # Three units paid 10.00 together are worth 3.33, 3.34 and 3.33.
    world.put_order(number, reference=payment, quantities=(3,), price=334, discount=2)
    rma = await world.request(number, {"1": 3})
    await world.approve(rma)
    await world.receive(rma, {"1": 3})
    for paid in (1, 2, 3):
        await world.inspect(rma, {"1": 1})
        await world.until_true(
            lambda paid=paid: [row.status for row in world.refunds(rma)] == ["succeeded"] * paid
        )
    assert [row.amount for row in world.refunds(rma)] == [333, 334, 333]
    await world.until(rma, ReturnStatus.RESOLVED)


async def test_a_thing_that_cost_nothing_comes_back_without_a_refund(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"), price=0)
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.refunds(rma) == []
