"""Refund transactions by themselves."""

from flask import Response

from models.store.queries import load_refund
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.answers import OneRefundSchema
from web.auth import requires
from web.errors import not_found
from web.representation import represent_refund
from web.services import services

blueprint = ResourceBlueprint("refunds", "Money moving at one payment.")


@blueprint.on("GET", "/refunds/<path:refund>")
@requires(Permission.READ)
@blueprint.answers(200, OneRefundSchema)
def read_one(refund: str) -> Response:
    """Read a refund transaction."""
    with services().database.read() as session:
        row = load_refund(session, refund)
    if row is None:
        raise not_found(f"refund {refund}")
    return respond(represent_refund(row))
