"""Webhooks on a real Temporal server, to a receiver in a process of its own that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from temporalio.client import Client

from activities.providers.webhooks import http
from models.messages import ReturnStatus, TaskKind, webhook_workflow_id
from models.rules import webhooks as rules
from models.store import webhooks
from models.store.outgoing import events_after
from models.tables import Return, StaffMail, Task, WebhookDelivery, WebhookEndpoint
from tests.contract.webhook_receiver import Receiver
from tests.web.staff_rows import NOW, add_return, add_user
from tests.workflows.hooks import assert_told_in_order, counts, happen, listen, nudge, until_all
from tests.workflows.refunding import on_sqlite
from tests.workflows.world import World
from web.access import Role
from web.bell import WebhookBell
from web.delivery import Delivery
from web.temporal import TemporalBridge
from workflows.webhooks import WebhookSweepWorkflow

SHORT = timedelta(milliseconds=100)


@pytest.fixture
def idle_world(idle_world: World) -> World:
    idle_world.settings = replace(idle_world.settings, webhooks_to_private=True)
    return idle_world


@pytest.fixture
async def world(idle_world: World) -> AsyncIterator[World]:
    async with idle_world.working():
        yield idle_world


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried soon, and hanging ends soon."""
    monkeypatch.setattr(rules, "RETRY_AFTER", (SHORT,))
    monkeypatch.setattr(rules, "PAUSE_AFTER", (SHORT / 10,))
    monkeypatch.setattr(http, "TIMEOUT", 0.2)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(directory=tmp_path)
    yield made
    made.stop()


@pytest.mark.usefixtures("soon")
async def test_a_receiver_that_fails_hangs_redirects_and_dies_gets_every_event_in_order(
    world: World, receiver: Receiver
) -> None:
    receiver.answer = "wild-7"
    endpoint = listen(world, receiver)
    receiver.start()
    happen(world, returns=6, each=10)
    await nudge(world, endpoint)
    await until_all(world, 60)
    assert_told_in_order(world, receiver, 60)
    assert receiver.deaths > 0
    assert len(receiver.log) > 70
    # Nothing waits any more, so nothing runs.
    handle = world.env.client.get_workflow_handle(webhook_workflow_id(endpoint.id))
    await asyncio.wait_for(handle.result(), 20)


@on_sqlite
async def test_what_happens_while_nobody_can_be_nudged_is_found_by_the_sweep(
    idle_world: World, receiver: Receiver
) -> None:
    world = idle_world
    listen(world, receiver, "return.scanned")
    receiver.start()
    happen(world, returns=2, each=2)
    async with world.working():
        for _ in range(2):
            found = await world.env.client.execute_workflow(
                WebhookSweepWorkflow.run,
                id=f"sweep-{world.settings.task_queue}",
                task_queue=world.settings.task_queue,
            )
        await until_all(world, 2)
    assert found <= 1
    assert {each["event"]["type"] for each in receiver.log} == {"return.scanned"}


@on_sqlite
async def test_what_a_process_writes_is_sent_at_once_when_it_has_a_bell(
    world: World, receiver: Receiver
) -> None:
    async def connected() -> Client:
        return world.env.client

    listen(world, receiver, "return.scanned")
    receiver.start()
    delivery = Delivery(TemporalBridge(connected), world.settings.task_queue)
    world.database.when_told = WebhookBell(world.database, delivery).ring
    try:
        happen(world, returns=2, each=2)
        await until_all(world, 2)
    finally:
        world.database.when_told = None
    assert len(receiver.taken) == 2


@on_sqlite
async def test_a_test_goes_to_its_endpoint_alone(
    world: World, receiver: Receiver, tmp_path: Path
) -> None:
    endpoint = listen(world, receiver, "refund.succeeded")
    other = listen(world, Receiver(directory=tmp_path))
    receiver.start()
    with world.database.write() as session:
        event = webhooks.send_test(session, endpoint.id, at=datetime.now(UTC))
    assert event is not None
    for each in (endpoint, other):
        await nudge(world, each)
    await until_all(world, 1)
    [got] = receiver.log
    assert (got["event"]["type"], got["id"]) == ("webhook.test", event.id)
    assert got["headers"]["User-Agent"] == "Redress-Webhooks/1"


@on_sqlite
async def test_after_three_days_without_an_answer_it_is_given_up_and_the_managers_are_told(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "PAUSE_AFTER", (timedelta(hours=6),))
    with world.database.write() as session:
        manager = add_user(session, Role.MANAGER).id
        add_user(session, Role.AGENT)
    endpoint = listen(world, receiver)
    happen(world, returns=2, each=2)
    await nudge(world, endpoint)
    handle = world.env.client.get_workflow_handle(webhook_workflow_id(endpoint.id))
    await world.until_true(lambda: tried(world) > 0)
    await world.env.fast_forward(handle, timedelta(days=2, hours=12))
    assert counts(world) == {"pending": 4}
    await world.env.fast_forward(handle, timedelta(hours=13))
    # Beside the four waits that there is a task.
    await world.until_true(
        lambda: counts(world) == {"failed": 4, "pending": 1}, lambda: counts(world)
    )
    with world.database.read() as session:
        [mail] = session.scalars(select(StaffMail)).all()
    assert mail.user_id == manager
    assert mail.subject == "Webhooks could not be delivered"
    assert f"/webhooks/{endpoint.id}" in mail.text
    [task] = troubles(world)
    assert (task.status, task.endpoint_id) == ("open", endpoint.id)
    # Sent again by a person, once somebody listens.
    receiver.start()
    with world.database.write() as session:
        event = events_after(session, 0, limit=1)[0]
        webhooks.resend(session, event, [session.get_one(WebhookEndpoint, endpoint.id)], NOW)
    await nudge(world, endpoint)
    await world.until_true(
        lambda: counts(world) == {"failed": 3, "delivered": 3}, lambda: counts(world), seconds=40
    )
    assert event.id in [each["id"] for each in receiver.log]
    assert [each.status for each in troubles(world)] == ["done"]


@on_sqlite
async def test_an_endpoint_that_is_gone_is_switched_off_and_what_waits_stays(
    world: World, receiver: Receiver
) -> None:
    with world.database.write() as session:
        add_user(session, Role.MANAGER)
    endpoint = listen(world, receiver)
    receiver.answer = "410"
    receiver.start()
    happen(world, returns=1, each=3)
    await nudge(world, endpoint)
    handle = world.env.client.get_workflow_handle(webhook_workflow_id(endpoint.id))
    await asyncio.wait_for(handle.result(), 20)
    with world.database.read() as session:
        row = session.get_one(WebhookEndpoint, endpoint.id)
        assert (row.enabled, row.disabled_because) == (False, "gone")
        assert [mail.subject for mail in session.scalars(select(StaffMail))] == [
            "A webhook endpoint is switched off"
        ]
    assert len(receiver.log) == 1
    [task] = troubles(world)
    assert (task.status, task.reference) == ("open", receiver.log[0]["id"])
    # What waits is the three, and that there is a task.
    assert counts(world) == {"pending": 3}
    receiver.stop()
    receiver.answer = "204"
    receiver.start()
    with world.database.write() as session:
        webhooks.switch_endpoint(
            session, endpoint.id, on=True, actor="user:1", at=datetime.now(UTC)
        )
    await nudge(world, endpoint)
    await until_all(world, 5)
    assert [(each.status, each.closed_by) for each in troubles(world)] == [("done", "user:1")]


def troubles(world: World) -> list[Task]:
    with world.database.read() as session:
        query = select(Task).where(Task.kind == TaskKind.WEBHOOK_FAILED).order_by(Task.opened_at)
        return list(session.scalars(query))


def tried(world: World) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.sum(WebhookDelivery.attempts))) or 0


@on_sqlite
async def test_a_nudge_wakes_a_workflow_that_waits_for_its_next_attempt(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "RETRY_AFTER", (timedelta(hours=5),))
    receiver.answer = "503"
    endpoint = listen(world, receiver)
    receiver.start()
    happen(world, returns=1, each=1)
    await nudge(world, endpoint)
    await world.until_true(lambda: tried(world) == 1)
    receiver.stop()
    receiver.answer = "200"
    receiver.start()
    with world.database.write() as session:
        add_return(session, 9, ReturnStatus.REQUESTED)
        assert session.scalar(select(func.count()).select_from(Return)) == 2
    await nudge(world, endpoint)
    await world.until_true(
        lambda: counts(world) == {"pending": 1, "delivered": 1}, lambda: counts(world)
    )
