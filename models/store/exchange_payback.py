"""What was paid for an exchange: held until it goes out, and granted back as far as it does not."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.messages import PayoutMethod, exchange_workflow_id
from models.money import round_half_up
from models.rules.quote_lines import QuoteKind, QuoteLine
from models.store import credit_memos
from models.store.granting import book_grant, write_lines
from models.store.refunds import new_refund
from models.tables import (
    Exchange,
    GrantedRefund,
    Order,
    Payment,
    Return,
)


def payback_id(rma: str, round: int) -> str:
    """The id of the grant of what was paid in a round."""
    return f"{rma}/exchange/back" if round == 1 else f"{rma}/exchange/{round}/back"


def release(session: Session, order: Order, found: Exchange) -> None:
    """Ends the hold on the difference's payment."""
    if found.payment_id is None:
        return
    payment = session.get_one(Payment, found.payment_id)
    payment.reserved -= found.paid
    order.reserved -= found.paid
    session.flush()


def give_back(
    session: Session,
    row: Return,
    order: Order,
    found: Exchange,
    *,
    amount: int,
    actor: str,
    at: datetime,
    tax: int | None = None,
) -> GrantedRefund:
    """Grants some of what was paid back, at its payment. `tax` None: its share of all tax."""
    return _grant_back(
        session,
        row,
        order,
        found,
        session.get_one(Payment, found.payment_id),
        amount=amount,
        tax=round_half_up(found.paid_tax * amount, found.paid) if tax is None else tax,
        actor=actor,
        at=at,
    )


def _grant_back(
    session: Session,
    row: Return,
    order: Order,
    found: Exchange,
    payment: Payment,
    *,
    amount: int,
    tax: int,
    actor: str,
    at: datetime,
) -> GrantedRefund:
    made = GrantedRefund(
        id=payback_id(row.rma, found.round),
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
    workflow = exchange_workflow_id(row.rma, found.round)
    made.refunds.append(new_refund(session, made, payment, amount, workflow))
    session.flush()
    book_grant(session, made, order, [words])
    credit_memos.issue(session, made, at)
    return made
