"""What people and carriers do to a return: each step checked first, then carried out.

A check raises `Refused` and changes nothing; it runs in the Update's validator and again under the
case's lock. Carrying out changes the case; the caller records it.
"""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import (
        TASKS_ENDED_BY_WORD,
        Amendment,
        Cancellation,
        CarrierEvent,
        CarrierStatus,
        Decision,
        EventKind,
        Inspection,
        LabelRequest,
        PhotoTaken,
        Receipt,
        Reinspection,
        ReturnStatus,
        TaskChoice,
        TaskCompletion,
        TaskKind,
        Template,
        WriteOff,
    )
    from models.rules.refused import conflict, invalid
    from models.rules.task_choices import check_choice
    from workflows import amending, dock, options, photos, reopening
    from workflows.ahead import check_claim_ending, end_claim, pay_ahead
    from workflows.case import Case
    from workflows.local import run_local
    from workflows.losing import end_search, find_parcel, lose_parcel, settle_claim
    from workflows.matter import is_time
    from workflows.money_steps import MONEY_STEPS, Step


# --- the decision ----------------------------------------------------------------------------


def _check_decision(case: Case, decision: Decision) -> None:
    case.progress.check_decision(decision)


async def _decide(case: Case, decision: Decision) -> None:
    progress, recorder = case.progress, case.recorder
    assessment = case.assessment
    photos.stop_waiting(case, decision.actor)
    second = assessment is not None and assessment.needs_second_approval
    if second and progress.first_approval is None and progress.approves_anything(decision):
        progress.first_approval = decision
        recorder.tell(
            EventKind.SECOND_APPROVAL_NEEDED,
            decision.actor,
            note=decision.note,
            total=assessment.total if assessment else 0,
            currency=assessment.currency if assessment else "",
        )
        recorder.close_tasks(TaskKind.DECIDE, decision.actor)
        due = timedelta(seconds=case.start.deadlines.decision_due)
        recorder.open_task(TaskKind.SECOND_APPROVAL, due)
        return
    declined = progress.decide(decision)
    recorder.close_tasks(TaskKind.DECIDE, decision.actor)
    recorder.close_tasks(TaskKind.SECOND_APPROVAL, decision.actor)
    if progress.ended:
        recorder.tell(EventKind.DECLINED, decision.actor, note=decision.note)
        case.mail(Template.DECLINED)
        return
    units = sum(line.approved for line in progress.lines)
    recorder.tell(EventKind.APPROVED, decision.actor, note=decision.note, units=units, by_policy=0)
    said = [decision] if progress.first_approval is None else [progress.first_approval, decision]
    notes = {part.line: part.note for each in said for part in each.lines if part.note}
    for line in declined:
        recorder.tell(
            EventKind.LINE_DECLINED,
            decision.actor,
            note=notes.get(line.line),
            line=line.line,
            units=line.requested,
        )
    if assessment is not None:
        case.go_on_approved(assessment)
        # Returns that began before waited for another scan.
        if case.on_its_way and assessment.instant and workflow.patched("paid-at-approval"):
            pay_ahead(case)
        if assessment.keep_item:
            case.mail(Template.KEEP_ITEM)


def _check_cancel(case: Case, _message: Cancellation) -> None:
    case.progress.check_cancel()


async def _cancel(case: Case, message: Cancellation) -> None:
    case.progress.ended_as = ReturnStatus.CANCELLED
    case.progress.blocked_by.clear()
    for task, found in list(case.recorder.open_tasks.items()):
        # What a carrier owes doesn't end with the return.
        if found.kind is not TaskKind.CARRIER_CLAIM:
            case.recorder.close_task(task, message.actor)
    case.recorder.tell(EventKind.CANCELLED, message.actor, note=message.note)
    if units := case.progress.received_units:
        # What came before the cancellation still belongs to the customer.
        case.recorder.tell(EventKind.SEND_BACK_NEEDED, message.actor, units=units)
        case.recorder.open_task(TaskKind.SEND_BACK, options.TASK_DUE)
    case.mail(Template.CANCELLED)


# --- the way back ----------------------------------------------------------------------------


def _check_label(case: Case, _message: LabelRequest) -> None:
    progress = case.progress
    if progress.ended:
        raise conflict("already_ended", f"This return has ended; it is {progress.status}.")
    if not progress.decided:
        raise conflict("not_decided", "This return has not been approved yet; decide it first.")
    if not progress.outstanding_units or progress.received_units:
        raise conflict("already_received", "The goods have come; no label is needed.")


async def _ask_for_label(case: Case, message: LabelRequest) -> None:
    case.label_wanted = True
    case.unblock(TaskKind.LABEL_FAILED, message.actor)


def _check_scan(case: Case, event: CarrierEvent) -> None:
    if case.progress.ended:
        raise conflict("already_ended", f"This return has ended; it is {case.progress.status}.")
    if not is_time(event.at):
        raise invalid("time", "Give the scan's time and zone, like 2026-11-20T09:30:00Z.", "/at")


async def _scan(case: Case, event: CarrierEvent) -> None:
    progress, recorder = case.progress, case.recorder
    recorder.tell(EventKind.SCANNED, event.actor, status=event.status, event=event.id)
    scanned_at = datetime.fromisoformat(event.at)
    if case.scanned_at is not None and scanned_at < case.scanned_at:
        return
    case.scanned_at = scanned_at
    case.moved_at = workflow.now()
    case.on_its_way = event.status in (CarrierStatus.IN_TRANSIT, CarrierStatus.DELIVERED)
    if event.status is CarrierStatus.LOST:
        lose_parcel(case, event.actor)
        return
    progress.lost = False
    progress.moving = True
    find_parcel(case, event.actor)
    case.unblock(TaskKind.LABEL_FAILED, event.actor)
    if case.on_its_way:
        pay_ahead(case)


# --- tasks -------------------------------------------------------------------------------------


def _check_completion(case: Case, message: TaskCompletion) -> None:
    task = case.recorder.open_tasks.get(message.task)
    if task is None:
        # It may have been opened since the end, while this workflow still tidies up.
        if case.progress.ended:
            raise conflict("already_ended", f"This return has ended; it is {case.progress.status}.")
        raise conflict("task_not_open", "This task is not open any more.")
    if task.kind not in TASKS_ENDED_BY_WORD:
        raise conflict(
            "task_needs_its_step", f"This task ends with the step it asks for ({task.kind})."
        )
    if task.kind is not TaskKind.CLAWBACK or message.choice:
        check_choice(task.kind, message.choice)


async def _complete(case: Case, message: TaskCompletion) -> None:
    kind = case.recorder.open_tasks[message.task].kind
    if kind is TaskKind.CARRIER_CLAIM:
        settle_claim(case, message)
        return
    if kind is TaskKind.CLAWBACK:
        check_claim_ending(message)
        end_claim(case, message)
        if message.choice:
            return
    else:
        case.recorder.close_task(message.task, message.actor)
    if kind is TaskKind.SEND_BACK:
        case.recorder.tell(EventKind.SENT_BACK, message.actor, note=message.note)
        return
    # Returns that began before the books kept what is owed have nothing to write off.
    if kind is TaskKind.REFUND_SHORT and workflow.patched("write-off"):
        await run_local(
            Refunds.write_off,
            WriteOff(rma=case.rma, at=workflow.now().isoformat()),
            summary="Write off what could not be refunded",
        )
    if kind is TaskKind.PARCEL_LOST:
        end_search(case, message)
    said = {}
    if kind is TaskKind.UNEXPECTED_PARCEL:
        said = {"outcome": message.choice}
    # What is refunded though it is lost is told in words of its own.
    elif kind is TaskKind.PARCEL_LOST and message.choice != TaskChoice.REFUND:
        said = {"outcome": TaskChoice.WAIT}
    case.recorder.tell(
        EventKind.TASK_COMPLETED,
        message.actor,
        note=message.note,
        task=message.task,
        kind=kind,
        **said,
    )


STEPS: dict[type[Any], Step] = {
    Decision: Step(_check_decision, _decide),
    Cancellation: Step(_check_cancel, _cancel),
    LabelRequest: Step(_check_label, _ask_for_label),
    CarrierEvent: Step(_check_scan, _scan),
    Receipt: Step(dock.check_receipt, dock.receive),
    Reinspection: Step(reopening.check_again, reopening.inspect_again),
    Inspection: Step(dock.check_inspection, dock.inspect),
    **MONEY_STEPS,
    PhotoTaken: Step(photos.check, photos.take_photo),
    Amendment: Step(amending.check, amending.carry_out),
    TaskCompletion: Step(_check_completion, _complete),
}
