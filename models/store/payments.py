"""Payments by their names at a provider, and the refunds that may be moving at them."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.messages import RefundStatus
from models.tables import Payment, Refund

_OPEN = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)


def at_provider(session: Session, provider: str, names: Sequence[str]) -> list[int]:
    """The ids of our payments that a provider knows by one of these names."""
    query = select(Payment.id).where(Payment.provider == provider, Payment.reference.in_(names))
    return list(session.scalars(query.order_by(Payment.id)))


def possibly_moving(session: Session, payments: Sequence[int]) -> list[Refund]:
    """Refunds at these payments that the provider was asked for and may know more of than we do:
    those under way, and those that were given up without its word.
    """
    given_up = and_(
        Refund.status == RefundStatus.FAILED,
        Refund.provider_reference.is_(None),
        Refund.replaced_by.is_(None),
        Refund.paid_by.is_(None),
    )
    query = select(Refund).where(
        Refund.payment_id.in_(payments),
        Refund.first_attempt_at.is_not(None),
        or_(Refund.status.in_(_OPEN), given_up),
    )
    return list(session.scalars(query.order_by(Refund.id)))
