"""The page of a task about no return: about an order that has none, or a webhook endpoint."""

from collections.abc import Callable

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import selectinload

from models.messages import TaskChoice, TaskKind
from models.store.desk import load_other_task, name_actors
from models.store.disputes import of_order
from models.store.webhooks import load_endpoint
from models.tables import Order
from models.timeline import who
from web.access import TASK_PERMISSIONS, Actor, Permission
from web.requests import GatewayError, Refused
from web.services import services
from web.staff.forms import FormError, new_call, read_call, read_choice, read_note
from web.staff.guard import requires
from web.staff.returns import Trouble


@requires(Permission.READ)
def other_task(id: str) -> ResponseReturnValue:
    """One task."""
    return _show(id)


@requires(Permission.READ)
def claim_other_task(id: str) -> ResponseReturnValue:
    """Makes this person its owner."""

    def call(actor: Actor, call_id: str) -> str:
        services().gateway.claim_task(id, actor, id=call_id)
        return "The task is yours."

    back = url_for("staff.inbox", show=request.form["show"]) if "show" in request.form else None
    return _act(id, "claim", call, back=back)


@requires(Permission.READ)
def release_other_task(id: str) -> ResponseReturnValue:
    """Gives it back."""

    def call(actor: Actor, call_id: str) -> str:
        services().gateway.release_task(id, actor, id=call_id)
        return "The task is free again."

    return _act(id, "release", call)


@requires(Permission.READ)
def complete_other_task(id: str) -> ResponseReturnValue:
    """Ends it, with what was done."""

    def call(actor: Actor, call_id: str) -> str:
        note = read_note(request.form)
        if not note:
            raise FormError("Note in a few words what you did, for whoever reads this next.")
        choice = read_choice(request.form, "choice", TaskChoice) if "choice" in request.form else ""
        services().gateway.complete_task(id, note, actor, id=call_id, choice=choice)
        return "The task is done."

    return _act(id, f"task:{id}", call)


def _act(
    id: str, action: str, call: Callable[[Actor, str], str], *, back: str | None = None
) -> ResponseReturnValue:
    with services().database.read() as database:
        if load_other_task(database, id) is None:
            abort(404, "There is no such task.")
    try:
        done = call(g.actor, read_call(request.form))
    except FormError as error:
        return _show(id, Trouble(action=action, messages=[str(error)], form=request.form), 422)
    except GatewayError as error:
        messages = (
            [refusal.message for refusal in error.refusals]
            if isinstance(error, Refused)
            else [error.detail]
        )
        return _show(id, Trouble(action=action, messages=messages, form=request.form), error.status)
    flash(done, "success")
    return redirect(back or url_for("staff.task", id=id), 303)


def _show(id: str, trouble: Trouble | None = None, status: int = 200) -> tuple[str, int]:
    with services().database.read() as database:
        task = load_other_task(database, id)
        if task is None:
            abort(404, "There is no such task. It may be that of a return; look in the inbox.")
        order = disputed = endpoint = None
        if task.order_number is not None:
            order = database.get_one(Order, task.order_number, options=[selectinload(Order.lines)])
            disputed = of_order(database, order.number, task.reference or "")
        if task.endpoint_id is not None and g.actor.may(Permission.WEBHOOKS):
            endpoint = load_endpoint(database, task.endpoint_id)
        actors = [f"user:{task.owner_id}", task.closed_by or ""]
        names = name_actors(database, [actor for actor in actors if actor])
    return render_template(
        "staff/task.html",
        task=task,
        order=order,
        endpoint=endpoint,
        dispute=disputed[0] if disputed else None,
        payment=disputed[1] if disputed else None,
        kind=TaskKind(task.kind),
        task_permissions=TASK_PERMISSIONS,
        ret=None,
        names=names,
        who=who,
        trouble=trouble,
        new_call=new_call,
    ), status
