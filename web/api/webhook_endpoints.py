"""Webhook endpoints: registered, tested, switched on and off, removed; what was sent to them."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Response

from models.store import webhooks
from models.store.outgoing import find_event
from models.store.queries import Place
from models.tables import OutgoingEvent, WebhookEndpoint
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.lists import write_cursor
from web.api.schemas.returns import EmptySchema
from web.api.schemas.webhook_endpoints import (
    DeliveriesWanted,
    DeliveryPageSchema,
    DeliveryQuery,
    EndpointPageSchema,
    EndpointSchema,
    EndpointWanted,
    EndpointWithSecretSchema,
    NewEndpointSchema,
    ResendSchema,
    RotationSchema,
    TestSentSchema,
)
from web.auth import current_actor, requires
from web.errors import FieldError, Problem, invalid, not_found
from web.idempotency import idempotent
from web.services import services
from web.webhook_addresses import address_problem
from web.webhook_representation import represent_delivery, represent_endpoint

blueprint = ResourceBlueprint("webhook_endpoints", "Where other systems are told of events.")
_NONE = webhooks.DeliveryCounts()


@blueprint.on("GET", "/webhook-endpoints")
@requires(Permission.WEBHOOKS)
@blueprint.answers(200, EndpointPageSchema)
def list_all() -> Response:
    """List webhook endpoints, oldest first."""
    with services().database.read() as session:
        counts = webhooks.count_deliveries(session)
        found = webhooks.list_endpoints(session)
        shown = [
            represent_endpoint(each, counts.get(each.id, _NONE), services().settings)
            for each in found
        ]
    return respond({"data": shown, "next_cursor": None})


@blueprint.on("POST", "/webhook-endpoints")
@requires(Permission.WEBHOOKS)
@idempotent()
@blueprint.takes(NewEndpointSchema)
@blueprint.answers(201, EndpointWithSecretSchema)
def register(asked: EndpointWanted) -> Response:
    """Register an endpoint; the answer shows its signing secret, this once."""
    problem = address_problem(asked.url, services().settings)
    if problem is not None:
        raise invalid([FieldError(pointer="/url", code="webhook_url", message=f"url {problem}")])
    with services().database.write() as session:
        try:
            made = webhooks.add_endpoint(
                session,
                url=asked.url,
                description=asked.description,
                types=asked.types,
                actor=current_actor().id,
                at=datetime.now(UTC),
            )
        except webhooks.TooManyEndpoints as error:
            raise Problem(HTTPStatus.CONFLICT, "too_many_endpoints", str(error)) from error
    body = represent_endpoint(made, _NONE, services().settings, secret=True)
    return respond(body, HTTPStatus.CREATED, location=body["links"]["self"])


@blueprint.on("GET", "/webhook-endpoints/<endpoint>")
@requires(Permission.WEBHOOKS)
@blueprint.answers(200, EndpointSchema)
def read_one(endpoint: str) -> Response:
    """Read an endpoint."""
    return respond(_read(endpoint))


@blueprint.on("DELETE", "/webhook-endpoints/<endpoint>")
@requires(Permission.WEBHOOKS)
@blueprint.answers(200, EndpointSchema)
def remove(endpoint: str) -> Response:
    """Remove an endpoint, with what waits for it; the answer is what it was."""
    before = _read(endpoint)
    with services().database.write() as session:
        if not webhooks.remove_endpoint(
            session, endpoint, actor=current_actor().id, at=datetime.now(UTC)
        ):
            raise not_found(f"webhook endpoint {endpoint}")
    return respond(before)


@blueprint.on("POST", "/webhook-endpoints/<endpoint>/enable")
@requires(Permission.WEBHOOKS)
@idempotent()
@blueprint.takes(EmptySchema)
@blueprint.answers(200, EndpointSchema)
def enable(_asked: dict[str, Any], endpoint: str) -> Response:
    """Switch an endpoint on; what happened meanwhile is sent now."""
    return _switch(endpoint, on=True)


@blueprint.on("POST", "/webhook-endpoints/<endpoint>/disable")
@requires(Permission.WEBHOOKS)
@idempotent()
@blueprint.takes(EmptySchema)
@blueprint.answers(200, EndpointSchema)
def disable(_asked: dict[str, Any], endpoint: str) -> Response:
    """Switch an endpoint off; what happens waits for it."""
    return _switch(endpoint, on=False)


@blueprint.on("POST", "/webhook-endpoints/<endpoint>/rotate")
@requires(Permission.WEBHOOKS)
@idempotent()
@blueprint.takes(RotationSchema)
@blueprint.answers(200, EndpointWithSecretSchema)
def rotate(asked: dict[str, Any], endpoint: str) -> Response:
    """Give an endpoint a new secret; the present one signs beside it for a while."""
    overlap = timedelta(hours=asked["overlap_hours"])
    with services().database.write() as session:
        now = datetime.now(UTC)
        found = _known(webhooks.turn_secret(session, endpoint, at=now, overlap=overlap), endpoint)
        counts = webhooks.count_deliveries(session).get(endpoint, _NONE)
        body = represent_endpoint(found, counts, services().settings, secret=True)
    return respond(body)


@blueprint.on("POST", "/webhook-endpoints/<endpoint>/test")
@requires(Permission.WEBHOOKS)
@idempotent()
@blueprint.takes(EmptySchema)
@blueprint.answers(202, TestSentSchema)
def test(_asked: dict[str, Any], endpoint: str) -> Response:
    """Send an event `webhook.test` to this endpoint alone."""
    with services().database.write() as session:
        sent = webhooks.send_test(session, endpoint, at=datetime.now(UTC))
        if sent is None:
            raise not_found(f"webhook endpoint {endpoint}")
    services().gateway.nudge_webhooks(endpoint)
    return respond({"event": sent.id}, HTTPStatus.ACCEPTED)


@blueprint.on("GET", "/webhook-endpoints/<endpoint>/deliveries")
@requires(Permission.WEBHOOKS)
@blueprint.takes(DeliveryQuery, "query")
@blueprint.answers(200, DeliveryPageSchema)
def list_deliveries(asked: DeliveriesWanted, endpoint: str) -> Response:
    """List what was sent to an endpoint, newest event first."""
    with services().database.read() as session:
        _known(webhooks.load_endpoint(session, endpoint), endpoint)
        rows = webhooks.list_deliveries(
            session, endpoint, limit=asked.limit + 1, status=asked.status, below=asked.below
        )
        shown = [represent_delivery(row) for row in rows[: asked.limit]]
    more = len(rows) > asked.limit
    place = Place(at=None, id=str(rows[asked.limit - 1].number)) if more else None
    return respond({"data": shown, "next_cursor": write_cursor(place)})


@blueprint.on("POST", "/events/<event>/resend")
@requires(Permission.WEBHOOKS)
@idempotent()
@blueprint.takes(ResendSchema)
@blueprint.answers(202, DeliveryPageSchema)
def resend(asked: dict[str, Any], event: str) -> Response:
    """Send an event again, under its id, to one endpoint or to all that want its type."""
    with services().database.write() as session:
        found = find_event(session, event)
        if found is None:
            raise not_found(f"event {event}")
        if asked["endpoint"] is not None:
            one = webhooks.load_endpoint(session, asked["endpoint"])
            targets = [_known(one, asked["endpoint"])]
        else:
            targets = [each for each in webhooks.list_endpoints(session) if _wants(each, found)]
        rows = webhooks.resend(session, found, targets, datetime.now(UTC))
        shown = [represent_delivery(row) for row in rows]
    for target in targets:
        services().gateway.nudge_webhooks(target.id)
    return respond({"data": shown, "next_cursor": None}, HTTPStatus.ACCEPTED)


def _wants(endpoint: WebhookEndpoint, event: OutgoingEvent) -> bool:
    own = event.stream.startswith("webhook/")
    if own:
        return event.stream == f"webhook/{endpoint.id}"
    return endpoint.enabled and (not endpoint.types or event.type in endpoint.types)


def _switch(endpoint: str, *, on: bool) -> Response:
    with services().database.write() as session:
        found = webhooks.switch_endpoint(
            session, endpoint, on=on, actor=current_actor().id, at=datetime.now(UTC)
        )
        _known(found, endpoint)
    if on:
        services().gateway.nudge_webhooks(endpoint)
    return respond(_read(endpoint))


def _read(endpoint: str) -> dict[str, Any]:
    with services().database.read() as session:
        found = _known(webhooks.load_endpoint(session, endpoint), endpoint)
        counts = webhooks.count_deliveries(session).get(endpoint, _NONE)
        return represent_endpoint(found, counts, services().settings)


def _known(found: WebhookEndpoint | None, endpoint: str) -> WebhookEndpoint:
    if found is None:
        raise not_found(f"webhook endpoint {endpoint}")
    return found
