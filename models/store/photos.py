"""Photos of a return: kept with an entry on its timeline, listed, and read one by one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from models.documents.photos import CleanPhoto, PhotoRefused, make_preview
from models.messages import EventKind, TimelineEvent
from models.store.photo_proof import PhotoKind
from models.store.returns import add_events
from models.tables import OrderLine, Photo, Return, ReturnLine

MOST_PHOTOS = 20


class UnknownLine(PhotoRefused):
    """The return has no such line."""


class TooManyPhotos(PhotoRefused):
    """The return has as many photos as it may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoto:
    """A photo to keep. `id` makes repeating it harmless; `line`: the order line it shows."""

    id: str
    rma: str
    picture: CleanPhoto
    kind: PhotoKind
    actor: str
    line: str | None = None


def add_photo(session: Session, new: NewPhoto, at: datetime) -> Photo | None:
    """Keeps a photo and tells of it; None when there is no such return.

    Raises:
        PhotoRefused: the return has no such line, or enough photos.
    """
    known = session.get(Photo, new.id)
    if known is not None:
        return known
    # Two at once must not both be the last one.
    row = session.get(Return, new.rma, with_for_update=True)
    if row is None:
        return None
    if new.line is not None and not _has_line(session, new.rma, new.line):
        raise UnknownLine(f"The return has no line {new.line}.")
    if _count(session, new.rma) >= MOST_PHOTOS:
        raise TooManyPhotos(f"A return can have {MOST_PHOTOS} photos, and this one has them.")
    photo = Photo(
        id=new.id,
        rma=new.rma,
        line=new.line,
        kind=new.kind,
        actor=new.actor,
        width=new.picture.width,
        height=new.picture.height,
        size=len(new.picture.jpeg),
        jpeg=new.picture.jpeg,
        preview=new.picture.preview,
        created_at=at,
    )
    session.add(photo)
    event = TimelineEvent(
        key=f"photo/{new.id}",
        at=at.isoformat(),
        kind=EventKind.PHOTO_ADDED,
        actor=new.actor,
        data={"photo": new.id, "kind": new.kind, "line": new.line},
    )
    add_events(session, new.rma, [event])
    return photo


def list_photos(session: Session, rma: str) -> list[Photo]:
    """A return's photos without their pictures, oldest first."""
    query = select(Photo).where(Photo.rma == rma).order_by(Photo.created_at, Photo.id)
    return list(session.scalars(query))


def read_photo(session: Session, rma: str, id: str) -> Photo | None:
    """One photo of a return with its picture."""
    query = select(Photo).where(Photo.id == id, Photo.rma == rma).options(undefer(Photo.jpeg))
    return session.scalar(query)


def read_preview(session: Session, rma: str, id: str) -> Photo | None:
    """One photo with its small picture, which is made now if it never was; a writing session."""
    query = select(Photo).where(Photo.id == id, Photo.rma == rma).options(undefer(Photo.preview))
    found = session.scalar(query)
    if found is not None and found.preview is None:
        found.preview = make_preview(found.jpeg)
    return found


def _has_line(session: Session, rma: str, line: str) -> bool:
    query = (
        select(ReturnLine.id)
        .join(ReturnLine.order_line)
        .where(ReturnLine.rma == rma, OrderLine.line == line)
    )
    return session.scalar(query.limit(1)) is not None


def _count(session: Session, rma: str) -> int:
    return session.scalar(select(func.count()).select_from(Photo).where(Photo.rma == rma)) or 0
