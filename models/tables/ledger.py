"""Money that a return gives back: what was granted, and the transactions that pay it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base, Currency
from models.tables.orders import Payment


class GrantedRefund(Base):
    """A decision to pay an amount; it holds the money until its transactions are final.

    `kind`: return (for goods), goodwill, or adopted (made by hand at the provider, found later).
    """

    __tablename__ = "granted_refunds"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    # refund: to the payments; store_credit: the same tenders are used up, a code is issued.
    method: Mapped[str] = mapped_column(String(12))
    # None: a refund made at the provider that belongs to no return.
    rma: Mapped[str | None] = mapped_column(ForeignKey("returns.rma"), index=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    # Owed by the quote but no longer refundable when it was granted.
    short: Mapped[int] = mapped_column(BigInteger)
    # Given on top as store credit; it uses up no tender.
    bonus: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    # All units accepted when it was granted, one count per return line; [] for goodwill.
    accepted: Mapped[list[Any]]
    actor: Mapped[str] = mapped_column(String(80))
    # Why goodwill was given, in a person's words.
    note_id: Mapped[str | None] = mapped_column(ForeignKey("notes.id"))
    created_at: Mapped[datetime]

    refunds: Mapped[list["Refund"]] = relationship(order_by="Refund.id")
    lines: Mapped[list["GrantLine"]] = relationship(order_by="GrantLine.position")


class GrantLine(Base):
    """One explained amount of what was granted: the quote's line as it was paid.

    The lines of a grant sum to its amount + short + bonus.
    """

    __tablename__ = "grant_lines"

    granted_refund_id: Mapped[str] = mapped_column(
        ForeignKey("granted_refunds.id"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    line: Mapped[str | None] = mapped_column(String(100))
    # Which return line, from 1; an order line may stand in two of them.
    return_line: Mapped[int | None]
    amount: Mapped[int] = mapped_column(BigInteger)
    # How much of the amount is tax, for the books; of a `tax` line, all of it.
    tax: Mapped[int] = mapped_column(BigInteger, default=0)
    explanation: Mapped[str] = mapped_column(Text)


class TenderUse(Base):
    """What store credit given instead of money uses up of a payment (money rule 6)."""

    __tablename__ = "tender_uses"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)

    granted_refund_id: Mapped[str] = mapped_column(
        ForeignKey("granted_refunds.id"), primary_key=True
    )
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class Refund(Base):
    """A refund transaction: money moving at one payment. The row and key exist before any call."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_refunds_status_created_at", "status", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    granted_refund_id: Mapped[str] = mapped_column(ForeignKey("granted_refunds.id"), index=True)
    rma: Mapped[str | None] = mapped_column(ForeignKey("returns.rma"), index=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    status: Mapped[str] = mapped_column(String(16))
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)
    # The workflow that looks after it; None: it was adopted, nobody has to.
    workflow: Mapped[str | None] = mapped_column(String(200))
    provider_reference: Mapped[str | None] = mapped_column(String(200), index=True)
    failure: Mapped[str | None] = mapped_column(Text)
    # The provider forgets keys after 24 hours, counted from here (money rule 12).
    first_attempt_at: Mapped[datetime | None]
    # The transaction that tried again, or at another payment, after this one failed.
    replaced_by: Mapped[str | None] = mapped_column(String(60))
    # How it was paid when the payment could not (paid_by_hand, store_credit), and where that is.
    paid_by: Mapped[str | None] = mapped_column(String(20))
    paid_reference: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    payment: Mapped[Payment] = relationship()
    granted_refund: Mapped[GrantedRefund] = relationship(viewonly=True)
