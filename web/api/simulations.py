"""Drafts of the policy, tried out on past returns."""

import time
from http import HTTPStatus
from typing import Any

from flask import Response

from models.rules.simulation import Tally
from models.store.simulating import RUNNING, load_simulation
from models.tables import Simulation
from web.access import Permission
from web.api.blueprint import PREFIX, ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.simulations import SimulateSchema, SimulationRequest, SimulationSchema
from web.auth import current_actor, requires
from web.errors import not_found
from web.idempotency import idempotent
from web.representation import represent_time
from web.services import services

blueprint = ResourceBlueprint("simulations", "Drafts of the policy, tried out on past returns.")

# How long a call waits for the result before it says where to find it.
WAIT_SECONDS = 20.0
_LOOK_AGAIN = 0.2


@blueprint.on("POST", "/policy/simulate")
@requires(Permission.POLICY)
@idempotent()
@blueprint.takes(SimulateSchema)
@blueprint.answers(200, SimulationSchema)
@blueprint.answers(202, SimulationSchema, "It runs; read it until its status is another.")
def simulate(asked: SimulationRequest) -> Response:
    """Try a draft out: what it would have made of past returns, compared with the policy in force.

    Nothing changes. Most shops have their answer at once.
    """
    run = services().gateway.simulate(
        asked.policy, current_actor(), days=(asked.first_day, asked.last_day)
    )
    found = _wait_for(run)
    shown = _represent(found)
    if found.status == RUNNING:
        return respond(shown, HTTPStatus.ACCEPTED, location=shown["links"]["self"])
    return respond(shown)


@blueprint.on("GET", "/policy/simulations/<id>")
@requires(Permission.READ)
@blueprint.answers(200, SimulationSchema)
def read_simulation(id: str) -> Response:
    """Read what a draft would have made of past returns."""
    return respond(_represent(_simulation(id)))


def _wait_for(run: str) -> Simulation:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        found = _simulation(run)
        if found.status != RUNNING or time.monotonic() > until:
            return found
        time.sleep(_LOOK_AGAIN)


def _simulation(id: str) -> Simulation:
    with services().database.read() as session:
        found = load_simulation(session, id)
    if found is None:
        raise not_found(f"simulation {id}")
    return found


def _represent(run: Simulation) -> dict[str, Any]:
    address = f"{services().settings.web_url.rstrip('/')}{PREFIX}/policy/simulations/{run.id}"
    return {
        "id": run.id,
        "status": run.status,
        "actor": run.actor,
        "started_at": represent_time(run.started_at),
        "ended_at": represent_time(run.ended_at),
        "version": run.version,
        "progress": {"done": run.done, "total": run.total},
        **(run.result or Tally().to_json()),
        "problem": run.problem,
        "links": {"self": address},
    }
