"""Granting back what was paid for an exchange that does not go out."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.messages import (
    PayoutMethod,
    exchange_workflow_id,
)
from models.rules.quote import QuoteKind, QuoteLine
from models.store import credit_memos
from models.store.granting import book_grant, write_lines
from models.store.refunds import new_refund
from models.tables import (
    GrantedRefund,
    Order,
    Payment,
    Return,
)


def grant_back(
    session: Session,
    row: Return,
    order: Order,
    payment: Payment,
    *,
    amount: int,
    tax: int,
    actor: str,
    at: datetime,
) -> GrantedRefund:
    """Grants what was paid for an exchange that doesn't go out, or not whole, at its payment."""
    made = GrantedRefund(
        id=f"{row.rma}/exchange/back",
        kind="exchange",
        method=PayoutMethod.REFUND,
        rma=row.rma,
        order_number=order.number,
        amount=amount,
        tax=tax,
        short=0,
        bonus=0,
        currency=row.currency,
        accepted=[],
        actor=actor,
        created_at=at,
        refunds=[],
    )
    session.add(made)
    session.flush()
    words = QuoteLine(
        kind=QuoteKind.EXCHANGE_DIFFERENCE,
        line=None,
        amount=amount,
        tax=tax,
        explanation="Difference that was paid for an exchange that did not go out",
    )
    write_lines(session, made, [words])
    order.reserved += amount
    payment.reserved += amount
    made.refunds.append(new_refund(session, made, payment, amount, exchange_workflow_id(row.rma)))
    session.flush()
    book_grant(session, made, order, [words])
    credit_memos.issue(session, made, at)
    return made
