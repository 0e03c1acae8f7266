"""Where inspected units went: what the shop's stock is told."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base


class StockMove(Base):
    """Units of one line that an inspection sent somewhere; the key of its event counts once.

    It is apart from the refund: accepted units go where they are useful, refused ones back to the
    customer.
    """

    __tablename__ = "stock_moves"
    __table_args__ = (CheckConstraint("quantity >= 1", name="quantity"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    line: Mapped[str] = mapped_column(String(100))
    sku: Mapped[str] = mapped_column(String(100), index=True)
    quantity: Mapped[int]
    grade: Mapped[str] = mapped_column(String(1))
    disposition: Mapped[str] = mapped_column(String(20), index=True)
    accepted: Mapped[bool]
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(index=True)
