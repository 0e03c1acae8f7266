"""Of the system itself: orders that are pulled, customers' records, and what runs by schedule."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

import worker
from activities.providers.crm.protocol import CrmProvider
from activities.providers.orders.protocol import OrderSource
from models.messages import OrderPullStart, OrdersPulled
from tests.contract.sandbox_process import new_payment
from tests.workflows.system_books import CrmBook, OrderBook
from tests.workflows.world import AGENT, World, new_order_number
from workflows.crm import CrmWorkflow
from workflows.housekeeping import HousekeepingWorkflow
from workflows.order_pull import OrderPullWorkflow
from workflows.task_watch import TaskWatchWorkflow


@asynccontextmanager
async def connected(
    world: World, *, source: OrderSource | None = None, crm: CrmProvider | None = None
) -> AsyncIterator[None]:
    """A worker with these systems."""
    systems = replace(world.settings.systems, orders="book", crm="book")
    world.settings = replace(world.settings, systems=systems)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "order_source", lambda _: source)
        patch.setattr(worker, "crm_provider", lambda _: crm)
        async with world.working():
            yield


async def pull(world: World, start: OrderPullStart, name: str) -> OrdersPulled:
    return await world.env.client.execute_workflow(
        OrderPullWorkflow.run, start, id=name, task_queue=world.settings.task_queue
    )


async def orders_pulled(world: World) -> str:
    """Three pages, and how far it came is kept."""
    async with connected(world, source=OrderBook("W-1", "W-2", "W-3")):
        assert await pull(world, OrderPullStart(), "order-pull") == OrdersPulled(created=3)
    return "order-pull"


async def orders_pulled_since(world: World) -> str:
    """From a moment that somebody named, which moves nothing."""
    name = "order-pull/since"
    start = OrderPullStart(since="2026-11-01T00:00:00+00:00")
    async with connected(world, source=OrderBook("W-1")):
        assert await pull(world, start, name) == OrdersPulled(created=1)
    return name


async def orders_pulled_from_nowhere(world: World) -> str:
    """There is no source, so it fails."""
    name = "order-pull/nowhere"
    async with connected(world):
        with pytest.raises(WorkflowFailureError):
            await pull(world, OrderPullStart(), name)
    return name


async def told_to_the_crm(world: World) -> str:
    """One return whose order the CRM doesn't know, and one that it first gives no answer to."""
    unknown, known = new_order_number(), new_order_number()
    for number in (unknown, known):
        world.put_order(number, reference=new_payment("ok"))
    async with world.working():
        await world.request(unknown)
        rma = await world.request(known)
        await world.call(world.gateway.cancel, rma, "", AGENT)
    book = CrmBook(unknown=unknown, unclear=rma)
    async with connected(world, crm=book):
        told = await world.env.client.execute_workflow(
            CrmWorkflow.run, id="crm", task_queue=world.settings.task_queue
        )
    # The second attempt went on where the first one got no answer.
    assert told == 1
    assert list(book.cases) == [rma]
    return "crm"


async def tasks_watched(world: World) -> str:
    return await run_once(world, TaskWatchWorkflow.run, "task-watch")


async def tidied(world: World) -> str:
    return await run_once(world, HousekeepingWorkflow.run, "housekeeping")


async def run_once(world: World, run: Any, name: str) -> str:
    """Runs what a schedule starts, and gives its workflow's id."""
    await world.env.client.execute_workflow(run, id=name, task_queue=world.settings.task_queue)
    return name
