"""Disputes: what they hold up, what they have paid already, and who is told of them.

A lost dispute pays the customer as a refund would: what a return still owes at that payment counts
as paid by it, and the rest of it counts as gone from the payment.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.messages import (
    FINAL_STATUSES,
    CoveredRefund,
    DisputeNews,
    DisputeRecorded,
    DisputeStatus,
    EventKind,
    ManualMethod,
    RefundStatus,
    ReturnStatus,
    TaskChange,
    TaskKind,
    TimelineEvent,
)
from models.store.payments import at_provider
from models.store.returns import add_events, apply_task, lock_order
from models.tables import Dispute, Order, Payment, Refund, Return, Task

_BY = "redress"
# When the provider doesn't say by when it has to be answered, and for what is left to do after it.
_ANSWER_WITHIN, _SETTLE_WITHIN = timedelta(days=7), timedelta(days=2)
_FAILED = (RefundStatus.FAILED, RefundStatus.CANCELED)


def record(session: Session, news: DisputeNews) -> DisputeRecorded:
    """Writes down how a dispute stands, with its tasks and what the timelines say.

    Doing it again changes nothing; what has ended stays as it ended.
    """
    at, word = datetime.fromisoformat(news.at), news.word
    payments = at_provider(session, news.provider, word.payments)
    if not payments:
        return DisputeRecorded(closed=True)
    payment = session.get_one(Payment, payments[0])
    order = lock_order(session, payment.order_number)
    if order is None:
        raise LookupError(f"no order {payment.order_number}")
    session.refresh(payment)
    row = session.get(Dispute, (news.provider, news.dispute))
    if row is None:
        row = Dispute(
            provider=news.provider,
            dispute=news.dispute,
            payment_id=payment.id,
            status=DisputeStatus.OPEN,
            refundable=word.refundable,
            amount=word.amount,
            currency=word.currency,
            held=0,
            opened_at=at,
        )
        session.add(row)
        _tell(session, row, EventKind.DISPUTE_OPENED, at, _facts(row, payment))
    if row.status == DisputeStatus.OPEN:
        row.refundable, row.amount = word.refundable, word.amount
        row.status = word.status
        if word.status is DisputeStatus.OPEN:
            due = at + _ANSWER_WITHIN if word.due is None else datetime.fromisoformat(word.due)
            _ask(session, row, TaskKind.DISPUTE, due, at)
        else:
            _close(session, row, order, payment, at)
    session.flush()
    covered = _covered(session, row) if row.status == DisputeStatus.LOST else []
    return DisputeRecorded(closed=row.status != DisputeStatus.OPEN, covered=covered)


def why_not(session: Session, payment: Payment) -> str | None:
    """Why a payment must not be refunded now, in words; None: nothing is against it."""
    for row in _of(session, payment.id):
        if row.status == DisputeStatus.OPEN and not row.refundable:
            return (
                f"The customer disputes payment {payment.payment} with their bank "
                f"({row.dispute}); refund it once that is won."
            )
    return None


def paid_by_dispute(session: Session, refund: Refund) -> Dispute | None:
    """A lost dispute by which the customer got what a refund owes; None: there is none."""
    for row in _of(session, refund.payment_id):
        if row.status == DisputeStatus.LOST and _left(session, row) >= refund.amount:
            return row
    return None


def _close(session: Session, row: Dispute, order: Order, payment: Payment, at: datetime) -> None:
    row.closed_at = at
    facts: dict[str, str | int | None] = {"dispute": row.dispute, "outcome": row.status}
    _tell(session, row, EventKind.DISPUTE_CLOSED, at, facts)
    _answered(session, row, at)
    if row.status == DisputeStatus.LOST:
        _hold(session, row, order, payment)
        _ask(session, row, TaskKind.DISPUTE_LOST, at + _SETTLE_WITHIN, at)
    elif _owed(session, row):
        _ask(session, row, TaskKind.DISPUTE_WON, at + _SETTLE_WITHIN, at)


def _hold(session: Session, row: Dispute, order: Order, payment: Payment) -> None:
    """Takes what was lost off what the payment and the order can still give back."""
    # In another currency it is taken for the whole payment.
    lost = row.amount if row.currency == payment.currency else payment.amount
    row.held = min(lost, payment.amount - payment.reserved)
    payment.reserved += row.held
    # What is owed at this payment holds its share of the order already.
    owed = sum(refund.amount for refund in _owed(session, row))
    order.reserved += max(0, min(row.held - owed, order.paid - order.reserved))


def _covered(session: Session, row: Dispute) -> list[CoveredRefund]:
    left, found = _left(session, row), []
    for refund in _owed(session, row):
        if refund.amount <= left and refund.workflow is not None:
            left -= refund.amount
            found.append(CoveredRefund(refund=refund.id, workflow=refund.workflow))
    return found


def _left(session: Session, row: Dispute) -> int:
    """What of a lost dispute has not been counted as a refund yet."""
    paid = select(func.sum(Refund.amount)).where(
        Refund.payment_id == row.payment_id,
        Refund.paid_by == ManualMethod.LOST_DISPUTE,
        Refund.paid_reference == row.dispute,
    )
    return row.held - (session.scalar(paid) or 0)


def _owed(session: Session, row: Dispute) -> Sequence[Refund]:
    """Refunds at the disputed payment that failed and nobody has paid in another way."""
    query = select(Refund).where(
        Refund.payment_id == row.payment_id,
        Refund.status.in_(_FAILED),
        Refund.paid_by.is_(None),
        Refund.replaced_by.is_(None),
    )
    return session.scalars(query.order_by(Refund.created_at, Refund.id)).all()


def _of(session: Session, payment: int) -> Sequence[Dispute]:
    query = select(Dispute).where(Dispute.payment_id == payment)
    return session.scalars(query.order_by(Dispute.opened_at, Dispute.dispute)).all()


# --- who is told ------------------------------------------------------------------------------


def _facts(row: Dispute, payment: Payment) -> dict[str, str | int | None]:
    return {
        "dispute": row.dispute,
        "amount": row.amount,
        "currency": row.currency,
        "payment": payment.payment,
    }


def _returns(session: Session, row: Dispute) -> Sequence[Return]:
    """The returns of the order, the one that is most concerned first."""
    payment = session.get_one(Payment, row.payment_id)
    query = select(Return).where(Return.order_number == payment.order_number)
    owing = {refund.rma for refund in _owed(session, row)}
    void = FINAL_STATUSES - {ReturnStatus.CLOSED}
    found = session.scalars(query.order_by(Return.rma)).all()
    return sorted(found, key=lambda each: (each.rma not in owing, each.status in void))


def _tell(
    session: Session,
    row: Dispute,
    kind: EventKind,
    at: datetime,
    facts: dict[str, str | int | None],
) -> None:
    for each in _returns(session, row):
        event = TimelineEvent(
            key=f"{kind}/{row.dispute}"[:100],
            at=at.isoformat(),
            kind=kind,
            actor=_BY,
            data=facts,
        )
        add_events(session, each.rma, [event])


def _ask(session: Session, row: Dispute, kind: TaskKind, due: datetime, at: datetime) -> None:
    """Opens a task on the return that is most concerned; without a return, on the order."""
    concerned = next(iter(_returns(session, row)), None)
    change = TaskChange(
        id=_task(row, kind), kind=kind, open=True, due_at=due.isoformat(), reference=row.dispute
    )
    if concerned is not None:
        apply_task(session, concerned.rma, change, at)
    else:
        payment = session.get_one(Payment, row.payment_id)
        apply_task(session, None, change, at, order=payment.order_number)


def _answered(session: Session, row: Dispute, at: datetime) -> None:
    """Ends the task to answer it, whoever has answered."""
    task = session.get(Task, _task(row, TaskKind.DISPUTE))
    if task is not None:
        change = TaskChange(id=task.id, kind=TaskKind.DISPUTE, open=False, closed_by=_BY)
        apply_task(session, task.rma, change, at)


def of_order(session: Session, order: str, dispute: str) -> tuple[Dispute, Payment] | None:
    """A dispute of a payment of an order; None: there is none of this name."""
    query = (
        select(Dispute, Payment)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(Payment.order_number == order, Dispute.dispute == dispute)
    )
    found = session.execute(query).first()
    return None if found is None else (found[0], found[1])


def _task(row: Dispute, kind: TaskKind) -> str:
    return str(uuid5(NAMESPACE_URL, f"{kind}/{row.provider}/{row.dispute}"))
