"""What every grant does: takes its money off the payments, books it, prepares how it is paid."""

from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session, selectinload

from models.messages import (
    Granted,
    PayoutMethod,
)
from models.messages import GrantedRefund as GrantedRefundMessage
from models.rules import tenders
from models.rules.policy import Policy
from models.rules.postings import grant_postings
from models.rules.quote_lines import QuoteKind, QuoteLine
from models.store import credit_memos, journal, store_credits
from models.store.refunds import new_refund
from models.store.returns import lock_order
from models.tables import (
    GrantedRefund,
    GrantLine,
    Order,
    Return,
    ReturnLine,
    TenderUse,
)


def lock_return(session: Session, rma: str) -> tuple[Return, Order]:
    """A return with its lines, and its order, locked."""
    order = lock_order(session, session.get_one(Return, rma).order_number)
    row = session.get_one(
        Return,
        rma,
        options=[selectinload(Return.lines).selectinload(ReturnLine.ranges)],
        populate_existing=True,
    )
    if order is None:
        raise LookupError(f"no order of {rma}")
    return row, order


def reserve_grant(
    session: Session,
    made: GrantedRefund,
    order: Order,
    policy: Policy,
    lines: Sequence[QuoteLine],
    workflow: str,
    *,
    held: Collection[int] = (),
) -> None:
    """Takes what was granted off the payments, books it, and prepares how it is paid.

    `held`: payments that give nothing back now.
    """
    made.bonus = sum(line.amount for line in lines if line.kind is QuoteKind.BONUS)
    session.add(made)
    session.flush()
    write_lines(session, made, lines)
    order.reserved += made.amount
    shares = tenders.split(
        made.amount,
        [
            tenders.Tender(
                payment=payment.id, kind=payment.kind, refundable=payment.amount - payment.reserved
            )
            for payment in order.payments
            if payment.id not in held
        ],
        policy.tender_order,
    )
    payments = {payment.id: payment for payment in order.payments}
    for part in shares:
        payments[part.payment].reserved += part.amount
        if made.method == PayoutMethod.REFUND:
            refund = new_refund(session, made, payments[part.payment], part.amount, workflow)
            made.refunds.append(refund)
            session.flush()
        else:
            session.add(
                TenderUse(granted_refund_id=made.id, payment_id=part.payment, amount=part.amount)
            )
    book_grant(session, made, order, lines)
    if made.method == PayoutMethod.STORE_CREDIT and made.amount + made.bonus:
        store_credits.issue(
            session,
            source=f"grant/{made.id}",
            origin=made.kind,
            amount=made.amount,
            bonus=made.bonus,
            currency=made.currency,
            rma=made.rma,
            order=made.order_number,
            at=made.created_at,
            expires_at=policy.credit_expires(made.created_at),
            actor=made.actor,
        )
    if lines:
        credit_memos.issue(session, made, made.created_at)


def write_lines(session: Session, made: GrantedRefund, lines: Sequence[QuoteLine]) -> None:
    """Keeps a grant's lines as they were worked out."""
    session.add_all(
        GrantLine(
            granted_refund_id=made.id,
            position=position,
            kind=line.kind,
            line=line.line,
            return_line=line.no,
            amount=line.amount,
            tax=line.tax,
            explanation=line.explanation,
        )
        for position, line in enumerate(lines, start=1)
    )
    session.flush()


def book_grant(
    session: Session, made: GrantedRefund, order: Order, lines: Sequence[QuoteLine]
) -> None:
    """Books a grant: what it takes back of the sale, and what is owed for it."""
    journal.post(
        session,
        source=f"grant/{made.id}",
        rma=made.rma,
        order=made.order_number,
        at=made.created_at,
        currency=made.currency,
        memo=f"Granted {made.id}",
        postings=grant_postings(lines, {line.line for line in order.lines if line.gift_card_code}),
    )


def granted_message(made: GrantedRefund, beside: GrantedRefund | None = None) -> Granted:
    """A grant as its workflow hears of it. `beside`: the store credit that came with a refund."""
    return Granted(
        refunds=[
            GrantedRefundMessage(refund=row.id, amount=row.amount, currency=row.currency)
            for row in made.refunds
            if row.replaced_by is None
        ],
        amount=made.amount,
        currency=made.currency,
        short=made.short + (beside.short if beside else 0),
        bonus=made.bonus + (beside.bonus if beside else 0),
        method=PayoutMethod(made.method),
        credit=beside.amount if beside else 0,
    )
