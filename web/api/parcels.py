"""Parcels without a known return: taken in, matched, or closed as a case."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Response
from sqlalchemy.orm import Session

from models.rules.parcels import ParcelStatus
from models.store.parcel_cases import list_parcels, load_parcel
from models.store.parcels import candidates
from models.store.queries import Place
from models.tables import Parcel, ParcelItem
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.lists import write_cursor
from web.api.schemas.parcels import (
    CloseSchema,
    MatchSchema,
    ParcelPageSchema,
    ParcelQuery,
    ParcelRequestSchema,
    ParcelSchema,
)
from web.auth import current_actor, requires
from web.dock import ParcelAnswer, dock, received_for
from web.errors import not_found
from web.idempotency import call_id, idempotent
from web.representation import Json, represent_time
from web.requests import ParcelRequest
from web.services import services

blueprint = ResourceBlueprint("receipts", "Parcels at the dock that name no return.")


@blueprint.on("POST", "/receipts")
@requires(Permission.RECEIVE)
@idempotent()
@blueprint.takes(ParcelRequestSchema)
@blueprint.answers(201, ParcelSchema)
@blueprint.answers(202, ParcelSchema, "Its returns will have it soon.")
def take(asked: ParcelRequest) -> Response:
    """Take a parcel in: received for the returns it surely belongs to, else kept as a case."""
    answer = dock().take(asked, current_actor(), id=call_id())
    return _respond(answer, HTTPStatus.CREATED)


@blueprint.on("GET", "/receipts")
@requires(Permission.READ)
@blueprint.takes(ParcelQuery, "query")
@blueprint.answers(200, ParcelPageSchema)
def list_all(query: tuple[ParcelStatus | None, int, tuple[datetime, str] | None]) -> Response:
    """List parcels, newest first."""
    status, limit, after = query
    with services().database.read() as session:
        found = list_parcels(session, status, limit=limit + 1, after=after)
        last = found[limit - 1] if len(found) > limit else None
        place = None if last is None else Place(at=last.created_at, id=last.id)
        return respond(
            {
                "data": [_represent(session, parcel) for parcel in found[:limit]],
                "next_cursor": write_cursor(place),
            }
        )


@blueprint.on("GET", "/receipts/<id>")
@requires(Permission.READ)
@blueprint.answers(200, ParcelSchema)
def read_one(id: str) -> Response:
    """Read a parcel with the returns it may belong to."""
    return respond(_read(id))


@blueprint.on("POST", "/receipts/<id>/match")
@requires(Permission.RECEIVE)
@idempotent()
@blueprint.takes(MatchSchema)
@blueprint.answers(200, ParcelSchema)
@blueprint.answers(202, ParcelSchema, "The return will have it soon.")
def match(asked: dict[str, Any], id: str) -> Response:
    """Bring a parcel to its return, also to one that has ended; matching it again is harmless."""
    return _respond(dock().match(id, asked["rma"], current_actor()), HTTPStatus.OK)


@blueprint.on("POST", "/receipts/<id>/close")
@requires(Permission.RECEIVE)
@idempotent()
@blueprint.takes(CloseSchema)
@blueprint.answers(200, ParcelSchema)
def close(asked: dict[str, Any], id: str) -> Response:
    """Close the case of a parcel that no return fits: it was sent back, or is kept."""
    return _respond(
        dock().close(id, asked["outcome"], asked["note"], current_actor()), HTTPStatus.OK
    )


def _respond(answer: ParcelAnswer, status: HTTPStatus) -> Response:
    body = _read(answer.id)
    if not answer.settled:
        status = HTTPStatus.ACCEPTED
    new = status is not HTTPStatus.OK
    return respond(body, status, location=body["links"]["self"] if new else None)


def _read(id: str) -> Json:
    with services().database.read() as session:
        parcel = load_parcel(session, id)
        if parcel is None:
            raise not_found(f"parcel {id}")
        return _represent(session, parcel)


def _represent(session: Session, parcel: Parcel) -> Json:
    address = f"{services().settings.web_url.rstrip('/')}/api/v1/receipts/{quote(parcel.id)}"
    return {
        "id": parcel.id,
        "status": parcel.status,
        "returns": received_for(parcel),
        "candidates": [
            {
                "rma": found.row.rma,
                "status": found.row.status,
                "order": found.row.order_number,
                "why": found.why,
            }
            for found in candidates(session, parcel)
        ],
        "rma": parcel.rma,
        "tracking": parcel.tracking,
        "order": parcel.order_number,
        "name": parcel.name,
        "items": [_item(item) for item in parcel.items],
        "outcome": parcel.outcome,
        "note": parcel.note,
        "actor": parcel.actor,
        "created_at": represent_time(parcel.created_at),
        "closed_at": represent_time(parcel.closed_at),
        "links": {"self": address},
    }


def _item(item: ParcelItem) -> Json:
    received = item.received_at is not None
    return {
        "sku": item.sku,
        "quantity": item.quantity,
        "note": item.note,
        "return": item.rma if received else None,
        "line": item.line if received else None,
    }
