"""Who may open a staff page: every view says so with `requires`, or `anyone` for the sign-in."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from web.access import Actor, Permission
from web.staff import words

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

# The attribute that tells the test over the URL map what a view asks for.
GUARDED_BY = "guarded_by"
ANYONE = "anyone"


def requires(permission: Permission) -> Callable[[View[P]], View[P]]:
    """Opens a view to signed-in people who may do `permission`; they are `g.actor` in it.

    Others are sent to sign in and back here, or told what their role lacks (403).
    """

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            actor: Actor | None = g.actor
            if actor is None:
                if request.method != "GET":
                    flash("You were signed out. Sign in and send the form again.", "warning")
                return redirect(url_for("staff.sign_in", next=_back_here()), 303)
            if not actor.may(permission):
                role = words.ROLES.get(g.user.role, g.user.role).lower()
                abort(
                    403,
                    f"With the role {role} you can't {words.PERMISSIONS[permission]}. "
                    "Ask a manager to do it, or to change your role.",
                )
            return view(*args, **kwargs)

        setattr(guarded, GUARDED_BY, permission)
        return guarded

    return guard


def anyone(view: View[P]) -> View[P]:
    """Opens a view to everybody, on purpose."""
    setattr(view, GUARDED_BY, ANYONE)
    return view


def _back_here() -> str:
    # A form can't be sent again by a link, so its sender lands on the page it stood on.
    if request.method == "GET":
        return request.full_path.rstrip("?")
    rma = (request.view_args or {}).get("rma")
    return url_for("staff.return_page", rma=rma) if rma else url_for("staff.inbox")
