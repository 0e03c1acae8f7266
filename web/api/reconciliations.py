"""Reconciliations: started, listed, read."""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, request

from models.rules.reconciliation_csv import differences_csv
from models.store.queries import Place
from models.store.reconciliations import RunSums, differences_of, list_runs, load_run, sums_of
from models.tables import Difference
from web.access import Permission
from web.api.blueprint import PREFIX, ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.lists import write_cursor
from web.api.schemas.reconciliations import (
    OneReconciliationSchema,
    ReconciliationPageSchema,
    ReconciliationSchema,
    RunQuery,
)
from web.api.schemas.returns import EmptySchema
from web.auth import current_actor, requires
from web.errors import not_found
from web.idempotency import idempotent
from web.representation import represent_time
from web.services import services

blueprint = ResourceBlueprint(
    "reconciliations", "Refunds, books and the providers' lists compared."
)

_log = structlog.get_logger(__name__)


@blueprint.on("POST", "/reconciliations")
@requires(Permission.BOOKS)
@idempotent()
@blueprint.takes(EmptySchema)
@blueprint.answers(202, ReconciliationSchema, "It runs; read it until its status is another.")
def start(_nothing: dict[str, Any]) -> Response:
    """Start a reconciliation; one starts by itself each night."""
    actor = current_actor()
    run = services().gateway.reconcile(actor)
    _log.info("reconciliation_started", reconciliation=run, actor=actor.id)
    shown = _represent(_load(run))
    return respond(shown, HTTPStatus.ACCEPTED, location=shown["links"]["self"])


@blueprint.on("GET", "/reconciliations")
@requires(Permission.BOOKS)
@blueprint.takes(RunQuery, "query")
@blueprint.answers(200, ReconciliationPageSchema)
def read_all(asked: tuple[int, Place | None]) -> Response:
    """List reconciliations, newest first."""
    limit, after = asked
    with services().database.read() as session:
        found, place = list_runs(session, limit=limit, after=after)
    return respond({"data": [_represent(run) for run in found], "next_cursor": write_cursor(place)})


@blueprint.on("GET", "/reconciliations/<id>")
@requires(Permission.BOOKS)
@blueprint.answers(
    200, OneReconciliationSchema, "As `Accept: text/csv` its differences, in one file."
)
def read_one(id: str) -> Response:
    """Read a reconciliation with its differences."""
    shown = _represent(_load(id))
    with services().database.read() as session:
        differences = differences_of(session, id)
    if request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv":
        return Response(
            "".join(differences_csv(differences)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="differences.csv"'},
        )
    return respond({**shown, "differences": [_represent_difference(each) for each in differences]})


def _load(run: str) -> RunSums:
    with services().database.read() as session:
        found = load_run(session, run)
        if found is None:
            raise not_found(f"reconciliation {run}")
        return sums_of(session, found)


def _represent(found: RunSums) -> dict[str, Any]:
    run = found.run
    address = f"{services().settings.web_url.rstrip('/')}{PREFIX}/reconciliations/{run.id}"
    return {
        "id": run.id,
        "status": run.status,
        "actor": run.actor,
        "started_at": represent_time(run.started_at),
        "ended_at": represent_time(run.ended_at),
        "compared": run.counts,
        "open": found.open,
        "repaired": found.repaired,
        "problem": run.problem,
        "links": {"self": address},
    }


def _represent_difference(each: Difference) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "state": each.state,
        "amount": each.amount,
        "currency": each.currency or None,
        "return": each.rma,
        "order": each.order_number,
        "refund": each.refund,
        "provider": each.provider,
        "provider_reference": each.provider_reference,
        "explanation": each.explanation,
    }
