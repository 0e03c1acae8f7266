"""What the forms of a return's exchange do."""

from flask import request
from flask.typing import ResponseReturnValue

from models.store.desk import find_exchange
from models.store.exchange_stock import FINAL
from models.tables import Exchange
from web.access import Actor, Permission
from web.requests import Answer, NotFound
from web.services import services
from web.staff.actions import act
from web.staff.forms import FormError, read_note, read_text
from web.staff.guard import requires

_LONGEST_TRACKING = 60
_LONGEST_REFERENCE = 200


@requires(Permission.DECIDE)
def pay_exchange(rma: str) -> ResponseReturnValue:
    """Records that the customer paid the difference."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        reference = read_text(request.form, "reference")
        if not reference or len(reference) > _LONGEST_REFERENCE:
            raise FormError("Give the reference of the payment, so that it can be found again.")
        with services().database.read() as database:
            found = find_exchange(database, rma)
        if found is None:
            raise NotFound(f"Nothing is exchanged in return {rma}.")
        answer = services().gateway.pay_exchange(
            rma, reference, found.difference, actor, id=call_id
        )
        return answer, "The payment is recorded."

    return act(rma, "exchange:pay", call)


@requires(Permission.SHIP)
def ship_exchange(rma: str) -> ResponseReturnValue:
    """Records that the new item went out."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        tracking = read_text(request.form, "tracking")
        if not tracking or len(tracking) > _LONGEST_TRACKING:
            raise FormError("Give the tracking number of the parcel, with at most 60 characters.")
        answer = services().gateway.ship_exchange(rma, tracking, actor, id=call_id)
        return answer, "The exchange is sent out."

    return act(rma, "exchange:ship", call)


@requires(Permission.DECIDE)
def cancel_exchange(rma: str) -> ResponseReturnValue:
    """Has what is accepted refunded instead."""

    def call(actor: Actor, call_id: str) -> tuple[Answer, str]:
        note = read_note(request.form)
        answer = services().gateway.cancel_exchange(rma, note, actor, id=call_id)
        with services().database.read() as session:
            waits = session.get_one(Exchange, rma).status not in FINAL
        if answer.settled and waits:
            return answer, "So much money takes two approvals; a second person has to give theirs."
        return answer, "The exchange becomes a refund."

    return act(rma, "exchange:cancel", call)
