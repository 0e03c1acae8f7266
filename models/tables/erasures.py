"""Who erased whose personal data, and when."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base


class Erasure(Base):
    """One erasure. `subject`: the shop's own id, `order:<number>` or `return:<rma>`."""

    __tablename__ = "erasures"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    subject: Mapped[str] = mapped_column(String(220), index=True)
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
