"""Orders as JSON lines bring them, by the same schema as `PUT /orders/{number}`."""

from typing import Any

from marshmallow import ValidationError

from models.messages import Refusal
from models.rules.orders import OrderInput, OrderRefused
from web.api.schemas.orders import OrderSchema
from web.errors import field_errors

_schema = OrderSchema()


def parse_order(value: Any) -> OrderInput:
    """Makes an order of a JSON value.

    Raises:
        OrderRefused: it has not the shape of one; each message names its place.
    """
    try:
        order: OrderInput = _schema.load(value)
    except ValidationError as error:
        raise OrderRefused(
            [
                Refusal(
                    code=found.code,
                    message=f"{found.pointer}: {found.message}" if found.pointer else found.message,
                    pointer=found.pointer,
                )
                for found in field_errors(error.messages)
            ]
        ) from error
    return order
