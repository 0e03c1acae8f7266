"""Withdrawing from a purchase (Directive 2011/83/EU, articles 9 to 16): no account, no reason.

Who knows an order's number and its customer's address may withdraw for it. The pages carry a
signed proof of that, with the RMA the withdrawal will get, so that sending twice counts once.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from models.messages import Reason, ReturnKind
from models.store.policies import current_policy
from models.store.withdrawals import find_order, offered
from models.tables import Order, Return
from web.access import Actor, Permission
from web.gateway import free_rma
from web.limits import count_knock
from web.requests import GatewayError, LineRequest, ReturnRequest
from web.services import services
from web.staff import words
from web.staff.presentation import Presentation

_CUSTOMER = Actor(id="customer", name="Customer", permissions=frozenset({Permission.REQUEST}))
_PROOF_LASTS = 2 * 60 * 60
# Of what is typed, and of a proof.
_LONGEST = 2000
_UNKNOWN = (
    "We find no order with this number and e-mail address. Use the address the order was placed "
    "with; both stand in its confirmation."
)


def shown_everywhere() -> dict[str, object]:
    """What every page of the portal shows."""
    settings = services().settings
    return {
        "ui": Presentation(zone=ZoneInfo(settings.time_zone), now=datetime.now(UTC)),
        "words": words,
        "shop": settings.shop_name,
        "shop_email": settings.shop_email,
    }


def ask() -> ResponseReturnValue:
    """Asks for the order."""
    _require_offer()
    return render_template("portal/withdraw.html", order="", email="", problem=None)


def choose() -> ResponseReturnValue:
    """Shows what can be withdrawn from."""
    _require_offer()
    _count_knock()
    number, email = _text("order"), _text("email")
    with services().database.read() as database:
        order = find_order(database, number, email)
        if order is None:
            page = render_template(
                "portal/withdraw.html", order=number, email=email, problem=_UNKNOWN
            )
            return page, 404
        proof = _signer().dumps({"order": order.number, "rma": free_rma(services().database)})
        return _lines_page(order, offered(database, order, datetime.now(UTC)), proof, None)


def confirm() -> ResponseReturnValue:
    """Withdraws, and says when that reached us."""
    _require_offer()
    _count_knock()
    try:
        proof: dict[str, str] = _signer().loads(_text("proof"), max_age=_PROOF_LASTS)
    except BadData:
        page = render_template(
            "portal/withdraw.html",
            order="",
            email="",
            problem="This page was open for too long. Enter your order again.",
        )
        return page, 400
    with services().database.read() as database:
        order = database.get_one(Order, proof["order"])
        wanted = _wanted(order)
        if not wanted:
            problem = "Choose at least one thing that you withdraw from."
            lines = offered(database, order, datetime.now(UTC))
            return _lines_page(order, lines, _text("proof"), problem), 422
    asked = ReturnRequest(order=order.number, lines=wanted, kind=ReturnKind.WITHDRAWAL)
    try:
        services().gateway.request_return(asked, _CUSTOMER, rma=proof["rma"])
    except GatewayError as error:
        with services().database.read() as database:
            order = database.get_one(Order, proof["order"])
            lines = offered(database, order, datetime.now(UTC))
            return _lines_page(order, lines, _text("proof"), str(error)), 409
    with services().database.read() as database:
        made = database.get(Return, proof["rma"])
        return render_template(
            "portal/withdrawn.html",
            rma=proof["rma"],
            order=order.number,
            received_at=made.created_at if made else datetime.now(UTC),
            made=made,
        )


def _lines_page(order: Order, lines: Any, proof: str, problem: str | None) -> str:
    return render_template(
        "portal/withdraw_lines.html", order=order, lines=lines, proof=proof, problem=problem
    )


def _wanted(order: Order) -> list[LineRequest]:
    found = []
    for place, line in enumerate(order.lines):
        text = _text(f"units-{place}")
        units = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
        if units:
            found.append(LineRequest(line=line.line, quantity=units, reason=Reason.WITHDRAWAL))
    return found


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\0", "").strip()[:_LONGEST]


def _require_offer() -> None:
    with services().database.read() as database:
        if not current_policy(database).withdrawal_days:
            abort(404, "There is no such page.")


def _count_knock() -> None:
    count_knock(services().limiter, services().settings.secret_key, "withdraw")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="withdrawal")
