"""Telling the ERP of a return, beside everything else: nothing waits for it.

What the ERP has not acknowledged stands in the database; whoever makes something new says so here.
"""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.erp import Erp
    from models.messages import ErpOrder, ErpStart, ReturnState, TaskCompletion, erp_workflow_id
    from workflows import search_attributes
    from workflows.erp_steps import ERP_STEPS, ErpDesk, record
    from workflows.local import run_local
    from workflows.money_doors import MoneyDoors

# A workflow that ends while it is told is started again; whom it never reaches, the nightly
# comparison finds.
_TRIES = 3


@workflow.defn
class ErpWorkflow(MoneyDoors):
    """Has the ERP record each credit note and each goods movement of one return, once."""

    @workflow.init
    def __init__(self, start: ErpStart) -> None:
        """Something may be due."""
        self._desk = ErpDesk(start)
        self._news = True
        self._recording: list[asyncio.Task[None]] = []
        super().__init__(self._desk, ERP_STEPS)

    @workflow.run
    async def run(self, start: ErpStart) -> ReturnState:
        """Until the ERP has everything; a person helps where it refuses."""
        while self._news:
            self._news = False
            await self._begin()
            self._show()
            await workflow.wait_condition(lambda: self._news or self._at_rest())
        return self._desk.state

    @workflow.signal
    def look_again(self) -> None:
        """Something more is due."""
        self._news = True

    @workflow.update
    async def complete_task(self, completion: TaskCompletion) -> ReturnState:
        """Tries a document again, or takes that a person has recorded it."""
        state = await self._take(completion)
        self._news = True
        return state

    @complete_task.validator
    def _may_complete_task(self, completion: TaskCompletion) -> None:
        self._check(completion)

    @workflow.signal
    async def submit_completion(self, completion: TaskCompletion) -> None:
        """The task completion's durable second path."""
        await self._take_signal(completion)
        self._news = True

    # --- private steps ---------------------------------------------------------------------

    def _at_rest(self) -> bool:
        """Nothing is under way, nobody is asked, and no handler is about to bring news."""
        busy = any(not task.done() for task in self._recording)
        return not (busy or self._desk.failed) and workflow.all_handlers_finished()

    async def _begin(self) -> None:
        """Starts on what is due and not under way; what waits for a person is left."""
        desk = self._desk
        due = await run_local(
            Erp.list_due, ErpOrder(rma=desk.rma, reference=""), summary="What the ERP should have"
        )
        for reference in due.references:
            if reference not in desk.taken:
                desk.taken.add(reference)
                self._recording.append(asyncio.create_task(record(desk, reference)))

    def _show(self) -> None:
        """Tells ops in Temporal's UI what is under way and what waits for a person."""
        failed = set(self._desk.failed.values())
        lines = [
            f"- {reference}: {'needs a person' if reference in failed else 'told'}"
            for reference in sorted(self._desk.taken)
        ]
        workflow.set_current_details("\n".join(["**ERP**", *lines]))


async def tell_erp(rma: str) -> None:
    """Says that something of a return is due in the ERP: starts its workflow, or tells it."""
    name = erp_workflow_id(rma)
    for _ in range(_TRIES):
        try:
            await workflow.start_child_workflow(
                ErpWorkflow.run,
                ErpStart(rma=rma, run=str(workflow.uuid4())),
                id=name,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                search_attributes=search_attributes.for_return(rma),
                static_summary=f"ERP beside return {rma}",
            )
            return
        except WorkflowAlreadyStartedError:
            pass
        try:
            handle = workflow.get_external_workflow_handle(name)
            await handle.signal(ErpWorkflow.look_again)
            return
        except ApplicationError:
            pass  # It has ended meanwhile.
