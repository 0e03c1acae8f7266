"""Reconciliations: what was compared, what differs, and starting one now."""

from flask import Response, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from models.rules.reconciliation_csv import differences_csv
from models.store.desk import Mark
from models.store.queries import Place
from models.store.reconciliations import RunSums, differences_of, list_runs, load_run, sums_of
from web.access import Permission
from web.requests import GatewayError
from web.services import services
from web.staff.guard import requires

_RUNS = 30
_DIFFERENCES = 500


@requires(Permission.BOOKS)
def runs() -> ResponseReturnValue:
    """All runs, newest first."""
    after = None
    if text := request.args.get("after"):
        try:
            mark = Mark.parse(text)
        except ValueError:
            abort(404, "There is no such page of the list.")
        after = Place(at=mark.at, id=mark.id)
    with services().database.read() as database:
        found, place = list_runs(database, limit=_RUNS, after=after)
    older = None if place is None or place.at is None else str(Mark(at=place.at, id=place.id))
    return render_template("staff/reconciliations.html", found=found, older=older)


@requires(Permission.BOOKS)
def start() -> ResponseReturnValue:
    """Starts one, and shows it."""
    try:
        run = services().gateway.reconcile(g.actor)
    except GatewayError as error:
        flash(str(error), "warning")
        return redirect(url_for("staff.reconciliations"), 303)
    return redirect(url_for("staff.reconciliation", id=run), 303)


@requires(Permission.BOOKS)
def run(id: str) -> ResponseReturnValue:
    """One run with its differences; those that wait for a person come first."""
    found = _load(id)
    with services().database.read() as database:
        differences = differences_of(database, id, limit=_DIFFERENCES)
    return render_template("staff/reconciliation.html", found=found, differences=differences)


@requires(Permission.BOOKS)
def export(id: str) -> ResponseReturnValue:
    """The differences of a run as a file."""
    _load(id)
    with services().database.read() as database:
        lines = "".join(differences_csv(differences_of(database, id)))
    answer = Response(lines, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="differences.csv"'
    return answer


def _load(id: str) -> RunSums:
    with services().database.read() as database:
        found = load_run(database, id)
        if found is None:
            abort(404, "There is no such reconciliation.")
        return sums_of(database, found)
