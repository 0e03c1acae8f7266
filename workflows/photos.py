"""A request that is believed with a photo only waits for it, and then goes on by itself."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.records import Records
    from models.messages import (
        Assessment,
        EventKind,
        JudgingAgain,
        PhotoTaken,
        TaskKind,
        Template,
    )
    from workflows.case import Case
    from workflows.local import run_local
    from workflows.matter import POLICY, SYSTEM


def ask_for_photo(case: Case) -> None:
    """Has the request wait for its photo, where everybody sees it. The caller mails."""
    case.photo_asked_at = workflow.now()
    case.photo_reminded = False
    case.recorder.tell(EventKind.PHOTO_AWAITED, POLICY)
    due = timedelta(seconds=case.start.deadlines.photo_deadline)
    case.recorder.open_task(TaskKind.PHOTO_AWAITED, due)


def stop_waiting(case: Case, by: str) -> None:
    """The photo has come, or isn't needed to go on any more."""
    case.photo_asked_at = None
    case.recorder.close_tasks(TaskKind.PHOTO_AWAITED, by)


def check(_case: Case, _message: PhotoTaken) -> None:
    """A photo may come at any time; it is kept already."""


async def take_photo(case: Case, message: PhotoTaken) -> None:
    """With the photo the policy judges as if none were needed."""
    if case.photo_asked_at is None or case.progress.ended:
        return
    assessment = await _judge_again(case)
    if not assessment.photo_awaited:
        _go_on(case, assessment, message.actor)


async def photo_overdue(case: Case) -> None:
    """No photo came in time, so that a person decides without."""
    assessment = await _judge_again(case)
    if assessment.photo_awaited:
        case.photo_given_up = True
        case.recorder.tell(EventKind.PHOTO_MISSING, SYSTEM)
    _go_on(case, assessment, SYSTEM)


def remind_of_photo(case: Case) -> None:
    """Half of the time has passed."""
    case.photo_reminded = True
    case.mail(Template.PHOTO_WANTED)


async def _judge_again(case: Case) -> Assessment:
    return await run_local(
        Records.judge_again, JudgingAgain(rma=case.rma), summary="Judge it with its photos"
    )


def _go_on(case: Case, assessment: Assessment, by: str) -> None:
    stop_waiting(case, by)
    case.assessment = assessment
    if assessment.approved:
        case.approve_by_policy(assessment)
        if assessment.keep_item:
            case.mail(Template.KEEP_ITEM)
    else:
        due = timedelta(seconds=case.start.deadlines.decision_due)
        case.recorder.open_task(TaskKind.DECIDE, due)
