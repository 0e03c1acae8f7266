"""What happens each night: the schedules, and the store credit that expires."""

from datetime import timedelta
from uuid import uuid4

from temporalio.client import Client, ScheduleActionStartWorkflow

from models.store.store_credits import issue
from models.tables import StoreCredit
from tests.workflows.refunding import on_sqlite
from tests.workflows.stored import NOW
from tests.workflows.world import World
from workflows.credit_expiry import CreditExpiryWorkflow
from workflows.schedules import (
    CREDIT_EXPIRY,
    HOUSEKEEPING,
    RECONCILIATION,
    TASK_WATCH,
    ensure_schedules,
)
from workflows.task_watch import TaskWatchWorkflow

pytestmark = on_sqlite


async def times(client: Client, schedule: str) -> tuple[list[tuple[int, int]], str | None, str]:
    """Hours and minutes, the time zone, and the task queue of a schedule."""
    found = (await client.get_schedule_handle(schedule).describe()).schedule
    assert isinstance(found.action, ScheduleActionStartWorkflow)
    clock = [
        (calendar.hour[0].start, calendar.minute[0].start) for calendar in found.spec.calendars
    ]
    return clock, found.spec.time_zone_name, found.action.task_queue


async def test_each_night_has_its_schedules_and_workers_may_start_at_once(world: World) -> None:
    client, queue = world.env.client, world.settings.task_queue
    await ensure_schedules(client, queue, "Europe/Berlin")
    nightly = ((CREDIT_EXPIRY, (3, 0)), (RECONCILIATION, (3, 30)), (HOUSEKEEPING, (4, 30)))
    for schedule, clock in nightly:
        assert await times(client, schedule) == ([clock], "Europe/Berlin", queue)
    await client.get_schedule_handle(RECONCILIATION).pause(note="Stocktaking")
    await ensure_schedules(client, queue, "America/New_York")
    clock, zone, _ = await times(client, RECONCILIATION)
    assert (clock, zone) == ([(3, 30)], "America/New_York")
    described = await client.get_schedule_handle(RECONCILIATION).describe()
    assert described.schedule.state.paused, "what ops paused stays paused"


async def test_a_schedule_that_is_triggered_compares(world: World) -> None:
    client = world.env.client
    await ensure_schedules(client, world.settings.task_queue, "UTC")
    handle = client.get_schedule_handle(RECONCILIATION)
    before = (await handle.describe()).info.num_actions
    await handle.trigger()

    for _ in range(100):
        runs = (await handle.describe()).info
        if runs.num_actions > before and not runs.running_actions:
            break
        await world.until_true(lambda: True)
    started = runs.recent_actions[-1].action
    result = await client.get_workflow_handle(started.workflow_id).result()
    assert result["differences"] == 0


async def test_tasks_are_watched_each_quarter_of_an_hour(world: World) -> None:
    client = world.env.client
    await ensure_schedules(client, world.settings.task_queue, "UTC")
    found = (await client.get_schedule_handle(TASK_WATCH).describe()).schedule
    assert [each.every for each in found.spec.intervals] == [timedelta(minutes=15)]
    sent = await client.execute_workflow(
        TaskWatchWorkflow.run, id=f"task-watch/{uuid4()}", task_queue=world.settings.task_queue
    )
    assert sent == 0


async def test_expired_store_credit_is_written_off(world: World) -> None:
    with world.database.write() as session:
        codes = [
            issue(
                session,
                source=f"test/{days}",
                origin="goodwill",
                amount=1000,
                bonus=0,
                currency="GBP",
                rma=None,
                order=None,
                at=NOW,
                expires_at=NOW + timedelta(days=days),
                actor="user:1",
            ).code
            for days in (1, 20_000)
        ]
    expired = await world.env.client.execute_workflow(
        CreditExpiryWorkflow.run,
        id=f"credit-expiry/{uuid4()}",
        task_queue=world.settings.task_queue,
    )
    assert expired == 1
    with world.database.read() as session:
        assert [session.get_one(StoreCredit, code).balance for code in codes] == [0, 1000]
