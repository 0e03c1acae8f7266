"""Instant refunds: paid at the carrier's first scan, and asked back for what doesn't come."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from models.messages import (
    CarrierStatus,
    Disposition,
    EventKind,
    Grade,
    Reason,
    Reinspection,
    Resolution,
    ReturnKind,
    ReturnStatus,
    TaskChoice,
    TaskKind,
)
from models.rules.grading import ALL_PAID
from models.rules.policy import Policy
from models.rules.policy_rules import Rule, Then, When
from models.store.policy_versions import save_policy
from models.tables import Task
from tests.contract.sandbox_process import new_payment
from tests.workflows.faces import Staff
from tests.workflows.refunding import on_sqlite, told
from tests.workflows.stored import NOW
from tests.workflows.varied_orders import Shop
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import (
    Conflict,
    InspectionLineRequest,
    InspectionRequest,
    LineRequest,
    ReturnRequest,
)

pytestmark = on_sqlite


def set_policy(world: World, **policy: object) -> None:
    with world.database.write() as session:
        made = replace(Policy(), **policy)  # type: ignore[arg-type]
        save_policy(session, made, actor="user:1", now=NOW)


async def moving(
    world: World,
    units: int = 2,
    *,
    kind: ReturnKind = ReturnKind.RETURN,
    resolution: Resolution = Resolution.REFUND,
    **policy: object,
) -> str:
    """A return of so many units at 50.00, whose parcel the carrier has just scanned."""
    set_policy(world, **{"instant_refund": True, **policy})
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(units,))
    line = LineRequest(line="1", quantity=units, reason=Reason.STYLE)
    asked = ReturnRequest(order=number, lines=[line], kind=kind, resolution=resolution)
    answer = await world.call(world.gateway.request_return, asked, AGENT)
    rma = str(answer.rma)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.until(rma, ReturnStatus.IN_TRANSIT)
    return rma


async def paid_ahead(world: World, rma: str, units: int = 2) -> None:
    """Waits until the money has arrived, with the goods still on their way."""
    await world.until_true(lambda: world.line(rma).refunded == units, lambda: world.line(rma))


async def end_task(
    world: World, rma: str, kind: TaskKind, choice: TaskChoice = TaskChoice.PAID
) -> None:
    await world.until_true(lambda: kind in world.open_tasks(rma), lambda: world.timeline(rma))
    task = world.open_tasks(rma)[kind]
    said = choice if kind is TaskKind.CLAWBACK else ""
    await world.call(world.gateway.complete_task, task, "They paid it back", AGENT, choice=said)


def asked_back(world: World, rma: str) -> list[tuple[Any, Any]]:
    return [(said["units"], said["amount"]) for said in told(world, rma, EventKind.CLAWBACK_NEEDED)]


async def test_the_first_scan_pays_and_accepted_goods_pay_nothing_again(world: World) -> None:
    rma = await moving(world)
    await paid_ahead(world, rma)
    line = world.line(rma)
    assert (line.ahead, line.accepted, line.refunded) == (2, 0, 2)
    assert world.status(rma) == ReturnStatus.IN_TRANSIT
    assert [refund.amount for refund in world.refunds(rma)] == [10000]
    assert told(world, rma, EventKind.REFUND_GRANTED)[0]["ahead"] == 1
    with pytest.raises(Conflict, match="paid ahead of the goods"):
        await world.call(world.gateway.cancel, rma, "Changed their mind", AGENT)
    await world.scan(rma, "s-2", CarrierStatus.DELIVERED)
    await world.receive(rma, {"1": 2})
    assert world.status(rma) == ReturnStatus.RECEIVED
    await world.inspect(rma, {"1": 2})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [10000]
    assert world.balance(rma) == {"sales_returns": 10000, "clearing:card": -10000}
    assert TaskKind.CLAWBACK not in world.open_tasks(rma)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    mails = world.mails(rma)
    assert mails.count("instant_refund") == 1
    assert "refunded" not in mails


async def test_what_is_refused_is_asked_back_with_its_amount(world: World) -> None:
    rma = await moving(world, restocking_percent="10")
    await paid_ahead(world, rma)
    await world.receive(rma, {"1": 2})
    await world.inspect(rma, {"1": 1})
    await world.inspect(rma, {"1": 1}, accepted=False)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    # Of the 90.00 that were paid, the unit that stays is worth 45.00.
    assert asked_back(world, rma) == [(1, 4500)]
    assert TaskKind.SEND_BACK not in world.open_tasks(rma)
    # What was paid for can't be returned and paid once more.
    assert world.free_units(rma) == 0
    assert "rejected" not in world.mails(rma)
    await end_task(world, rma, TaskKind.CLAWBACK)
    # Paid back, it is the customer's again, and lies here.
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    assert world.status(rma) == ReturnStatus.RESOLVED
    assert [said["units"] for said in told(world, rma, EventKind.SEND_BACK_NEEDED)] == [1]
    await world.skip(rma, days=8)
    assert world.status(rma) == ReturnStatus.RESOLVED
    await end_task(world, rma, TaskKind.SEND_BACK)
    await world.until(rma, ReturnStatus.CLOSED)
    assert world.mails(rma).count("rejected") == 1


async def test_all_refused_ends_as_rejected_once_the_money_is_dealt_with(world: World) -> None:
    rma = await moving(world, 1)
    await paid_ahead(world, rma, 1)
    await world.receive(rma)
    await world.inspect(rma, accepted=False)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert asked_back(world, rma) == [(1, 5000)]
    await end_task(world, rma, TaskKind.CLAWBACK, TaskChoice.WRITTEN_OFF)
    await world.until(rma, ReturnStatus.REJECTED)
    # The customer keeps the money, and the shop the goods.
    assert TaskKind.SEND_BACK not in world.open_tasks(rma)
    assert told(world, rma, EventKind.SEND_BACK_NEEDED) == []
    assert "rejected" not in world.mails(rma)


async def test_refused_goods_that_were_paid_back_go_back_and_are_not_inspected_again(
    world: World,
) -> None:
    rma = await moving(world, 1)
    await paid_ahead(world, rma, 1)
    await world.receive(rma)
    await world.inspect(rma, accepted=False)
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    shop = Shop(world)
    staff = Staff(world, shop)
    shown = await staff.page(rma)
    for sentence in (
        "The customer paid £50.00 back that was paid ahead",
        "Refused and to go back to the customer: 1 unit",
    ):
        assert sentence in shown
    assert "Open this return again" not in shown
    # Accepted now, it would be worth nothing: what was paid ahead counts as given.
    code, answer = await shop.call("POST", f"/returns/{rma}/reopen", {"note": "It is fine"})
    assert (code, answer["code"]) == (409, "not_reopenable")
    assert "paid before the goods came" in answer["detail"]
    asked = Reinspection(id="by-signal", actor="user:1")
    await world.handle(rma).signal("submit_reinspection", asked)
    await world.until_true(lambda: EventKind.DECISION_IGNORED in world.timeline(rma))
    task = world.open_tasks(rma)[TaskKind.SEND_BACK]
    await shop.do("POST", f"/tasks/{task}/complete", {"note": "TRACK-9"})
    await world.until_true(lambda: EventKind.SENT_BACK in world.timeline(rma))
    assert world.status(rma) == ReturnStatus.REJECTED
    assert (world.line(rma).rejected, world.line(rma).accepted) == (1, 0)
    assert world.balance(rma) == {"clearing:by_hand": 5000, "clearing:card": -5000}


async def test_of_two_refused_in_turn_only_what_was_paid_back_goes_back(world: World) -> None:
    rma = await moving(world, 3)
    await paid_ahead(world, rma, 3)
    await world.receive(rma, {"1": 2})
    await world.inspect(rma, {"1": 1}, accepted=False)
    await end_task(world, rma, TaskKind.CLAWBACK, TaskChoice.WRITTEN_OFF)
    await world.inspect(rma, {"1": 1}, accepted=False)
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    # The third never comes, and is paid back: there is nothing of it to send.
    await world.skip(rma, days=15)
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until_true(lambda: TaskKind.CLAWBACK not in world.open_tasks(rma))
    assert [said["units"] for said in told(world, rma, EventKind.SEND_BACK_NEEDED)] == [1]


async def test_what_is_missing_is_asked_back_when_nobody_waits_any_more(world: World) -> None:
    rma = await moving(world)
    await paid_ahead(world, rma)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    assert world.status(rma) == ReturnStatus.PARTIALLY_RECEIVED
    await world.skip(rma, days=15)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert asked_back(world, rma) == [(1, 5000)]
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert "short_shipped" not in world.mails(rma)


async def test_a_lost_parcel_is_asked_back_until_it_moves(world: World) -> None:
    rma = await moving(world)
    await paid_ahead(world, rma)
    await world.skip(rma, days=11)
    await world.until_true(lambda: asked_back(world, rma) == [(2, 10000)])
    assert world.status(rma) == ReturnStatus.LOST
    assert set(world.open_tasks(rma)) == {
        TaskKind.PARCEL_LOST,
        TaskKind.CLAWBACK,
        TaskKind.CARRIER_CLAIM,
    }
    await world.scan(rma, "s-2", CarrierStatus.IN_TRANSIT)
    await world.until_true(lambda: not world.open_tasks(rma))
    assert len(world.refunds(rma)) == 1
    await world.receive(rma, {"1": 2})
    await world.inspect(rma, {"1": 2})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert len(asked_back(world, rma)) == 1


async def test_a_lost_parcel_that_is_dealt_with_expires(world: World) -> None:
    rma = await moving(world)
    await paid_ahead(world, rma)
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    await world.until(rma, ReturnStatus.LOST)
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until(rma, ReturnStatus.EXPIRED)
    assert asked_back(world, rma) == [(2, 10000)]
    assert set(world.open_tasks(rma)) == {TaskKind.CARRIER_CLAIM}
    assert "expired" not in world.mails(rma)
    assert world.free_units(rma) == 0


async def test_what_goods_are_worth_less_by_their_grade_is_asked_back(world: World) -> None:
    rma = await moving(world, 3, grades={**ALL_PAID, Grade.C: "50"})
    await paid_ahead(world, rma, 3)
    await world.receive(rma, {"1": 3})
    await world.inspect(rma, {"1": 1})
    worn = InspectionLineRequest(
        line="1", quantity=1, grade=Grade.C, disposition=Disposition.LIQUIDATE
    )
    refused = replace(worn, grade=Grade.D, accepted=False)
    asked = InspectionRequest(lines=[worn, refused])
    await world.call(world.gateway.inspect, rma, asked, AGENT)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert asked_back(world, rma) == [(1, 5000), (1, 2500)]
    assert [said["graded"] for said in told(world, rma, EventKind.CLAWBACK_NEEDED)] == [None, 1]
    with world.database.read() as session:
        ids = select(Task.id).where(Task.rma == rma, Task.kind == TaskKind.CLAWBACK)
        open_ones = list(session.scalars(ids))
    assert len(open_ones) == 2
    for task in open_ones:
        await world.call(world.gateway.complete_task, task, "BACS 12", AGENT, choice="paid")
    await world.until(rma, ReturnStatus.RESOLVED)


async def test_store_credit_comes_ahead_as_well(world: World) -> None:
    rma = await moving(world, resolution=Resolution.STORE_CREDIT, store_credit_bonus_percent="10")
    await paid_ahead(world, rma)
    assert world.balance(rma)["store_credit"] == -11000
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    await world.until_true(lambda: asked_back(world, rma) == [(2, 11000)])


async def test_claims_and_what_a_rule_excepts_wait_for_the_goods(world: World) -> None:
    claim = await moving(world, kind=ReturnKind.CLAIM)
    careful = Rule(name="Shoes", when=When(skus=("SKU-1",)), then=Then(instant_refund=False))
    shoes = await moving(world, rules=(careful,))
    trusted = Rule(name="Trusted", when=When(countries=("GB",)), then=Then(instant_refund=True))
    local = await moving(world, instant_refund=False, rules=(trusted,))
    await paid_ahead(world, local)
    for rma in (claim, shoes):
        assert world.line(rma).ahead == 0
        assert world.refunds(rma) == []
