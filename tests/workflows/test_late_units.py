"""Units that come after they were given up as missing: received, inspected and paid like others."""

import pytest

from models.messages import (
    CarrierStatus,
    Condition,
    CountedLine,
    EventKind,
    Reason,
    ReturnStatus,
    TaskKind,
)
from models.tables import Return
from tests.contract.sandbox_process import new_payment
from tests.workflows.faces import Staff
from tests.workflows.refunding import on_sqlite, told
from tests.workflows.test_instant_refunds import (
    asked_back,
    end_task,
    moving,
    paid_ahead,
    set_policy,
)
from tests.workflows.varied_orders import Shop
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import Conflict, LineRequest, ReceiptRequest, Refused, ReturnRequest


async def short(world: World, units: int = 3, **order: object) -> str:
    """A return of three units at 33.33, of which one came and was paid and two were given up."""
    rma = await world.awaiting_parcel(
        new_payment("ok"), {"1": units}, quantities=(units,), **{"price": 3333, **order}
    )
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.skip(rma, days=15)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert (world.line(rma).missing, world.free_units(rma)) == (units - 1, units - 1)
    return rma


async def test_what_was_given_up_comes_is_inspected_and_paid_to_the_cent(world: World) -> None:
    rma = await short(world, discount=1, price=3334)
    await world.receive(rma, {"1": 1})
    line = world.line(rma)
    assert (line.received, line.missing, world.free_units(rma)) == (2, 1, 1)
    assert world.status(rma) == ReturnStatus.RECEIVED
    assert told(world, rma, EventKind.CAME_AFTER_ALL) == [{"units": 1}]
    assert TaskKind.UNEXPECTED_PARCEL not in world.open_tasks(rma)
    await world.inspect(rma, {"1": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    # The last one comes in two conditions' form, and is refused.
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.until_true(lambda: world.line(rma).refunded == 3)
    assert sum(refund.amount for refund in world.refunds(rma)) == 3 * 3334 - 1
    assert world.balance(rma) == {"sales_returns": 10001, "clearing:card": -10001}
    assert world.line(rma).missing == 0
    with pytest.raises(Refused, match="0 of line 1 are still expected"):
        await world.receive(rma, {"1": 1})
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)


@on_sqlite
async def test_late_units_may_be_refused_and_damaged(world: World) -> None:
    rma = await short(world)
    counted = [
        CountedLine(line="1", quantity=1),
        CountedLine(line="1", quantity=1, condition=Condition.DAMAGED),
    ]
    await world.call(world.gateway.receive, rma, ReceiptRequest(lines=counted), AGENT)
    assert world.line(rma).received == 3
    await world.inspect(rma, {"1": 2}, accepted=False)
    await end_task(world, rma, TaskKind.SEND_BACK)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [3333]


async def test_units_that_another_return_took_meanwhile_are_its_own(world: World) -> None:
    rma = await short(world)
    with world.database.read() as session:
        number = session.get_one(Return, rma).order_number
    other = await world.request(number, {"1": 2})
    with pytest.raises(Conflict, match="in another return") as caught:
        await world.receive(rma, {"1": 1})
    assert caught.value.code == "units_gone"
    assert (world.line(rma).received, world.line(rma).missing) == (1, 2)
    await world.call(world.gateway.cancel, other, "", AGENT)
    await world.receive(rma, {"1": 1})
    assert world.line(rma).received == 2


@on_sqlite
async def test_a_closed_return_pays_nothing_for_what_comes_late(world: World) -> None:
    rma = await short(world)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    await world.receive(rma, {"1": 1})
    assert world.line(rma).missing == 2
    assert [refund.amount for refund in world.refunds(rma)] == [3333]
    assert set(world.open_tasks(rma)) == {TaskKind.UNEXPECTED_PARCEL}


async def test_goods_paid_ahead_that_come_late_end_what_was_asked_back(world: World) -> None:
    rma = await moving(world, 3)
    await paid_ahead(world, rma, 3)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.skip(rma, days=15)
    await world.until_true(lambda: asked_back(world, rma) == [(2, 10000)])
    await world.receive(rma, {"1": 1})
    await world.until_true(lambda: asked_back(world, rma) == [(2, 10000), (1, 5000)])
    await world.receive(rma, {"1": 1})
    await world.until_true(lambda: TaskKind.CLAWBACK not in world.open_tasks(rma))
    assert [said["amount"] for said in told(world, rma, EventKind.CLAWBACK_DROPPED)] == [
        10000,
        5000,
    ]
    await world.inspect(rma, {"1": 2})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [15000]


@on_sqlite
async def test_what_was_settled_with_the_customer_is_not_taken_late(world: World) -> None:
    rma = await moving(world)
    await paid_ahead(world, rma)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.skip(rma, days=15)
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until(rma, ReturnStatus.RESOLVED)
    with pytest.raises(Refused, match="put what is extra under unexpected"):
        await world.receive(rma, {"1": 1})


@on_sqlite
async def test_a_scan_before_the_approval_pays_at_the_approval(world: World) -> None:
    for status, ahead in ((CarrierStatus.IN_TRANSIT, 2), (CarrierStatus.EXCEPTION, 0)):
        set_policy(world, instant_refund=True)
        number = new_order_number()
        world.put_order(number, reference=new_payment("ok"))
        line = LineRequest(line="1", quantity=2, reason=Reason.STYLE)
        asked = ReturnRequest(order=number, lines=[line])
        rma = (await world.call(world.gateway.request_return, asked, AGENT)).rma
        await world.scan(rma, f"s-{rma}", status)
        assert world.refunds(rma) == []
        await world.approve(rma)
        if ahead:
            await paid_ahead(world, rma, ahead)
            assert [refund.amount for refund in world.refunds(rma)] == [10000]
        else:
            await world.until(rma, ReturnStatus.IN_TRANSIT)
        assert world.line(rma).ahead == ahead


async def test_by_api_and_by_the_page_what_comes_late_is_counted(world: World) -> None:
    rma = await short(world)
    shop = Shop(world)
    staff = Staff(world, shop)
    shown = await staff.page(rma)
    assert "of 2, 2 of them given up as missing" in shown
    # Nothing is filled in by itself: nobody waits for it.
    assert 'name="quantity-0" type="number" inputmode="numeric" min="0" max="2" value="0"' in shown
    one = {"lines": [{"line": "1", "quantity": 1}]}
    taken = await shop.do("POST", f"/returns/{rma}/receipts", one)
    assert taken["lines"][0]["received"] == 2
    status, _ = await staff.send(rma, "receipt", line_0="1", quantity_0="1")
    assert status == 303
    assert world.line(rma).received == 3
    assert "1 unit that nobody waited for any longer came after all" in await staff.page(rma)
    too_many, problem = await shop.call("POST", f"/returns/{rma}/receipts", one)
    assert (too_many, problem["errors"][0]["code"]) == (422, "more_than_expected")


async def test_a_parcel_of_the_dock_finds_the_return_that_gave_it_up(world: World) -> None:
    rma = await short(world)
    shop = Shop(world)
    asked = {"rma": rma, "items": [{"sku": "SKU-1", "quantity": 2}]}
    parcel = await shop.do("POST", "/receipts", asked)
    assert parcel["status"] == "matched"
    assert world.line(rma).received == 3
