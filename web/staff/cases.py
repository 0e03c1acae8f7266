"""The page of a parcel whose return nobody knows: candidates to match it to, or the end of it."""

from collections.abc import Callable

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from models.rules.parcels import ParcelOutcome
from models.store.desk import name_actors
from models.store.parcel_cases import load_parcel
from models.store.parcels import candidates
from models.tables import Parcel, Task
from models.timeline import who
from web.access import Actor, Permission
from web.dock import dock, received_for
from web.requests import GatewayError, Refused
from web.services import services
from web.staff.forms import FormError, new_call, read_choice, read_note, read_text
from web.staff.guard import requires
from web.staff.returns import Trouble

_LONGEST_RMA = 20


@requires(Permission.READ)
def parcel(id: str) -> ResponseReturnValue:
    """One parcel with the returns it may belong to."""
    return _show(id)


@requires(Permission.RECEIVE)
def match_parcel(id: str) -> ResponseReturnValue:
    """Brings the parcel to the return that was chosen or typed."""

    def call(actor: Actor) -> str:
        rma = read_text(request.form, "rma")[:_LONGEST_RMA]
        if not rma:
            raise FormError("Choose a return, or type its RMA.")
        answer = dock().match(id, rma, actor)
        return (
            f"The parcel is received for {', '.join(answer.returns)}."
            if answer.settled
            else "The parcel will be received there soon."
        )

    return _act(id, "match", call)


@requires(Permission.RECEIVE)
def close_parcel(id: str) -> ResponseReturnValue:
    """Ends the case: the parcel was sent back, or is kept."""

    def call(actor: Actor) -> str:
        outcome = read_choice(request.form, "outcome", ParcelOutcome)
        note = read_note(request.form)
        if not note:
            raise FormError("Note in a few words what you did, for whoever asks for it later.")
        dock().close(id, outcome, note, actor)
        return "The case is closed."

    return _act(id, "close", call)


@requires(Permission.RECEIVE)
def claim_parcel(id: str) -> ResponseReturnValue:
    """Makes this person the owner of the case."""

    def call(actor: Actor) -> str:
        services().gateway.claim_task(id, actor)
        return "The task is yours."

    back = url_for("staff.inbox", show=request.form["show"]) if "show" in request.form else None
    return _act(id, "claim", call, back=back)


@requires(Permission.RECEIVE)
def release_parcel(id: str) -> ResponseReturnValue:
    """Gives the case back."""

    def call(actor: Actor) -> str:
        services().gateway.release_task(id, actor)
        return "The task is free again."

    return _act(id, "release", call)


def _act(
    id: str, action: str, call: Callable[[Actor], str], *, back: str | None = None
) -> ResponseReturnValue:
    try:
        done = call(g.actor)
    except FormError as error:
        return _show(id, Trouble(action=action, messages=[str(error)], form=request.form), 422)
    except GatewayError as error:
        messages = (
            [refusal.message for refusal in error.refusals]
            if isinstance(error, Refused)
            else [error.detail]
        )
        trouble = Trouble(action=action, messages=messages, form=request.form)
        return _show(id, trouble, error.status)
    flash(done, "success")
    return redirect(back or url_for("staff.parcel", id=id), 303)


def _show(id: str, trouble: Trouble | None = None, status: int = 200) -> tuple[str, int]:
    with services().database.read() as database:
        found: Parcel | None = load_parcel(database, id)
        if found is None:
            abort(404, "There is no such parcel. Look for it at the dock.")
        task = database.get(Task, found.id)
        actors = {found.actor, found.closed_by or ""}
        if task is not None and task.owner_id is not None:
            actors.add(f"user:{task.owner_id}")
        page = render_template(
            "staff/parcel.html",
            parcel=found,
            task=task if task is not None and task.status != "done" else None,
            candidates=candidates(database, found),
            returns=received_for(found),
            names=name_actors(database, actors),
            outcomes=list(ParcelOutcome),
            who=who,
            trouble=trouble,
            new_call=new_call,
        )
    return page, status
