"""Money that a person decides: refunds that failed, and goodwill."""

from http import HTTPStatus
from typing import Any

from flask import Response

from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond_return
from web.api.schemas.answers import ReturnSchema, TakenSchema
from web.api.schemas.returns import GoodwillSchema, ResolveManuallySchema, RetrySchema
from web.auth import current_actor, requires
from web.idempotency import call_id, idempotent
from web.requests import GoodwillRequest
from web.services import services

blueprint = ResourceBlueprint("return refunds", "Money that a person decides.")


@blueprint.on("POST", "/returns/<rma>/retry")
@requires(Permission.REFUND)
@idempotent()
@blueprint.takes(RetrySchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def retry(asked: dict[str, Any], rma: str) -> Response:
    """Try a refund once more that could not be paid."""
    answer = services().gateway.retry_refund(rma, asked["refund"], current_actor(), id=call_id())
    return respond_return(answer)


@blueprint.on("POST", "/returns/<rma>/resolve-manually")
@requires(Permission.REFUND)
@idempotent()
@blueprint.takes(ResolveManuallySchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def resolve_manually(asked: dict[str, Any], rma: str) -> Response:
    """Pay a refund that failed in another way, or write down that it was paid by hand."""
    answer = services().gateway.resolve_manually(
        rma,
        asked["refund"],
        asked["method"],
        asked["reference"],
        asked["note"],
        current_actor(),
        id=call_id(),
    )
    return respond_return(answer)


@blueprint.on("POST", "/returns/<rma>/goodwill")
@requires(Permission.GOODWILL)
@idempotent()
@blueprint.takes(GoodwillSchema)
@blueprint.answers(201, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def give_goodwill(asked: GoodwillRequest, rma: str) -> Response:
    """Give money without goods, at once, as a refund or as store credit."""
    answer = services().gateway.give_goodwill(rma, asked, current_actor(), id=call_id())
    return respond_return(answer, HTTPStatus.CREATED)
