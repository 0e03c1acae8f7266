"""Money ahead of the goods: granted at the first scan, asked back for what isn't accepted."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import (
        Clawback,
        ClawbackOwed,
        EventKind,
        ReturnStatus,
        TaskCompletion,
        TaskKind,
    )
    from workflows import options
    from workflows.case import Case
    from workflows.claims import Claim
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
    cuts = case.assessment is not None and case.assessment.grades_cut
    graded = progress.graded_ahead if cuts else 0
    known = (case.claimed, case.claimed_lost, case.claimed_graded)
    if (progress.forfeited_units, progress.lost_ahead, graded) == known:
        return
    async with case.lock:
        if progress.forfeited_units < case.claimed:
            _ask_for_less(case)
        if progress.forfeited_units > case.claimed:
            await _ask(case, progress.forfeited_units - case.claimed)
        if progress.lost_ahead != case.claimed_lost:
            _drop_lost(case, SYSTEM)
            if progress.lost_ahead:
                case.claimed_lost = progress.lost_ahead
                await _ask(case, progress.lost_ahead, lost=True)
        if graded > case.claimed_graded:
            await _ask_for_grades(case, graded - case.claimed_graded)
            case.claimed_graded = graded
        await case.write()


async def _price(case: Case, *, lost: bool = False) -> ClawbackOwed:
    return await run_local(
        Refunds.price_clawback,
        Clawback(
            rma=case.rma,
            earned=case.progress.earned(lost=lost),
            grades=[line.grades for line in case.progress.lines],
        ),
        summary="Work out what was paid ahead and not earned",
    )


def _ask_for_less(case: Case) -> None:
    """Goods came that were given up: what is open is asked for anew, for what is still missing."""
    for task in [task for task in case.claims if task in case.recorder.open_tasks]:
        amount = case.claims.pop(task).amount
        case.progress.blocked_by.discard(task)
        case.recorder.close_task(task, SYSTEM)
        case.recorder.tell(
            EventKind.CLAWBACK_DROPPED,
            SYSTEM,
            amount=amount,
            currency=case.claim_currency,
        )


async def _ask(case: Case, units: int, *, lost: bool = False) -> None:
    """Opens the task for units that aren't accepted, and says how much it is about."""
    owed = await _price(case, lost=lost)
    amount = max(0, owed.amount - case.claimed_amount)
    if lost:
        task = case.recorder.open_task(TaskKind.CLAWBACK, options.TASK_DUE)
        case.lost_claim, case.claimed_lost_amount = task, amount
    else:
        task = case.block(TaskKind.CLAWBACK)
        known = [claim.missing for claim in case.claims.values()]
        missing = [
            line.missing - sum(before) if line.ahead else 0
            for line, *before in zip(case.progress.lines, *known, strict=True)
        ]
        case.claims[task] = Claim(units=units, amount=amount, missing=missing)
    case.claim_currency = owed.currency
    _tell(case, units, amount, owed.currency, task)


async def _ask_for_grades(case: Case, units: int) -> None:
    """Asks for what units are worth less by their grade, if they are."""
    owed = await _price(case)
    amount = owed.by_grade - case.claimed_by_grade
    if amount > 0:
        case.claimed_by_grade += amount
        task = case.block(TaskKind.CLAWBACK)
        _tell(case, units, amount, owed.currency, task, graded=1)


def _tell(
    case: Case, units: int, amount: int, currency: str, task: str, *, graded: int | None = None
) -> None:
    case.recorder.tell(
        EventKind.CLAWBACK_NEEDED,
        SYSTEM,
        units=units,
        amount=amount,
        currency=currency,
        task=task,
        graded=graded,
    )


def _drop_lost(case: Case, by: str) -> None:
    if case.lost_claim in case.recorder.open_tasks:
        case.recorder.close_task(case.lost_claim, by)
    case.lost_claim = ""
    case.claimed_lost = case.claimed_lost_amount = 0


def end_claim(case: Case, message: TaskCompletion) -> None:
    """A person has dealt with money that was paid ahead; nobody waits for a lost parcel then."""
    progress = case.progress
    progress.blocked_by.discard(message.task)
    if message.task == case.lost_claim:
        case.claims[message.task] = Claim(
            units=case.claimed_lost,
            amount=case.claimed_lost_amount,
            missing=[line.outstanding if line.ahead else 0 for line in progress.lines],
        )
    if message.task in case.claims:
        for line, units in zip(progress.lines, case.claims[message.task].missing, strict=True):
            line.settled += units
    if message.task != case.lost_claim:
        return
    _drop_lost(case, message.actor)
    given_up = progress.give_up_missing()
    progress.lost = False
    case.recorder.close_tasks(TaskKind.PARCEL_LOST, message.actor)
    case.recorder.tell(EventKind.MISSING_WRITTEN_OFF, message.actor, units=given_up)


async def end_without_goods(case: Case) -> None:
    """Ends a return whose goods were paid and never came, once that is dealt with."""
    if case.progress.came_to_nothing and not case.recorder.waits:
        async with case.lock:
            case.progress.ended_as = ReturnStatus.EXPIRED
            case.recorder.tell(EventKind.EXPIRED, SYSTEM)
            await case.write()
