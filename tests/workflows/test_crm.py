"""Customers' records in the real Tryton: a complaint for each return, each milestone once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete

from activities.providers.crm.tryton import TrytonCrm
from models.messages import ReturnStatus
from models.rules.milestones import Standing
from models.store.crm import read_case, set_aside_before
from models.tables import SystemCursor
from tests.contract.sandbox_process import new_payment
from tests.tryton.process import TrytonProcess
from tests.tryton.sales import SalesDesk, systems_of
from tests.workflows.world import AGENT, World
from workflows.crm import CrmWorkflow


@pytest.fixture
def sales(tryton: TrytonProcess, tryton_template: Path) -> SalesDesk:
    desk = SalesDesk(tryton, tryton_template)
    origin = desk.desk.find("ir.model", ("name", "=", "sale.sale"))
    desk.desk.create("sale.complaint.type", name="Return", origin=origin)
    return desk


@pytest.fixture
async def shop(idle_world: World, tryton: TrytonProcess) -> AsyncIterator[World]:
    """A world that tells this Tryton."""
    idle_world.settings = replace(idle_world.settings, systems=systems_of(tryton, crm="tryton"))
    async with idle_world.working():
        yield idle_world


async def begin_telling(world: World):
    return await world.env.client.start_workflow(
        CrmWorkflow.run, id=f"crm/{uuid4()}", task_queue=world.settings.task_queue
    )


async def tell(world: World) -> int:
    return await (await begin_telling(world)).result()


def complaint(sales: SalesDesk, rma: str) -> tuple[str, list[str]]:
    """The state of its one complaint, and its notes without time and key."""
    [found] = sales.desk.read("sale.complaint", [("reference", "=", rma)], "state", "customer")
    assert found["customer"] == sales.customer
    resource = f"sale.complaint,{found['id']}"
    notes = sales.desk.read("ir.note", [("resource", "=", resource)], "message")
    messages = [note["message"].partition("\n")[0] for note in notes]
    return found["state"], [message.partition("UTC: ")[2] for message in messages]


async def test_a_return_is_one_complaint_and_each_milestone_one_note_whatever_dies(
    shop: World, sales: SalesDesk, tryton: TrytonProcess
) -> None:
    sales.sell(["W-1"], (1, "50.00"))
    shop.put_order("W-1", reference=new_payment("ok"), quantities=(1,))
    rma = await shop.request("W-1")
    assert await tell(shop) == 1
    assert complaint(sales, rma) == ("waiting", ["Return requested."])

    tryton.kill()
    await shop.approve(rma)
    await shop.receive(rma)
    await shop.inspect(rma)
    await shop.until(rma, ReturnStatus.RESOLVED)
    running = await begin_telling(shop)
    await asyncio.to_thread(tryton.start)
    assert await running.result() == 1
    told = ["Return requested.", "Return approved.", "Parcel received.", "Refund paid: 50.00 GBP."]
    assert complaint(sales, rma) == ("waiting", told)

    assert await tell(shop) == 0
    with shop.database.write() as session:  # As if nothing of it had been written down.
        session.execute(delete(SystemCursor))
    assert await tell(shop) == 1
    assert complaint(sales, rma) == ("waiting", told)


async def test_a_return_that_ends_moves_its_complaint_and_a_refused_one_holds_nobody_up(
    shop: World, sales: SalesDesk
) -> None:
    sales.sell(["W-1"], (1, "50.00"))
    for number in ("W-0", "W-1"):  # Tryton doesn't know the first.
        shop.put_order(number, reference=new_payment("ok"), quantities=(1,))
    unknown, known = [await shop.request(number) for number in ("W-0", "W-1")]
    await shop.call(shop.gateway.cancel, known, "", AGENT)
    assert await tell(shop) == 2
    assert complaint(sales, known) == ("cancelled", ["Return requested.", "Return cancelled."])
    with shop.database.read() as session:
        assert list(set_aside_before(session, datetime.now(UTC), 9)) == [unknown]

    with shop.database.read() as session:
        case = read_case(session, known)
    assert case is not None
    crm = TrytonCrm(shop.settings.systems)
    for standing, state in (
        (Standing.OPEN, "waiting"),  # Opened again.
        (Standing.DONE, "done"),
        (Standing.DONE, "done"),
        (Standing.DECLINED, "rejected"),
    ):
        crm.record(replace(case, standing=standing))
        assert complaint(sales, known)[0] == state
