"""Sends events to one webhook endpoint, in order within each return, until nothing waits."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.webhooks import Webhooks
    from models.messages import (
        WebhookPlan,
        WebhookPlanning,
        WebhookSending,
        WebhookStart,
        webhook_workflow_id,
    )
    from workflows import options
    from workflows.local import run_local

# How many streams are sent side by side. An endpoint that hangs holds so many threads of a worker.
_SIDE_BY_SIDE = 6


@workflow.defn
class WebhookWorkflow:
    """Sends what waits for an endpoint.

    The database says what that is. This workflow only keeps the order of attempts, waits until the
    next one is due, and ends when nothing waits; a nudge or the sweep starts it again.
    """

    def __init__(self) -> None:
        """Nothing is being sent yet."""
        self._nudged = False
        self._ended_one = False
        self._busy: dict[str, asyncio.Task[None]] = {}

    @workflow.run
    async def run(self, start: WebhookStart) -> None:
        """Sends until nothing waits."""
        while True:
            self._nudged = self._ended_one = False
            plan = await self._plan(start)
            for stream in plan.streams:
                self._busy[stream] = asyncio.create_task(self._send(start.endpoint, stream))
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(lambda: not self._busy)
                workflow.continue_as_new(start)
            if not self._busy and not plan.more and plan.look_again_at is None and not self._nudged:
                return
            if self._busy or not plan.more:
                await self._wait(plan)

    @workflow.signal
    def nudge(self) -> None:
        """Something new may wait."""
        self._nudged = True

    async def _plan(self, start: WebhookStart) -> WebhookPlan:
        free = _SIDE_BY_SIDE - len(self._busy)
        if free == 0:
            return WebhookPlan(more=True)
        planning = WebhookPlanning(
            endpoint=start.endpoint,
            at=workflow.now().isoformat(),
            free=free,
            busy=list(self._busy),
        )
        return await run_local(Webhooks.plan_sending, planning, summary="See what is due")

    async def _wait(self, plan: WebhookPlan) -> None:
        """Until a stream's turn ended, something new may wait, or the next attempt is due."""
        timeout = None
        if plan.look_again_at is not None:
            due = datetime.fromisoformat(plan.look_again_at)
            timeout = max(due - workflow.now(), timedelta(milliseconds=1))
        full = len(self._busy) == _SIDE_BY_SIDE
        try:
            await workflow.wait_condition(
                lambda: self._ended_one or (self._nudged and not full),
                timeout=None if full else timeout,
                timeout_summary="Until the next attempt",
            )
        except TimeoutError:
            return

    async def _send(self, endpoint: str, stream: str) -> None:
        try:
            await workflow.execute_activity_method(
                Webhooks.send_stream,
                WebhookSending(endpoint=endpoint, stream=stream, at=workflow.now().isoformat()),
                start_to_close_timeout=options.WEBHOOK_TIMEOUT,
                heartbeat_timeout=options.WORKER_SILENT_FOR,
                retry_policy=options.WEBHOOK_RETRY,
                summary="Send events",
            )
        finally:
            del self._busy[stream]
            self._ended_one = True


@workflow.defn
class WebhookSweepWorkflow:
    """Every other minute: nudges the workflows of endpoints for which something waits."""

    @workflow.run
    async def run(self) -> int:
        """How many endpoints had something waiting."""
        found = await run_local(
            Webhooks.find_waiting, workflow.now().isoformat(), summary="Find what waits"
        )
        for endpoint in found.endpoints:
            await self._nudge(endpoint)
        return len(found.endpoints)

    async def _nudge(self, endpoint: str) -> None:
        found = webhook_workflow_id(endpoint)
        try:
            await workflow.start_child_workflow(
                WebhookWorkflow.run,
                WebhookStart(endpoint=endpoint),
                id=found,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary="Webhooks of one endpoint",
            )
        except WorkflowAlreadyStartedError:
            # It runs. Where it ends before the nudge comes, the next sweep starts it.
            with suppress(FailureError):
                await workflow.get_external_workflow_handle(found).signal(WebhookWorkflow.nudge)
