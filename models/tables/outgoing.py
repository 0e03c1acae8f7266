"""What other systems are told of: events, each written with the change it tells."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base


class OutgoingEvent(Base):
    """Something that happened, as it is told outside. Written once, never changed.

    `data` holds ids, amounts and our own words, never personal data. There are no foreign keys,
    so that writing one, under the lock of `OutgoingHead`, waits for no other row.
    """

    __tablename__ = "outgoing_events"
    __table_args__ = (
        UniqueConstraint("stream", "sequence"),
        Index("ix_outgoing_events_rma_number", "rma", "number"),
        Index("ix_outgoing_events_type_number", "type", "number"),
    )

    # From 1, in the order in which the changes became visible.
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    type: Mapped[str] = mapped_column(String(50))
    at: Mapped[datetime]
    rma: Mapped[str | None] = mapped_column(String(20))
    # What it is ordered within: its return, else the thing itself; and its place there, from 1.
    stream: Mapped[str] = mapped_column(String(120))
    sequence: Mapped[int]
    data: Mapped[dict[str, Any]]


class OutgoingHead(Base):
    """The one row that writers of events lock when they commit: the newest number."""

    __tablename__ = "outgoing_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
