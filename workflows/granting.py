"""Granting a return's money, as soon as units are accepted."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import EventKind, Grant, Granted, PayoutMethod, TaskKind, Template
    from workflows import options
    from workflows.case import Case
    from workflows.local import run_local
    from workflows.matter import SYSTEM


async def grant_what_was_accepted(case: Case) -> None:
    """Reserves the money for every unit accepted so far, or paid ahead of that."""
    if not case.progress.to_grant:
        return
    async with case.lock:
        accepted = [line.due for line in case.progress.lines]
        granted = await run_local(
            Refunds.grant_refund,
            Grant(
                id=f"{case.keys}/grant/{case.payouts.next_grant}",
                rma=case.rma,
                at=workflow.now().isoformat(),
                accepted=accepted,
                actor=SYSTEM,
                grades=[line.grades for line in case.progress.lines],
            ),
            summary=f"Grant what is due for accepted units: {sum(accepted)}",
        )
        case.payouts.add(accepted, granted)
        for line, units in zip(case.progress.lines, accepted, strict=True):
            line.granted = units
        _tell(case, granted)
        if granted.short:
            case.recorder.open_task(TaskKind.REFUND_SHORT, options.TASK_DUE)
        case.count_refunded()
        await case.write()


def _tell(case: Case, granted: Granted) -> None:
    if granted.method is PayoutMethod.STORE_CREDIT and granted.amount + granted.bonus:
        _tell_credit(case, granted, granted.amount, granted.short)
        return
    if case.progress.exchange_open and not granted.amount + granted.short:
        return  # An even exchange moves no money.
    case.recorder.tell(
        EventKind.REFUND_GRANTED,
        SYSTEM,
        amount=granted.amount,
        currency=granted.currency,
        short=granted.short,
        ahead=1 if case.progress.ahead_units else None,
    )
    if case.progress.ahead_units and granted.amount:
        case.mail(Template.INSTANT_REFUND)
    case.gave_money |= granted.amount > 0
    if granted.credit + granted.bonus:
        _tell_credit(case, granted, granted.credit)


def _tell_credit(case: Case, granted: Granted, amount: int, short: int = 0) -> None:
    case.recorder.tell(
        EventKind.STORE_CREDIT_ISSUED,
        SYSTEM,
        amount=amount + granted.bonus,
        currency=granted.currency,
        bonus=granted.bonus,
        short=short,
    )
    case.gave_credit = True
    case.mail(Template.STORE_CREDIT)
