"""Photos on a return's page: shown, added, and taken along with an inspection."""

import uuid

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from models.documents.photos import CleanPhoto
from models.store.photo_proof import PhotoKind
from models.store.photos import read_photo, read_preview
from web.access import Actor, Permission
from web.photos import (
    ONE_PHOTO,
    keep_photo,
    photo_response,
    preview_response,
    read_picture,
    takes_up_to,
)
from web.requests import Forbidden, GatewayError, Refused
from web.services import services
from web.staff.forms import FormError, read_call, read_choice, read_text
from web.staff.guard import requires
from web.staff.returns import Trouble, show_return

_MAY_ADD = (Permission.REQUEST, Permission.RECEIVE, Permission.INSPECT)


@requires(Permission.READ)
def photo(rma: str, id: str) -> ResponseReturnValue:
    """The picture."""
    with services().database.read() as database:
        found = read_photo(database, rma, id)
    if found is None:
        abort(404, f"Return {rma} has no such photo.")
    return photo_response(found)


@requires(Permission.READ)
def preview(rma: str, id: str) -> ResponseReturnValue:
    """The picture, small."""
    with services().database.write() as database:
        found = read_preview(database, rma, id)
    if found is None:
        abort(404, f"Return {rma} has no such photo.")
    return preview_response(found)


@takes_up_to(ONE_PHOTO)
@requires(Permission.READ)
def add_photo(rma: str) -> ResponseReturnValue:
    """Adds a photo, by anybody who asks for, receives or inspects returns."""
    actor: Actor = g.actor
    try:
        if not any(actor.may(permission) for permission in _MAY_ADD):
            raise Forbidden("Photos are added by people who ask for, receive or inspect returns.")
        kind = read_choice(request.form, "kind", PhotoKind)
        line = read_text(request.form, "line") or None
        picture = read_picture(request.files.get("photo"))
        kept = keep_photo(
            services().database, rma, picture, kind, actor, line=line, id=read_call(request.form)
        )
        if kind is PhotoKind.REQUEST:
            services().gateway.photo_added(rma, kept.id, actor)
    except FormError as error:
        trouble = Trouble(action="photo", messages=[str(error)], form=request.form)
        return show_return(rma, trouble=trouble, status=422)
    except GatewayError as error:
        trouble = Trouble(action="photo", messages=[error.detail], form=request.form)
        return show_return(rma, trouble=trouble, status=error.status)
    flash("The photo is added.", "success")
    return redirect(url_for("staff.return_page", rma=rma), 303)


def read_inspected_photos() -> list[tuple[str, CleanPhoto]]:
    """The photos of an inspection's form, each with the order line it shows.

    Raises:
        FormError: a file is no photo.
    """
    found = []
    for name, file in request.files.items():
        row = name.removeprefix("photo-")
        if not file.filename or row == name or f"line-{row}" not in request.form:
            continue
        try:
            found.append((request.form[f"line-{row}"], read_picture(file)))
        except Refused as refused:
            raise FormError(refused.detail) from refused
    return found


def keep_inspected_photos(
    rma: str, photos: list[tuple[str, CleanPhoto]], actor: Actor, call: str
) -> None:
    """Keeps the photos of an inspection that was just recorded; `call` is its form's id."""
    try:
        for number, (line, picture) in enumerate(photos, start=1):
            keep_photo(
                services().database,
                rma,
                picture,
                PhotoKind.INSPECTION,
                actor,
                line=line,
                id=str(uuid.uuid5(uuid.UUID(call), str(number))),
            )
    except GatewayError as error:
        flash(f"The inspection is recorded, but not every photo: {error.detail}", "warning")
