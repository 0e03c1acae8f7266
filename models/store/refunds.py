"""Refund transactions: money of a grant moving at one payment, tried, settled, paid otherwise."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.messages import GrantedRefund as GrantedRefundMessage
from models.messages import ManualMethod, RefundOutcome, RefundStatus
from models.money import to_text
from models.rules.accounts import PAID_BY_HAND, REFUNDS_PAYABLE, Posting, clearing_account
from models.store import disputes, journal, store_credits
from models.store.policies import current_policy
from models.store.returns import lock_order
from models.tables import GrantedRefund, Note, Order, Payment, Refund

FAILED = (RefundStatus.FAILED, RefundStatus.CANCELED)


class RefundNotPossible(Exception):
    """What was asked of a refund can't be done; the message is for the person who asked."""

    def __init__(self, message: str, *, code: str = "refund_not_possible") -> None:
        """Takes what to say, and the code of it."""
        super().__init__(message)
        self.code = code


def new_refund(
    session: Session, made: GrantedRefund, payment: Payment, amount: int, workflow: str
) -> Refund:
    """A refund transaction with its id and key, before any call."""
    rma = made.rma
    count = select(func.count()).where(Refund.rma == rma)
    number = 1 + (session.scalar(count) or 0)
    return Refund(
        id=f"{rma}-{number}",
        granted_refund_id=made.id,
        rma=rma,
        order_number=made.order_number,
        payment_id=payment.id,
        payment=payment,
        amount=amount,
        currency=made.currency,
        status=RefundStatus.PENDING,
        idempotency_key=f"{rma}/refund/{number}",
        workflow=workflow,
        created_at=made.created_at,
        updated_at=made.created_at,
    )


def begin_attempt(session: Session, refund: str, now: datetime) -> tuple[Refund, bool]:
    """The refund's row before the provider is called, and whether it was tried before.

    Args:
        session: a writing session; commit it before the call.
        refund: the refund's id.
        now: the real time; the provider's key lives 24 hours from the first attempt.
    """
    row, _ = _lock(session, refund)
    tried_before = row.first_attempt_at is not None
    if row.first_attempt_at is None:
        row.first_attempt_at = now
    return row, tried_before


def settle(
    session: Session,
    refund: str,
    *,
    status: RefundStatus,
    at: datetime,
    provider_reference: str | None = None,
    failure: str | None = None,
) -> RefundOutcome:
    """Writes down how a refund stands at the provider, and books it.

    A repeated or early event changes nothing twice, and what the provider said has failed stays
    failed: trying again is another transaction (money rule 12). Only a refund that we gave up
    without the provider's word can still turn out paid or on its way, as long as nobody paid it
    otherwise. A second refund that the provider made under our id is for the nightly comparison.
    """
    row, _ = _lock(session, refund)
    before = RefundStatus(row.status)
    given_up = before is RefundStatus.FAILED and row.provider_reference is None
    if None not in (known := {row.provider_reference, provider_reference}) and len(known) > 1:
        return RefundOutcome(refund=row.id, status=before, failure=row.failure, changed=False)
    if row.provider_reference is None:
        row.provider_reference = provider_reference
    if not _is_news(row, before, status, given_up=given_up):
        return RefundOutcome(refund=row.id, status=before, failure=row.failure, changed=False)
    if given_up:
        row.payment.reserved += row.amount
    row.status = status
    row.failure = failure
    row.updated_at = at
    if status is RefundStatus.SUCCEEDED:
        _book(session, row, f"refund/{row.id}", at, clearing_account(row.payment.kind))
    elif status in FAILED:
        if before is RefundStatus.SUCCEEDED:
            _take_back(session, row, at)
        # The payment can give this money back by another transaction; the order still owes it.
        row.payment.reserved -= row.amount
    return RefundOutcome(refund=row.id, status=status, failure=failure)


def _is_news(row: Refund, before: RefundStatus, status: RefundStatus, *, given_up: bool) -> bool:
    if row.paid_by is not None or before is status:
        return False
    if given_up:
        room = row.payment.amount - row.payment.reserved
        return (
            status not in FAILED
            and row.provider_reference is not None
            and row.replaced_by is None
            and room >= row.amount
        )
    if before in FAILED:
        return False
    open_ones = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
    late = before is RefundStatus.SUCCEEDED and status in open_ones
    older = before is RefundStatus.REQUIRES_ACTION and status is RefundStatus.PENDING
    return not late and not older


def retry(session: Session, refund: str, at: datetime) -> GrantedRefundMessage:
    """Prepares another try of a refund that a person wants.

    One that the provider refused gets a new transaction with a new key: the old key would only
    repeat the refusal. One without a clear answer keeps its key, so that it can't be paid twice.
    Doing it again answers the same transaction.

    Raises:
        RefundNotPossible: the payment can't give that much back any more.
    """
    row, _ = _lock(session, refund)
    if row.status not in FAILED:
        return GrantedRefundMessage(refund=row.id, amount=row.amount, currency=row.currency)
    if row.paid_by is not None:
        raise RefundNotPossible("This refund was paid in another way already.")
    _check_disputes(session, row)
    return _replace(session, row, row.payment, at)


def _replace(session: Session, row: Refund, payment: Payment, at: datetime) -> GrantedRefundMessage:
    """Puts a new transaction in the place of one that failed, at the same payment or another."""
    if row.replaced_by is not None:
        again = session.get_one(Refund, row.replaced_by)
        return GrantedRefundMessage(refund=again.id, amount=again.amount, currency=again.currency)
    left = payment.amount - payment.reserved
    if left < row.amount:
        raise RefundNotPossible(
            f"{to_text(left, row.currency)} can still be refunded to payment {payment.payment}, "
            f"not {to_text(row.amount, row.currency)} {row.currency}; pay it in another way."
        )
    payment.reserved += row.amount
    made = session.get_one(GrantedRefund, row.granted_refund_id)
    again = new_refund(session, made, payment, row.amount, row.workflow or "")
    again.created_at = again.updated_at = at
    row.replaced_by = again.id
    session.add(again)
    session.flush()
    return GrantedRefundMessage(refund=again.id, amount=again.amount, currency=again.currency)


def pay_otherwise(
    session: Session, refund: str, *, method: ManualMethod, reference: str, at: datetime, actor: str
) -> GrantedRefundMessage | None:
    """Pays a refund that failed in another way, or writes down that a person did.

    Doing it again answers the same and changes nothing.

    Args:
        session: a writing session.
        refund: the transaction that failed.
        method: store credit, another payment of the order, or paid by hand.
        reference: the id of a note with what the person typed: where to find what was paid by
            hand, or the other payment's id.
        at: when.
        actor: who says so.

    Returns:
        The transaction at the other payment, which is to be paid; None: the customer has it.

    Raises:
        RefundNotPossible: it was paid already, or the provider may still pay it.
    """
    row, order = _lock(session, refund)
    kept = session.get(Note, reference)
    typed = reference if kept is None else kept.body
    if row.paid_by is not None:
        if row.paid_by == method:
            return None
        raise RefundNotPossible("This refund was paid in another way already.")
    status = RefundStatus(row.status)
    if row.replaced_by is not None:
        if method is ManualMethod.OTHER_PAYMENT:
            return _replace(session, row, row.payment, at)
        raise RefundNotPossible(f"This refund was tried again as {row.replaced_by}.")
    if status not in FAILED:
        raise RefundNotPossible(
            f"This refund is {status}; only one that failed can be paid in another way."
        )
    if method is ManualMethod.LOST_DISPUTE:
        _pay_by_dispute(session, row, at)
        return None
    _check_disputes(session, row)
    if method is ManualMethod.OTHER_PAYMENT:
        return _replace(session, row, _other_payment(order, row, typed), at)
    row.paid_by = method
    row.updated_at = at
    if method is ManualMethod.STORE_CREDIT:
        credit = store_credits.issue(
            session,
            source=f"refund/{row.id}",
            origin="refund",
            amount=row.amount,
            bonus=0,
            currency=row.currency,
            rma=row.rma,
            order=row.order_number,
            at=at,
            expires_at=current_policy(session).credit_expires(at),
            actor=actor,
        )
        row.paid_reference = credit.code
    else:
        row.paid_reference = typed
        _book(session, row, f"refund/{row.id}/by_hand", at, PAID_BY_HAND)
    return None


def _check_disputes(session: Session, row: Refund) -> None:
    """Nothing is paid that the customer may get, or got, by a dispute (once is enough)."""
    if (why := disputes.why_not(session, row.payment)) is not None:
        raise RefundNotPossible(why, code="payment_disputed")
    if (lost := disputes.paid_by_dispute(session, row)) is not None:
        raise RefundNotPossible(
            f"The customer got this by the lost dispute {lost.dispute}; record it as that.",
            code="payment_disputed",
        )


def _pay_by_dispute(session: Session, row: Refund, at: datetime) -> None:
    """Counts a lost dispute as this refund: the bank took the money off the same payment."""
    lost = disputes.paid_by_dispute(session, row)
    if lost is None:
        raise RefundNotPossible(
            "No lost dispute of this payment covers this refund.", code="no_lost_dispute"
        )
    row.paid_by = ManualMethod.LOST_DISPUTE
    row.paid_reference = lost.dispute
    row.updated_at = at
    _book(session, row, f"refund/{row.id}/by_hand", at, clearing_account(row.payment.kind))


def _other_payment(order: Order, row: Refund, typed: str) -> Payment:
    others = [payment for payment in order.payments if payment.id != row.payment_id]
    found = next((payment for payment in others if payment.payment == typed.strip()), None)
    if found is None:
        names = ", ".join(payment.payment for payment in others) or "none"
        raise RefundNotPossible(
            f"Name another payment of order {order.number} as the reference: {names}."
        )
    return found


def unpaid(refund: Refund) -> bool:
    """A refund that failed, and that neither another try nor another way has paid."""
    return refund.status in FAILED and refund.paid_by is None and refund.replaced_by is None


def load(session: Session, refund: str) -> Refund:
    """A refund transaction that exists."""
    return session.get_one(Refund, refund)


def of_return(session: Session, rma: str) -> Sequence[Refund]:
    """All refund transactions of a return."""
    return session.scalars(select(Refund).where(Refund.rma == rma)).all()


def _lock(session: Session, refund: str) -> tuple[Refund, Order]:
    found = session.get_one(Refund, refund)
    order = lock_order(session, found.order_number)
    if order is None:
        raise LookupError(f"no order of {refund}")
    session.refresh(found)
    return found, order


def _book(session: Session, row: Refund, source: str, at: datetime, account: str) -> None:
    journal.post(
        session,
        source=source,
        rma=row.rma,
        order=row.order_number,
        at=at,
        currency=row.currency,
        memo=f"Refund {row.id}",
        postings=[
            Posting(account=REFUNDS_PAYABLE, amount=row.amount),
            Posting(account=account, amount=-row.amount),
        ],
    )


def _take_back(session: Session, row: Refund, at: datetime) -> None:
    """Reverses the entry of a refund that the bank sent back."""
    journal.post(
        session,
        source=f"refund/{row.id}/failed",
        rma=row.rma,
        order=row.order_number,
        at=at,
        currency=row.currency,
        memo=f"Refund {row.id} came back",
        postings=[
            Posting(account=clearing_account(row.payment.kind), amount=row.amount),
            Posting(account=REFUNDS_PAYABLE, amount=-row.amount),
        ],
        reverses=f"refund/{row.id}",
    )
