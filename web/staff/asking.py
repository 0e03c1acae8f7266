"""Asking for a return on a customer's behalf: find the order, choose, work it out, ask.

The form carries a signed proof with the RMA its return will get, so that sending it twice makes
one return.
"""

from flask import abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from models.messages import Resolution, ReturnKind
from models.rules.quote_lines import Quote
from models.store.order_search import find_orders, load_order
from models.store.policies import current_policy
from web.access import Permission
from web.gateway import free_rma
from web.requests import Conflict, GatewayError, Refused, Unavailable
from web.services import services
from web.staff.forms import Form, FormError, new_call, read_text
from web.staff.guard import requires
from web.staff.request_form import read_request
from web.staff.returns import Trouble

_FORM_LASTS = 24 * 60 * 60
_LONGEST_SEARCH = 200
_ASK = "ask"
# What may be chosen; what the shop doesn't offer is refused in words.
_RESOLUTIONS = (
    Resolution.REFUND,
    Resolution.STORE_CREDIT,
    Resolution.EXCHANGE,
    Resolution.REPLACEMENT,
)


@requires(Permission.REQUEST)
def new_return() -> ResponseReturnValue:
    """The search for the order, and once it is chosen, the form."""
    number = request.args.get("order", "").strip()[:_LONGEST_SEARCH]
    text = request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    if number:
        return _form_page(number, proof=_new_proof(number))
    with services().database.read() as database:
        found = find_orders(database, text) if text else []
        if len(found) == 1:
            return redirect(url_for("staff.new_return", order=found[0].number))
        return render_template("staff/new_return_order.html", text=text, found=found)


@requires(Permission.REQUEST)
def ask_for_return() -> ResponseReturnValue:
    """Works the request out, or makes the return; what speaks against it is told in words."""
    proof = read_text(request.form, "proof")
    try:
        held: dict[str, str] = _signer().loads(proof, max_age=_FORM_LASTS)
    except BadData:
        flash("This form was open for too long. Choose the order again.", "warning")
        return redirect(url_for("staff.new_return"), 303)
    number, rma = held["order"], held["rma"]
    only_quote = request.form.get("do") == "quote"
    try:
        asked = read_request(request.form, number)
        if only_quote:
            quote = services().gateway.quote(asked, g.actor)
            return _form_page(number, proof=proof, form=request.form, quote=quote)
        answer = services().gateway.request_return(asked, g.actor, rma=rma)
    except FormError as error:
        return _refused(number, proof, [str(error)], 422)
    except GatewayError as error:
        refused = isinstance(error, Refused)
        messages = (
            [each.message for each in error.refusals]
            if isinstance(error, Refused)
            else [error.detail]
        )
        # Whether it was made is unknown, so the same form keeps its number.
        unsure = isinstance(error, Unavailable | Conflict)
        again = proof if unsure or only_quote else _new_proof(number)
        return _refused(number, again, messages, error.status, refused=refused)
    if answer.settled:
        flash("The return is made.", "success")
        return redirect(url_for("staff.return_page", rma=answer.rma), 303)
    flash(f"The request is taken as {answer.rma} and will be carried out soon.", "info")
    return redirect(url_for("staff.return_list"), 303)


def _refused(
    number: str, proof: str, messages: list[str], status: int, *, refused: bool = False
) -> tuple[str, int]:
    trouble = Trouble(action=_ASK, messages=messages, form=request.form)
    page = _form_page(number, proof=proof, form=request.form, trouble=trouble, refused=refused)
    return page, status


def _form_page(
    number: str,
    *,
    proof: str,
    form: Form | None = None,
    quote: Quote | None = None,
    trouble: Trouble | None = None,
    refused: bool = False,
) -> str:
    with services().database.read() as database:
        order = load_order(database, number)
        if order is None:
            abort(
                404, f"There is no order {number}. Check the number, or search by e-mail or name."
            )
        policy = current_policy(database)
        return render_template(
            "staff/new_return.html",
            order=order,
            proof=proof,
            kept=form or {},
            quote=quote,
            trouble=trouble,
            # Setting the policy aside is offered once it was in the way.
            override=g.actor.may(Permission.OVERRIDE)
            and (refused or bool(form and form.get("override"))),
            kinds=list(ReturnKind),
            # What isn't offered is for who may set the policy aside.
            reasons={
                terms.reason: terms.words + ("" if terms.offered else " (not offered)")
                for terms in map(policy.on_reason, policy.known_reasons)
                if terms.offered or g.actor.may(Permission.OVERRIDE)
            },
            resolutions=_RESOLUTIONS,
            new_call=new_call,
        )


def _new_proof(number: str) -> str:
    return str(_signer().dumps({"order": number, "rma": free_rma(services().database)}))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="new return")
