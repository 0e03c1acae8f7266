"""The sandbox carrier over HTTP: the part of EasyPost's API that labels need, and its controls."""

import json
import socket
from http import HTTPStatus

from flask import Blueprint, Response, request, url_for

from activities.providers.carriers.sandbox import shapes
from activities.providers.carriers.sandbox.desk import ParcelDesk
from activities.providers.carriers.sandbox.parcels import Parcel
from activities.providers.carriers.sandbox.refusals import Refused, invalid, missing

# The one thing that lies open, at an address nobody can guess, as at EasyPost.
LABEL_PAGE = "carrier.label_page"


def carrier(desk: ParcelDesk) -> Blueprint:
    """The routes under `/v2`, and those of the controls under `/_sandbox/parcels`."""
    routes = Blueprint("carrier", __name__)

    @routes.post("/v2/shipments")
    def create() -> Response:
        return _shipment(desk.create(request.get_json(force=True, silent=True)))

    @routes.get("/v2/shipments/<name>")
    def read(name: str) -> Response:
        return _shipment(desk.parcels.get(name))

    @routes.post("/v2/shipments/<name>/buy")
    def buy(name: str) -> Response:
        parcel, dropped = desk.buy(name, _rate())
        if dropped:
            connection: socket.socket = request.environ["gunicorn.socket"]
            connection.shutdown(socket.SHUT_RDWR)
        return _shipment(parcel)

    @routes.post("/v2/shipments/<name>/refund")
    def give_back(name: str) -> Response:
        return _shipment(desk.give_back(name))

    @routes.get("/v2/labels/<page>.pdf")
    def label_page(page: str) -> Response:
        parcel = desk.parcels.with_page(page)
        if desk.parcels.count_reading(parcel.id) <= parcel.behaviour.missing_pages:
            raise missing("label")
        return Response(_draw(parcel), mimetype="application/pdf")

    @routes.get("/_sandbox/parcels")
    def parcels() -> Response:
        unknown = sorted(set(request.args) - {"reference"})
        if unknown:
            raise invalid(f"Only `reference` can be asked for here, not `{unknown[0]}`.")
        found = desk.parcels.all(request.args.get("reference"))
        return _json({"data": [shapes.listed(parcel) for parcel in found]})

    @routes.post("/_sandbox/parcels/<tracking>/advance")
    def advance(tracking: str) -> Response:
        return _json(shapes.listed(desk.advance(tracking, _status())))

    @routes.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return _json(error.body(), error.status)

    return routes


def _shipment(parcel: Parcel) -> Response:
    pages = url_for(LABEL_PAGE, page="-", _external=True).removesuffix("/-.pdf")
    return _json(shapes.shipment(parcel, pages))


def _rate() -> str:
    body = request.get_json(force=True, silent=True)
    rate = body.get("rate") if isinstance(body, dict) else None
    if not isinstance(rate, dict) or not isinstance(rate.get("id"), str):
        raise invalid('Send {"rate": {"id": "rate_..."}}.')
    return str(rate["id"])


def _status() -> str | None:
    """Which scan is asked for; None: the next one."""
    if not request.get_data():
        return None
    body = request.get_json(force=True, silent=True)
    status = body.get("status") if isinstance(body, dict) else None
    if not isinstance(body, dict) or set(body) != {"status"} or not isinstance(status, str):
        raise invalid('Send {"status": "in_transit"}, or nothing for what comes next.')
    return status


def _draw(parcel: Parcel) -> bytes:
    # Here, because only a label needs the fonts, and the payments beside it are up sooner.
    from activities.providers.carriers.label_page import draw_label
    from activities.providers.carriers.protocol import LabelData

    options = parcel.sent.get("options") or {}
    sender, shop = parcel.sender, parcel.receiver
    return draw_label(
        LabelData(
            key=parcel.reference,
            rma=str(options.get("print_custom_1") or parcel.reference or parcel.id),
            order_number=str(options.get("print_custom_2") or ""),
            sender_name=str(sender.get("name") or "") or None,
            sender_country=str(sender.get("country") or "") or None,
            shop_name=str(shop.get("company") or shop.get("name") or ""),
            shop_email=str(shop.get("email") or ""),
        ),
        carrier=shapes.CARRIER,
        tracking=parcel.tracking,
    )


def _json(value: object, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value), status=status, mimetype="application/json")
