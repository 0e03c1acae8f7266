"""Money ahead of the goods: granted at the first scan, asked back for what isn't accepted."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import (
        Clawback,
        EventKind,
        ReturnStatus,
        TaskCompletion,
        TaskKind,
    )
    from workflows import options
    from workflows.case import Case
    from workflows.local import run_local
    from workflows.matter import SYSTEM


def pay_ahead(case: Case) -> None:
    """The parcel is moving: whom the policy trusts is paid now, for all that was approved."""
    progress = case.progress
    if case.assessment is None or not case.assessment.instant:
        return
    if progress.decided and not progress.received_units and not progress.ahead_units:
        progress.pay_ahead()


async def claim_back(case: Case) -> None:
    """Asks a person to get back what was paid ahead for goods that were refused or never came.

    What a lost parcel had in it is asked for while it may still come; then the task ends by itself.
    """
    progress = case.progress
    if progress.forfeited_units == case.claimed and progress.lost_ahead == case.claimed_lost:
        return
    async with case.lock:
        if progress.forfeited_units > case.claimed:
            units = progress.forfeited_units - case.claimed
            amount = await _ask(case, units, block=True)
            case.claimed += units
            case.claimed_amount += amount
        if progress.lost_ahead != case.claimed_lost:
            _drop_lost(case, SYSTEM)
            if progress.lost_ahead:
                case.claimed_lost = progress.lost_ahead
                case.claimed_lost_amount = await _ask(case, progress.lost_ahead, block=False)
        await case.write()


async def _ask(case: Case, units: int, *, block: bool) -> int:
    """Opens the task, and tells how much it is about."""
    owed = await run_local(
        Refunds.price_clawback,
        Clawback(rma=case.rma, earned=case.progress.earned(lost=not block)),
        summary=f"Work out what was paid for {units} units that did not come",
    )
    amount = max(0, owed.amount - case.claimed_amount)
    if block:
        task = case.block(TaskKind.CLAWBACK)
    else:
        task = case.recorder.open_task(TaskKind.CLAWBACK, options.TASK_DUE)
        case.lost_claim = task
    case.recorder.tell(
        EventKind.CLAWBACK_NEEDED,
        SYSTEM,
        units=units,
        amount=amount,
        currency=owed.currency,
        task=task,
    )
    return amount


def _drop_lost(case: Case, by: str) -> None:
    if case.lost_claim in case.recorder.open_tasks:
        case.recorder.close_task(case.lost_claim, by)
    case.lost_claim = ""
    case.claimed_lost = case.claimed_lost_amount = 0


def end_claim(case: Case, message: TaskCompletion) -> None:
    """A person has dealt with money that was paid ahead; nobody waits for a lost parcel then."""
    progress = case.progress
    progress.blocked_by.discard(message.task)
    if message.task != case.lost_claim:
        return
    case.claimed += case.claimed_lost
    case.claimed_amount += case.claimed_lost_amount
    _drop_lost(case, message.actor)
    units = progress.give_up_missing()
    progress.lost = False
    case.recorder.close_tasks(TaskKind.PARCEL_LOST, message.actor)
    case.recorder.tell(EventKind.MISSING_WRITTEN_OFF, message.actor, units=units)


async def end_without_goods(case: Case) -> None:
    """Ends a return whose goods were paid and never came, once that is dealt with."""
    if case.progress.came_to_nothing and not case.recorder.open_tasks:
        async with case.lock:
            case.progress.ended_as = ReturnStatus.EXPIRED
            case.recorder.tell(EventKind.EXPIRED, SYSTEM)
            await case.write()
