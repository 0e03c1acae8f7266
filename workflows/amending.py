"""A change of mind: what may still change, and what the return is after it."""

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.records import Records
    from models.messages import Amended, Amending, Amendment, TaskKind, Template
    from models.rules.amending import amend, check_amendment, declined_lines
    from models.rules.refused import Refused, conflict
    from workflows.case import Case
    from workflows.local import run_local
    from workflows.photos import ask_for_photo, stop_waiting


def check(case: Case, message: Amendment) -> None:
    """Whether the return can be changed like this now."""
    if case.exchanged and not case.progress.ended:
        raise gone_out()
    check_amendment(case.progress, message)


def gone_out() -> Refused:
    """What was sent out in exchange can't be unsent."""
    return conflict(
        "exchange_shipped",
        "The new item has gone out already; this return can't be changed any more.",
    )


async def carry_out(case: Case, message: Amendment) -> None:
    """Judges the change, and goes on with what comes of it."""
    progress, recorder = case.progress, case.recorder
    amended: Amended = await run_local(
        Records.amend_return,
        Amending(
            rma=case.rma,
            at=workflow.now().isoformat(),
            amendment=message,
            decided=progress.decided,
            declined=declined_lines(progress),
        ),
        summary="Judge the change and record it",
    )
    assessment = amended.assessment
    if any(refusal.code == "exchange_shipped" for refusal in assessment.refusals):
        raise gone_out()
    if assessment.refusals:
        raise ApplicationError(
            "The change was refused.", assessment.refusals, type="refused", non_retryable=True
        )
    amend(progress, amended)
    case.start = replace(case.start, lines=amended.lines)
    case.assessment = assessment
    case.exchange_round = amended.exchange
    case.mail(Template.CHANGED)
    if progress.decided:
        # What goes out now is begun, and what went before it ended, in the return's next round.
        progress.exchange_open = bool(amended.exchange)
        return
    recorder.close_tasks(TaskKind.SECOND_APPROVAL, message.actor)
    if assessment.photo_awaited and not case.photo_given_up:
        if case.photo_asked_at is None:
            recorder.close_tasks(TaskKind.DECIDE, message.actor)
            ask_for_photo(case)
            case.mail(Template.PHOTO_WANTED)
        return
    stop_waiting(case, message.actor)
    if assessment.approved:
        recorder.close_tasks(TaskKind.DECIDE, message.actor)
        case.approve_by_policy(assessment)
        if assessment.keep_item:
            case.mail(Template.KEEP_ITEM)
    elif not recorder.tasks_of(TaskKind.DECIDE):
        # Who approved it first approved something else.
        due = timedelta(seconds=case.start.deadlines.decision_due)
        recorder.open_task(TaskKind.DECIDE, due)
