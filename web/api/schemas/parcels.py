"""Parcels without a known return: what callers send and get."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, post_load

from models.messages import ReturnStatus
from models.rules.parcels import ParcelOutcome, ParcelStatus
from web.api.schemas.answers import page_of
from web.api.schemas.fields import Body, Choice, Items, Object, Text
from web.api.schemas.lists import PageQuery
from web.api.schemas.returns import Note, ThingSchema
from web.requests import ParcelRequest


class ParcelRequestSchema(Body):
    """A parcel: what stands on it, and what is in it."""

    tracking = Text(longest=60, shortest=1, load_default=None, allow_none=True)
    order = Text(longest=100, shortest=1, load_default=None, allow_none=True)
    rma = Text(longest=20, shortest=1, load_default=None, allow_none=True)
    name = Text(longest=200, shortest=1, load_default=None, allow_none=True)
    items = Items(Object(ThingSchema), at_least=1, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ParcelRequest:
        """As the dock takes it."""
        return ParcelRequest(**data)


class MatchSchema(Body):
    """The return that a parcel belongs to."""

    rma = Text(longest=20, shortest=1, required=True)


class CloseSchema(Body):
    """What was done with a parcel that no return fits."""

    outcome = Choice(ParcelOutcome, required=True)
    note = Note()


class ParcelQuery(PageQuery):
    """The list of parcels, newest first."""

    status = Choice(ParcelStatus, load_default=None)

    @post_load
    def make(
        self, data: dict[str, Any], **_: Any
    ) -> tuple[ParcelStatus | None, int, tuple[datetime, str] | None]:
        """The filter, how many rows, and where to start."""
        place = data["cursor"]
        after = None if place is None or place.at is None else (place.at, place.id)
        return data["status"], data["limit"], after


class ParcelItemSchema(Schema):
    """Units of one thing. `return` has it; `line` is null when that return didn't expect it."""

    sku = fields.String(required=True)
    quantity = fields.Integer(required=True)
    note = fields.String(required=True)
    return_ = fields.String(required=True, allow_none=True, data_key="return")
    line = fields.String(required=True, allow_none=True)


class CandidateSchema(Schema):
    """A return that the parcel may belong to, and what speaks for it."""

    rma = fields.String(required=True)
    status = Choice(ReturnStatus, required=True)
    order = fields.String(required=True)
    why = fields.String(required=True)


class ParcelLinksSchema(Schema):
    """Where it is found."""

    self = fields.String(required=True)


class ParcelSchema(Schema):
    """A parcel: a case while it is open, with the returns it may belong to.

    `returns` have received something of it. `outcome` and `note` tell why its case was closed.
    """

    id = fields.String(required=True)
    status = Choice(ParcelStatus, required=True)
    returns = fields.List(fields.String(), required=True)
    candidates = fields.List(fields.Nested(CandidateSchema), required=True)
    rma = fields.String(required=True, allow_none=True)
    tracking = fields.String(required=True, allow_none=True)
    order = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    items = fields.List(fields.Nested(ParcelItemSchema), required=True)
    outcome = Choice(ParcelOutcome, required=True, allow_none=True)
    note = fields.String(required=True)
    actor = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    links = fields.Nested(ParcelLinksSchema, required=True)


ParcelPageSchema = page_of(ParcelSchema)
