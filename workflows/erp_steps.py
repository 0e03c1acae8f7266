"""One return's side of the ERP: what it is told, and what people do where it refuses."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.erp import Erp
    from activities.refunds import Refunds
    from models.messages import (
        ErpByHand,
        ErpOrder,
        ErpStart,
        EventKind,
        PayoutProgress,
        ReturnState,
        ReturnStatus,
        TaskChoice,
        TaskCompletion,
        TaskKind,
    )
    from models.rules.refused import conflict, invalid
    from models.rules.task_choices import check_choice
    from workflows import options
    from workflows.local import run_local
    from workflows.matter import SYSTEM, Matter, words_of
    from workflows.money_steps import MONEY_STEPS, Step
    from workflows.recorder import Recorder


class ErpDesk(Matter):
    """What the ERP is told of one return, and what a person has to do about it."""

    def __init__(self, start: ErpStart) -> None:
        """Nothing is told yet."""
        super().__init__(start.rma, Recorder(f"erp/{start.run}/"), f"{start.rma}/erp/{start.run}")
        # Our references under way, or given up until a person acts.
        self.taken: set[str] = set()
        # Task → the reference it is about.
        self.failed: dict[str, str] = {}

    @property
    def state(self) -> ReturnState:
        """What an Update answers; the return itself stands in the database."""
        return ReturnState(rma=self.rma, status=ReturnStatus.RESOLVING)

    @property
    def recorded(self) -> bool:
        """What it is told about was recorded before it began."""
        return True

    @property
    def refused(self) -> bool:
        """There is always a timeline to say things on."""
        return False

    @property
    def mailable(self) -> bool:
        """The customer hears nothing of the shop's own books."""
        return False

    async def write(self) -> None:
        """Records what is new on the return's timeline; the caller holds the lock."""
        events, tasks = self.recorder.take()
        await run_local(
            Refunds.save_payout,
            PayoutProgress(rma=self.rma, at=workflow.now().isoformat(), events=events, tasks=tasks),
            summary="Record what the ERP has",
        )


async def record(desk: ErpDesk, reference: str) -> None:
    """Has the ERP record one document, and asks a person where it won't."""
    try:
        recorded = await workflow.execute_activity_method(
            Erp.record_document,
            ErpOrder(rma=desk.rma, reference=reference),
            start_to_close_timeout=options.ERP_TIMEOUT,
            schedule_to_close_timeout=options.ERP_GIVES_UP_AFTER,
            heartbeat_timeout=options.WORKER_SILENT_FOR,
            retry_policy=options.ERP_RETRY,
            summary=f"Record {reference} in the ERP",
        )
    except ActivityError as error:
        async with desk.lock:
            task = desk.recorder.open_task(
                TaskKind.ERP_FAILED, options.TASK_DUE, reference=reference
            )
            desk.recorder.tell(
                EventKind.ERP_FAILED,
                SYSTEM,
                reference=reference,
                problem=words_of(error),
                task=task,
            )
            desk.failed[task] = reference
            await desk.write()
        return
    async with desk.lock:
        desk.recorder.tell(
            EventKind.ERP_RECORDED,
            SYSTEM,
            reference=reference,
            numbers=", ".join(recorded.numbers),
            draft=None if recorded.final else 1,
        )
        await desk.write()


# --- what people do ----------------------------------------------------------------------------


def _check_completion(desk: ErpDesk, message: TaskCompletion) -> None:
    if message.task not in desk.failed:
        raise conflict("task_not_open", "This task is not open any more.")
    check_choice(TaskKind.ERP_FAILED, message.choice)
    if message.choice == TaskChoice.RECORDED and message.note is None:
        raise invalid(
            "number_needed", "Write the number that it has in the ERP in the note.", "/note"
        )


async def _complete(desk: ErpDesk, message: TaskCompletion) -> None:
    reference = desk.failed[message.task]
    if message.choice == TaskChoice.RECORDED:
        await run_local(
            Erp.record_by_hand,
            ErpByHand(
                rma=desk.rma,
                reference=reference,
                note=message.note,
                actor=message.actor,
                at=workflow.now().isoformat(),
            ),
            summary=f"Keep that {reference} was recorded by hand",
        )
        kind = EventKind.ERP_BY_HAND
    else:
        kind = EventKind.ERP_RETRIED
        desk.taken.discard(reference)
    del desk.failed[message.task]
    desk.recorder.close_task(message.task, message.actor)
    desk.recorder.tell(kind, message.actor, note=message.note, reference=reference)


ERP_STEPS: dict[type[Any], Step] = {
    TaskCompletion: Step(_check_completion, _complete),
    **MONEY_STEPS,
}
