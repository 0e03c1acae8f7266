"""Payments that customers dispute with their bank."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Currency


class Dispute(Base):
    """A dispute at a payment provider, as it was last told."""

    __tablename__ = "disputes"
    __table_args__ = (CheckConstraint("held >= 0", name="held"),)

    provider: Mapped[str] = mapped_column(String(40), primary_key=True)
    # The provider's id of it.
    dispute: Mapped[str] = mapped_column(String(120), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    status: Mapped[str] = mapped_column(String(8))
    # The payment can be refunded all the same: the bank only inquires.
    refundable: Mapped[bool]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    # What of a lost one counts as gone from the payment, so that no return pays it again.
    held: Mapped[int] = mapped_column(BigInteger)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
