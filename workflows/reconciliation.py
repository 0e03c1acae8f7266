"""Each night, and when somebody asks: refunds, books and the providers' lists are compared."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.reconciliation import Reconciliations
    from activities.refunds import Refunds
    from models.messages import (
        Comparison,
        NewsForWorkflow,
        ReconciliationEnd,
        ReconciliationResult,
        ReconciliationStart,
        RefundStatus,
    )
    from workflows import options
    from workflows.erp import tell_erp
    from workflows.local import run_local
    from workflows.matter import words_of
    from workflows.payouts import PayoutWorkflow
    from workflows.recovering import begin_recovery


@workflow.defn
class ReconciliationWorkflow:
    """Names every difference, and tells the workflows of refunds what the provider says."""

    @workflow.run
    async def run(self, start: ReconciliationStart) -> ReconciliationResult:
        """Compares, and compares again until every workflow that has to know was told.

        Raises:
            ApplicationError: `not_compared`; the run says why.
        """
        run = start.id or str(workflow.uuid4())
        told: list[str] = []
        differences = 0
        problem: str | None = None
        more = True
        try:
            while more:
                compared = await workflow.execute_activity_method(
                    Reconciliations.compare,
                    Comparison(id=run, actor=start.actor, told=told),
                    start_to_close_timeout=options.COMPARISON_TIMEOUT,
                    schedule_to_close_timeout=options.COMPARISON_GIVES_UP_AFTER,
                    heartbeat_timeout=options.WORKER_SILENT_FOR,
                    retry_policy=options.COMPARISON_RETRY,
                    summary="Compare refunds, books and the providers' lists",
                )
                await asyncio.gather(*(_tell(each) for each in compared.news))
                for rma in compared.erp:
                    await tell_erp(rma)
                told.extend(each.news.refund for each in compared.news)
                # The first comparison tells all; the later ones see some repaired already.
                differences, more = max(differences, compared.differences), compared.more
        except ActivityError as error:
            problem = words_of(error)
        await run_local(
            Reconciliations.end_reconciliation,
            ReconciliationEnd(id=run, at=workflow.now().isoformat(), told=told, problem=problem),
            summary="Record how the reconciliation ended",
        )
        if problem is not None:
            raise ApplicationError(problem, type="not_compared", non_retryable=True)
        return ReconciliationResult(id=run, differences=differences, told=len(told))


async def _tell(found: NewsForWorkflow) -> None:
    """Tells the workflow of a refund; when it has ended, a failure starts a recovery."""
    handle = workflow.get_external_workflow_handle(found.workflow)
    try:
        await handle.signal(PayoutWorkflow.refund_news, found.news)
        return
    except ApplicationError:
        # It has ended: that is the one reason for which a signal can't be delivered.
        pass
    if found.news.status not in (RefundStatus.FAILED, RefundStatus.CANCELED):
        await run_local(
            Refunds.settle_refund, found.news, summary=f"Settle refund {found.news.refund}"
        )
        return
    await begin_recovery(found.rma, found.news)
