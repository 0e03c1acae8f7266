"""What the door for webhooks asks of a sender: prove a body, read its events, act on one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from web.gateway import Gateway

LONGEST_ID, LONGEST_TYPE, LONGEST_ABOUT = 120, 80, 200


class NotAnEvent(Exception):
    """A proven body that holds no event with an id and a type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """One event as it came.

    Attributes:
        id: the sender's own, 1 to 120 characters; the same each time the event is sent.
        type: the sender's word for what happened, 1 to 80 characters.
        body: the event whole, for `act`; never stored.
        about: the sender's id of the thing it is about, up to 200 characters; "" when it has none.
    """

    id: str
    type: str
    body: Mapping[str, Any]
    about: str = ""


class Sender(Protocol):
    """Somebody whose webhooks are taken."""

    @property
    def header(self) -> str:
        """The name of the header that proves a body."""
        ...

    def proves(self, body: bytes, headers: Headers) -> bool:
        """Whether the headers prove that the sender wrote exactly this body, lately."""
        ...

    def read(self, body: bytes) -> Sequence[IncomingEvent]:
        """The events of a proven body.

        Raises:
            NotAnEvent: there is none.
        """
        ...

    def act(self, event: IncomingEvent, gateway: "Gateway") -> bool:
        """Does what an event asks; may come again. False: it means nothing here.

        Raises:
            GatewayError: it can't take effect now; the sender is told to send it again.
        """
        ...


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        NotAnEvent: it is something else.
    """
    try:
        found = json.loads(body)
    # ValueError also comes from numbers with thousands of digits, RecursionError from brackets.
    except (ValueError, RecursionError):
        raise NotAnEvent from None
    if not isinstance(found, dict):
        raise NotAnEvent
    return found


def as_text(value: object, longest: int) -> str | None:
    """A text of 1 to so many printable characters; None for anything else."""
    if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable():
        return value
    return None


def make_event(id: object, type: object, about: object, body: Mapping[str, Any]) -> IncomingEvent:
    """An event, if its id and type are usable.

    Raises:
        NotAnEvent: they are not.
    """
    event_id, kind = as_text(id, LONGEST_ID), as_text(type, LONGEST_TYPE)
    if event_id is None or kind is None:
        raise NotAnEvent
    return IncomingEvent(
        id=event_id, type=kind, about=as_text(about, LONGEST_ABOUT) or "", body=body
    )
