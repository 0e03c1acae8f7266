"""Stock moves as the API asks for them and shows them."""

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from models.messages import Disposition, Grade
from models.store.stock import MoveFilter
from web.api.schemas.answers import page_of
from web.api.schemas.fields import Choice, Day, Text
from web.api.schemas.lists import PageQuery, row_number
from web.errors import Coded


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesAsked:
    """Which moves, how many on a page, and the number they follow."""

    wanted: MoveFilter
    limit: int
    after: int | None


class MoveQuery(PageQuery):
    """The list of stock moves. Days are of UTC, `from` and `to` included."""

    disposition = Choice(Disposition, load_default=None)
    sku = Text(longest=100, load_default=None)
    return_ = Text(longest=20, load_default=None, data_key="return")
    from_ = Day(load_default=None, data_key="from")
    to = Day(load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> MovesAsked:
        """The filter, how many rows, and where to start."""
        if data["to"] is not None and data["to"].year >= 9999:
            # The last day of the calendar has none after it.
            raise ValidationError({"to": [Coded("to must be before the year 9999.", "day")]})
        place = data["cursor"]
        return MovesAsked(
            wanted=MoveFilter(
                disposition=data["disposition"],
                sku=data["sku"],
                rma=data["return_"],
                since=data["from_"],
                until=data["to"],
            ),
            limit=data["limit"],
            after=None if place is None else row_number(place),
        )


class StockMoveSchema(Schema):
    """Units that an inspection sent somewhere. `accepted` false: refused, back to the customer."""

    number = fields.Integer(required=True)
    return_ = fields.String(required=True, data_key="return")
    line = fields.String(required=True)
    sku = fields.String(required=True)
    quantity = fields.Integer(required=True)
    grade = Choice(Grade, required=True)
    disposition = Choice(Disposition, required=True)
    accepted = fields.Boolean(required=True)
    actor = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


StockMovePageSchema = page_of(StockMoveSchema)
