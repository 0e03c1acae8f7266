"""Every five minutes: the customers' records are told of what is new about returns."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.crm import Crm
    from workflows import options


@workflow.defn
class CrmWorkflow:
    """Tells until nothing is new; how far it came is in the database."""

    @workflow.run
    async def run(self) -> int:
        """How many returns were told of."""
        told, again = 0, True
        while True:
            page = await workflow.execute_activity_method(
                Crm.tell_customers_records,
                again,
                start_to_close_timeout=options.CRM_TIMEOUT,
                schedule_to_close_timeout=options.CRM_GIVES_UP_AFTER,
                heartbeat_timeout=options.WORKER_SILENT_FOR,
                retry_policy=options.CRM_RETRY,
                summary="Tell the customers' records",
            )
            told, again = told + page.returns, False
            if not page.more:
                return told
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new()
