"""Returns: quoting, asking for one, finding and following them."""

from dataclasses import replace
from http import HTTPStatus

from flask import Response

from models.store.queries import (
    Place,
    ReturnFilter,
    is_known,
    list_events,
    list_returns,
)
from models.store.reasons import all_reasons
from models.store.sandbox import PREFIX
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import read_return, respond, respond_return
from web.api.schemas.answers import (
    EventPageSchema,
    PricedQuoteSchema,
    ReturnPageSchema,
    ReturnSchema,
    TakenSchema,
)
from web.api.schemas.lists import EventQuery, ReturnQuery, write_cursor
from web.api.schemas.returns import ReturnRequestSchema
from web.auth import current_actor, requires
from web.errors import FieldError, invalid, not_found
from web.idempotency import idempotent, set_aside_rma
from web.representation import represent_events, represent_quote, represent_return
from web.requests import ReturnRequest
from web.sandbox_keys import check_request, open_to_sandbox_keys
from web.services import services

blueprint = ResourceBlueprint("returns", "Returns from the request to the money.")


@blueprint.on("POST", "/quotes")
@open_to_sandbox_keys
@requires(Permission.REQUEST)
@blueprint.takes(ReturnRequestSchema)
@blueprint.answers(200, PricedQuoteSchema)
def make_quote(asked: ReturnRequest) -> Response:
    """Work out what a return would give; nothing is stored."""
    check_request(asked, current_actor())
    return respond(represent_quote(services().gateway.quote(asked, current_actor())))


@blueprint.on("POST", "/returns")
@open_to_sandbox_keys
@requires(Permission.REQUEST)
@idempotent(new_return=True)
@blueprint.takes(ReturnRequestSchema)
@blueprint.answers(201, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def request_return(asked: ReturnRequest) -> Response:
    """Ask for a return."""
    check_request(asked, current_actor())
    answer = services().gateway.request_return(asked, current_actor(), rma=set_aside_rma())
    return respond_return(answer, HTTPStatus.CREATED)


@blueprint.on("GET", "/returns")
@open_to_sandbox_keys
@requires(Permission.READ)
@blueprint.takes(ReturnQuery, "query")
@blueprint.answers(200, ReturnPageSchema)
def list_all(query: tuple[ReturnFilter, int, Place | None]) -> Response:
    """List returns, newest first."""
    wanted, limit, after = query
    if current_actor().sandbox:
        wanted = replace(wanted, order_prefix=PREFIX)
    with services().database.read() as session:
        if wanted.reason is not None and wanted.reason not in (known := all_reasons(session)):
            message = f"No policy of this shop has such a reason; give one of {', '.join(known)}."
            raise invalid([FieldError(pointer="/reason", code="unknown_reason", message=message)])
        page = list_returns(session, wanted, limit=limit, after=after)
        settings = services().settings
        return respond(
            {
                "data": [represent_return(found, settings) for found in page.returns],
                "next_cursor": write_cursor(page.next),
            }
        )


@blueprint.on("GET", "/returns/<rma>")
@requires(Permission.READ)
@blueprint.answers(200, ReturnSchema)
def read_one(rma: str) -> Response:
    """Read a return."""
    return respond(read_return(rma))


@blueprint.on("GET", "/returns/<rma>/events")
@requires(Permission.READ)
@blueprint.takes(EventQuery, "query")
@blueprint.answers(200, EventPageSchema)
def read_events(query: tuple[int, Place | None], rma: str) -> Response:
    """Read a return's timeline, oldest first."""
    limit, after = query
    with services().database.read() as session:
        if not is_known(session, rma):
            raise not_found(f"return {rma}")
        page = list_events(session, rma, limit=limit, after=after)
        return respond({"data": represent_events(page), "next_cursor": write_cursor(page.next)})
