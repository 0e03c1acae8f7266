"""Store credit by its code: read at the till or in the shop's checkout, spent and given back."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from flask import Response
from werkzeug.routing import PathConverter

from models.store import store_credits
from models.store.store_credits import CreditNotPossible
from models.tables import StoreCredit
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.store_credits import RedemptionSchema, ReversalSchema, StoreCreditSchema
from web.auth import current_actor, requires
from web.errors import Problem
from web.idempotency import idempotent
from web.representation import represent_time
from web.services import services

blueprint = ResourceBlueprint("store credits", "What the shop owes customers in goods.")


class CreditCode(PathConverter):
    """A code, which a gift card brings with whatever characters it has, a slash included."""

    # Else what is done to a code would be taken for the end of another one.
    regex = r"[^/].*?(?<!/redeem)(?<!/reverse)"


@blueprint.on("GET", "/store-credits/<credit_code:code>")
@requires(Permission.READ)
@blueprint.answers(200, StoreCreditSchema)
def read_one(code: str) -> Response:
    """Read what is left on a code, and how it came to that."""
    with services().database.read() as session:
        row = store_credits.find(session, code)
        if row is None:
            raise _unknown()
        return respond(_represent(row))


@blueprint.on("POST", "/store-credits/<credit_code:code>/redeem")
@requires(Permission.REDEEM)
@idempotent()
@blueprint.takes(RedemptionSchema)
@blueprint.answers(200, StoreCreditSchema)
def redeem(asked: dict[str, Any], code: str) -> Response:
    """Spend some of a code. The same reference and amount again changes nothing."""
    try:
        with services().database.write() as session:
            row = store_credits.redeem(
                session,
                code,
                amount=asked["amount"],
                reference=asked["reference"],
                actor=current_actor().id,
                at=datetime.now(UTC),
            )
            body = _represent(row)
    except CreditNotPossible as refusal:
        raise _problem(refusal) from refusal
    return respond(body)


@blueprint.on("POST", "/store-credits/<credit_code:code>/reverse")
@requires(Permission.REDEEM)
@idempotent()
@blueprint.takes(ReversalSchema)
@blueprint.answers(200, StoreCreditSchema)
def reverse(asked: dict[str, Any], code: str) -> Response:
    """Take a redeem back, whole. A code that has expired meanwhile stays expired."""
    try:
        with services().database.write() as session:
            row = store_credits.reverse_redeem(
                session,
                code,
                reference=asked["reference"],
                actor=current_actor().id,
                at=datetime.now(UTC),
            )
            body = _represent(row)
    except CreditNotPossible as refusal:
        raise _problem(refusal) from refusal
    return respond(body)


def _problem(refusal: CreditNotPossible) -> Problem:
    if refusal.code == "unknown_credit":
        return _unknown()
    return Problem(HTTPStatus.CONFLICT, refusal.code, str(refusal))


def _unknown() -> Problem:
    # The code isn't repeated: a slip in it may be all that is between it and a code that pays.
    message = "There is no store credit with this code; check it for a slip."
    return Problem(HTTPStatus.NOT_FOUND, "not_found", message)


def _represent(row: StoreCredit) -> dict[str, Any]:
    return {
        "code": row.code,
        "amount": row.amount,
        "currency": row.currency,
        "balance": row.balance,
        "expires_at": represent_time(row.expires_at),
        "origin": row.origin,
        "return": row.rma,
        "order": row.order_number,
        "created_at": represent_time(row.created_at),
        "movements": [
            {
                "kind": movement.kind,
                "amount": movement.amount,
                "reference": movement.reference,
                "at": represent_time(movement.at),
            }
            for movement in row.movements
        ],
    }
