"""The beginning of a return that is opened again."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.records import Records
    from models.messages import (
        EventKind,
        Opening,
        ReturnKind,
        ReturnStatus,
        TaskKind,
        Template,
    )
    from workflows.case import Case
    from workflows.local import run_local


async def reopen(case: Case) -> bool:
    """Takes the units again and goes on where the return was; false when that can't be done.

    What was approved waits for its parcel, with new deadlines; else it is decided once more.
    """
    start, progress = case.start, case.progress
    async with case.lock:
        assessment = await run_local(
            Records.reopen_return,
            Opening(start=start, at=workflow.now().isoformat()),
            summary="Take the units again and open the return",
        )
        if assessment.refusals:
            progress.ended_as = ReturnStatus.CANCELLED
            case.assessment = assessment
            return False
        case.recorder.adopt(assessment.open_tasks)
        before = assessment.approved_before
        units = sum(before) or sum(line.requested for line in progress.lines)
        case.recorder.tell(EventKind.RETURN_REOPENED, start.actor, note=start.note, units=units)
        if before:
            progress.approve_again(before)
            case.go_on_approved(assessment)
        else:
            due = timedelta(seconds=start.deadlines.decision_due)
            case.recorder.open_task(TaskKind.DECIDE, due)
        await case.write()
        case.assessment = assessment
        if start.kind is ReturnKind.WITHDRAWAL:
            case.withdrawn_at = workflow.now()
        if not before:
            case.mail(Template.REQUESTED)
    return True
