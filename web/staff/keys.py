"""Keys of the REST API: who has one, what it may do; made, replaced and revoked by managers."""

from datetime import UTC, datetime, timedelta

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from models.settings import parse_duration
from models.store.access import AccessRefused, create_api_key
from models.store.api_keys import GRACE, is_live, list_keys, revoke_key, rotate_key, shown
from models.tables import User
from web.access import SCOPE_ALL, Permission
from web.services import services
from web.staff.guard import requires
from web.versions import NEWEST

_LONGEST_NAME = 200
_LIVES = {"": "never", "30d": "in 30 days", "90d": "in 90 days", "365d": "in a year"}


@requires(Permission.POLICY)
def keys() -> ResponseReturnValue:
    """All keys, with the form for a new one."""
    return _page()


@requires(Permission.POLICY)
def make() -> ResponseReturnValue:
    """Makes a key of a service account and shows it, this once.

    One made by somebody with an approval limit is theirs, or they would be rid of the limit.
    """
    name = request.form.get("name", "").replace("\0", "").strip()
    scopes = [scope for scope in request.form.getlist("scope") if scope in (SCOPE_ALL, *Permission)]
    lives = request.form.get("lives", "")
    if not 1 <= len(name) <= _LONGEST_NAME or not scopes or lives not in _LIVES:
        flash("Say what the key is for, and choose at least one thing that it may do.", "warning")
        return _page(name=name, scopes=scopes), 422
    now = datetime.now(UTC)
    ends = now + timedelta(seconds=parse_duration(lives)) if lives else None
    with services().database.write() as database:
        owner = database.get_one(User, g.user.id) if g.user.approval_limit is not None else None
        made = create_api_key(
            database,
            name=name,
            scopes=scopes,
            user=owner,
            expires_at=ends,
            now=now,
            version=NEWEST,
            sandbox="sandbox" in request.form,
        )
    return _page(made=made)


@requires(Permission.POLICY)
def rotate(id: str) -> ResponseReturnValue:
    """Makes a key in another one's place, which works on for a while, and shows it, this once."""
    try:
        with services().database.write() as database:
            made = rotate_key(database, id, grace=GRACE, now=datetime.now(UTC))
    except AccessRefused as refused:
        flash(str(refused), "warning")
        return redirect(url_for("staff.keys"), 303)
    return _page(made=made)


@requires(Permission.POLICY)
def revoke(id: str) -> ResponseReturnValue:
    """Ends a key at once."""
    try:
        with services().database.write() as database:
            ended = revoke_key(database, id, now=datetime.now(UTC))
    except AccessRefused as refused:
        flash(str(refused), "warning")
    else:
        flash(f"The key {shown(ended)} opens nothing any more.", "success")
    return redirect(url_for("staff.keys"), 303)


def _page(*, made: str | None = None, name: str = "", scopes: list[str] | None = None) -> str:
    now = datetime.now(UTC)
    with services().database.read() as database:
        found = list_keys(database)
    return render_template(
        "staff/keys.html",
        keys=[(key, is_live(key, now)) for key in found],
        made=made,
        name=name,
        chosen=scopes or [],
        permissions=list(Permission),
        lives=_LIVES,
        grace=GRACE.days,
        shown=shown,
    )
