"""Granting money without goods (money rule 8)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import (
    Granted,
    PayoutKind,
    PayoutMethod,
    PayoutStart,
    ReturnKind,
    ReturnStatus,
    TaskKind,
    payout_workflow_id,
)
from models.money import to_text
from models.rules.quote_lines import QuoteKind, QuoteLine
from models.store import disputes
from models.store.granting import granted_message, lock_return, reserve_grant
from models.store.policies import policy_at
from models.store.pricing import left_to_refund
from models.store.refunds import RefundNotPossible
from models.tables import (
    GrantedRefund,
    Note,
    Order,
    Return,
    Task,
)

_NO_GOODWILL = {ReturnStatus.CLOSED, ReturnStatus.DECLINED, ReturnStatus.CANCELLED}


def may_have_goodwill(session: Session, row: Return) -> bool:
    """Whether money may be given: the return isn't over, or something came for it that waits."""
    return row.status not in _NO_GOODWILL or _parcel_waits(session, row.rma)


def paid_since_parcel(session: Session, task: Task) -> bool:
    """Whether goodwill was given since the unexpected parcel of this task came."""
    given = select(GrantedRefund.id).where(
        GrantedRefund.rma == task.rma,
        GrantedRefund.kind == PayoutKind.GOODWILL,
        GrantedRefund.created_at >= task.opened_at,
    )
    return session.scalar(given.limit(1)) is not None


def _parcel_waits(session: Session, rma: str) -> bool:
    waits = select(Task.id).where(
        Task.rma == rma, Task.kind == TaskKind.UNEXPECTED_PARCEL, Task.status != "done"
    )
    return session.scalar(waits.limit(1)) is not None


def grant_goodwill(session: Session, start: PayoutStart, at: datetime) -> Granted:
    """Grants money without goods; it counts against the order, not against a line (money rule 8).

    Asking again with the same id answers the same.

    Raises:
        RefundNotPossible: the return's state forbids it, less can still be refunded, or what could
            is disputed with the customer's bank.
    """
    row, order = lock_return(session, start.rma)
    grant_id = f"{start.rma}/{PayoutKind.GOODWILL}/{start.id}"
    existing = session.get(GrantedRefund, grant_id)
    if existing is not None:
        return granted_message(existing)
    if not may_have_goodwill(session, row):
        raise RefundNotPossible(
            f"This return is {row.status}; goodwill needs one that is not.", code="no_goodwill"
        )
    if row.kind == ReturnKind.GIFT and start.method is PayoutMethod.REFUND:
        raise RefundNotPossible(
            "This is a gift's return: a refund would go to the buyer. Give store credit instead.",
            code="gift_needs_store_credit",
        )
    left = left_to_refund(order)
    if start.amount > left:
        raise RefundNotPossible(
            f"{to_text(left, order.currency)} can still be refunded of order {order.number} "
            f"({order.currency}), not {to_text(start.amount, order.currency)}.",
            code="exceeds_refundable",
        )
    held = _held(session, order, start) if start.method is PayoutMethod.REFUND else set()
    made = GrantedRefund(
        id=grant_id,
        kind="goodwill",
        method=start.method,
        rma=row.rma,
        order_number=order.number,
        amount=start.amount,
        tax=0,
        short=0,
        bonus=0,
        currency=row.currency,
        accepted=[],
        actor=start.actor,
        note_id=start.note if start.note and session.get(Note, start.note) else None,
        created_at=at,
        refunds=[],
    )
    words = QuoteLine(
        kind=QuoteKind.GOODWILL, line=None, amount=start.amount, explanation="Goodwill"
    )
    workflow = payout_workflow_id(start.rma, PayoutKind.GOODWILL, start.id)
    policy = policy_at(session, row.policy_version)
    reserve_grant(session, made, order, policy, [words], workflow, held=held)
    return granted_message(made)


def _held(session: Session, order: Order, start: PayoutStart) -> set[int]:
    """The payments that a dispute holds up; the others have to have room for all of it."""
    why = {
        payment.id: words
        for payment in order.payments
        if (words := disputes.why_not(session, payment)) is not None
    }
    free = sum(
        payment.amount - payment.reserved for payment in order.payments if payment.id not in why
    )
    if start.amount <= free:
        return set(why)
    others = (
        f" Its other payments can give back {to_text(free, order.currency)} {order.currency}."
        if free
        else ""
    )
    raise RefundNotPossible(next(iter(why.values())) + others, code="payment_disputed")
