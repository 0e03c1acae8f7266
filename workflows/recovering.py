"""Following a refund that came back after the workflow that paid it had ended."""

from contextlib import suppress

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from models.messages import RefundNews, payout_workflow_id, recovery_of
    from workflows import search_attributes


async def begin_recovery(rma: str, news: RefundNews) -> None:
    """Starts a recovery beside the return, unless another word of it was faster."""
    recovery = recovery_of(rma, news)
    with suppress(WorkflowAlreadyStartedError):
        await workflow.start_child_workflow(
            "PayoutWorkflow",
            recovery,
            id=payout_workflow_id(rma, recovery.kind, recovery.id),
            # One whose news were not confirmed may begin again with others.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            search_attributes=search_attributes.for_payout(recovery),
            static_summary=f"Recovery beside return {rma}",
        )
