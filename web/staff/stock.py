"""Where inspected units went, for the people who put them there."""

from datetime import UTC, datetime, timedelta

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from models.messages import Disposition
from models.store.desk import name_actors
from models.store.stock import MoveFilter, count_units, newest_moves
from models.timeline import who
from web.access import Permission
from web.api.stock import moves_file
from web.services import services
from web.staff.forms import read_text
from web.staff.guard import requires

_ROWS = 100
_DAYS = 30


@requires(Permission.READ)
def stock() -> ResponseReturnValue:
    """The newest moves of the last 30 days, and what they come to."""
    wanted = _wanted()
    with services().database.read() as database:
        moves = newest_moves(database, wanted, limit=_ROWS)
        counts = count_units(database, MoveFilter(sku=wanted.sku, since=wanted.since))
        names = name_actors(database, {move.actor for move in moves})
    return render_template(
        "staff/stock.html",
        moves=moves,
        counts=counts,
        wanted=wanted,
        days=_DAYS,
        rows=_ROWS,
        names=names,
        who=who,
    )


@requires(Permission.READ)
def stock_file() -> Response:
    """All of them as CSV."""
    return moves_file(_wanted())


def _wanted() -> MoveFilter:
    chosen = request.args.get("disposition", "")
    try:
        disposition = Disposition(chosen) if chosen else None
    except ValueError:
        abort(404, "There is no such place for goods.")
    return MoveFilter(
        disposition=disposition,
        sku=read_text(request.args, "sku")[:100] or None,
        since=(datetime.now(UTC) - timedelta(days=_DAYS)).date(),
    )
