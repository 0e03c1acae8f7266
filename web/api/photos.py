"""Photos of a return: sent as a form, listed, and served one by one."""

from http import HTTPStatus

from flask import Response, request

from models.store.photo_proof import PhotoKind
from models.store.photos import list_photos, read_photo
from models.store.queries import is_known
from models.tables import Photo
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.photos import PhotoListSchema, PhotoSchema
from web.auth import current_actor, requires
from web.errors import FieldError, invalid, not_found
from web.idempotency import call_id, idempotent
from web.photos import ONE_PHOTO, keep_photo, photo_response, read_picture, takes_up_to
from web.representation import Json, represent_time, return_address
from web.services import services

blueprint = ResourceBlueprint("photos", "Photos of what comes back.")


@blueprint.on("POST", "/returns/<rma>/photos")
@takes_up_to(ONE_PHOTO)
@requires(Permission.REQUEST, Permission.RECEIVE, Permission.INSPECT)
@idempotent()
@blueprint.takes_form(
    "photo",
    photo={"type": "string", "format": "binary"},
    line={"type": "string", "maxLength": 100},
    kind={"type": "string", "enum": list(PhotoKind), "default": PhotoKind.REQUEST},
)
@blueprint.answers(201, PhotoSchema)
def add(rma: str) -> Response:
    """Add a photo: JPEG, PNG or WebP, up to 10 MB; what else the file tells is not kept."""
    unknown = (set(request.form) | set(request.files)) - {"photo", "line", "kind"}
    if unknown:
        name = sorted(unknown)[0][:100]
        message = f"{name} is not known here; leave it out or check its spelling."
        raise invalid([FieldError(pointer=f"/{name}", code="unknown_field", message=message)])
    try:
        kind = PhotoKind(request.form.get("kind", PhotoKind.REQUEST))
    except ValueError:
        message = f"kind must be one of {', '.join(PhotoKind)}."
        raise invalid([FieldError(pointer="/kind", code="choice", message=message)]) from None
    photo = keep_photo(
        services().database,
        rma,
        read_picture(request.files.get("photo")),
        kind,
        current_actor(),
        line=request.form.get("line", "").replace("\0", "") or None,
        id=call_id(),
    )
    if kind is PhotoKind.REQUEST:
        services().gateway.photo_added(rma, photo.id, current_actor())
    body = _represent(photo)
    return respond(body, HTTPStatus.CREATED, location=body["links"]["self"])


@blueprint.on("GET", "/returns/<rma>/photos")
@requires(Permission.READ)
@blueprint.answers(200, PhotoListSchema)
def list_all(rma: str) -> Response:
    """List a return's photos, oldest first."""
    with services().database.read() as session:
        if not is_known(session, rma):
            raise not_found(f"return {rma}")
        return respond({"data": [_represent(photo) for photo in list_photos(session, rma)]})


@blueprint.on("GET", "/returns/<rma>/photos/<id>")
@requires(Permission.READ)
@blueprint.answers(200, content_type="image/jpeg")
def read_one(rma: str, id: str) -> Response:
    """The picture."""
    with services().database.read() as session:
        photo = read_photo(session, rma, id)
    if photo is None:
        raise not_found("such photo")
    return photo_response(photo)


def _represent(photo: Photo) -> Json:
    return {
        "id": photo.id,
        "return": photo.rma,
        "line": photo.line,
        "kind": photo.kind,
        "width": photo.width,
        "height": photo.height,
        "size": photo.size,
        "actor": photo.actor,
        "created_at": represent_time(photo.created_at),
        "links": {"self": f"{return_address(services().settings, photo.rma)}/photos/{photo.id}"},
    }
