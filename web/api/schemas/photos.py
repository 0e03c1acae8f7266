"""Photos of a return as the API shows them."""

from marshmallow import Schema, fields

from models.store.photo_proof import PhotoKind
from web.api.schemas.fields import Choice


class PhotoLinksSchema(Schema):
    """Where the picture is."""

    self = fields.String(required=True)


class PhotoSchema(Schema):
    """A photo. `size` in bytes; `line`: the order line it shows, null: all of it."""

    id = fields.String(required=True)
    return_ = fields.String(required=True, data_key="return")
    line = fields.String(required=True, allow_none=True)
    kind = Choice(PhotoKind, required=True)
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    size = fields.Integer(required=True)
    actor = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    links = fields.Nested(PhotoLinksSchema, required=True)


class PhotoListSchema(Schema):
    """All photos of a return."""

    data = fields.List(fields.Nested(PhotoSchema), required=True)
