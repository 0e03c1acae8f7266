"""Reads a mail to a customer as it was sent."""

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue

from models.store.desk_page import read_mail
from models.tables import Message
from web.access import Permission
from web.services import services
from web.staff.guard import requires

# The mail brings its own inline styles and nothing else: no script, form, frame or other host.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"
)


@requires(Permission.READ)
def mail(rma: str, key: str) -> ResponseReturnValue:
    """The mail with its head, as HTML in a frame of its own and as text."""
    return render_template("staff/mail.html", mail=_found(rma, key))


@requires(Permission.READ)
def mail_body(rma: str, key: str) -> ResponseReturnValue:
    """The mail's HTML alone, for the frame."""
    answer = Response(_found(rma, key).html, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _MAIL_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _found(rma: str, key: str) -> Message:
    with services().database.read() as database:
        found = read_mail(database, rma, key)
    if found is None:
        abort(404, f"Return {rma} has no such mail.")
    return found
