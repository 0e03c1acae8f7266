"""Parcels that get lost: whom to ask, what the carrier owes, and refunds without the goods."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.messages import ClaimStatus, EventKind, TaskChoice, TaskCompletion, TaskKind
    from workflows import options
    from workflows.case import Case
    from workflows.matter import POLICY, SYSTEM


def lose_parcel(case: Case, actor: str) -> None:
    """The parcel is taken for lost: a person is asked what to do, or the policy refunds it."""
    if case.progress.lost or not case.progress.outstanding_units:
        return
    case.progress.lost = True
    case.recorder.tell(EventKind.LOST, actor)
    # Returns that began before carriers were asked would count their tasks in another way.
    if case.progress.label_made and not case.carrier_asked and workflow.patched("carrier-claim"):
        case.carrier_asked = True
        task = case.recorder.open_task(TaskKind.CARRIER_CLAIM, options.CARRIER_CLAIM_DUE)
        case.recorder.tell(EventKind.CARRIER_CLAIM_OPENED, SYSTEM, task=task)
    if case.assessment is not None and case.assessment.refund_lost:
        _refund(case, POLICY, None)
    else:
        case.recorder.open_task(TaskKind.PARCEL_LOST, options.TASK_DUE)


def find_parcel(case: Case, actor: str) -> None:
    """The parcel moves or has come: nobody looks for it any more, and the carrier owes nothing."""
    case.recorder.close_tasks(TaskKind.PARCEL_LOST, actor)
    if case.progress.forgone_units:
        return  # It was paid for; what the carrier still owes is a person's to say.
    for task in case.recorder.tasks_of(TaskKind.CARRIER_CLAIM):
        case.recorder.close_task(task, actor, ClaimStatus.WITHDRAWN)
        case.recorder.tell(
            EventKind.CARRIER_CLAIM_SETTLED, actor, task=task, outcome=ClaimStatus.WITHDRAWN
        )
        case.carrier_asked = False


def end_search(case: Case, message: TaskCompletion) -> None:
    """A person says what to do about a lost parcel: to go on waiting, or to refund it anyway."""
    if message.choice == TaskChoice.REFUND:
        _refund(case, message.actor, message.note)
        return
    # The parcel has as long again before it counts as lost.
    case.progress.lost = False
    case.moved_at = workflow.now()


def settle_claim(case: Case, message: TaskCompletion) -> None:
    """The carrier has paid, or refuses to."""
    case.recorder.close_task(message.task, message.actor, message.choice)
    case.recorder.tell(
        EventKind.CARRIER_CLAIM_SETTLED,
        message.actor,
        note=message.note,
        task=message.task,
        outcome=message.choice,
    )


def _refund(case: Case, by: str, note: str | None) -> None:
    units = case.progress.forgo()
    case.recorder.tell(
        EventKind.LOST_REFUNDED, by, note=note, units=units, by_policy=int(by == POLICY)
    )
