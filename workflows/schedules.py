"""What happens by the clock, as Temporal Schedules; ops see, pause and trigger them in its UI."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from models.messages import OrderPullStart, ReconciliationStart
from workflows.credit_expiry import CreditExpiryWorkflow
from workflows.crm import CrmWorkflow
from workflows.housekeeping import HousekeepingWorkflow
from workflows.order_pull import OrderPullWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.task_watch import TaskWatchWorkflow
from workflows.webhooks import WebhookSweepWorkflow

RECONCILIATION = "redress-reconciliation"
CREDIT_EXPIRY = "redress-credit-expiry"
TASK_WATCH = "redress-task-watch"
WEBHOOK_SWEEP = "redress-webhook-sweep"
ORDER_PULL = "redress-order-pull"
CRM = "redress-crm"
HOUSEKEEPING = "redress-housekeeping"

# A night that was missed longer ago than this is not made up for: the next one compares all.
_CATCH_UP = timedelta(hours=20)
_QUARTER = timedelta(minutes=15)
# Nudges make webhooks fast; the sweep only finds what they missed.
_SWEEP = timedelta(minutes=2)
_FIVE_MINUTES = timedelta(minutes=5)


async def ensure_schedules(
    client: Client,
    task_queue: str,
    time_zone: str,
    *,
    pull_orders: bool = False,
    tell_crm: bool = False,
) -> None:
    """Creates the schedules, or brings their times up to date; what ops paused stays paused.

    Args:
        client: connected to Temporal.
        task_queue: where the workers listen.
        time_zone: the shop's, an IANA name.
        pull_orders: whether there is an order source; without one its schedule is taken away.
        tell_crm: the same of the CRM.
    """
    reconciliation = ScheduleActionStartWorkflow(
        ReconciliationWorkflow.run,
        ReconciliationStart(),
        id="reconciliation/nightly",
        task_queue=task_queue,
        static_summary="Reconciliation of the night",
    )
    expiry = ScheduleActionStartWorkflow(
        CreditExpiryWorkflow.run,
        id="credit-expiry",
        task_queue=task_queue,
        static_summary="Store credit that has expired",
    )
    # Credit first, so that the comparison sees the books of the day.
    await _ensure(client, CREDIT_EXPIRY, expiry, _each_night(3, 0, time_zone))
    await _ensure(client, RECONCILIATION, reconciliation, _each_night(3, 30, time_zone))
    tidy = ScheduleActionStartWorkflow(
        HousekeepingWorkflow.run,
        id="housekeeping",
        task_queue=task_queue,
        static_summary="What was told long ago",
    )
    await _ensure(client, HOUSEKEEPING, tidy, _each_night(4, 30, time_zone))
    watch = ScheduleActionStartWorkflow(
        TaskWatchWorkflow.run,
        id="task-watch",
        task_queue=task_queue,
        static_summary="Tasks that are due",
    )
    often = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_QUARTER)])
    await _ensure(client, TASK_WATCH, watch, often, catch_up=_QUARTER)
    sweep = ScheduleActionStartWorkflow(
        WebhookSweepWorkflow.run,
        id="webhook-sweep",
        task_queue=task_queue,
        static_summary="Webhooks that wait",
    )
    soon = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_SWEEP)])
    await _ensure(client, WEBHOOK_SWEEP, sweep, soon, catch_up=_SWEEP)
    if tell_crm:
        crm = ScheduleActionStartWorkflow(
            CrmWorkflow.run,
            id="crm",
            task_queue=task_queue,
            static_summary="What customers' records are told",
        )
        each_five = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_FIVE_MINUTES)])
        await _ensure(client, CRM, crm, each_five, catch_up=_FIVE_MINUTES)
    else:
        await _remove(client, CRM)
    if not pull_orders:
        await _remove(client, ORDER_PULL)
        return
    pull = ScheduleActionStartWorkflow(
        OrderPullWorkflow.run,
        OrderPullStart(),
        id="order-pull",
        task_queue=task_queue,
        static_summary="Orders that changed",
    )
    await _ensure(client, ORDER_PULL, pull, often, catch_up=_QUARTER)


def _each_night(hour: int, minute: int, time_zone: str) -> ScheduleSpec:
    return ScheduleSpec(
        calendars=[
            ScheduleCalendarSpec(hour=[ScheduleRange(hour)], minute=[ScheduleRange(minute)])
        ],
        time_zone_name=time_zone,
    )


async def _ensure(
    client: Client,
    id: str,
    action: ScheduleActionStartWorkflow,
    spec: ScheduleSpec,
    catch_up: timedelta = _CATCH_UP,
) -> None:
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=catch_up)
    try:
        await client.create_schedule(id, Schedule(action=action, spec=spec, policy=policy))
        return
    except ScheduleAlreadyRunningError:
        pass

    def changed(given: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = given.description.schedule
        schedule.action, schedule.spec, schedule.policy = action, spec, policy
        return ScheduleUpdate(schedule=schedule)

    await client.get_schedule_handle(id).update(changed)


async def _remove(client: Client, id: str) -> None:
    try:
        await client.get_schedule_handle(id).delete()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
