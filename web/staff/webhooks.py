"""Webhook endpoints for managers: what they are told, what didn't arrive, and sending it again."""

from datetime import UTC, datetime, timedelta

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from models.rules.outgoing import all_types
from models.rules.webhooks import SECRETS_OVERLAP
from models.store import webhooks
from models.store.outgoing import event_body, find_event
from models.tables import WebhookEndpoint
from web.access import Permission
from web.services import services
from web.staff.forms import read_text
from web.staff.guard import requires
from web.webhook_addresses import address_problem

_ROWS = 50
_NONE = webhooks.DeliveryCounts()
_STATES = (webhooks.PENDING, webhooks.DELIVERED, webhooks.FAILED)


@requires(Permission.WEBHOOKS)
def endpoints() -> ResponseReturnValue:
    """All endpoints, and a form for another."""
    return _list()


@requires(Permission.WEBHOOKS)
def add_endpoint() -> ResponseReturnValue:
    """Registers one, and shows its secret this once."""
    url = read_text(request.form, "url")
    chosen = [name for name in request.form.getlist("types") if name in set(all_types())]
    problem = address_problem(url, services().settings)
    if problem is not None:
        flash(f"The address {problem}", "warning")
        return _list(url=url, chosen=chosen), 422
    try:
        with services().database.write() as database:
            made = webhooks.add_endpoint(
                database,
                url=url,
                description=read_text(request.form, "description")[:200],
                types=chosen,
                actor=g.actor.id,
                at=datetime.now(UTC),
            )
    except webhooks.TooManyEndpoints as error:
        flash(str(error), "warning")
        return _list(url=url, chosen=chosen), 409
    return _page(made.id, secret=made.secret)


@requires(Permission.WEBHOOKS)
def endpoint(id: str) -> ResponseReturnValue:
    """One endpoint with its deliveries, newest first."""
    return _page(id)


@requires(Permission.WEBHOOKS)
def delivery(id: str, event: str) -> ResponseReturnValue:
    """An event on its way to an endpoint: what is sent, and what came of the last attempt."""
    with services().database.read() as database:
        place = _load(webhooks.load_endpoint(database, id))
        found = webhooks.load_delivery(database, id, event)
        if found is None:
            abort(404, "There is no such delivery.")
        api = f"{services().settings.web_url.rstrip('/')}/api/v1"
        body = event_body(found.event, api)
    return render_template("staff/webhook_delivery.html", endpoint=place, found=found, body=body)


@requires(Permission.WEBHOOKS)
def switch(id: str) -> ResponseReturnValue:
    """Switches an endpoint on or off."""
    on = request.form.get("on") == "1"
    with services().database.write() as database:
        _load(webhooks.switch_endpoint(database, id, on=on, actor=g.actor.id, at=datetime.now(UTC)))
    if on:
        services().gateway.nudge_webhooks(id)
    flash(
        "It is on; what waited is being sent." if on else "It is off; what happens waits for it.",
        "success",
    )
    return redirect(url_for("staff.webhook", id=id), 303)


@requires(Permission.WEBHOOKS)
def rotate(id: str) -> ResponseReturnValue:
    """Gives an endpoint a new secret and shows it this once."""
    with services().database.write() as database:
        found = _load(
            webhooks.turn_secret(
                database, id, at=datetime.now(UTC), overlap=timedelta(SECRETS_OVERLAP.days)
            )
        )
    return _page(id, secret=found.secret)


@requires(Permission.WEBHOOKS)
def send_test(id: str) -> ResponseReturnValue:
    """Sends a test event."""
    with services().database.write() as database:
        if webhooks.send_test(database, id, at=datetime.now(UTC)) is None:
            abort(404, "There is no such webhook endpoint.")
    services().gateway.nudge_webhooks(id)
    flash("A test event is on its way; load the page again to see what came of it.", "success")
    return redirect(url_for("staff.webhook", id=id), 303)


@requires(Permission.WEBHOOKS)
def resend(id: str, event: str) -> ResponseReturnValue:
    """Sends an event to an endpoint again."""
    with services().database.write() as database:
        place = _load(webhooks.load_endpoint(database, id))
        found = find_event(database, event)
        if found is None or webhooks.load_delivery(database, id, event) is None:
            abort(404, "There is no such delivery.")
        webhooks.resend(database, found, [place], datetime.now(UTC))
    services().gateway.nudge_webhooks(id)
    flash("It is on its way again, under the same id.", "success")
    return redirect(url_for("staff.webhook_delivery", id=id, event=event), 303)


@requires(Permission.WEBHOOKS)
def remove(id: str) -> ResponseReturnValue:
    """Removes an endpoint."""
    with services().database.write() as database:
        if not webhooks.remove_endpoint(database, id, actor=g.actor.id, at=datetime.now(UTC)):
            abort(404, "There is no such webhook endpoint.")
    flash("The endpoint is removed.", "success")
    return redirect(url_for("staff.webhooks"), 303)


def _list(*, url: str = "", chosen: list[str] | None = None) -> str:
    with services().database.read() as database:
        counts = webhooks.count_deliveries(database)
        found = webhooks.list_endpoints(database)
    return render_template(
        "staff/webhooks.html",
        found=found,
        counts={each.id: counts.get(each.id, _NONE) for each in found},
        types=all_types(),
        url=url,
        chosen=chosen or [],
    )


def _page(id: str, *, secret: str | None = None) -> str:
    state = request.args.get("status", "")
    below = request.args.get("below", "")
    with services().database.read() as database:
        found = _load(webhooks.load_endpoint(database, id))
        counts = webhooks.count_deliveries(database).get(id, _NONE)
        rows = webhooks.list_deliveries(
            database,
            id,
            limit=_ROWS + 1,
            status=state if state in _STATES else None,
            below=int(below) if below.isdecimal() and len(below) < 10 else None,
        )
    return render_template(
        "staff/webhook.html",
        endpoint=found,
        counts=counts,
        rows=rows[:_ROWS],
        older=rows[_ROWS - 1].number if len(rows) > _ROWS else None,
        states=_STATES,
        state=state if state in _STATES else "",
        secret=secret,
        now=datetime.now(UTC),
    )


def _load(found: WebhookEndpoint | None) -> WebhookEndpoint:
    if found is None:
        abort(404, "There is no such webhook endpoint.")
    return found
