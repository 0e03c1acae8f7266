"""Each night, store credit that has expired is written off."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.store_credits import StoreCredits
    from workflows import options


@workflow.defn
class CreditExpiryWorkflow:
    """Writes off what is left on expired codes."""

    @workflow.run
    async def run(self) -> int:
        """How many codes had expired."""
        return await workflow.execute_activity_method(
            StoreCredits.expire_store_credits,
            workflow.now().isoformat(),
            start_to_close_timeout=options.COMPARISON_TIMEOUT,
            heartbeat_timeout=options.WORKER_SILENT_FOR,
            retry_policy=options.COMPARISON_RETRY,
            summary="Write off expired store credit",
        )
