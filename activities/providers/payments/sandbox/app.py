"""The sandbox over HTTP: the part of Stripe's API that refunds need, and its own controls."""

import hmac
import logging
import socket
from http import HTTPStatus

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from activities.providers.carriers.sandbox.app import LABEL_PAGE
from activities.providers.payments.sandbox import parameters, shapes
from activities.providers.payments.sandbox.calls import Calls, Outcome
from activities.providers.payments.sandbox.controls import controls
from activities.providers.payments.sandbox.desk import Desk, Done, Fields
from activities.providers.payments.sandbox.refusals import Refusal, Refused

_BODY_LIMIT = 256 * 1024
_OPEN = {"health", LABEL_PAGE}
_NO_KEY = Refusal(
    status=HTTPStatus.UNAUTHORIZED,
    message="Invalid API Key provided. Send the sandbox key as `Authorization: Bearer KEY`,"
    " or as the user name of HTTP Basic authentication.",
)
_OUR_FAULT = Refusal(
    status=HTTPStatus.INTERNAL_SERVER_ERROR,
    kind="api_error",
    message="The sandbox failed to answer; its log says why.",
)

_log = logging.getLogger(__name__)


def create_app(desk: Desk, calls: Calls, key: str, parcels: Blueprint) -> Flask:
    """The WSGI application.

    Args:
        desk: where the calls go.
        calls: where they are logged.
        key: what callers have to show, for the API and for the controls.
        parcels: the sandbox carrier's routes.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _BODY_LIMIT
    app.register_blueprint(controls(desk, calls))
    app.register_blueprint(parcels)

    @app.get("/health")
    def health() -> Response:
        return _json('{"status":"ok"}')

    @app.post("/v1/refunds")
    def create_refund() -> Response:
        return _done(desk.refund(_idempotency_key(), request.path, _form()))

    @app.post("/v1/refunds/<refund_id>/cancel")
    def cancel_refund(refund_id: str) -> Response:
        return _done(desk.cancel(_idempotency_key(), request.path, refund_id, _form()))

    @app.get("/v1/refunds/<refund_id>")
    def get_refund(refund_id: str) -> Response:
        parameters.no_parameters(_query())
        return _json(shapes.text(shapes.stripe_refund(desk.book.get(refund_id))))

    @app.get("/v1/refunds")
    def list_refunds() -> Response:
        wanted = parameters.wanted_page(_query())
        refunds, has_more = desk.book.page(wanted)
        return _json(shapes.text(shapes.stripe_page(refunds, has_more, settled=wanted.settled)))

    @app.get("/v1/disputes/<dispute_id>")
    def get_dispute(dispute_id: str) -> Response:
        parameters.no_parameters(_query())
        return _json(shapes.text(shapes.stripe_dispute(desk.disputes.get(dispute_id))))

    @app.get("/v1/payment_intents/<reference>")
    def get_payment(reference: str) -> Response:
        parameters.no_parameters(_query())
        payment = parameters.known_payment(reference, "payment_intent")
        return _json(shapes.text(shapes.stripe_payment(desk.book.payment(payment))))

    # Registered for the app, so that paths without a route are logged and guarded, too.
    @app.before_request
    def note_call() -> None:
        if request.path.startswith("/v1/"):
            g.call = calls.came(
                request.method, request.path, _payment_named(desk), _idempotency_key()
            )

    @app.before_request
    def check_key() -> None:
        if request.endpoint not in _OPEN and not _shows(key):
            raise Refused(_NO_KEY)

    @app.after_request
    def note_end(response: Response) -> Response:
        if "call" in g:
            done: Done | None = g.get("done")
            dropped = done is not None and done.dropped
            calls.ended(
                g.call,
                Outcome.DROPPED if dropped else Outcome.ANSWERED,
                None if dropped else response.status_code,
                done is not None and done.replayed,
            )
            if dropped:
                _hang_up()
        return response

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return _refusal(error.refusal)

    @app.errorhandler(HTTPException)
    def not_served(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            message = f"Unrecognized request URL ({request.method}: {request.path})."
        else:
            message = error.description or status.phrase
        return _refusal(Refusal(status=status, message=message))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.path, exc_info=error)
        return _refusal(_OUR_FAULT)

    return app


def _shows(key: str) -> bool:
    """True when the caller shows the key, in either of Stripe's two ways."""
    shown = request.authorization
    if shown is None:
        return False
    # Both are None for the other kind of header.
    given = shown.token if shown.type == "bearer" else shown.username
    return hmac.compare_digest((given or "").encode(), key.encode())


def _payment_named(desk: Desk) -> str | None:
    """The payment a call is about, as far as it says so."""
    values = request.args if request.method == "GET" else request.form
    named = values.get("payment_intent") or values.get("charge")
    ids = request.view_args or {}
    if named is None and "refund_id" in ids:
        try:
            named = desk.book.get(ids["refund_id"]).payment
        except Refused:
            return None
    return named or ids.get("reference")


def _idempotency_key() -> str | None:
    return request.headers.get("Idempotency-Key") or None


def _form() -> Fields:
    return list(request.form.items(multi=True))


def _query() -> Fields:
    return list(request.args.items(multi=True))


def _json(text: str, status: int = HTTPStatus.OK) -> Response:
    return Response(text, status=status, mimetype="application/json")


def _done(done: Done) -> Response:
    g.done = done
    response = _json(done.answer.body, done.answer.status)
    if done.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _refusal(refusal: Refusal) -> Response:
    return _json(shapes.text(refusal.body()), refusal.status)


def _hang_up() -> None:
    """Cuts the connection under the answer, which the server then finds it can't send."""
    connection: socket.socket = request.environ["gunicorn.socket"]
    connection.shutdown(socket.SHUT_RDWR)
