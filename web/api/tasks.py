"""Tasks: work that waits for a person."""

from typing import Any

from flask import Response

from models.store.queries import Place, TaskFilter, list_tasks, load_task
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond, respond_taken
from web.api.schemas.answers import TakenSchema, TaskPageSchema, TaskSchema
from web.api.schemas.lists import TaskQuery, write_cursor
from web.api.schemas.returns import ClaimSchema, CompletionSchema, EmptySchema
from web.auth import current_actor, requires
from web.errors import not_found
from web.idempotency import call_id, idempotent
from web.representation import represent_task
from web.requests import Answer
from web.services import services

blueprint = ResourceBlueprint("tasks", "Work that waits for a person.")

# Whoever does any part of the work has tasks.
_WORKERS = (
    Permission.DECIDE,
    Permission.SHIP,
    Permission.RECEIVE,
    Permission.INSPECT,
    Permission.REFUND,
    Permission.WEBHOOKS,
)


@blueprint.on("GET", "/tasks")
@requires(Permission.READ)
@blueprint.takes(TaskQuery, "query")
@blueprint.answers(200, TaskPageSchema)
def list_all(query: tuple[TaskFilter, int, Place | None]) -> Response:
    """List tasks by due time; without a status, those that still wait."""
    wanted, limit, after = query
    with services().database.read() as session:
        page = list_tasks(session, wanted, limit=limit, after=after)
        return respond(
            {
                "data": [represent_task(task) for task in page.tasks],
                "next_cursor": write_cursor(page.next),
            }
        )


@blueprint.on("POST", "/tasks/<path:task>/claim")
@requires(*_WORKERS)
@idempotent()
@blueprint.takes(ClaimSchema)
@blueprint.answers(200, TaskSchema)
def claim(asked: dict[str, Any], task: str) -> Response:
    """Put the caller's name on a task; only a person can."""
    answer = services().gateway.claim_task(task, current_actor(), id=call_id(), note=asked["note"])
    return _respond_task(task, answer)


@blueprint.on("POST", "/tasks/<path:task>/release")
@requires(*_WORKERS)
@idempotent()
@blueprint.takes(EmptySchema)
@blueprint.answers(200, TaskSchema)
def release(_asked: dict[str, Any], task: str) -> Response:
    """Give a claimed task back, so that somebody else can do it."""
    answer = services().gateway.release_task(task, current_actor(), id=call_id())
    return _respond_task(task, answer)


@blueprint.on("POST", "/tasks/<path:task>/complete")
@requires(*_WORKERS)
@idempotent()
@blueprint.takes(CompletionSchema)
@blueprint.answers(200, TaskSchema)
@blueprint.answers(202, TakenSchema)
def complete(asked: dict[str, Any], task: str) -> Response:
    """End a task that was done."""
    answer = services().gateway.complete_task(
        task, asked["note"], current_actor(), id=call_id(), choice=asked["choice"] or ""
    )
    return _respond_task(task, answer)


def _respond_task(task: str, answer: Answer) -> Response:
    if not answer.settled:
        return respond_taken(answer)
    with services().database.read() as session:
        row = load_task(session, task)
    if row is None:
        raise not_found(f"task {task}")
    return respond(represent_task(row))
