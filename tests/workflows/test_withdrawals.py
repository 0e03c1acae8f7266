"""Withdrawals: no decision, a confirmation at once, and a task before the refund is late."""

from models.messages import (
    EventKind,
    Reason,
    Resolution,
    ReturnKind,
    ReturnStatus,
    TaskKind,
)
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import LineRequest, ReturnRequest

pytestmark = on_sqlite


async def withdraw(world: World, units: int = 2) -> str:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    asked = ReturnRequest(
        order=number,
        kind=ReturnKind.WITHDRAWAL,
        resolution=Resolution.REFUND,
        lines=[LineRequest(line="1", quantity=units, reason=Reason.WITHDRAWAL)],
    )
    answer = await world.call(world.gateway.request_return, asked, AGENT)
    return str(answer.rma)


async def test_a_withdrawal_is_confirmed_at_once_and_needs_no_decision(world: World) -> None:
    rma = await withdraw(world)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.until_true(lambda: set(world.mails(rma)) >= {"withdrawal", "approved"})
    assert world.open_tasks(rma) == {}
    await world.receive(rma, {"1": 2})
    await world.inspect(rma, {"1": 2})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [10000]
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    assert EventKind.WITHDRAWAL_DUE not in world.timeline(rma)


async def test_two_days_before_the_refund_is_late_a_person_is_asked(world: World) -> None:
    rma = await withdraw(world)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma, {"1": 1})
    await world.skip(rma, days=13)
    await world.until_true(lambda: TaskKind.WITHDRAWAL_DUE in world.open_tasks(rma))
    assert world.timeline(rma).count(EventKind.WITHDRAWAL_DUE) == 1
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 2})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.open_tasks(rma) == {}
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)


async def test_a_person_may_note_why_the_refund_can_wait(world: World) -> None:
    rma = await withdraw(world)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.skip(rma, days=13)
    await world.until_true(lambda: TaskKind.WITHDRAWAL_DUE in world.open_tasks(rma))
    task = world.open_tasks(rma)[TaskKind.WITHDRAWAL_DUE]
    await world.call(world.gateway.complete_task, task, "Nothing has come yet", AGENT)
    await world.until_true(lambda: world.open_tasks(rma) == {})
    await world.skip(rma, days=30)
    await world.until(rma, ReturnStatus.EXPIRED)
