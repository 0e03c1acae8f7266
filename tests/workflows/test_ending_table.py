"""Every status of a return against cancelling and opening again by API: what is said and done."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from models.messages import CarrierStatus, DecisionKind, EventKind, ReturnStatus, TaskKind
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import accept, on_sqlite, until_failed
from tests.workflows.test_instant_refunds import moving, paid_ahead
from tests.workflows.test_reopening_goods import refused
from tests.workflows.varied_orders import Shop
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import DecisionRequest

Make = Callable[[World], Awaitable[str]]


async def requested(world: World) -> str:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    return await world.request(number)


async def approved(world: World) -> str:
    """Its carrier gives no answer, so that it has no label yet."""
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), country="BV")
    rma = await world.request(number)
    await world.approve(rma)
    return rma


async def awaiting(world: World) -> str:
    return await world.awaiting_parcel(new_payment("ok"))


async def in_transit(world: World) -> str:
    rma = await awaiting(world)
    await world.scan(rma, f"s-{rma}", CarrierStatus.IN_TRANSIT)
    return rma


async def in_transit_and_paid(world: World) -> str:
    rma = await moving(world)
    await paid_ahead(world, rma)
    return rma


async def lost(world: World) -> str:
    rma = await awaiting(world)
    await world.scan(rma, f"s-{rma}", CarrierStatus.LOST)
    return rma


async def partially_received(world: World) -> str:
    rma = await world.awaiting_parcel(new_payment("ok"), {"1": 2})
    await world.receive(rma, {"1": 1})
    return rma


async def received(world: World) -> str:
    rma = await awaiting(world)
    await world.receive(rma)
    return rma


async def resolving(world: World) -> str:
    return await accept(world, new_payment("pending"))


async def resolved(world: World) -> str:
    rma = await accept(world, new_payment("ok"))
    await world.until(rma, ReturnStatus.RESOLVED)
    return rma


async def closed(world: World) -> str:
    rma = await resolved(world)
    await world.skip(rma, days=8)
    return rma


async def declined(world: World) -> str:
    rma = await requested(world)
    decline = DecisionRequest(decision=DecisionKind.DECLINE)
    await world.call(world.gateway.decide, rma, decline, AGENT)
    return rma


async def cancelled(world: World) -> str:
    rma = await awaiting(world)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    return rma


async def expired(world: World) -> str:
    rma = await awaiting(world)
    await world.skip(rma, days=31)
    return rma


async def sent_back(world: World) -> str:
    rma = await refused(world)
    task = world.open_tasks(rma)[TaskKind.SEND_BACK]
    await world.call(world.gateway.complete_task, task, "", AGENT)
    await world.until_true(lambda: not world.open_tasks(rma))
    return rma


async def label_failed(world: World) -> str:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), country="AQ")
    rma = await world.request(number)
    await world.approve(rma)
    return rma


async def refund_failed(world: World) -> str:
    rma = await accept(world, new_payment("decline"))
    await until_failed(world, rma)
    return rma


S = ReturnStatus
OPEN = ("still_open", "still open; go on with it as it is")
INSPECTED = ("already_inspected", "Goods of this return were inspected; it can't be cancelled.")
ENDED = ("already_ended", "This return has ended; it is {status}.")
BACK = ("not_reopenable", "Its goods went back to the customer; ask for a new return.")
PAID = ("not_reopenable", "It is closed and paid; ask for a new return of what else comes back.")
AHEAD = ("already_paid", "This return was paid ahead of the goods; it can't be cancelled any more.")
# How it is made, its status, and what cancelling and opening again come to: the new status, or
# the code of the refusal and its sentence. Where both would be taken, cancelling is tried last.
TABLE: list[tuple[Make, S, S | tuple[str, str], S | tuple[str, str]]] = [
    (requested, S.REQUESTED, S.CANCELLED, OPEN),
    (approved, S.APPROVED, S.CANCELLED, OPEN),
    (awaiting, S.AWAITING_PARCEL, S.CANCELLED, OPEN),
    (in_transit, S.IN_TRANSIT, S.CANCELLED, OPEN),
    (in_transit_and_paid, S.IN_TRANSIT, AHEAD, OPEN),
    (lost, S.LOST, S.CANCELLED, OPEN),
    (partially_received, S.PARTIALLY_RECEIVED, S.CANCELLED, OPEN),
    (received, S.RECEIVED, S.CANCELLED, OPEN),
    (resolving, S.RESOLVING, INSPECTED, OPEN),
    (resolved, S.RESOLVED, INSPECTED, OPEN),
    (closed, S.CLOSED, ENDED, PAID),
    (declined, S.DECLINED, ENDED, S.REQUESTED),
    (cancelled, S.CANCELLED, ENDED, S.APPROVED),
    (expired, S.EXPIRED, ENDED, S.APPROVED),
    (refused, S.REJECTED, INSPECTED, S.RECEIVED),
    (sent_back, S.REJECTED, ENDED, BACK),
    (label_failed, S.NEEDS_ATTENTION, S.CANCELLED, OPEN),
    (refund_failed, S.NEEDS_ATTENTION, INSPECTED, OPEN),
]
# Between two steps of the workflow: the money of what was accepted is granted at once.
PASSING = {S.INSPECTED}


def test_the_table_has_every_status() -> None:
    assert {status for _, status, _, _ in TABLE} == set(ReturnStatus) - PASSING


@on_sqlite
@pytest.mark.parametrize(
    ("make", "status", "cancelling", "opening"), TABLE, ids=[row[0].__name__ for row in TABLE]
)
async def test_cancelling_and_opening_again(
    world: World,
    make: Make,
    status: S,
    cancelling: S | tuple[str, str],
    opening: S | tuple[str, str],
) -> None:
    rma = await make(world)
    await world.until(rma, status)
    shop = Shop(world)
    calls = [("cancel", cancelling), ("reopen", opening)]
    # What is refused first: it leaves everything as it is.
    for action, comes_to in sorted(calls, key=lambda call: isinstance(call[1], S)):
        before = await seen(world, shop, rma)
        code, answer = await shop.call("POST", f"/returns/{rma}/{action}", {"note": "They rang"})
        if isinstance(comes_to, S):
            assert (code, answer["status"]) in [(200, comes_to), (200, S.AWAITING_PARCEL)]
            continue
        assert (code, answer["code"]) == (409, comes_to[0]), answer
        assert comes_to[1].format(status=status) in answer["detail"]
        assert await seen(world, shop, rma) == before


# What goes on by itself beside a return.
_BESIDE = {EventKind.MAIL_SENT, EventKind.REFUND_PENDING, EventKind.LABELS_GIVEN_BACK}


async def seen(world: World, shop: Shop, rma: str) -> dict[str, Any]:
    """All that a step could change of a return."""
    answer = await shop.do("GET", f"/returns/{rma}")
    parts = ("status", "lines", "quote", "tasks", "deadlines")
    return {
        "timeline": [kind for kind in world.timeline(rma) if kind not in _BESIDE],
        "free": world.free_units(rma),
        "paid": [refund.id for refund in world.refunds(rma)],
        **{part: answer[part] for part in parts},
    }
