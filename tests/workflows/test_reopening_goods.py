"""Returns opened again whose goods are here: refused, or come before or after the end."""

from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from models.messages import EventKind, ReturnStatus, TaskKind
from tests.contract.sandbox_process import new_payment
from tests.workflows.faces import Staff
from tests.workflows.refunding import PAID_BY_CARD, on_sqlite, told
from tests.workflows.test_instant_refunds import end_task, moving, paid_ahead
from tests.workflows.test_reopening import again
from tests.workflows.varied_orders import Shop
from tests.workflows.world import AGENT, World
from web.requests import Conflict, ReceiptRequest, UnexpectedRequest


async def refused(world: World, units: int = 1) -> str:
    rma = await world.awaiting_parcel(new_payment("ok"), {"1": units})
    await world.receive(rma, {"1": units})
    await world.inspect(rma, {"1": units}, accepted=False)
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    return rma


async def paid(world: World, rma: str, units: int = 1) -> None:
    await world.inspect(rma, {"1": units})
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.until_true(lambda: world.line(rma).refunded == units)
    assert sum(refund.amount for refund in world.refunds(rma)) == units * 5000


async def test_refused_goods_that_are_here_are_inspected_once_more_by_api_and_page(
    world: World,
) -> None:
    rma = await refused(world)
    assert world.free_units(rma) == 2
    shop = Shop(world)
    answer = await shop.do("POST", f"/returns/{rma}/reopen", {"note": "Our mistake"})
    assert answer["status"] == "received"
    line = world.line(rma)
    assert (line.received, line.rejected, line.grade, world.free_units(rma)) == (1, 0, None, 1)
    assert set(world.open_tasks(rma)) == {TaskKind.INSPECT}
    assert told(world, rma, EventKind.RETURN_REOPENED)[0]["here"] == 1
    # Refused again, and opened again by the page.
    await world.inspect(rma, accepted=False)
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    staff = Staff(world, shop)
    assert "Open this return again" in await staff.page(rma)
    assert (await staff.send(rma, "reopen", note="Looked at it once more"))[0] == 303
    shown = await staff.page(rma)
    assert "Return opened again: 1 unit, 1 of them here" in shown
    await paid(world, rma)
    assert world.balance(rma) == PAID_BY_CARD
    moves = await shop.do("GET", f"/stock-moves?return={rma}")
    assert [move["disposition"] for move in moves["data"]] == ["restock"]
    assert world.mails(rma).count("rejected") == 2


async def test_refused_goods_whose_places_are_taken_or_that_went_back_stay_refused(
    world: World,
) -> None:
    rma = await refused(world, 2)
    shop = Shop(world)
    page: dict[str, Any] = await shop.do("GET", f"/returns/{rma}")
    other = await world.request(page["order"], {"1": 1})
    with pytest.raises(Conflict, match="in another return") as caught:
        await again(world, rma)
    assert caught.value.code == "units_gone"
    assert world.line(rma).rejected == 2
    await world.call(world.gateway.cancel, other, "", AGENT)
    await end_task(world, rma, TaskKind.SEND_BACK)
    await world.until_true(lambda: TaskKind.SEND_BACK not in world.open_tasks(rma))
    with pytest.raises(Conflict, match="went back to the customer") as caught:
        await again(world, rma)
    assert caught.value.code == "not_reopenable"


async def test_goods_that_came_before_the_cancellation_are_inspected(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"), {"1": 2})
    await world.receive(rma, {"1": 1})
    await world.call(world.gateway.cancel, rma, "", AGENT)
    assert await again(world, rma) == ReturnStatus.PARTIALLY_RECEIVED
    line = world.line(rma)
    assert (line.received, line.approved, world.free_units(rma)) == (1, 2, 0)
    assert set(world.open_tasks(rma)) == {TaskKind.INSPECT}
    await world.receive(rma, {"1": 1})
    await paid(world, rma, 2)


@on_sqlite
async def test_goods_that_were_sent_back_after_the_cancellation_are_not_waited_for(
    world: World,
) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.receive(rma)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await end_task(world, rma, TaskKind.SEND_BACK)
    with pytest.raises(Conflict, match="went back to the customer"):
        await again(world, rma)


async def test_goods_that_came_after_it_expired_are_counted_as_received(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"), {"1": 2})
    await world.skip(rma, days=31)
    await world.until(rma, ReturnStatus.EXPIRED)
    await world.receive(rma, {"1": 1})
    assert world.line(rma).received == 0
    shop = Shop(world)
    answer = await shop.do("POST", f"/returns/{rma}/reopen", {"note": "It came"})
    assert answer["lines"][0]["received"] == 1
    assert set(world.open_tasks(rma)) == {TaskKind.INSPECT}
    # The other unit is waited for.
    assert world.status(rma) == ReturnStatus.PARTIALLY_RECEIVED
    await world.receive(rma, {"1": 1})
    await paid(world, rma, 2)


@on_sqlite
async def test_what_else_lay_in_the_late_parcel_keeps_its_task(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.receive(rma, {"1": 1})
    strange = ReceiptRequest(lines=[], unexpected=[UnexpectedRequest(sku="HAT", quantity=1)])
    await world.call(world.gateway.receive, rma, strange, AGENT)
    assert await again(world, rma) == ReturnStatus.RECEIVED
    assert set(world.open_tasks(rma)) == {TaskKind.INSPECT, TaskKind.UNEXPECTED_PARCEL}
    await paid(world, rma)


@on_sqlite
async def test_a_parcel_that_was_dealt_with_is_not_here_any_more(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.receive(rma, {"1": 1})
    await end_task(world, rma, TaskKind.UNEXPECTED_PARCEL)
    await again(world, rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert world.line(rma).received == 0


@on_sqlite
async def test_a_parcel_is_dealt_with_while_the_ended_workflow_still_tidies_up(
    world: World,
) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    # No mail gets out, which keeps the workflow running.
    aside = world.mail_dir.rename(world.mail_dir.with_name("aside"))
    world.mail_dir.touch()
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.receive(rma, {"1": 1})
    description = await world.handle(rma).describe()
    assert description.status is WorkflowExecutionStatus.RUNNING
    await end_task(world, rma, TaskKind.UNEXPECTED_PARCEL)
    assert world.open_tasks(rma) == {}
    world.mail_dir.unlink()
    aside.rename(world.mail_dir)


@on_sqlite
async def test_what_was_paid_ahead_and_expired_stays_ended(world: World) -> None:
    rma = await moving(world)
    await paid_ahead(world, rma)
    await world.skip(rma, days=11)
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until(rma, ReturnStatus.EXPIRED)
    with pytest.raises(Conflict, match="paid before the goods came") as caught:
        await again(world, rma)
    assert caught.value.code == "not_reopenable"
