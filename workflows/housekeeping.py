"""Each night, what other systems were told long ago is dropped."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.housekeeping import Housekeeping
    from workflows import options


@workflow.defn
class HousekeepingWorkflow:
    """Drops events and deliveries of long ago."""

    @workflow.run
    async def run(self) -> int:
        """How many events were dropped."""
        return await workflow.execute_activity_method(
            Housekeeping.forget_what_was_told,
            workflow.now().isoformat(),
            start_to_close_timeout=options.COMPARISON_TIMEOUT,
            schedule_to_close_timeout=options.COMPARISON_GIVES_UP_AFTER,
            heartbeat_timeout=options.WORKER_SILENT_FOR,
            retry_policy=options.COMPARISON_RETRY,
            summary="Drop events of long ago",
        )
