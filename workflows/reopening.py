"""Opening a return again: one that had ended begins anew, a refused one is inspected anew."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.records import Records
    from models.messages import (
        Assessment,
        EventKind,
        HoldUnits,
        Opening,
        Reinspection,
        ReturnKind,
        ReturnStatus,
        TaskKind,
        Template,
    )
    from models.rules.counting import SETTLED
    from models.rules.refused import conflict
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
        here = assessment.here
        case.recorder.tell(
            EventKind.RETURN_REOPENED, start.actor, note=start.note, units=units, here=sum(here)
        )
        if before:
            progress.approve_again(before)
            case.go_on_approved(assessment)
            if any(here):
                _go_on_with_goods(case, assessment)
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


def _go_on_with_goods(case: Case, assessment: Assessment) -> None:
    """The goods, or some of them, need not come any more: they wait for their inspection."""
    start, progress = case.start, case.progress
    for task in assessment.ended_tasks:
        case.recorder.close_task(task, start.actor)
    units = progress.take_as_here(assessment.here)
    case.received_at = workflow.now()
    case.recorder.tell(
        EventKind.RECEIVED, start.actor, units=units, outstanding=progress.outstanding_units
    )
    due = timedelta(seconds=start.deadlines.inspection_due)
    case.recorder.open_task(TaskKind.INSPECT, due)
    case.mail(Template.RECEIVED)


def check_again(case: Case, _message: Reinspection) -> None:
    """Whether what was refused can be inspected once more."""
    progress = case.progress
    if not progress.ended and progress.status is not ReturnStatus.REJECTED:
        raise conflict(
            "still_open",
            f"This return is {progress.status} and still open; go on with it as it is.",
        )
    if progress.ended or not case.recorder.tasks_of(TaskKind.SEND_BACK):
        raise conflict(
            "not_reopenable", "Its goods went back to the customer; ask for a new return."
        )


async def inspect_again(case: Case, message: Reinspection) -> None:
    """Takes back that everything was refused: what is here waits for its inspection."""
    progress, recorder = case.progress, case.recorder
    # The money that was paid ahead counts as given, and would not be given again.
    if progress.ahead_units and workflow.patched("refused-ahead-sent-back"):
        raise conflict("not_reopenable", SETTLED)
    # Their places were given back, and may be another return's by now.
    refusals = await run_local(
        Records.hold_units,
        HoldUnits(rma=case.rma, held=[line.approved - line.missing for line in progress.lines]),
        summary="Take the units again that were refused",
    )
    if refusals:
        raise conflict(refusals[0].code, refusals[0].message)
    units = progress.inspect_again()
    case.sent_back = 0
    case.received_at = workflow.now()
    case.inspection_overdue = False
    recorder.close_tasks(TaskKind.SEND_BACK, message.actor)
    recorder.tell(
        EventKind.RETURN_REOPENED,
        message.actor,
        note=message.note,
        units=units,
        here=units,
        was=ReturnStatus.REJECTED,
    )
    recorder.open_task(TaskKind.INSPECT, timedelta(seconds=case.start.deadlines.inspection_due))
