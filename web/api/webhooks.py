"""The door for webhooks, the same for all who send them (`web/incoming`)."""

from datetime import UTC, datetime
from http import HTTPStatus

import structlog
from flask import Response, request
from sqlalchemy.exc import IntegrityError

from models.tables import ProviderEvent
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.answers import ReceivedSchema
from web.auth import public
from web.errors import Problem, not_found
from web.incoming.sender import IncomingEvent, NotAnEvent, Sender
from web.incoming.senders import sender_named
from web.services import services

blueprint = ResourceBlueprint("webhooks", "What payment providers and carriers report.")

_log = structlog.get_logger(__name__)


@blueprint.on("POST", "/webhooks/<provider>")
@public
@blueprint.answers(200, ReceivedSchema)
def receive(provider: str) -> Response:
    """Take what a provider reports; its signature is checked on the raw body.

    An event counts once, however often it comes. One of a type that means nothing here is kept
    and answered like the others, so that the provider stops sending it.
    """
    sender = sender_named(provider, services().settings)
    if sender is None:
        raise not_found(f"provider {provider} set up here")
    body = request.get_data(cache=False)
    if not sender.proves(body, request.headers):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid_signature",
            f"The {sender.header} header does not prove this body.",
        )
    try:
        events = sender.read(body)
    except NotAnEvent:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "not_an_event", "The body is not an event with id and type."
        ) from None
    for event in events:
        _take(provider, sender, event)
    return respond({"received": True})


def _take(provider: str, sender: Sender, event: IncomingEvent) -> None:
    with services().database.read() as session:
        known = session.get(ProviderEvent, (provider, event.id))
    if known is not None:
        return
    taken = sender.act(event, services().gateway)
    if not taken:
        _log.info("webhook_ignored", provider=provider, event_id=event.id, type=event.type)
    # Kept after it took effect: an event lost between the two comes again, and taking it
    # twice is harmless.
    _keep(provider, event, taken)


def _keep(provider: str, event: IncomingEvent, taken: bool) -> None:
    try:
        with services().database.write() as session:
            session.add(
                ProviderEvent(
                    provider=provider,
                    event=event.id,
                    type=event.type,
                    about=event.about,
                    taken=taken,
                    received_at=datetime.now(UTC),
                )
            )
    except IntegrityError:
        # The same event came twice at the same moment, and the other one was kept.
        return
