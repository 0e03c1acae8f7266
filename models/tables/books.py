"""The books: a journal that only grows, its chart of accounts, and numbered credit memos."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base, Currency


class JournalEntry(Base):
    """A balanced set of debits and credits; one per thing that moved. Never changed or deleted.

    Entries are numbered without gaps, and each holds the hash of the one before.
    """

    __tablename__ = "journal_entries"

    # The number, from 1, handed out by the ledger's head.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # What it books, unique: booking the same thing again finds this entry.
    source: Mapped[str] = mapped_column(String(160), unique=True)
    rma: Mapped[str | None] = mapped_column(ForeignKey("returns.rma"), index=True)
    order_number: Mapped[str | None] = mapped_column(ForeignKey("orders.number"), index=True)
    # The day it counts for; in a closed period, the first moment after it.
    at: Mapped[datetime] = mapped_column(index=True)
    currency: Mapped[Currency]
    memo: Mapped[str] = mapped_column(String(200))
    # The entry this one takes back.
    reverses: Mapped[int | None] = mapped_column(ForeignKey("journal_entries.id"))
    recorded_at: Mapped[datetime]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

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


class LedgerHead(Base):
    """The one row that writers of the books lock, last of all locks: the newest numbers."""

    __tablename__ = "ledger_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_entry: Mapped[int]
    last_hash: Mapped[str] = mapped_column(String(64))
    last_memo: Mapped[int]
    # Up to and including this day nothing more is booked.
    closed_until: Mapped[date | None]


class AccountCode(Base):
    """What the shop's own chart calls one of our accounts, for exports."""

    __tablename__ = "account_codes"

    account: Mapped[str] = mapped_column(String(60), primary_key=True)
    code: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(120))


class CreditMemo(Base):
    """The numbered accounting document of one granted refund. Its amounts are the grant's lines."""

    __tablename__ = "credit_memos"

    # Without gaps, from 1; written as CM-000001.
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    granted_refund_id: Mapped[str] = mapped_column(ForeignKey("granted_refunds.id"), unique=True)
    rma: Mapped[str | None] = mapped_column(ForeignKey("returns.rma"), index=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    # What the customer gets, bonus included, and how much of it is tax.
    amount: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    issued_at: Mapped[datetime] = mapped_column(index=True)
