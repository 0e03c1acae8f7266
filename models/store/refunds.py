"""Money of a return: granting it, its transactions at the payments, and their entries.

Whatever takes money of an order holds the order's lock; the tables' constraints hold
`refunded + pending ≤ captured` even if a caller forgot it (money rule 7).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from models.messages import Grant, Granted, RefundOutcome, RefundStatus
from models.messages import GrantedRefund as GrantedRefundMessage
from models.money import share, to_text
from models.rules import positions, tenders
from models.rules.positions import Span
from models.rules.quote import worth
from models.store.journal import PAID_BY_HAND, SALES_RETURNS, TAX_PAYABLE, Posting, clearing_account
from models.store.journal import post as post_entry
from models.store.policies import current_policy
from models.store.returns import lock_order, paid_line
from models.tables import GrantedRefund, Note, Order, Payment, Refund, Return, ReturnLine


class RefundNotPossible(Exception):
    """What was asked of a refund can't be done; the message is for the person who asked."""


def grant(session: Session, asked: Grant) -> Granted:
    """Decides what all units accepted so far are owed, and reserves it at the payments.

    Pays what the quote's function says for them less what was granted before (money rule 2).
    Asking again with the same id answers the same.
    """
    row = session.get_one(
        Return, asked.rma, options=[selectinload(Return.lines).selectinload(ReturnLine.ranges)]
    )
    order = lock_order(session, row.order_number)
    if order is None:
        raise LookupError(f"no order of {asked.rma}")
    existing = session.get(GrantedRefund, asked.id)
    if existing is not None:
        return _granted(existing)
    at = datetime.fromisoformat(asked.at)
    room = min(
        order.paid - order.reserved,
        sum(payment.amount - payment.reserved for payment in order.payments),
    )
    amount, tax, short = 0, 0, 0
    for line, accepted in zip(row.lines, asked.accepted, strict=True):
        paid, line_tax, missing = _grant_line(line, accepted, room - amount)
        amount, tax, short = amount + paid, tax + line_tax, short + missing
    made = GrantedRefund(
        id=asked.id,
        rma=asked.rma,
        amount=amount,
        tax=tax,
        short=short,
        currency=row.currency,
        actor=asked.actor,
        created_at=at,
        refunds=[],
    )
    session.add(made)
    order.reserved += amount
    parts = tenders.split(
        amount,
        [
            tenders.Tender(
                payment=payment.id, kind=payment.kind, refundable=payment.amount - payment.reserved
            )
            for payment in order.payments
        ],
        current_policy(session).tender_order,
    )
    _add_refunds(session, made, order, parts, at)
    return _granted(made)


def _grant_line(line: ReturnLine, accepted: int, room: int) -> tuple[int, int, int]:
    """Grants one line's accepted units: amount, its tax, and what no longer fits the order."""
    spans = positions.lowest([Span(span.first, span.last) for span in line.ranges], accepted)
    value = worth(paid_line(line.order_line), spans)
    owed = max(0, value.paid - line.granted_amount)
    paid = min(owed, room)
    tax = share(value.tax - line.granted_tax, 1, paid, owed)
    line.granted = accepted
    line.granted_amount += paid
    line.granted_tax += tax
    line.order_line.reserved += paid
    return paid, tax, owed - paid


def _add_refunds(
    session: Session,
    made: GrantedRefund,
    order: Order,
    parts: Sequence[tenders.TenderPart],
    at: datetime,
) -> None:
    payments = {payment.id: payment for payment in order.payments}
    before = 0
    for part in parts:
        after = before + part.amount
        number = _next_number(session, made.rma)
        payments[part.payment].reserved += part.amount
        refund = _new_refund(
            made,
            payments[part.payment],
            number=number,
            amount=part.amount,
            tax=share(made.tax, before + 1, after, made.amount),
            at=at,
        )
        made.refunds.append(refund)
        session.add(refund)
        session.flush()
        before = after


def _next_number(session: Session, rma: str) -> int:
    return 1 + (session.scalar(select(func.count()).where(Refund.rma == rma)) or 0)


def _new_refund(
    made: GrantedRefund, payment: Payment, *, number: int, amount: int, tax: int, at: datetime
) -> Refund:
    return Refund(
        id=f"{made.rma}-{number}",
        granted_refund_id=made.id,
        rma=made.rma,
        payment_id=payment.id,
        payment=payment,
        amount=amount,
        tax=tax,
        currency=made.currency,
        status=RefundStatus.PENDING,
        idempotency_key=f"{made.rma}/refund/{number}",
        created_at=at,
        updated_at=at,
    )


def _granted(made: GrantedRefund) -> Granted:
    return Granted(
        refunds=[
            GrantedRefundMessage(refund=row.id, amount=row.amount, currency=row.currency)
            for row in made.refunds
        ],
        amount=made.amount,
        currency=made.currency,
        short=made.short,
    )


def begin_attempt(session: Session, refund: str, now: datetime) -> tuple[Refund, bool]:
    """The refund's row before the provider is called, and whether it was tried before.

    Args:
        session: a writing session; commit it before the call.
        refund: the refund's id.
        now: the real time; the provider's key lives 24 hours from the first attempt.
    """
    row = _lock_refund(session, refund)
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

    A repeated or early event changes nothing twice, and what failed stays failed: trying again
    is another transaction (money rule 12).
    """
    row = _lock_refund(session, refund)
    before = RefundStatus(row.status)
    if row.provider_reference is None:
        row.provider_reference = provider_reference
    dead = before in (RefundStatus.FAILED, RefundStatus.CANCELED)
    stale = before is RefundStatus.SUCCEEDED and status in (
        RefundStatus.PENDING,
        RefundStatus.REQUIRES_ACTION,
    )
    if before is status or dead or stale or row.paid_by is not None:
        return RefundOutcome(refund=row.id, status=before, failure=row.failure, changed=False)
    row.status = status
    row.failure = failure
    row.updated_at = at
    if status is RefundStatus.SUCCEEDED:
        _book(session, row, f"refund/{row.id}", at, clearing_account(row.payment.kind), 1)
    elif status in (RefundStatus.FAILED, RefundStatus.CANCELED):
        if before is RefundStatus.SUCCEEDED:
            _book(
                session, row, f"refund/{row.id}/failed", at, clearing_account(row.payment.kind), -1
            )
        # The payment can give this money back by another transaction; the order still owes it.
        row.payment.reserved -= row.amount
    return RefundOutcome(refund=row.id, status=status, failure=failure)


def retry(session: Session, refund: str, at: datetime) -> GrantedRefundMessage:
    """Prepares another try of a refund that a person wants.

    One that the provider refused gets a new transaction with a new key: the old key would only
    repeat the refusal. One without a clear answer keeps its key, so that it can't be paid twice.
    Doing it again answers the same transaction.

    Raises:
        RefundNotPossible: the payment can't give that much back any more.
    """
    row = _lock_refund(session, refund)
    if row.status not in (RefundStatus.FAILED, RefundStatus.CANCELED):
        return GrantedRefundMessage(refund=row.id, amount=row.amount, currency=row.currency)
    if row.paid_by is not None:
        raise RefundNotPossible("This refund was paid in another way already.")
    if row.replaced_by is not None:
        return GrantedRefundMessage(
            refund=row.replaced_by, amount=row.amount, currency=row.currency
        )
    left = row.payment.amount - row.payment.reserved
    if left < row.amount:
        raise RefundNotPossible(
            f"Only {to_text(left, row.currency)} {row.currency} can still be refunded to this "
            "payment; pay it in another way."
        )
    row.payment.reserved += row.amount
    made = session.get_one(GrantedRefund, row.granted_refund_id)
    again = _new_refund(
        made,
        row.payment,
        number=_next_number(session, row.rma),
        amount=row.amount,
        tax=row.tax,
        at=at,
    )
    row.replaced_by = again.id
    session.add(again)
    return GrantedRefundMessage(refund=again.id, amount=again.amount, currency=again.currency)


def pay_by_hand(
    session: Session, refund: str, *, method: str, reference: str, at: datetime
) -> RefundOutcome:
    """Writes down that a person paid a refund in another way, and books it.

    Raises:
        RefundNotPossible: it was paid already, or the provider may still pay it.
    """
    row = _lock_refund(session, refund)
    status = RefundStatus(row.status)
    if row.paid_by is not None:
        return RefundOutcome(refund=row.id, status=status, changed=False)
    if row.replaced_by is not None:
        raise RefundNotPossible(f"This refund was tried again as {row.replaced_by}.")
    if status not in (RefundStatus.FAILED, RefundStatus.CANCELED):
        raise RefundNotPossible(
            f"This refund is {status}; only one that failed can be paid in another way."
        )
    row.paid_by = method
    kept = session.get(Note, reference)
    row.paid_reference = reference if kept is None else kept.body
    row.updated_at = at
    _book(session, row, f"refund/{row.id}/by_hand", at, PAID_BY_HAND, 1)
    return RefundOutcome(refund=row.id, status=status)


def load(session: Session, refund: str) -> Refund:
    """A refund transaction that exists."""
    return session.get_one(Refund, refund)


def of_return(session: Session, rma: str) -> Sequence[Refund]:
    """All refund transactions of a return."""
    return session.scalars(select(Refund).where(Refund.rma == rma)).all()


def _lock_refund(session: Session, refund: str) -> Refund:
    found = session.get_one(Refund, refund)
    row = session.get_one(Return, found.rma)
    lock_order(session, row.order_number)
    session.refresh(found)
    return found


def _book(
    session: Session, row: Refund, source: str, at: datetime, account: str, sign: int
) -> None:
    post_entry(
        session,
        source=source,
        rma=row.rma,
        at=at,
        currency=row.currency,
        memo=f"Refund {row.id}" if sign > 0 else f"Refund {row.id} came back",
        postings=[
            Posting(account=SALES_RETURNS, amount=sign * (row.amount - row.tax)),
            Posting(account=TAX_PAYABLE, amount=sign * row.tax),
            Posting(account=account, amount=-sign * row.amount),
        ],
    )
