"""Returns that had ended and are opened again."""

import pytest

from models.messages import DecisionKind, ReturnStatus, reopened_workflow_id
from models.tables import Return
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import PAID_BY_CARD, on_sqlite
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import Conflict, DecisionRequest

pytestmark = on_sqlite


async def again(world: World, rma: str) -> ReturnStatus:
    answer = await world.call(world.gateway.reopen, rma, "They called", AGENT)
    return ReturnStatus(answer.status)


async def to_the_end(world: World, rma: str, number: int = 1) -> None:
    """The rest of a return that waits for its parcel."""
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == PAID_BY_CARD
    handle = world.env.client.get_workflow_handle(reopened_workflow_id(rma, number))
    assert (await handle.describe()).status is not None


async def test_a_cancelled_return_waits_for_its_parcel_again_and_is_paid(world: World) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    assert world.free_units(rma) == 2
    await again(world, rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert world.free_units(rma) == 1
    with world.database.read() as session:
        assert session.get_one(Return, rma).workflow == f"return/{rma}/reopened/1"
    await to_the_end(world, rma)
    assert len(world.sandbox.refunds(payment)) == 1
    timeline = world.timeline(rma)
    assert timeline.count("label_made") == 2
    assert timeline.index("cancelled") < timeline.index("return_reopened")
    await world.until_true(lambda: "refunded" in world.mails(rma))
    assert world.mails(rma).count("approved") == 2


async def test_an_expired_return_is_opened_again_and_cancelled_and_opened_again(
    world: World,
) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.skip(rma, days=31)
    await world.until(rma, ReturnStatus.EXPIRED)
    await again(world, rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await again(world, rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await to_the_end(world, rma, 2)


async def test_a_declined_return_is_decided_once_more(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number)
    decline = DecisionRequest(decision=DecisionKind.DECLINE)
    await world.call(world.gateway.decide, rma, decline, AGENT)
    assert await again(world, rma) == ReturnStatus.REQUESTED
    assert set(world.open_tasks(rma)) == {"decide"}
    with pytest.raises(Conflict) as caught:
        await again(world, rma)
    assert caught.value.code == "still_open"
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await to_the_end(world, rma)


async def test_units_that_are_gone_are_named_and_it_may_be_tried_again(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number, {"1": 2})
    await world.call(world.gateway.cancel, rma, "", AGENT)
    other = await world.request(number, {"1": 1})
    for _ in range(2):
        with pytest.raises(Conflict, match="1 of 2 units of line 1") as caught:
            await again(world, rma)
        assert caught.value.code == "units_gone"
    assert world.status(rma) == ReturnStatus.CANCELLED
    assert world.free_units(rma) == 1
    await world.call(world.gateway.cancel, other, "", AGENT)
    assert await again(world, rma) == ReturnStatus.REQUESTED
    assert world.free_units(rma) == 0


async def test_what_was_paid_stays_ended(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.receive(rma)
    with pytest.raises(Conflict, match="still open"):
        await again(world, rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    with pytest.raises(Conflict, match="new return") as caught:
        await again(world, rma)
    assert caught.value.code == "not_reopenable"
