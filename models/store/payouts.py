"""What moves beside a return: a refund that a bank sent back after the end, and what is told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import (
    Granted,
    PayoutKind,
    PayoutOpened,
    PayoutProgress,
    PayoutStart,
    RefundStatus,
    ReturnStatus,
    payout_workflow_id,
)
from models.messages import GrantedRefund as GrantedRefundMessage
from models.rules.accounts import REFUNDS_PAYABLE, WRITE_OFF, Posting
from models.store import journal, refunds
from models.store.goodwill import grant_goodwill
from models.store.recipients import recipient_of
from models.store.returns import add_events, apply_task, lock_order
from models.tables import GrantedRefund, Refund, Return


def open_payout(session: Session, start: PayoutStart, at: datetime) -> PayoutOpened:
    """Grants goodwill, or takes a refund over that came back. Doing it again answers the same.

    Raises:
        RefundNotPossible: goodwill that the return or the order doesn't allow.
        ValueError: a recovery without news.
    """
    row = session.get_one(Return, start.rma)
    mailable = recipient_of(row) is not None
    if start.kind is PayoutKind.GOODWILL:
        return PayoutOpened(granted=grant_goodwill(session, start, at), mailable=mailable)
    if start.news is None:
        raise ValueError("a recovery needs the news of a refund")
    outcome = refunds.settle(
        session,
        start.news.refund,
        status=start.news.status,
        at=datetime.fromisoformat(start.news.at),
        provider_reference=start.news.provider_reference,
        failure=start.news.failure,
    )
    refund = refunds.load(session, start.news.refund)
    if not refunds.unpaid(refund):
        nothing = Granted(refunds=[], amount=0, currency=refund.currency)
        return PayoutOpened(granted=nothing, mailable=mailable)
    refund.workflow = payout_workflow_id(start.rma, start.kind, start.id)
    return PayoutOpened(
        granted=Granted(
            refunds=[
                GrantedRefundMessage(
                    refund=refund.id, amount=refund.amount, currency=refund.currency
                )
            ],
            amount=refund.amount,
            currency=refund.currency,
        ),
        mailable=mailable,
        outcome=outcome,
    )


def save_payout(session: Session, progress: PayoutProgress) -> None:
    """Writes what is new of a payment beside a return, on the return's timeline and tasks.

    Several may run beside one return; it is closed again when none of its money is unpaid.
    """
    at = datetime.fromisoformat(progress.at)
    order_number = session.get_one(Return, progress.rma).order_number
    lock_order(session, order_number)
    row = session.get_one(Return, progress.rma, populate_existing=True)
    add_events(session, progress.rma, progress.events)
    for change in progress.tasks:
        apply_task(session, progress.rma, change, at)
    if progress.reopened is None:
        return
    grants = _grants(session, progress.rma)
    _count_refunded(row, grants)
    open_ones = any(not _is_paid(refund) for made in grants for refund in _standing(made))
    if row.status in (ReturnStatus.CLOSED, ReturnStatus.NEEDS_ATTENTION):
        row.status = ReturnStatus.NEEDS_ATTENTION if open_ones else ReturnStatus.CLOSED
    row.updated_at = at


def _grants(session: Session, rma: str) -> Sequence[GrantedRefund]:
    return session.scalars(
        select(GrantedRefund)
        .where(GrantedRefund.rma == rma, GrantedRefund.kind == "return")
        .order_by(GrantedRefund.created_at, GrantedRefund.id)
    ).all()


def _standing(made: GrantedRefund) -> list[Refund]:
    return [refund for refund in made.refunds if refund.replaced_by is None]


def _is_paid(refund: Refund) -> bool:
    return refund.status == RefundStatus.SUCCEEDED or refund.paid_by is not None


def _count_refunded(row: Return, grants: Sequence[GrantedRefund]) -> None:
    """Units whose money arrived: a later grant includes those before, the first unpaid one ends."""
    paid = [0] * len(row.lines)
    for made in grants:
        if not all(_is_paid(refund) for refund in _standing(made)):
            break
        paid = made.accepted
    for line, units in zip(row.lines, paid, strict=True):
        line.refunded = units


def write_off(session: Session, rma: str, at: datetime) -> None:
    """Writes off what grants of a return owed and could not reserve; once."""
    lock_order(session, session.get_one(Return, rma).order_number)
    for made in _grants(session, rma):
        if made.short:
            journal.post(
                session,
                source=f"grant/{made.id}/write_off",
                rma=rma,
                order=made.order_number,
                at=at,
                currency=made.currency,
                memo=f"Not refundable any more, {made.id}",
                postings=[
                    Posting(account=REFUNDS_PAYABLE, amount=made.short),
                    Posting(account=WRITE_OFF, amount=-made.short),
                ],
            )
