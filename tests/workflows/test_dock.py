"""Parcels at the dock and the returns they are received for."""

import pytest
from sqlalchemy import select

from models.messages import Condition, CountedLine, EventKind, Reception, ReturnStatus
from models.rules.parcels import ParcelStatus
from models.tables import Event, Parcel, StockMove, Task
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite
from tests.workflows.world import AGENT, World, new_order_number
from web.dock import Dock
from web.requests import (
    Conflict,
    ParcelRequest,
    ReceiptRequest,
    Refused,
    UnexpectedRequest,
)

pytestmark = on_sqlite


async def take(world: World, things: dict[str, int], **marks: str) -> str:
    """Takes a parcel in and gives its id."""
    items = [UnexpectedRequest(sku=sku, quantity=units) for sku, units in things.items()]
    asked = ParcelRequest(items=items, **marks)
    answer = await world.call(Dock(world.database, world.gateway).take, asked, AGENT)
    return str(answer.id)


async def match(world: World, parcel: str, rma: str) -> list[str]:
    answer = await world.call(Dock(world.database, world.gateway).match, parcel, rma, AGENT)
    return list(answer.returns)


def status(world: World, parcel: str) -> str:
    with world.database.read() as session:
        return session.get_one(Parcel, parcel).status


def task_status(world: World, parcel: str) -> str:
    with world.database.read() as session:
        return session.get_one(Task, parcel).status


async def test_one_parcel_of_two_returns_and_one_return_in_two_parcels(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(2, 1))
    first = await world.request(number, {"1": 2})
    second = await world.request(number, {"2": 1})
    for rma in (first, second):
        await world.approve(rma)
        await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await take(world, {"SKU-1": 1, "SKU-2": 1}, rma=first)
    assert world.status(first) == ReturnStatus.PARTIALLY_RECEIVED
    assert world.status(second) == ReturnStatus.RECEIVED
    assert EventKind.UNEXPECTED_ITEM not in world.timeline(first)
    await take(world, {"SKU-1": 1}, order=number)
    assert world.status(first) == ReturnStatus.RECEIVED
    for rma, lines in ((first, {"1": 2}), (second, {"2": 1})):
        await world.inspect(rma, lines)
        await world.until(rma, ReturnStatus.RESOLVED)


async def test_a_case_is_matched_to_the_return_it_turned_out_to_be(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    other = await world.awaiting_parcel(new_payment("ok"))
    parcel = await take(world, {"SKU-1": 1, "UMBRELLA": 1}, name="Nobody we know")
    assert (status(world, parcel), task_status(world, parcel)) == (ParcelStatus.OPEN, "open")
    assert await match(world, parcel, rma) == [rma]
    assert await match(world, parcel, rma) == [rma]
    assert world.line(rma).received == 1
    assert world.timeline(rma).count(EventKind.UNEXPECTED_ITEM) == 1
    assert task_status(world, parcel) == "done"
    with pytest.raises(Conflict, match="was matched to"):
        await match(world, parcel, other)
    assert world.line(other).received == 0


async def test_a_parcel_that_came_after_the_end_is_kept_without_money(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.until(rma, ReturnStatus.CANCELLED)
    parcel = await take(world, {"SKU-1": 1}, rma=rma)
    assert status(world, parcel) == ParcelStatus.MATCHED
    assert world.timeline(rma).count(EventKind.PARCEL_AFTER_END) == 1
    assert "unexpected_parcel" in world.open_tasks(rma)
    assert world.refunds(rma) == []


async def test_an_old_label_on_what_was_asked_for_once_more_counts_for_the_new_return(
    world: World,
) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    old = await world.request(number)
    await world.call(world.gateway.cancel, old, "", AGENT)
    new = await world.request(number)
    await world.approve(new)
    await world.until(new, ReturnStatus.AWAITING_PARCEL)
    await take(world, {"SKU-1": 1}, rma=old)
    assert world.status(new) == ReturnStatus.RECEIVED


async def test_a_return_that_nobody_has_approved_takes_no_parcel(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number)
    parcel = await take(world, {"SKU-1": 1}, rma=rma)
    with pytest.raises(Conflict, match="not been approved"):
        await match(world, parcel, rma)
    assert status(world, parcel) == ParcelStatus.OPEN
    await world.approve(rma)
    assert await match(world, parcel, rma) == [rma]
    assert world.line(rma).received == 1


async def test_what_came_instead_and_what_came_damaged_is_told(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"), {"1": 2})
    asked = ReceiptRequest(
        lines=[
            CountedLine(
                line="1", quantity=1, condition=Condition.DAMAGED, note="The box was crushed"
            )
        ],
        unexpected=[UnexpectedRequest(sku="HAT", quantity=1, instead_of="1")],
    )
    await world.call(world.gateway.receive, rma, asked, AGENT)
    assert world.line(rma).reception == Reception.WRONG_ITEM
    assert set(world.open_tasks(rma)) >= {"unexpected_parcel", "inspect"}
    with world.database.read() as session:
        events = {
            event.kind: event for event in session.scalars(select(Event).where(Event.rma == rma))
        }
        damaged = events[EventKind.DAMAGED_ON_ARRIVAL]
        assert damaged.data == {"line": "1", "units": 1}
        assert damaged.note is not None
        assert damaged.note.body == "The box was crushed"
        assert events[EventKind.UNEXPECTED_ITEM].data["instead_of"] == "1"
    history = await world.handle(rma).fetch_history()
    assert b"crushed" not in history.to_json().encode()


async def test_a_return_of_which_only_another_thing_came_waits_for_its_own_and_ends(
    world: World,
) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    asked = ReceiptRequest(
        lines=[], unexpected=[UnexpectedRequest(sku="HAT", quantity=1, instead_of="1")]
    )
    await world.call(world.gateway.receive, rma, asked, AGENT)
    wrong = ReceiptRequest(
        lines=[], unexpected=[UnexpectedRequest(sku="HAT", quantity=1, instead_of="7")]
    )
    with pytest.raises(Refused, match="has no line 7"):
        await world.call(world.gateway.receive, rma, wrong, AGENT)
    await world.skip(rma, days=15)
    await world.until_true(lambda: world.line(rma).missing == 1)
    assert world.line(rma).reception == Reception.WRONG_ITEM
    task = world.open_tasks(rma)["unexpected_parcel"]
    await world.call(world.gateway.complete_task, task, "Sent back", AGENT)
    await world.until(rma, ReturnStatus.REJECTED)
    assert world.refunds(rma) == []


async def test_inspected_units_are_stock_moves_whatever_is_paid(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"), {"1": 2})
    await world.receive(rma, {"1": 2})
    await world.inspect(rma)
    await world.inspect(rma, accepted=False)
    with world.database.read() as session:
        moves = session.scalars(select(StockMove).where(StockMove.rma == rma)).all()
    assert [(move.sku, move.quantity, move.disposition, move.accepted) for move in moves] == [
        ("SKU-1", 1, "restock", True),
        ("SKU-1", 1, "return_to_customer", False),
    ]
