"""What moves a return: decisions, the way back, the dock."""

import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from flask import Response

from models.store.desk_page import read_label
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import read_return, respond, respond_return, respond_taken
from web.api.schemas.answers import ReturnSchema, TakenSchema
from web.api.schemas.returns import (
    AmendSchema,
    DecisionSchema,
    InspectionSchema,
    LabelRequestSchema,
    NoteSchema,
    ReceiptSchema,
    TrackingSchema,
)
from web.auth import current_actor, requires
from web.errors import not_found
from web.idempotency import begun_at, call_id, idempotent
from web.requests import (
    AmendRequest,
    DecisionRequest,
    InspectionRequest,
    ReceiptRequest,
    ScanRequest,
)
from web.sandbox_keys import check_change
from web.services import services

blueprint = ResourceBlueprint("return actions", "What moves a return.")

# Making a label takes the carrier a moment; longer than this nobody is kept waiting.
LABEL_WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.05


@blueprint.on("POST", "/returns/<rma>/decision")
@requires(Permission.DECIDE)
@idempotent()
@blueprint.takes(DecisionSchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def decide(asked: DecisionRequest, rma: str) -> Response:
    """Approve or decline, whole or line by line."""
    answer = services().gateway.decide(rma, asked, current_actor(), id=call_id())
    return respond_return(answer)


@blueprint.on("PATCH", "/returns/<rma>")
@requires(Permission.REQUEST, Permission.DECIDE)
@idempotent()
@blueprint.takes(AmendSchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def amend(asked: AmendRequest, rma: str) -> Response:
    """Change lines or resolutions, until something was inspected; it is judged and priced again."""
    check_change(asked, current_actor())
    return respond_return(services().gateway.amend(rma, asked, current_actor(), id=call_id()))


@blueprint.on("POST", "/returns/<rma>/cancel")
@requires(Permission.REQUEST, Permission.DECIDE)
@idempotent()
@blueprint.takes(NoteSchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def cancel(asked: dict[str, Any], rma: str) -> Response:
    """Withdraw the request, until something was inspected or paid for goods."""
    answer = services().gateway.cancel(rma, asked["note"], current_actor(), id=call_id())
    return respond_return(answer)


@blueprint.on("POST", "/returns/<rma>/reopen")
@requires(Permission.DECIDE)
@idempotent()
@blueprint.takes(NoteSchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def reopen(asked: dict[str, Any], rma: str) -> Response:
    """Open a return again that was declined, cancelled or has expired."""
    answer = services().gateway.reopen(rma, asked["note"], current_actor(), id=call_id())
    return respond_return(answer)


@blueprint.on("POST", "/returns/<rma>/label")
@requires(Permission.SHIP)
@idempotent()
@blueprint.takes(LabelRequestSchema)
@blueprint.answers(201, ReturnSchema)
@blueprint.answers(202, TakenSchema, "The label is being made.")
def make_label(asked: dict[str, Any], rma: str) -> Response:
    """Make the label, again if need be.

    Each call buys a label and mails it to the customer, also when there is one already; repeat a
    call with its `Idempotency-Key`. A return that is cancelled before a parcel of it was scanned or
    received gives all its labels back; after any other end unused ones stay paid for.
    """
    since = begun_at() or datetime.now(UTC)
    answer = services().gateway.make_label(
        rma, current_actor(), id=call_id(), sender=asked["address"]
    )
    if not answer.settled or not _wait_for_label(rma, since):
        return respond_taken(answer)
    body = read_return(rma)
    return respond(body, HTTPStatus.CREATED, location=body["links"]["label"])


def _wait_for_label(rma: str, since: datetime) -> bool:
    """Whether the label that was asked for is there."""
    until = time.monotonic() + LABEL_WAIT_SECONDS
    while True:
        with services().database.read() as session:
            label = read_label(session, rma)
        if label is not None and label.created_at >= since:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL_SECONDS)


@blueprint.on("GET", "/returns/<rma>/label.pdf")
@requires(Permission.READ)
@blueprint.answers(200, content_type="application/pdf")
def read_label_page(rma: str) -> Response:
    """The newest label, to print."""
    with services().database.read() as session:
        label = read_label(session, rma)
    if label is None:
        raise not_found(f"label of a return {rma}")
    return Response(
        label.pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{label.rma}.pdf"'},
    )


@blueprint.on("POST", "/returns/<rma>/tracking")
@requires(Permission.SHIP)
@idempotent()
@blueprint.takes(TrackingSchema)
@blueprint.answers(200, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def track(asked: ScanRequest, rma: str) -> Response:
    """Say what the carrier says of the parcel; an event_id counts once."""
    return respond_return(services().gateway.scan(rma, asked, current_actor()))


@blueprint.on("POST", "/returns/<rma>/receipts")
@requires(Permission.RECEIVE)
@idempotent()
@blueprint.takes(ReceiptSchema)
@blueprint.answers(201, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def receive(asked: ReceiptRequest, rma: str) -> Response:
    """Count goods in. After the end of a return they are an unexpected parcel."""
    answer = services().gateway.receive(rma, asked, current_actor(), id=call_id())
    return respond_return(answer, HTTPStatus.CREATED)


@blueprint.on("POST", "/returns/<rma>/inspections")
@requires(Permission.INSPECT)
@idempotent()
@blueprint.takes(InspectionSchema)
@blueprint.answers(201, ReturnSchema)
@blueprint.answers(202, TakenSchema)
def inspect(asked: InspectionRequest, rma: str) -> Response:
    """Give the verdict on what came; what is accepted is refunded at once."""
    answer = services().gateway.inspect(rma, asked, current_actor(), id=call_id())
    return respond_return(answer, HTTPStatus.CREATED)
