"""Outgoing events, to be read: what webhook endpoints are told."""

from flask import Response

from models.store.outgoing import event_body, events_after, find_event
from models.store.queries import Place
from web.access import Permission
from web.api.blueprint import PREFIX, ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.lists import write_cursor
from web.api.schemas.outgoing import EventsWanted, OutgoingEventPageSchema, OutgoingQuery
from web.auth import requires
from web.errors import not_found
from web.services import services

blueprint = ResourceBlueprint("events", "What happened, for other systems.")


def api_address() -> str:
    """The base address of the API, as links begin."""
    return services().settings.web_url.rstrip("/") + PREFIX


@blueprint.on("GET", "/events")
@requires(Permission.READ)
@blueprint.takes(OutgoingQuery, "query")
@blueprint.answers(200, OutgoingEventPageSchema)
def list_all(asked: EventsWanted) -> Response:
    """List events in the order in which they happened, oldest first."""
    with services().database.read() as session:
        number = asked.number
        if asked.after is not None:
            last = find_event(session, asked.after)
            if last is None:
                raise not_found(f"event {asked.after}")
            number = last.number
        rows = events_after(session, number, limit=asked.limit + 1, wanted=asked.filter)
    page, api = rows[: asked.limit], api_address()
    more = len(rows) > len(page)
    return respond(
        {
            "data": [event_body(row, api) for row in page],
            "next_cursor": write_cursor(Place(at=None, id=str(page[-1].number))) if more else None,
        }
    )
