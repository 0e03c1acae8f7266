"""Following a dispute: what it holds up while it is open, and what its end pays."""

import asyncio
from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.disputes import Disputes
    from models.messages import (
        CoveredRefund,
        DisputeNews,
        DisputeStart,
        ManualMethod,
        ManualResolution,
    )
    from workflows import options
    from workflows.local import run_local
    from workflows.matter import SYSTEM
    from workflows.payouts import PayoutWorkflow


@workflow.defn
class DisputeWorkflow:
    """Asks the provider how a dispute stands whenever an event tells of it, and each day."""

    @workflow.init
    def __init__(self, start: DisputeStart) -> None:
        """Nothing is known but its id."""
        self._start = start
        self._told = False

    @workflow.run
    async def run(self, start: DisputeStart) -> None:
        """Until it is won or lost, or turns out to be about no payment of ours."""
        while True:
            self._told = False
            word = await workflow.execute_activity_method(
                Disputes.ask_about_dispute,
                start,
                start_to_close_timeout=options.PAYMENT_TIMEOUT,
                schedule_to_close_timeout=options.DISPUTE_GIVES_UP_AFTER,
                heartbeat_timeout=options.WORKER_SILENT_FOR,
                retry_policy=options.PAYMENT_RETRY,
                summary="Ask how the dispute stands",
            )
            if word is None:
                return
            recorded = await run_local(
                Disputes.record_dispute,
                DisputeNews(
                    provider=start.provider,
                    dispute=start.dispute,
                    word=word,
                    at=workflow.now().isoformat(),
                ),
                summary="Record how the dispute stands",
            )
            for covered in recorded.covered:
                await self._count_as_paid(covered)
            if recorded.closed:
                return
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: self._told,
                    timeout=options.DISPUTE_ASKED_EVERY,
                    timeout_summary="Ask again in case an event was lost",
                )

    @workflow.signal
    def dispute_news(self) -> None:
        """An event of the provider tells of it."""
        self._told = True

    # --- private steps ---------------------------------------------------------------------

    async def _count_as_paid(self, covered: CoveredRefund) -> None:
        """Tells who waits for a refund that the customer got it by the lost dispute."""
        handle = workflow.get_external_workflow_handle(covered.workflow)
        # It can't be told only when it has ended, and then it waits for nothing.
        with suppress(ApplicationError):
            await handle.signal(
                PayoutWorkflow.submit_resolution,
                ManualResolution(
                    id=f"dispute/{self._start.dispute}/{covered.refund}",
                    actor=SYSTEM,
                    refund=covered.refund,
                    method=ManualMethod.LOST_DISPUTE,
                    reference=self._start.dispute,
                ),
            )
