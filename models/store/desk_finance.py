"""What finance looks at: refunds by state, store credit that is owed, and memos."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from models.messages import RefundStatus
from models.tables import Refund, StoreCredit

_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSum:
    """How many refunds are in a state, and what they come to in one currency, in minor units."""

    status: str
    currency: str
    count: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What stands on codes of store credit in one currency, in minor units."""

    currency: str
    codes: int
    balance: int


def refunds_by_state(session: Session) -> list[StateSum]:
    """Refund transactions counted and added up; what was paid in another way counts as such."""
    rows = session.execute(
        select(Refund.status, Refund.currency, func.count(), func.sum(Refund.amount))
        .group_by(Refund.status, Refund.currency)
        .order_by(Refund.currency)
    ).all()
    order = list(RefundStatus)
    found = [
        StateSum(status=status, currency=currency, count=count, amount=int(amount))
        for status, currency, count, amount in rows
    ]
    return sorted(found, key=lambda row: (row.currency, order.index(RefundStatus(row.status))))


def refunds_in(session: Session, status: RefundStatus) -> Sequence[Refund]:
    """Refund transactions in a state, oldest first, as many as fit a page."""
    return session.scalars(
        select(Refund)
        .where(Refund.status == status)
        .options(joinedload(Refund.payment))
        .order_by(Refund.created_at, Refund.id)
        .limit(_SHOWN)
    ).all()


def credit_owed(session: Session) -> list[Owed]:
    """What customers can still spend, by currency."""
    rows = session.execute(
        select(StoreCredit.currency, func.count(), func.sum(StoreCredit.balance))
        .where(StoreCredit.balance > 0)
        .group_by(StoreCredit.currency)
        .order_by(StoreCredit.currency)
    ).all()
    return [
        Owed(currency=currency, codes=count, balance=int(balance))
        for currency, count, balance in rows
    ]
