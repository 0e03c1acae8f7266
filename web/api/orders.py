"""Orders: one at a time, or a file of them."""

import sys
from dataclasses import asdict
from http import HTTPStatus
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Response, request
from werkzeug.routing import PathConverter

from models.order_files import FileFormat, FileRefused
from models.rules.orders import OrderInput, OrderRefused
from models.store.order_import import import_orders
from models.store.orders import OrderConflict, put_order
from models.tables import Order
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.answers import ImportSchema, OrderTakenSchema
from web.api.schemas.orders import ImportQuery, OrderSchema
from web.auth import current_actor, requires
from web.compression import unpacks_itself
from web.errors import FieldError, Problem, invalid
from web.order_json import parse_order
from web.representation import represent_order
from web.requests import Conflict, Refused
from web.sandbox_keys import check_order, open_to_sandbox_keys
from web.services import services

blueprint = ResourceBlueprint("orders", "Orders as the shop sends them.")


class OrderNumber(PathConverter):
    """An order's number, whatever characters it has; `/orders/import` is another call."""

    regex = r"(?!import$)[^/].*?"


_FORMATS = {
    "text/csv": FileFormat.CSV,
    "application/csv": FileFormat.CSV,
    "application/x-ndjson": FileFormat.JSON_LINES,
    "application/ndjson": FileFormat.JSON_LINES,
    "application/jsonl": FileFormat.JSON_LINES,
    "application/x-jsonlines": FileFormat.JSON_LINES,
}


@blueprint.on("PUT", "/orders/<order_number:number>")
@open_to_sandbox_keys
@requires(Permission.ORDERS)
@blueprint.takes(OrderSchema)
@blueprint.answers(200, OrderTakenSchema, "The order was there already.")
@blueprint.answers(201, OrderTakenSchema, "The order is new.")
def put(order: OrderInput, number: str) -> Response:
    """Store an order, new or changed."""
    if order.number != number:
        message = "number must be the one in the address."
        raise invalid([FieldError(pointer="/number", code="other_number", message=message)])
    check_order(order, current_actor())
    try:
        with services().database.write() as session:
            created = put_order(session, order)
            body = represent_order(session.get_one(Order, number))
    except OrderRefused as refused:
        raise Refused(refused.refusals, code="invalid") from refused
    except OrderConflict as conflict:
        raise Conflict(str(conflict)) from conflict
    if not created:
        return respond(body)
    address = f"{services().settings.web_url.rstrip('/')}/api/v1/orders/{quote(number, safe='')}"
    return respond(body, HTTPStatus.CREATED, location=address)


@blueprint.on("POST", "/orders/import")
@unpacks_itself
@requires(Permission.ORDERS)
@blueprint.takes(ImportQuery, "query")
@blueprint.takes_files(*_FORMATS)
@blueprint.answers(200, ImportSchema)
def import_file(time_zone: str | None) -> Response:
    """Store a file of orders, CSV or JSON lines, also gzip.

    An order goes in whole or not at all. Importing a file again changes nothing, so the call
    needs no Idempotency-Key.
    """
    file_format = _FORMATS.get(request.mimetype)
    if file_format is None:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send the file as text/csv, or as JSON lines with application/x-ndjson.",
        )
    # It is read as it streams in, so its size doesn't matter; None would mean the usual limit.
    request.max_content_length = sys.maxsize
    try:
        result = import_orders(
            services().database,
            request.stream,
            format=file_format,
            time_zone=ZoneInfo(time_zone or services().settings.time_zone),
            parse=parse_order,
        )
    except FileRefused as refused:
        raise invalid([FieldError(pointer="", code="header", message=str(refused))]) from refused
    return respond(asdict(result))
