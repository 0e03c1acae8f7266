"""What goes out in exchange for a return's goods."""

from typing import Any

from flask import Response

from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond_return
from web.api.schemas.answers import ReturnSchema, TakenSchema
from web.api.schemas.returns import ExchangePaymentSchema, ExchangeShipmentSchema, NoteSchema
from web.auth import current_actor, requires
from web.idempotency import call_id, idempotent
from web.services import services

blueprint = ResourceBlueprint("return exchanges", "What goes out for what comes back.")


@blueprint.on("POST", "/returns/<rma>/exchange/pay")
@requires(Permission.DECIDE)
@idempotent()
@blueprint.takes(ExchangePaymentSchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def pay(asked: dict[str, Any], rma: str) -> Response:
    """Record that the customer paid the difference."""
    answer = services().gateway.pay_exchange(
        rma, asked["reference"], asked["amount"], current_actor(), id=call_id()
    )
    return respond_return(answer)


@blueprint.on("POST", "/returns/<rma>/exchange/ship")
@requires(Permission.SHIP)
@idempotent()
@blueprint.takes(ExchangeShipmentSchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def ship(asked: dict[str, Any], rma: str) -> Response:
    """Record that the new item went out."""
    answer = services().gateway.ship_exchange(rma, asked["tracking"], current_actor(), id=call_id())
    return respond_return(answer)


@blueprint.on("POST", "/returns/<rma>/exchange/cancel")
@requires(Permission.DECIDE)
@idempotent()
@blueprint.takes(NoteSchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def cancel(asked: dict[str, Any], rma: str) -> Response:
    """Refund what is accepted instead of exchanging it; until the new item has gone out.

    Where so much money takes two approvals, the first call opens a task `second_approval`, and the
    same call by a second person refunds.
    """
    answer = services().gateway.cancel_exchange(rma, asked["note"], current_actor(), id=call_id())
    return respond_return(answer)
