"""Photos of what comes back: taken by customers, at the dock, and in the inspection."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base


class Photo(Base):
    """A photo of a return, made anew as JPEG. `line`: the order line it shows; None: all of it."""

    __tablename__ = "photos"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    line: Mapped[str | None] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(80))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    jpeg: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    # Small, for lists; None: of a photo that was kept before there were previews.
    preview: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]
