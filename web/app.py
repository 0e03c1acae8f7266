"""Puts the web application together: the API, the staff pages, and what holds for all answers."""

import re
import uuid

import structlog
from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from sqlalchemy import text
from werkzeug.middleware.proxy_fix import ProxyFix

from models.database import Database
from models.settings import Settings, load_settings
from models.temporal_client import connect
from web import auth, errors, portal, staff, validators, versions
from web.api import routes
from web.bell import WebhookBell
from web.compression import unpack_body
from web.delivery import Delivery
from web.gateway import Gateway
from web.limits import tell_limit
from web.photos import close_uploads, let_uploads_in
from web.services import EXTENSION, Services, services
from web.temporal import TemporalBridge

LARGEST_BODY = 1_000_000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    # Nothing inline and nothing from elsewhere; Bootstrap's style sheet draws with data: images.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The CSRF check of forms over https needs the referrer within the site.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class OrderedJson(DefaultJSONProvider):
    """JSON with its fields as they were given."""

    sort_keys = False


def create_app(
    settings: Settings | None = None,
    *,
    temporal: TemporalBridge | None = None,
    database: Database | None = None,
    bell: bool = False,
) -> Flask:
    """Makes the application; it connects to nothing before the first request.

    Args:
        settings: instead of the environment's.
        temporal: instead of a bridge of its own.
        database: instead of the settings' one.
        bell: tell webhook endpoints at once of what this process writes.
    """
    settings = settings or load_settings()
    found = settings
    database = database or Database(settings.database_url)
    temporal = temporal or TemporalBridge(lambda: connect(found))
    if bell:
        database.when_told = WebhookBell(database, Delivery(temporal, settings.task_queue)).ring
    app = Flask("web")
    # Answers keep the order of the contract, which is the order in which people read them.
    app.json = OrderedJson(app)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        # A form may stay open as long as the session it belongs to.
        WTF_CSRF_TIME_LIMIT=None,
        BOOTSTRAP_SERVE_LOCAL=True,
    )
    app.extensions[EXTENSION] = Services(
        settings=settings,
        database=database,
        gateway=Gateway(settings, database, temporal),
    )
    app.before_request(_name_request)
    app.before_request(auth.guard)
    # Before the CSRF check, which reads the form.
    app.before_request(let_uploads_in)
    app.before_request(unpack_body)
    app.teardown_request(close_uploads)
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies
        )
    app.after_request(_add_headers)
    app.after_request(tell_limit)
    # Runs first: the last one that is registered does.
    app.after_request(validators.finish)
    csrf = CSRFProtect(app)
    Bootstrap5(app)
    routes.register(app, csrf)
    # After the API, which brings a handler of its own for every error of Flask's.
    errors.register(app, staff.error_page)
    app.register_blueprint(staff.create_blueprint())
    app.register_blueprint(portal.create_blueprint())
    app.add_url_rule("/health", view_func=health)
    return app


def health() -> dict[str, str]:
    """Whether this process can serve: it answers and its database does."""
    with services().database.read() as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok"}


def _name_request() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if errors.is_api(request.path):
        response.headers.setdefault("Cache-Control", "no-store")
        versions.tell_version(response)
    if services().settings.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
