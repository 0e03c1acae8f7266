"""The staff UI: an inbox of decisions, the list of returns, and one page per return."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from web.access import TASK_PERMISSIONS, Permission
from web.services import services
from web.staff import (
    actions,
    asking,
    cases,
    dock,
    exchanges,
    finance,
    inbox,
    incoming,
    keys,
    mails,
    other_tasks,
    photos,
    policy,
    reconciling,
    returns,
    session,
    stock,
    webhooks,
    words,
)
from web.staff.presentation import Presentation

_TITLES = {
    403: "Not for your role",
    404: "Not found",
    405: "Not possible here",
    429: "Too many tries",
    500: "Something went wrong",
}
_SENTENCES = {
    400: "The request can't be understood. Go back, check what you entered and send it again.",
    404: "There is no such page. Check the address, or search for the return.",
    405: "This address only takes a form. Open the return and use the form there.",
    413: "That was too much at once. Shorten your notes, or send smaller photos.",
    429: "Too many tries came from where you are. Wait a minute, then send it again.",
    500: "Something went wrong on our side. Try again in a moment.",
}
_EXPIRED = "This form was open for too long. Check what you entered and send it again."


def create_blueprint() -> Blueprint:
    """All staff pages, at the root of the site."""
    staff = Blueprint("staff", __name__)
    staff.before_request(_refuse_nul)
    staff.before_request(session.load_actor)
    staff.after_request(_keep_private)
    staff.context_processor(_shown_everywhere)
    staff.register_error_handler(CSRFError, _form_expired)
    staff.register_error_handler(HTTPException, error_page)

    staff.add_url_rule("/sign-in", view_func=session.sign_in, methods=["GET", "POST"])
    staff.add_url_rule("/sign-out", view_func=session.sign_out, methods=["POST"])
    staff.add_url_rule("/", view_func=inbox.inbox)
    staff.add_url_rule("/next", view_func=inbox.next_task)
    staff.add_url_rule("/find", view_func=returns.find)
    staff.add_url_rule("/returns", view_func=returns.return_list)
    staff.add_url_rule("/returns/new", view_func=asking.new_return)
    staff.add_url_rule("/returns/new", view_func=asking.ask_for_return, methods=["POST"])
    staff.add_url_rule("/returns/<rma>", view_func=returns.return_page)
    staff.add_url_rule("/finance", view_func=finance.finance)
    staff.add_url_rule(
        "/finance/refunds/<status>", endpoint="finance_refunds", view_func=finance.refunds
    )
    staff.add_url_rule("/finance/memos", endpoint="finance_memos", view_func=finance.memos)
    staff.add_url_rule(
        "/finance/store-credit",
        endpoint="finance_credit",
        view_func=finance.store_credit,
        methods=["GET", "POST"],
    )
    staff.add_url_rule(
        "/finance/reconciliations",
        endpoint="reconciliations",
        view_func=reconciling.runs,
        methods=["GET"],
    )
    staff.add_url_rule(
        "/finance/reconciliations",
        endpoint="reconcile",
        view_func=reconciling.start,
        methods=["POST"],
    )
    staff.add_url_rule(
        "/finance/reconciliations/<id>", endpoint="reconciliation", view_func=reconciling.run
    )
    staff.add_url_rule(
        "/finance/reconciliations/<id>.csv",
        endpoint="reconciliation_csv",
        view_func=reconciling.export,
    )
    staff.add_url_rule("/policy", view_func=policy.policy, methods=["GET"])
    staff.add_url_rule(
        "/policy/check", endpoint="policy_check", view_func=policy.check, methods=["POST"]
    )
    staff.add_url_rule("/policy", endpoint="policy_put", view_func=policy.put, methods=["POST"])
    staff.add_url_rule(
        "/policy/simulations", endpoint="simulate", view_func=policy.simulate, methods=["POST"]
    )
    staff.add_url_rule(
        "/policy/simulations/<id>", endpoint="simulation", view_func=policy.simulation
    )
    staff.add_url_rule(
        "/policy/versions/<number>", endpoint="policy_version", view_func=policy.version
    )
    staff.add_url_rule("/keys", view_func=keys.keys, methods=["GET"])
    staff.add_url_rule("/keys", endpoint="key_make", view_func=keys.make, methods=["POST"])
    staff.add_url_rule(
        "/keys/<id>/rotate", endpoint="key_rotate", view_func=keys.rotate, methods=["POST"]
    )
    staff.add_url_rule(
        "/keys/<id>/revoke", endpoint="key_revoke", view_func=keys.revoke, methods=["POST"]
    )
    staff.add_url_rule("/finance/check", endpoint="finance_check", view_func=finance.check)
    staff.add_url_rule(
        "/finance/journal.<form>", endpoint="finance_export", view_func=finance.export
    )
    staff.add_url_rule("/credit-memos/<number>.pdf", view_func=returns.credit_memo)
    staff.add_url_rule("/returns/<rma>/label.pdf", view_func=returns.label)
    staff.add_url_rule("/returns/<rma>/photos", view_func=photos.add_photo, methods=["POST"])
    staff.add_url_rule("/returns/<rma>/photos/<id>", view_func=photos.photo)
    staff.add_url_rule("/returns/<rma>/photos/<id>/preview", view_func=photos.preview)
    staff.add_url_rule("/returns/<rma>/mails/<path:key>", view_func=mails.mail)
    staff.add_url_rule("/returns/<rma>/mail-bodies/<path:key>", view_func=mails.mail_body)
    staff.add_url_rule("/tasks/<id>", endpoint="task", view_func=other_tasks.other_task)
    for rule, task_view in (
        ("claim", other_tasks.claim_other_task),
        ("release", other_tasks.release_other_task),
        ("complete", other_tasks.complete_other_task),
    ):
        staff.add_url_rule(f"/tasks/<id>/{rule}", view_func=task_view, methods=["POST"])
    staff.add_url_rule("/webhooks/incoming", endpoint="incoming", view_func=incoming.incoming)
    staff.add_url_rule("/webhooks/untold", endpoint="untold", view_func=incoming.untold)
    staff.add_url_rule("/webhooks", endpoint="webhooks", view_func=webhooks.endpoints)
    staff.add_url_rule(
        "/webhooks", endpoint="webhook_add", view_func=webhooks.add_endpoint, methods=["POST"]
    )
    staff.add_url_rule("/webhooks/<id>", endpoint="webhook", view_func=webhooks.endpoint)
    for rule, webhook_view in (
        ("switch", webhooks.switch),
        ("rotate", webhooks.rotate),
        ("test", webhooks.send_test),
        ("remove", webhooks.remove),
    ):
        staff.add_url_rule(
            f"/webhooks/<id>/{rule}",
            endpoint=f"webhook_{rule}",
            view_func=webhook_view,
            methods=["POST"],
        )
    staff.add_url_rule(
        "/webhooks/<id>/events/<event>", endpoint="webhook_delivery", view_func=webhooks.delivery
    )
    staff.add_url_rule(
        "/webhooks/<id>/events/<event>/resend",
        endpoint="webhook_resend",
        view_func=webhooks.resend,
        methods=["POST"],
    )
    staff.add_url_rule("/dock/stock", view_func=stock.stock)
    staff.add_url_rule("/dock/stock.csv", view_func=stock.stock_file)
    staff.add_url_rule("/dock", endpoint="dock", view_func=dock.dock_page)
    staff.add_url_rule("/dock/parcels", view_func=dock.take_parcel, methods=["POST"])
    staff.add_url_rule("/dock/returns/<rma>", view_func=dock.count_page)
    staff.add_url_rule("/dock/returns/<rma>/scan", view_func=dock.scan_thing, methods=["POST"])
    staff.add_url_rule("/dock/returns/<rma>/count", view_func=dock.count_in, methods=["POST"])
    staff.add_url_rule("/dock/parcels/<id>", view_func=cases.parcel)
    for rule, case_view in (
        ("match", cases.match_parcel),
        ("close", cases.close_parcel),
        ("claim", cases.claim_parcel),
        ("release", cases.release_parcel),
    ):
        staff.add_url_rule(f"/dock/parcels/<id>/{rule}", view_func=case_view, methods=["POST"])
    for rule, view in (
        ("decision", actions.decide),
        ("receipt", actions.receive),
        ("inspection", actions.inspect),
        ("cancel", actions.cancel),
        ("reopen", actions.reopen),
        ("change", actions.change),
        ("label", actions.make_label),
        ("refunds/<path:refund_id>/retry", actions.retry_refund),
        ("refunds/<path:refund_id>/resolve", actions.resolve_refund),
        ("goodwill", actions.give_goodwill),
        ("exchange/pay", exchanges.pay_exchange),
        ("exchange/ship", exchanges.ship_exchange),
        ("exchange/cancel", exchanges.cancel_exchange),
        ("tasks/<path:task_id>/claim", actions.claim_task),
        ("tasks/<path:task_id>/release", actions.release_task),
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
        "task_permissions": TASK_PERMISSIONS,
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
    return _tell("Please send it again", _EXPIRED), 400


def error_page(error: HTTPException) -> tuple[str, int] | HTTPException:
    """Says in words what went wrong; also for addresses that belong to no page at all."""
    if error.code is None or error.code < 400:
        return error
    told = error.description if request.blueprint == "staff" and error.code < 500 else None
    sentence = told or _SENTENCES.get(error.code, _SENTENCES[500])
    return _tell(_TITLES.get(error.code, error.name), sentence), error.code


def _tell(title: str, sentence: str) -> str:
    return render_template(
        "staff/error.html", title=title, sentence=sentence, **_shown_everywhere()
    )
