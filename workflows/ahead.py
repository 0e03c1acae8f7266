"""Money ahead of the goods: granted at the first scan, asked back for what isn't accepted."""

from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import (
        RECOVERED,
        Clawback,
        ClawbackOwed,
        EventKind,
        ReturnStatus,
        TaskChoice,
        TaskCompletion,
        TaskKind,
    )
    from models.rules.task_choices import check_choice
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
    """Goods came that were given up: what is open is asked for anew, for what is still missing.

    What was written off before is booked back; when more is still missing, a person is asked again.
    """
    for task in [task for task in case.claims if task in case.recorder.open_tasks]:
        case.progress.blocked_by.discard(task)
        case.recorder.close_task(task, SYSTEM)
        _drop(case, task)
    if case.progress.forfeited_units >= case.claimed:
        return
    for task in [task for task, claim in case.claims.items() if claim.written_off]:
        case.recorder.note_outcome(task, TaskKind.CLAWBACK, RECOVERED)
        _drop(case, task)


def _drop(case: Case, task: str) -> None:
    claim = case.claims.pop(task)
    case.recorder.tell(
        EventKind.CLAWBACK_DROPPED, SYSTEM, amount=claim.amount, currency=case.claim_currency
    )


async def _ask(case: Case, units: int, *, lost: bool = False) -> None:
    """Opens the task for units that aren't accepted, and says how much it is about."""
    owed = await _price(case, lost=lost)
    amount = max(0, owed.amount - case.claimed_amount)
    tax = max(0, owed.tax - sum(claim.tax for claim in case.claims.values()))
    lines = case.progress.lines
    if lost:
        missing = [line.outstanding if line.ahead else 0 for line in lines]
    else:
        known = [claim.missing for claim in case.claims.values()]
        missing = [
            line.missing - sum(before) if line.ahead else 0
            for line, *before in zip(lines, *known, strict=True)
        ]
    claim = Claim(units=units, amount=amount, tax=tax, missing=missing)
    case.claim_currency = owed.currency
    task = _open(case, claim, blocks=not lost)
    if lost:
        case.lost_claim = task
    else:
        case.claims[task] = claim


async def _ask_for_grades(case: Case, units: int) -> None:
    """Asks for what units are worth less by their grade, if they are."""
    owed = await _price(case)
    amount = owed.by_grade - case.claimed_by_grade
    if amount > 0:
        tax = max(0, owed.tax_by_grade - case.claimed_grade_tax)
        case.claimed_by_grade += amount
        case.claimed_grade_tax += tax
        case.claim_currency = owed.currency
        _open(case, Claim(units=units, amount=amount, tax=tax), graded=1)


def _open(case: Case, claim: Claim, *, blocks: bool = True, graded: int | None = None) -> str:
    task = case.recorder.open_task(
        TaskKind.CLAWBACK, options.TASK_DUE, amount=claim.amount, tax=claim.tax
    )
    case.asked[task] = claim
    if blocks:
        case.progress.blocked_by.add(task)
    case.recorder.tell(
        EventKind.CLAWBACK_NEEDED,
        SYSTEM,
        units=claim.units,
        amount=claim.amount,
        currency=case.claim_currency,
        task=task,
        graded=graded,
    )
    return task


def _drop_lost(case: Case, by: str) -> None:
    if case.lost_claim in case.recorder.open_tasks:
        case.recorder.close_task(case.lost_claim, by)
    case.lost_claim = ""
    case.claimed_lost = 0


def check_claim_ending(message: TaskCompletion) -> None:
    """Whether it is said how money that was paid ahead is settled.

    Raises:
        Refused: it is not. Returns that began before had nothing to say.
    """
    if not message.choice and workflow.patched("claims-are-booked"):
        check_choice(TaskKind.CLAWBACK, message.choice)


def end_claim(case: Case, message: TaskCompletion) -> None:
    """A person has dealt with money that was paid ahead; nobody waits for a lost parcel then."""
    progress, recorder = case.progress, case.recorder
    recorder.close_task(message.task, message.actor, message.choice)
    progress.blocked_by.discard(message.task)
    claim = case.asked.get(message.task, Claim(units=0, amount=0))
    if message.choice:
        recorder.tell(
            EventKind.CLAWBACK_SETTLED,
            message.actor,
            note=message.note,
            task=message.task,
            outcome=message.choice,
            amount=claim.amount,
            currency=case.claim_currency,
        )
    was_lost = message.task == case.lost_claim
    if was_lost or message.task in case.claims:
        written_off = message.choice == TaskChoice.WRITTEN_OFF
        case.claims[message.task] = replace(claim, written_off=written_off)
        if not written_off:
            # The customer has paid for them and keeps them; nothing is given if they come.
            for line, units in zip(progress.lines, claim.missing, strict=True):
                line.settled += units
            _return_refused(case, claim, message.choice)
    if not was_lost:
        return
    _drop_lost(case, message.actor)
    given_up = progress.give_up_missing()
    progress.lost = False
    recorder.close_tasks(TaskKind.PARCEL_LOST, message.actor)
    recorder.tell(EventKind.MISSING_WRITTEN_OFF, message.actor, units=given_up)


def _return_refused(case: Case, claim: Claim, choice: str) -> None:
    """Whoever paid the money back owns the refused goods again, which are still here.

    Where it is written off, the customer keeps the money, so that the shop keeps the goods.
    """
    # Returns that began before left the goods to whoever settled the money.
    if choice == TaskChoice.PAID and claim.refused and workflow.patched("refused-ahead-sent-back"):
        case.bought_back += claim.refused


async def end_without_goods(case: Case) -> None:
    """Ends a return whose goods were paid and never came, once that is dealt with."""
    if case.progress.came_to_nothing and not case.recorder.waits:
        async with case.lock:
            case.progress.ended_as = ReturnStatus.EXPIRED
            case.recorder.tell(EventKind.EXPIRED, SYSTEM)
            await case.write()
