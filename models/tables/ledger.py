"""Money that moves and the books that say so: grants, refund transactions, journal entries."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base, Currency
from models.tables.orders import Payment


class GrantedRefund(Base):
    """A decision to pay an amount; it holds the money until its transactions are final."""

    __tablename__ = "granted_refunds"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    # Owed by the quote but no longer refundable when it was granted.
    short: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]

    refunds: Mapped[list["Refund"]] = relationship(order_by="Refund.id")


class Refund(Base):
    """A refund transaction: money moving at one payment. The row and key exist before any call."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_refunds_status_created_at", "status", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    granted_refund_id: Mapped[str] = mapped_column(ForeignKey("granted_refunds.id"), index=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    # How much of the amount is tax, for the books.
    tax: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    status: Mapped[str] = mapped_column(String(16))
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)
    provider_reference: Mapped[str | None] = mapped_column(String(200), index=True)
    failure: Mapped[str | None] = mapped_column(Text)
    # The provider forgets keys after 24 hours, counted from here (money rule 12).
    first_attempt_at: Mapped[datetime | None]
    # The transaction that tried again after this one failed.
    replaced_by: Mapped[str | None] = mapped_column(String(60))
    # How a person paid it when the payment could not: method and where to find it.
    paid_by: Mapped[str | None] = mapped_column(String(20))
    paid_reference: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    payment: Mapped[Payment] = relationship()


class JournalEntry(Base):
    """A balanced set of debits and credits; one per thing that moved."""

    __tablename__ = "journal_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    # What it books, unique: booking the same thing again finds this entry.
    source: Mapped[str] = mapped_column(String(120), unique=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    at: Mapped[datetime]
    currency: Mapped[Currency]
    memo: Mapped[str] = mapped_column(String(200))

    lines: Mapped[list["JournalLine"]] = relationship(order_by="JournalLine.position")


class JournalLine(Base):
    """One side of an entry; exactly one of debit and credit is above 0."""

    __tablename__ = "journal_lines"
    __table_args__ = (
        CheckConstraint(
            "debit >= 0 AND credit >= 0 AND (debit = 0 OR credit = 0)", name="one_side"
        ),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entries.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(60), index=True)
    debit: Mapped[int] = mapped_column(BigInteger)
    credit: Mapped[int] = mapped_column(BigInteger)
