"""Mails to the staff: a person's list of tasks that wait for too long."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.access import User
from models.tables.base import Base


class StaffMail(Base):
    """A mail to a member of staff, written with its tasks' marks and sent afterwards.

    `problem`: why the mail server refused it for good.
    """

    __tablename__ = "staff_mails"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text)

    user: Mapped[User] = relationship()
