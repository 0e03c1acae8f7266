"""Webhook endpoints and deliveries, as they are sent and told."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from models.rules.outgoing import all_types
from web.api.schemas.answers import page_of
from web.api.schemas.fields import Body, Choice, Items, Text, WholeNumber
from web.api.schemas.lists import PageQuery, row_number
from web.api.schemas.outgoing import check_types
from web.webhook_addresses import LONGEST_ADDRESS

_LONGEST_OVERLAP_HOURS = 7 * 24


class DeliveryStatus(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointWanted:
    """An endpoint to be registered."""

    url: str
    description: str
    types: tuple[str, ...]


class NewEndpointSchema(Body):
    """An endpoint. `types`: which events; none: all."""

    url = Text(longest=LONGEST_ADDRESS, shortest=1, required=True)
    description = Text(longest=200, load_default="")
    types = Items(Text(longest=50, shortest=1), load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> EndpointWanted:
        """What to register."""
        try:
            check_types(data["types"])
        except ValidationError as error:
            raise ValidationError({"types": error.messages}) from None
        return EndpointWanted(
            url=data["url"], description=data["description"], types=tuple(data["types"])
        )


class RotationSchema(Body):
    """A new secret. `overlap_hours`: how long the present one signs beside it."""

    overlap_hours = WholeNumber(at_least=0, at_most=_LONGEST_OVERLAP_HOURS, load_default=24)


class ResendSchema(Body):
    """Sends an event again. `endpoint`: to this one; null: to all that want such events."""

    endpoint = Text(longest=40, shortest=1, load_default=None, allow_none=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesWanted:
    """Which deliveries of an endpoint; `below`: only of events before this number."""

    limit: int
    status: str | None
    below: int | None


class DeliveryQuery(PageQuery):
    """The deliveries of an endpoint, newest event first."""

    status = Choice(DeliveryStatus, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> DeliveriesWanted:
        """How many, which, and where to start."""
        place = data["cursor"]
        return DeliveriesWanted(
            limit=data["limit"],
            status=data["status"],
            below=None if place is None else row_number(place),
        )


class EndpointLinksSchema(Schema):
    """Where more of an endpoint is found."""

    self_ = fields.String(required=True, data_key="self")
    deliveries = fields.String(required=True)


class EndpointSchema(Schema):
    """An endpoint. `pending` events wait for it, `failed` ones were given up.

    `disabled_because`: `switched_off` by a person, or `gone`: it answered 410.
    """

    id = fields.String(required=True)
    url = fields.String(required=True)
    description = fields.String(required=True)
    types = fields.List(fields.String(metadata={"enum": all_types()}), required=True)
    enabled = fields.Boolean(required=True)
    disabled_because = fields.String(
        required=True, allow_none=True, metadata={"enum": ["switched_off", "gone", None]}
    )
    pending = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    paused_until = fields.AwareDateTime(required=True, allow_none=True)
    previous_secret_until = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    links = fields.Nested(EndpointLinksSchema, required=True)


class EndpointWithSecretSchema(EndpointSchema):
    """An endpoint with its signing secret, which is shown this once."""

    secret = fields.String(required=True)


class DeliverySchema(Schema):
    """An event on its way to an endpoint, with its last attempt."""

    endpoint = fields.String(required=True)
    event = fields.String(required=True)
    type = fields.String(required=True)
    return_ = fields.String(required=True, allow_none=True, data_key="return")
    sequence = fields.Integer(required=True)
    status = Choice(DeliveryStatus, required=True)
    attempts = fields.Integer(required=True)
    queued_at = fields.AwareDateTime(required=True)
    next_attempt_at = fields.AwareDateTime(required=True, allow_none=True)
    give_up_at = fields.AwareDateTime(required=True)
    last_attempt_at = fields.AwareDateTime(required=True, allow_none=True)
    response_status = fields.Integer(required=True, allow_none=True)
    response_body = fields.String(required=True, allow_none=True)
    problem = fields.String(required=True, allow_none=True)
    took_ms = fields.Integer(required=True, allow_none=True)


class TestSentSchema(Schema):
    """A test event that is on its way."""

    event = fields.String(required=True)


EndpointPageSchema = page_of(EndpointSchema)
DeliveryPageSchema = page_of(DeliverySchema)
