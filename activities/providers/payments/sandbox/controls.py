"""The sandbox's own controls, under `/_sandbox`: look into its book, and make things happen."""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict

from flask import Blueprint, Response, request

from activities.providers.payments.sandbox import shapes
from activities.providers.payments.sandbox.calls import Calls
from activities.providers.payments.sandbox.desk import Desk
from activities.providers.payments.sandbox.disputes import WantedDispute
from activities.providers.payments.sandbox.parameters import known_payment
from activities.providers.payments.sandbox.refusals import bad_request

_REASON_LENGTH = 200
_REASON = re.compile(r"[a-z_]{1,40}")
_MOST_HOURS = 24 * 366 * 10


def controls(desk: Desk, calls: Calls) -> Blueprint:
    """The routes; each takes the sandbox key as bearer, as the provider's API does."""
    routes = Blueprint("controls", __name__, url_prefix="/_sandbox")

    @routes.get("/refunds")
    def refunds() -> Response:
        unknown = sorted(set(request.args) - {"payment"})
        if unknown:
            raise bad_request(f"Only `payment` can be asked for here, not `{unknown[0]}`.")
        listed = desk.book.all(request.args.get("payment"))
        return _json({"data": [shapes.listed_refund(refund) for refund in listed]})

    @routes.get("/requests")
    def requests() -> Response:
        return _json({"data": [asdict(call) for call in calls.all()]})

    @routes.get("/summary")
    def summary() -> Response:
        amounts = {total.currency: total.amount for total in desk.book.totals()}
        return _json({"refunds": desk.book.count(), "amounts": amounts})

    @routes.post("/refunds/<refund_id>/settle")
    def settle(refund_id: str) -> Response:
        _reason()
        return _json(shapes.listed_refund(desk.settle(refund_id)))

    @routes.post("/refunds/<refund_id>/fail")
    def fail(refund_id: str) -> Response:
        return _json(shapes.listed_refund(desk.fail(refund_id, _reason())))

    @routes.get("/disputes")
    def disputes() -> Response:
        return _json({"data": [shapes.stripe_dispute(each) for each in desk.disputes.all()]})

    @routes.post("/disputes")
    def dispute() -> Response:
        return _json(shapes.stripe_dispute(desk.dispute(_wanted_dispute())))

    @routes.post("/disputes/<dispute_id>/close")
    def close_dispute(dispute_id: str) -> Response:
        outcome = _body("outcome").get("outcome")
        if outcome not in ("won", "lost"):
            raise bad_request('"outcome" is "won" or "lost".')
        return _json(shapes.stripe_dispute(desk.close_dispute(dispute_id, won=outcome == "won")))

    @routes.post("/clock")
    def clock() -> Response:
        return _json({"now": int(desk.advance_clock(_hours()))})

    return routes


def _json(value: object) -> Response:
    return Response(shapes.text(value), mimetype="application/json")


def _wanted_dispute() -> WantedDispute:
    body = _body("payment", "amount", "reason", "inquiry")
    payment, amount = body.get("payment"), body.get("amount")
    reason, inquiry = body.get("reason", "general"), body.get("inquiry", False)
    if not isinstance(payment, str):
        raise bad_request('"payment" is the reference of a payment.')
    if isinstance(amount, bool) or not isinstance(amount, int | None) or amount == 0:
        raise bad_request('"amount" is a whole number of minor units.')
    if amount is not None and amount < 0:
        raise bad_request('"amount" is more than 0.')
    if not isinstance(reason, str) or not _REASON.fullmatch(reason):
        raise bad_request('"reason" is one of Stripe\'s words, like "product_not_received".')
    if not isinstance(inquiry, bool):
        raise bad_request('"inquiry" is true or false.')
    payment = known_payment(payment, "payment")
    return WantedDispute(payment=payment, amount=amount, reason=reason, inquiry=inquiry)


def _body(*known: str) -> dict[str, object]:
    """The JSON object that was sent, with no other names than the known ones; {} for nothing."""
    if not request.get_data():
        return {}
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise bad_request(f"Send a JSON object with {_names(known)}.")
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise bad_request(f'Send a JSON object with {_names(known)} only, not "{unknown[0]}".')
    return body


def _names(known: Sequence[str]) -> str:
    return " or ".join(f'"{name}"' for name in known)


def _reason() -> str:
    """Why a refund failed; Stripe's word for not knowing when it isn't said."""
    reason = _body("reason").get("reason", "unknown")
    if not isinstance(reason, str) or not 0 < len(reason) <= _REASON_LENGTH:
        raise bad_request(f'"reason" is a text of 1 to {_REASON_LENGTH} characters.')
    if not reason.isprintable():
        raise bad_request('"reason" is a text on one line, without control characters.')
    return reason


def _hours() -> float:
    hours = _body("advance_hours").get("advance_hours")
    if isinstance(hours, bool) or not isinstance(hours, int | float):
        raise bad_request('Send {"advance_hours": 30}: by how many hours to advance, a number.')
    if not math.isfinite(hours) or not 0 < hours <= _MOST_HOURS:
        raise bad_request(f'"advance_hours" is more than 0 and at most {_MOST_HOURS}.')
    return float(hours)
