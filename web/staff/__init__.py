"""The staff UI: an inbox of decisions, the list of returns, and one page per return."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from web.access import Permission
from web.services import services
from web.staff import actions, inbox, mails, returns, session, words
from web.staff.presentation import Presentation

_TITLES = {403: "Not for your role", 404: "Not found", 405: "Not possible here"}
_EXPIRED = "This form was open for too long. Check what you entered and send it again."


def create_blueprint() -> Blueprint:
    """All staff pages, at the root of the site."""
    staff = Blueprint("staff", __name__)
    staff.before_request(_refuse_nul)
    staff.before_request(session.load_actor)
    staff.after_request(_keep_private)
    staff.context_processor(_shown_everywhere)
    staff.register_error_handler(CSRFError, _form_expired)
    staff.register_error_handler(HTTPException, _error_page)

    staff.add_url_rule("/sign-in", view_func=session.sign_in, methods=["GET", "POST"])
    staff.add_url_rule("/sign-out", view_func=session.sign_out, methods=["POST"])
    staff.add_url_rule("/", view_func=inbox.inbox)
    staff.add_url_rule("/next", view_func=inbox.next_task)
    staff.add_url_rule("/find", view_func=returns.find)
    staff.add_url_rule("/returns", view_func=returns.return_list)
    staff.add_url_rule("/returns/<rma>", view_func=returns.return_page)
    staff.add_url_rule("/returns/<rma>/label.pdf", view_func=returns.label)
    staff.add_url_rule("/returns/<rma>/mails/<path:key>", view_func=mails.mail)
    staff.add_url_rule("/returns/<rma>/mail-bodies/<path:key>", view_func=mails.mail_body)
    for rule, view in (
        ("decision", actions.decide),
        ("receipt", actions.receive),
        ("inspection", actions.inspect),
        ("cancel", actions.cancel),
        ("label", actions.make_label),
        ("refunds/<path:refund_id>/retry", actions.retry_refund),
        ("refunds/<path:refund_id>/resolve", actions.resolve_refund),
        ("tasks/<path:task_id>/claim", actions.claim_task),
        ("tasks/<path:task_id>/complete", actions.complete_task),
    ):
        staff.add_url_rule(f"/returns/<rma>/{rule}", view_func=view, methods=["POST"])
    return staff


def _refuse_nul() -> None:
    # PostgreSQL can't even compare with a NUL character, so nothing is named with one.
    asked = [*(request.view_args or {}).values(), *request.args.values()]
    if any("\0" in str(part) for part in asked):
        g.actor = None
        abort(404, "There is no such page.")


def _shown_everywhere() -> dict[str, object]:
    settings = services().settings
    return {
        "ui": Presentation(zone=ZoneInfo(settings.time_zone), now=datetime.now(UTC)),
        "words": words,
        "may": Permission,
        "actor": g.get("actor"),
        "user": g.get("user"),
        "shop": settings.shop_name,
    }


def _keep_private(response: Response) -> Response:
    # These pages name customers: after a sign-out, nobody goes back to them.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _form_expired(_error: CSRFError) -> tuple[str, int]:
    # The check runs before the blueprint's own steps.
    session.load_actor()
    if request.endpoint == "staff.sign_in" or g.actor is None:
        return session.sign_in_page(
            request.form.get("next", ""),
            email=request.form.get("email", ""),
            problem=_EXPIRED,
            status=400,
        )
    return render_template("staff/error.html", title="Please send it again", sentence=_EXPIRED), 400


def _error_page(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400:
        return error
    title = _TITLES.get(error.code, error.name)
    page = render_template("staff/error.html", title=title, sentence=error.description)
    return page, error.code
