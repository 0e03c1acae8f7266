"""Refunds that need a person: trying once more, or writing down how they were paid."""

from typing import Any

from flask import Response

from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond_return
from web.api.schemas.answers import ReturnSchema, TakenSchema
from web.api.schemas.returns import ResolveManuallySchema, RetrySchema
from web.auth import current_actor, requires
from web.idempotency import call_id, idempotent
from web.services import services

blueprint = ResourceBlueprint("return refunds", "Refunds that need a person.")


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
    """Write down how a refund was paid that its payment could not give back."""
    answer = services().gateway.resolve_manually(
        rma,
        asked["refund"],
        asked["method"].value,
        asked["reference"],
        asked["note"],
        current_actor(),
        id=call_id(),
    )
    return respond_return(answer)
