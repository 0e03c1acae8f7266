"""What customers do by themselves, without an account: withdrawing from a purchase."""

from flask import Blueprint, Response

from web.portal import withdrawal


def create_blueprint() -> Blueprint:
    """The portal's pages; everybody may open them."""
    portal = Blueprint("portal", __name__)
    portal.after_request(_keep_private)
    portal.context_processor(withdrawal.shown_everywhere)
    portal.add_url_rule("/withdraw", view_func=withdrawal.ask, methods=["GET"])
    portal.add_url_rule(
        "/withdraw", endpoint="choose", view_func=withdrawal.choose, methods=["POST"]
    )
    portal.add_url_rule(
        "/withdraw/confirm", endpoint="confirm", view_func=withdrawal.confirm, methods=["POST"]
    )
    return portal


def _keep_private(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response
