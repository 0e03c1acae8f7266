"""Signing in and out, and who the session cookie belongs to on each request."""

import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from models.store import access
from models.tables import User
from web.auth import actor_of_user
from web.limits import count_knock
from web.services import services
from web.staff.guard import anyone

IDLE = timedelta(hours=12)
# The cookie is written again only this often, so that most answers don't set one.
_SEEN_EVERY = timedelta(minutes=5)
# An address that is locked after too many tries gets the same answer, so that nobody learns which
# addresses exist.
_FAILED = (
    "This e-mail address and password don't go together. Check both and try again; "
    "after five wrong tries an address has to wait 15 minutes."
)


def load_actor() -> None:
    """Before each request: makes `g.user` and `g.actor` of the session, or None of both."""
    g.user = _signed_in_user()
    g.actor = None if g.user is None else actor_of_user(g.user)


def _signed_in_user() -> User | None:
    user_id, salt, seen = session.get("user"), session.get("salt"), session.get("seen")
    if not isinstance(user_id, int) or not isinstance(salt, str) or not isinstance(seen, int):
        return None
    now = datetime.now(UTC)
    idle = now - datetime.fromtimestamp(seen, UTC)
    if idle > IDLE:
        session.clear()
        return None
    with services().database.read() as database:
        user = database.get(User, user_id)
    if (
        user is None
        or user.disabled_at is not None
        or not hmac.compare_digest(user.session_salt, salt)
    ):
        session.clear()
        return None
    if idle > _SEEN_EVERY:
        session["seen"] = int(now.timestamp())
    return user


@anyone
def sign_in() -> ResponseReturnValue:
    """GET: the form. POST: checks it and goes to `next`, if that is a page of ours."""
    target = request.values.get("next", "")
    if request.method == "GET":
        if g.actor is not None:
            return redirect(_within(target))
        return sign_in_page(target)
    count_knock(services().limiter, services().settings.secret_key, "sign-in")
    email = request.form.get("email", "").strip()
    now = datetime.now(UTC)
    password = request.form.get("password", "")
    user = access.verify_password(services().database, email, password, now=now)
    if user is None:
        return sign_in_page(target, email=email, problem=_FAILED, status=401)
    # Nothing of the session before survives, so one planted by somebody else is worth nothing.
    session.clear()
    session["user"] = user.id
    session["salt"] = user.session_salt
    session["seen"] = int(now.timestamp())
    return redirect(_within(target), 303)


@anyone
def sign_out() -> ResponseReturnValue:
    """Ends the person's sessions everywhere, so that a copied cookie is worth nothing."""
    if g.user is not None:
        with services().database.write() as database:
            database.get_one(User, g.user.id).session_salt = secrets.token_hex(16)
    session.clear()
    flash("You are signed out.", "success")
    return redirect(url_for("staff.sign_in"), 303)


def sign_in_page(
    target: str, *, email: str = "", problem: str | None = None, status: int = 200
) -> tuple[str, int]:
    """The sign-in form, with what went wrong before."""
    page = render_template(
        "staff/sign_in.html", next=target, email=email, problem=problem, demo=_demo_accounts()
    )
    return page, status


def _within(target: str) -> str:
    """Where to go after the sign-in: only a path of this site, else the inbox."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return url_for("staff.inbox")
    elsewhere = parts.scheme or parts.netloc or "\\" in target or not target.startswith("/")
    # Browsers drop control characters, so "/<tab>/host" would leave the site.
    if elsewhere or target.startswith("//") or not target.isprintable():
        return url_for("staff.inbox")
    return target


def _demo_accounts() -> list[dict[str, str]]:
    """The sign-ins that the demo data came with; none in a real shop."""
    try:
        text = (services().settings.data_dir / "demo.json").read_text()
        return [
            {name: str(account[name]) for name in ("email", "password", "role")}
            for account in json.loads(text)
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []
