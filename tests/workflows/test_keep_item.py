"""Returnless refunds: what is worth little is kept by the customer and paid at once."""

from dataclasses import replace

import pytest

from models.messages import EventKind, Reason, Resolution, ReturnKind, ReturnStatus
from models.rules.policy import Policy
from models.store.policy_versions import save_policy
from models.tables import Return
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite
from tests.workflows.stored import NOW
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import LineRequest, Refused, ReturnRequest

pytestmark = on_sqlite


def let_keep(world: World, up_to: int, **policy: object) -> None:
    with world.database.write() as session:
        made = replace(Policy(), keep_item_up_to=up_to, **policy)  # type: ignore[arg-type]
        save_policy(session, made, actor="user:1", now=NOW)


def resolution(world: World, rma: str) -> str:
    with world.database.read() as session:
        return session.get_one(Return, rma).resolution


async def ask(
    world: World, units: int = 1, kind: ReturnKind = ReturnKind.RETURN, **more: Resolution
) -> str:
    """Asks for units at 50.00 each."""
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    line = LineRequest(line="1", quantity=units, reason=Reason.STYLE)
    asked = ReturnRequest(order=number, lines=[line], kind=kind, **more)
    answer = await world.call(world.gateway.request_return, asked, AGENT)
    return str(answer.rma)


async def test_what_is_worth_little_is_kept_and_paid_without_a_parcel(world: World) -> None:
    let_keep(world, 5000, return_shipping=795, restocking_percent="20")
    rma = await ask(world)
    assert resolution(world, rma) == Resolution.KEEP_ITEM
    await world.approve(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    # No fee: nothing is sent, nothing restocked.
    assert [refund.amount for refund in world.refunds(rma)] == [5000]
    assert world.balance(rma) == {"sales_returns": 5000, "clearing:card": -5000}
    line = world.line(rma)
    assert (line.received, line.accepted, line.refunded) == (0, 1, 1)
    assert EventKind.LABEL_MADE not in world.timeline(rma)
    assert world.timeline(rma).count("kept") == 1
    await world.until_true(lambda: set(world.mails(rma)) >= {"keep_item", "refunded"})
    with pytest.raises(Refused, match="0 of line 1 are still expected"):
        await world.receive(rma)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    assert world.free_units(rma) == 1


async def test_a_policy_that_approves_pays_at_once(world: World) -> None:
    let_keep(world, 5000, auto_approve_up_to=5000)
    rma = await ask(world)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [5000]


async def test_above_the_limit_and_in_withdrawals_the_goods_come_back(world: World) -> None:
    let_keep(world, 5000, restocking_percent="10")
    dear = await ask(world, units=2)
    assert resolution(world, dear) == Resolution.REFUND
    with world.database.read() as session:
        assert session.get_one(Return, dear).quote_total == 9000
    withdrawn = await ask(world, kind=ReturnKind.WITHDRAWAL)
    await world.until(withdrawn, ReturnStatus.AWAITING_PARCEL)


async def test_what_is_kept_is_given_as_store_credit_where_that_was_asked_for(
    world: World,
) -> None:
    let_keep(world, 6000, store_credit_bonus_percent="10", auto_approve_up_to=6000)
    rma = await ask(world, resolution=Resolution.STORE_CREDIT)
    assert resolution(world, rma) == Resolution.KEEP_ITEM
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.refunds(rma) == []
    assert world.balance(rma)["store_credit"] == -5500
