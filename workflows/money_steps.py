"""What people do about refunds that could not be paid: try again, or pay in another way.

A check raises `Refused` and changes nothing; it runs in the Update's validator and again under the
matter's lock. Carrying out changes the matter; the caller records it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import (
        AnotherTry,
        EventKind,
        ManualMethod,
        ManualResolution,
        OtherWay,
        RefundRetry,
        TaskKind,
        Template,
    )
    from models.rules.payouts import Transaction
    from models.rules.refused import conflict, invalid
    from workflows.local import run_local
    from workflows.matter import Matter


@dataclass(frozen=True, slots=True)
class Step:
    """How one kind of message is checked and carried out."""

    check: Callable[[Any, Any], None]
    carry_out: Callable[[Any, Any], Awaitable[None]]


def _failed_refund(matter: Matter, refund: str) -> Transaction:
    transaction = matter.find_refund(refund)
    if refund in matter.payouts.replaced:
        again = matter.payouts.replaced[refund]
        raise conflict("refund_replaced", f"Refund {refund} was tried again as {again}.")
    if transaction is None:
        raise invalid("unknown_refund", f"This return has no refund {refund}.", "/refund")
    if ended := matter.ended_words():
        raise conflict("already_ended", ended)
    if not transaction.needs_person:
        now = "paid by hand" if transaction.paid_by_hand else transaction.status
        raise conflict("refund_not_failed", f"Refund {refund} is {now}; nothing is to be done.")
    return transaction


def _check_retry(matter: Matter, message: RefundRetry) -> None:
    _failed_refund(matter, message.refund)


async def _retry(matter: Matter, message: RefundRetry) -> None:
    asked = AnotherTry(refund=message.refund, at=workflow.now().isoformat())
    again = await run_local(
        Refunds.prepare_retry,
        asked,
        summary=f"Prepare another try of refund {message.refund}",
    )
    matter.unblock(TaskKind.REFUND_FAILED, message.actor, message.refund)
    matter.payouts.retry(message.refund, again)
    matter.recorder.tell(EventKind.REFUND_RETRIED, message.actor, refund=message.refund)


def _check_resolve_manually(matter: Matter, message: ManualResolution) -> None:
    transaction = _failed_refund(matter, message.refund)
    if transaction.parked:
        raise conflict(
            "refund_unclear",
            "The provider may still have paid this refund; retry it to have it looked up.",
        )


async def _resolve_manually(matter: Matter, message: ManualResolution) -> None:
    asked = OtherWay(
        refund=message.refund,
        method=message.method,
        reference=message.reference,
        at=workflow.now().isoformat(),
        actor=message.actor,
    )
    taken = await run_local(
        Refunds.pay_otherwise,
        asked,
        summary=f"Pay refund {message.refund} in another way",
    )
    matter.unblock(TaskKind.REFUND_FAILED, message.actor, message.refund)
    if taken.again is not None:
        matter.payouts.retry(message.refund, taken.again)
        matter.recorder.tell(
            EventKind.REFUND_MOVED,
            message.actor,
            note=message.note,
            refund=message.refund,
            again=taken.again.refund,
        )
        return
    transaction = matter.payouts.transactions[message.refund]
    transaction.paid_by_hand = True
    matter.recorder.tell(
        EventKind.REFUND_PAID_BY_HAND,
        message.actor,
        note=message.note,
        refund=message.refund,
        amount=transaction.amount,
        currency=transaction.currency,
        method=message.method,
    )
    if message.method == ManualMethod.STORE_CREDIT:
        matter.mail(Template.STORE_CREDIT)
    matter.count_refunded()


MONEY_STEPS: dict[type[Any], Step] = {
    RefundRetry: Step(_check_retry, _retry),
    ManualResolution: Step(_check_resolve_manually, _resolve_manually),
}
