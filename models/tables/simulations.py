"""Runs that try a draft of the policy out on past returns."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base


class Simulation(Base):
    """One run. `status`: running, done or failed; `done` of `total` returns are judged."""

    __tablename__ = "simulations"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    status: Mapped[str] = mapped_column(String(8))
    actor: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    # The version it is compared with, and the document that is tried out.
    version: Mapped[int]
    draft: Mapped[dict[str, Any]]
    # The draft as it was written, with its comments.
    text: Mapped[str | None] = mapped_column(Text)
    # Days on which the returns were asked for, both included; without them all.
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    # What it came to: see models.rules.simulation.Tally.to_json.
    result: Mapped[dict[str, Any] | None]
    # Why it failed, in plain words.
    problem: Mapped[str | None] = mapped_column(Text)
