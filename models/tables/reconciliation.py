"""Runs that compare refunds, books and the providers' lists, and what they found."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base, Currency


class Reconciliation(Base):
    """One run. `status`: running, done or failed."""

    __tablename__ = "reconciliations"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    status: Mapped[str] = mapped_column(String(8))
    actor: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    # How many refunds, entries and provider refunds were compared: {"refunds": 3, ...}.
    counts: Mapped[dict[str, Any]]
    # Why it failed, in plain words.
    problem: Mapped[str | None] = mapped_column(Text)

    differences: Mapped[list["Difference"]] = relationship(order_by="Difference.id")


class Difference(Base):
    """One thing that two of the three tell differently. `state`: open or repaired."""

    __tablename__ = "differences"

    id: Mapped[int] = mapped_column(primary_key=True)
    reconciliation_id: Mapped[str] = mapped_column(ForeignKey("reconciliations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    rma: Mapped[str | None] = mapped_column(String(20))
    order_number: Mapped[str | None] = mapped_column(String(100))
    refund: Mapped[str | None] = mapped_column(String(60))
    provider: Mapped[str | None] = mapped_column(String(40))
    provider_reference: Mapped[str | None] = mapped_column(String(200))
    explanation: Mapped[str] = mapped_column(Text)
