"""What comes to the dock without a known return: parcels and what was in them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base


class Parcel(Base):
    """A parcel as it came: open (a case), matched to returns, or done (put away without one).

    `rma`, `tracking`, `order_number` and `name` are what stands on it or in it, unchecked.
    """

    __tablename__ = "parcels"
    __table_args__ = (Index("ix_parcels_status_created_at", "status", "created_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    status: Mapped[str] = mapped_column(String(8))
    rma: Mapped[str | None] = mapped_column(String(20))
    tracking: Mapped[str | None] = mapped_column(String(60), index=True)
    order_number: Mapped[str | None] = mapped_column(String(100))
    name: Mapped[str | None] = mapped_column(String(200))
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    # sent_back or kept, and a person's words, once it is done.
    outcome: Mapped[str | None] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(80))

    items: Mapped[list["ParcelItem"]] = relationship(
        order_by="ParcelItem.no, ParcelItem.part", cascade="all, delete-orphan"
    )


class ParcelItem(Base):
    """Units of one thing in a parcel, or the part of them that goes to one return.

    `rma` is set before it is received there and `received_at` after it, so that a call that died
    in between is carried on and counts nothing twice. No `line`: that return doesn't expect it.
    """

    __tablename__ = "parcel_items"
    __table_args__ = (
        UniqueConstraint("parcel_id", "no", "part"),
        CheckConstraint("quantity >= 1", name="quantity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parcel_id: Mapped[str] = mapped_column(ForeignKey("parcels.id"))
    no: Mapped[int]
    part: Mapped[int] = mapped_column(default=1)
    sku: Mapped[str] = mapped_column(String(100))
    quantity: Mapped[int]
    note: Mapped[str] = mapped_column(Text, default="")
    rma: Mapped[str | None] = mapped_column(ForeignKey("returns.rma"), index=True)
    line: Mapped[str | None] = mapped_column(String(100))
    received_at: Mapped[datetime | None]
