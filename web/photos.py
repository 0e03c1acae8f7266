"""Photos that people send: made anew and kept, the same for the API and the staff pages."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import Response, current_app, request
from werkzeug.datastructures import FileStorage

from models.database import Database
from models.documents.photos import LARGEST_FILE, CleanPhoto, PhotoRefused, clean_photo
from models.messages import Refusal
from models.store.photo_proof import PhotoKind
from models.store.photos import NewPhoto, UnknownLine, add_photo
from models.tables import Photo
from web.access import Actor
from web.requests import NotFound, Refused

View = TypeVar("View", bound=Callable[..., Any])
_LARGEST_BODY = "largest_body"
# Room for the form around the file, and so that one just too large gets its own sentence.
ONE_PHOTO = LARGEST_FILE + 2 * 1024 * 1024
SEVERAL_PHOTOS = 5 * LARGEST_FILE


def takes_up_to(size: int) -> Callable[[View], View]:
    """Lets a view be sent a larger body than others, in bytes."""

    def mark(view: View) -> View:
        setattr(view, _LARGEST_BODY, size)
        return view

    return mark


def let_uploads_in() -> None:
    """Before each request, and before anything reads its form."""
    view = current_app.view_functions.get(request.endpoint or "")
    size: int | None = getattr(view, _LARGEST_BODY, None)
    if size is not None:
        request.max_content_length = size


def close_uploads(_error: BaseException | None) -> None:
    """After each request: large files were put aside on disk."""
    request.close()


def read_picture(file: FileStorage | None) -> CleanPhoto:
    """The photo of a form's field.

    Raises:
        Refused: there is none, or it is no photo.
    """
    try:
        if file is None:
            raise PhotoRefused("Send the photo as multipart/form-data, in the field photo.")
        return clean_photo(file.stream.read(LARGEST_FILE + 1))
    except PhotoRefused as refused:
        raise _refused(refused, "/photo", "photo") from refused


def keep_photo(
    database: Database,
    rma: str,
    picture: CleanPhoto,
    kind: PhotoKind,
    actor: Actor,
    *,
    line: str | None = None,
    id: str | None = None,
) -> Photo:
    """Keeps a photo of a return, also of one that has ended.

    Raises:
        NotFound: there is no such return.
        Refused: it has no such line, or enough photos.
    """
    new = NewPhoto(
        id=id or str(uuid.uuid4()), rma=rma, picture=picture, kind=kind, actor=actor.id, line=line
    )
    try:
        with database.write() as session:
            kept = add_photo(session, new, datetime.now(UTC))
    except UnknownLine as refused:
        raise _refused(refused, "/line", "unknown_line") from refused
    except PhotoRefused as refused:
        raise _refused(refused, "/photo", "too_many_photos") from refused
    if kept is None:
        raise NotFound(f"There is no return {rma}.")
    return kept


def photo_response(photo: Photo) -> Response:
    """The picture, for this person's browser to keep for a day; it never changes."""
    return _picture(photo, photo.jpeg, "")


def preview_response(photo: Photo) -> Response:
    """The small picture, kept by the browser likewise."""
    return _picture(photo, photo.preview or b"", "-small")


def _picture(photo: Photo, jpeg: bytes, suffix: str) -> Response:
    answer = Response(jpeg, content_type="image/jpeg")
    name = f"{photo.rma}-{photo.id}{suffix}.jpg"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Cache-Control"] = "private, max-age=86400"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _refused(refused: PhotoRefused, pointer: str, code: str) -> Refused:
    return Refused([Refusal(code=code, message=str(refused), pointer=pointer)], code="invalid")
