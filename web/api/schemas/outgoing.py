"""Outgoing events, as they are asked for and told."""

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from models.rules.outgoing import all_types
from models.store.outgoing import OutgoingFilter
from web.api.schemas.answers import page_of
from web.api.schemas.fields import Text, refuse
from web.api.schemas.lists import PageQuery, row_number

_TYPES = frozenset(all_types())


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsWanted:
    """A question for events. `after` is the id of an event, `number` where a page starts."""

    filter: OutgoingFilter
    limit: int
    number: int
    after: str | None


def check_types(names: list[str]) -> None:
    """Refuses types that no event has.

    Raises:
        ValidationError: one is unknown.
    """
    unknown = sorted(set(names) - _TYPES)
    if unknown:
        raise refuse(
            "event_type", f" has no {unknown[0]!r:.60}; docs/integrator.md lists all types."
        )


class OutgoingQuery(PageQuery):
    """The list of events, oldest first.

    `type`: one, or several with commas between. `after`: the id of the last event dealt with.
    """

    type = Text(longest=2000, shortest=1, load_default=None)
    return_ = Text(longest=20, load_default=None, data_key="return")
    after = Text(longest=40, shortest=1, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> EventsWanted:
        """The filter, how many rows, and where to start."""
        types = [] if data["type"] is None else data["type"].split(",")
        try:
            check_types(types)
        except ValidationError as error:
            raise ValidationError({"type": error.messages}) from None
        place = data["cursor"]
        return EventsWanted(
            filter=OutgoingFilter(types=tuple(types), rma=data["return_"]),
            limit=data["limit"],
            number=0 if place is None else row_number(place),
            after=data["after"] if place is None else None,
        )


class OutgoingEventSchema(Schema):
    """Something that happened, without personal data; `data.link` is where the rest is read."""

    id = fields.String(required=True)
    type = fields.String(required=True, metadata={"enum": all_types()})
    timestamp = fields.AwareDateTime(required=True)
    data = fields.Dict(required=True)


OutgoingEventPageSchema = page_of(OutgoingEventSchema)
