"""Every quarter of an hour, or when somebody asks: orders that changed are pulled."""

from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.order_pulls import OrderPulls
    from models.messages import (
        OrderPageAsked,
        OrderPagePulled,
        OrderPullEnd,
        OrderPullStart,
        OrdersPulled,
    )
    from workflows import options
    from workflows.local import run_local


@workflow.defn
class OrderPullWorkflow:
    """Pulls page after page; only when all are in, the next pull begins where this one did.

    So nothing is skipped, whichever page fails: the next pull reads them all again.
    """

    @workflow.run
    async def run(self, start: OrderPullStart) -> OrdersPulled:
        """What it came to."""
        while True:
            page = await self._pull(start)
            start = replace(
                start,
                after=page.next,
                newest=start.newest or page.newest,
                so_far=(start.so_far or OrdersPulled()).plus(page.pulled),
            )
            if page.next is None:
                break
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(start)
        # Who names a moment may name a late one: what lies before it may still be missing.
        if start.newest is not None and start.since is None:
            await run_local(
                OrderPulls.end_pull,
                OrderPullEnd(newest=start.newest, at=workflow.now().isoformat()),
                summary="Keep how far orders were pulled",
            )
        return start.so_far or OrdersPulled()

    async def _pull(self, start: OrderPullStart) -> OrderPagePulled:
        return await workflow.execute_activity_method(
            OrderPulls.pull_page,
            OrderPageAsked(since=start.since, after=start.after),
            start_to_close_timeout=options.ORDER_PULL_TIMEOUT,
            schedule_to_close_timeout=options.ORDER_PULL_GIVES_UP_AFTER,
            heartbeat_timeout=options.WORKER_SILENT_FOR,
            retry_policy=options.ORDER_PULL_RETRY,
            summary="Pull a page of orders",
        )
