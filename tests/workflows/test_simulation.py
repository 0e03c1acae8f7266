"""Drafts of the policy tried out on a real Temporal server."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.client import WorkflowFailureError

from models.database import Database
from models.messages import simulation_workflow_id
from models.rules.policy import Policy
from models.store import simulating
from models.tables import Simulation
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite
from tests.workflows.world import AGENT, World, new_order_number
from workflows import options


async def result(world: World, run: str) -> Simulation:
    handle = world.env.client.get_workflow_handle(simulation_workflow_id(run))
    await asyncio.wait_for(handle.result(), 30)
    return row_of(world, run)


def row_of(world: World, run: str) -> Simulation:
    with world.database.read() as session:
        row = simulating.load_simulation(session, run)
    assert row is not None
    return row


async def test_a_draft_is_tried_out_on_what_was_returned(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number)
    run = await world.call(world.gateway.simulate, Policy(window_days=0), AGENT)
    row = await result(world, run)
    assert (row.status, row.problem, row.actor) == ("done", None, AGENT.id)
    assert row.result is not None
    [change] = [each for each in row.result["changes"] if each["rma"] == rma]
    assert (change["before"]["decision"], change["after"]["decision"]) == ("review", "deny")
    assert row.done == row.total == row.result["returns"]
    # The return itself goes on.
    await world.approve(rma)


@on_sqlite
async def test_a_simulation_that_fails_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_database: Database, _id: str, _clock: Callable[[], datetime]) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(simulating, "simulate", broken)
    monkeypatch.setattr(options.SIMULATION_RETRY, "maximum_attempts", 1)
    run = await world.call(world.gateway.simulate, Policy(), AGENT)
    with pytest.raises(WorkflowFailureError):
        await result(world, run)
    row = row_of(world, run)
    assert row.status == "failed"
    assert row.problem
