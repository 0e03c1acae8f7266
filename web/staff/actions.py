"""What the forms of a return's page do: each asks the gateway once, then shows the page anew."""

from collections.abc import Callable

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from models.messages import DecisionKind, ManualMethod, PayoutMethod, TaskChoice
from models.store.desk import find_currency, find_task_kind
from web.access import TASK_PERMISSIONS, Actor, Permission
from web.photos import SEVERAL_PHOTOS, takes_up_to
from web.requests import (
    Answer,
    Forbidden,
    GatewayError,
    GoodwillRequest,
    NotFound,
    Refused,
    Unavailable,
)
from web.services import services
from web.staff import words
from web.staff.forms import (
    FormError,
    read_amount,
    read_call,
    read_choice,
    read_decision,
    read_inspection,
    read_note,
    read_receipt,
    read_sender,
    read_text,
)
from web.staff.guard import requires
from web.staff.photos import keep_inspected_photos, read_inspected_photos
from web.staff.request_form import read_amendment
from web.staff.returns import Trouble, show_return

_RESOLVED = {
    ManualMethod.PAID_BY_HAND: "The refund is recorded as paid.",
    ManualMethod.STORE_CREDIT: "The customer gets store credit instead.",
    ManualMethod.OTHER_PAYMENT: "The refund goes to the other payment.",
    ManualMethod.LOST_DISPUTE: "The refund counts as paid by the dispute.",
}
_LONGEST_REFERENCE = 200


@requires(Permission.DECIDE)
def decide(rma: str) -> ResponseReturnValue:
    """Approves or declines."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        asked = read_decision(request.form)
        answer = services().gateway.decide(rma, asked, actor, id=call_id)
        approved = asked.decision is DecisionKind.APPROVE
        return answer, "Your approval is recorded." if approved else "The return is declined."

    return act(rma, "decision", call)


@requires(Permission.RECEIVE)
def receive(rma: str) -> ResponseReturnValue:
    """Counts a parcel in."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        asked = read_receipt(request.form)
        return services().gateway.receive(rma, asked, actor, id=call_id), "The count is recorded."

    return act(rma, "receipt", call)


@takes_up_to(SEVERAL_PHOTOS)
@requires(Permission.INSPECT)
def inspect(rma: str) -> ResponseReturnValue:
    """Records the verdict on what came."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        asked = read_inspection(request.form)
        taken = read_inspected_photos()
        answer = services().gateway.inspect(rma, asked, actor, id=call_id)
        keep_inspected_photos(rma, taken, actor, call_id)
        return answer, "The inspection is recorded."

    return act(rma, "inspection", call)


@requires(Permission.DECIDE)
def cancel(rma: str) -> ResponseReturnValue:
    """Withdraws the return."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        note = read_note(request.form)
        return services().gateway.cancel(rma, note, actor, id=call_id), "The return is cancelled."

    return act(rma, "cancel", call)


@requires(Permission.DECIDE)
def reopen(rma: str) -> ResponseReturnValue:
    """Opens a return again that had ended."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        note = read_note(request.form)
        if not note:
            raise FormError("Say in a few words why it is opened again.")
        answer = services().gateway.reopen(rma, note, actor, id=call_id)
        return answer, "The return is open again."

    return act(rma, "reopen", call)


@requires(Permission.REQUEST)
def change(rma: str) -> ResponseReturnValue:
    """Changes what comes back and what is given for it."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        asked = read_amendment(request.form)
        answer = services().gateway.amend(rma, asked, actor, id=call_id)
        return answer, "The return is changed and worked out again."

    return act(rma, "change", call)


@requires(Permission.SHIP)
def make_label(rma: str) -> ResponseReturnValue:
    """Makes the label (again)."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        sender = read_sender(request.form)
        answer = services().gateway.make_label(rma, actor, id=call_id, sender=sender)
        return answer, "The label is being made."

    return act(rma, "label", call)


@requires(Permission.REFUND)
def retry_refund(rma: str, refund_id: str) -> ResponseReturnValue:
    """Tries a failed refund once more."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        answer = services().gateway.retry_refund(rma, refund_id, actor, id=call_id)
        return answer, "The refund is tried once more."

    return act(rma, f"refund:{refund_id}:retry", call)


@requires(Permission.REFUND)
def resolve_refund(rma: str, refund_id: str) -> ResponseReturnValue:
    """Pays a failed refund in another way, or records that it was paid by hand."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        method = read_choice(request.form, "method", ManualMethod)
        reference = read_text(request.form, "reference")
        if method is ManualMethod.PAID_BY_HAND and (
            not reference or len(reference) > _LONGEST_REFERENCE
        ):
            raise FormError(
                "Give a reference under which the payment can be found again, "
                f"with at most {_LONGEST_REFERENCE} characters."
            )
        if method is ManualMethod.OTHER_PAYMENT and not reference:
            raise FormError("Choose the payment that takes the money.")
        answer = services().gateway.resolve_manually(
            rma,
            refund_id,
            method,
            reference[:_LONGEST_REFERENCE],
            read_note(request.form),
            actor,
            id=call_id,
        )
        return answer, _RESOLVED[method]

    return act(rma, f"refund:{refund_id}", call)


@requires(Permission.GOODWILL)
def give_goodwill(rma: str) -> ResponseReturnValue:
    """Gives money without goods, apart from the return."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        with services().database.read() as database:
            currency = find_currency(database, rma)
        if currency is None:
            raise NotFound(f"There is no return {rma}.")
        asked = GoodwillRequest(
            amount=read_amount(request.form, "amount", currency),
            currency=currency,
            method=read_choice(request.form, "method", PayoutMethod),
            note=read_note(request.form),
        )
        if not asked.note:
            raise FormError("Say in a few words what the goodwill is for.")
        answer = services().gateway.give_goodwill(rma, asked, actor, id=call_id)
        return answer, "The goodwill is given."

    return act(rma, "goodwill", call)


@requires(Permission.READ)
def claim_task(rma: str, task_id: str) -> ResponseReturnValue:
    """Makes this person the owner of a task they may do."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        _check_task(rma, task_id, actor)
        return services().gateway.claim_task(task_id, actor, id=call_id), "The task is yours."

    back = url_for("staff.inbox", show=request.form["show"]) if "show" in request.form else None
    return act(rma, f"claim:{task_id}", call, back=back)


@requires(Permission.READ)
def release_task(rma: str, task_id: str) -> ResponseReturnValue:
    """Gives a claimed task back."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        _check_task(rma, task_id, actor)
        answer = services().gateway.release_task(task_id, actor, id=call_id)
        return answer, "The task is free again."

    return act(rma, f"release:{task_id}", call)


@requires(Permission.READ)
def complete_task(rma: str, task_id: str) -> ResponseReturnValue:
    """Ends a task that was done outside of here, by a person who may do it."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        _check_task(rma, task_id, actor)
        note = read_note(request.form)
        if not note:
            raise FormError("Note in a few words what you did, for whoever reads this next.")
        choice = read_choice(request.form, "choice", TaskChoice) if "choice" in request.form else ""
        answer = services().gateway.complete_task(task_id, note, actor, id=call_id, choice=choice)
        return answer, "The task is done."

    return act(rma, f"task:{task_id}", call)


def _check_task(rma: str, task_id: str, actor: Actor) -> None:
    """Whether this person may do such a task: these routes serve every kind of them."""
    with services().database.read() as database:
        kind = find_task_kind(database, rma, task_id)
    if kind is None:
        raise NotFound(f"Return {rma} has no such task.")
    needed = TASK_PERMISSIONS[kind]
    if not actor.may(needed):
        raise Forbidden(
            f"This task is for people who {words.PERMISSIONS[needed]}; your role does not."
        )


def act(
    rma: str,
    action: str,
    call: Callable[[Actor, str], tuple[Answer, str]],
    *,
    back: str | None = None,
) -> ResponseReturnValue:
    """Asks once and goes on, or shows the page with the form as it was sent and what was wrong."""
    call_id = read_call(request.form)
    try:
        answer, done = call(g.actor, call_id)
    except FormError as error:
        trouble = Trouble(action=action, messages=[str(error)], form=request.form)
        return show_return(rma, trouble=trouble, status=422)
    except GatewayError as error:
        messages = (
            [refusal.message for refusal in error.refusals]
            if isinstance(error, Refused)
            else [error.detail]
        )
        # Whether it acted is unknown, so the same form keeps its id.
        kept = call_id if isinstance(error, Unavailable) else None
        trouble = Trouble(action=action, messages=messages, form=request.form, call=kept)
        return show_return(rma, trouble=trouble, status=error.status)
    if answer.settled:
        flash(done, "success")
    else:
        flash("Your request is taken and will be carried out soon. Reload to see it.", "info")
    return redirect(back or url_for("staff.return_page", rma=rma), 303)
