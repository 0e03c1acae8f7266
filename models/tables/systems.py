"""How far the shop's other systems have been read and told, and what could not be taken."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base


class SystemCursor(Base):
    """How far something has come. `name`: what; `position`: in its own words."""

    __tablename__ = "system_cursors"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    position: Mapped[str] = mapped_column(String(60))
    moved_at: Mapped[datetime]


class RefusedOrder(Base):
    """An order that was pulled and couldn't be taken; gone as soon as it could. `problem`: why."""

    __tablename__ = "refused_orders"

    number: Mapped[str] = mapped_column(String(100), primary_key=True)
    problem: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class UntoldCase(Base):
    """A return that the CRM refused; gone as soon as it took it. `problem`: why."""

    __tablename__ = "untold_cases"

    rma: Mapped[str] = mapped_column(String(20), primary_key=True)
    problem: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
