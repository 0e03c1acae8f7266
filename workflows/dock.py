"""What the warehouse does to a return: counting its goods in, and inspecting them."""

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.records import Records
    from models.messages import (
        Condition,
        EventKind,
        Grade,
        HoldUnits,
        Inspection,
        Receipt,
        TaskKind,
        Template,
    )
    from models.rules.refused import conflict, invalid
    from workflows import options
    from workflows.case import Case
    from workflows.local import run_local
    from workflows.losing import find_parcel


def check_receipt(case: Case, receipt: Receipt) -> None:
    """Whether what was counted can be received now."""
    if not receipt.lines and not receipt.unexpected:
        raise invalid("nothing_counted", "Say what came: lines, unexpected items or both.")
    case.progress.check_receipt(receipt.lines)
    case.progress.check_instead(receipt.lines, receipt.unexpected)


async def receive(case: Case, receipt: Receipt) -> None:
    """Counts goods in; what was given up or refunded as lost may be among them."""
    progress, recorder = case.progress, case.recorder
    first = not progress.received_units
    found = await _find_missing(case, receipt)
    late = progress.take_late(receipt.lines)
    units = progress.receive(receipt.lines)
    if late:
        # Refunded as lost: what was decided stays, and nothing is paid for them again.
        recorder.tell(
            EventKind.CAME_AFTER_REFUND, receipt.actor, units=late, tracking=receipt.tracking
        )
    if found:
        recorder.tell(EventKind.CAME_AFTER_ALL, receipt.actor, units=found)
    if units:
        case.received_at = workflow.now()
        case.inspection_overdue = False
        recorder.tell(
            EventKind.RECEIVED,
            receipt.actor,
            units=units,
            outstanding=progress.outstanding_units,
            tracking=receipt.tracking,
        )
        find_parcel(case, receipt.actor)
        case.unblock(TaskKind.LABEL_FAILED, receipt.actor)
    for part in receipt.lines:
        if part.condition is Condition.DAMAGED:
            recorder.tell(
                EventKind.DAMAGED_ON_ARRIVAL,
                receipt.actor,
                note=part.note,
                line=part.line,
                units=part.quantity,
            )
    for item in receipt.unexpected:
        instead = {} if item.instead_of is None else {"instead_of": item.instead_of}
        recorder.tell(
            EventKind.UNEXPECTED_ITEM,
            receipt.actor,
            note=item.note,
            sku=item.sku,
            quantity=item.quantity,
            **instead,
        )
        if item.instead_of is not None:
            # The parcel has come; what should have been in it is waited for no longer than others.
            progress.receive_instead(item.instead_of)
            case.received_at = workflow.now()
    if (receipt.unexpected or late) and not recorder.tasks_of(TaskKind.UNEXPECTED_PARCEL):
        recorder.open_task(TaskKind.UNEXPECTED_PARCEL, options.TASK_DUE)
    if progress.uninspected_units and not recorder.tasks_of(TaskKind.INSPECT):
        due = timedelta(seconds=case.start.deadlines.inspection_due)
        recorder.open_task(TaskKind.INSPECT, due)
    if units and first:
        case.mail(Template.RECEIVED)


async def _find_missing(case: Case, receipt: Receipt) -> int:
    """Expects again what was given up and has come, and tells how many units that is."""
    progress = case.progress
    found = progress.recovered(receipt.lines)
    if not any(found):
        return 0
    # Returns that began before refused such counts.
    if not workflow.patched("missing-come-late"):
        raise invalid("more_than_expected", "These units are not expected any more.", "/lines")
    # Nobody waited for them, so their places may be another return's by now.
    refusals = await run_local(
        Records.hold_units,
        HoldUnits(
            rma=case.rma,
            held=[
                max(line.approved - line.rejected - line.missing + units, line.ahead)
                for line, units in zip(progress.lines, found, strict=True)
            ],
        ),
        summary=f"Take units again that were given up: {sum(found)}",
    )
    if refusals:
        raise conflict(refusals[0].code, refusals[0].message)
    progress.find_missing(found)
    return sum(found)


def check_inspection(case: Case, inspection: Inspection) -> None:
    """Whether these verdicts can be given now."""
    if not inspection.lines:
        raise invalid("no_lines", "Name a line to inspect.", "/lines")
    case.progress.check_inspection(inspection.lines)
    for index, part in enumerate(inspection.lines):
        if part.accepted and part.grade in _refused_grades(case, part.line):
            raise invalid(
                "grade_refused",
                f"The policy refuses units of grade {part.grade} (rule “grades”); refuse them, or "
                "give the grade they have.",
                f"/lines/{index}/accepted",
            )


def _refused_grades(case: Case, line: str) -> list[Grade]:
    return [] if case.assessment is None else case.assessment.refused_grades.get(line, [])


async def inspect(case: Case, inspection: Inspection) -> None:
    """Takes the verdict on what came."""
    for told in inspection.lines:
        part = told
        if part.accepted is None:
            part = replace(part, accepted=part.grade not in _refused_grades(case, part.line))
        case.progress.inspect(part)
        case.recorder.tell(
            EventKind.INSPECTED,
            inspection.actor,
            note=part.note,
            line=part.line,
            units=part.quantity,
            grade=part.grade,
            disposition=part.disposition,
            accepted=int(bool(part.accepted)),
        )
    if not case.progress.uninspected_units:
        case.recorder.close_tasks(TaskKind.INSPECT, inspection.actor)
