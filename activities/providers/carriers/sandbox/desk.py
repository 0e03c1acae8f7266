"""What the sandbox carrier does when asked, and by itself: each thing once, whole, and told."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from activities.providers.carriers.sandbox import shapes
from activities.providers.carriers.sandbox.behaviour import NOT_ANSWERING, STEPS, Status, Step
from activities.providers.carriers.sandbox.parcels import Parcel, Parcels, next_step
from activities.providers.carriers.sandbox.refusals import Refused, invalid
from activities.providers.payments.sandbox.deliveries import Events
from activities.providers.payments.sandbox.storage import Storage

_LONGEST_REFERENCE = 100
_SOLD_ALREADY = "SHIPMENT.POSTAGE.EXISTS"


class ParcelDesk:
    """Takes the calls that change the book.

    Args:
        storage: the book's file.
        events: where the news of parcels go.
    """

    def __init__(self, storage: Storage, events: Events) -> None:
        self._storage = storage
        self._events = events
        self.parcels = Parcels(storage)

    def create(self, sent: object) -> Parcel:
        """`POST /v2/shipments`.

        Raises:
            Refused: it can't be made sense of, or comes from where nobody answers.
        """
        body = _body_of(sent)
        with self._storage.writing() as book:
            parcel = self.parcels.create(book, body)
            if str(parcel.sender.get("country") or "").upper() == NOT_ANSWERING:
                raise Refused(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "SERVICE_UNAVAILABLE",
                    "The carrier for this country does not answer.",
                )
            return parcel

    def buy(self, name: str, rate: str) -> tuple[Parcel, bool]:
        """`POST /v2/shipments/{id}/buy`.

        Returns:
            The parcel, and whether the answer is to be lost.

        Raises:
            Refused: no such parcel or rate, or its label is sold, or the parcel asks for it.
        """
        parcel = self.parcels.get(name)
        behaviour = parcel.behaviour
        with self._storage.writing() as book:
            attempt = self.parcels.count_try(book, parcel.id)
        if attempt <= behaviour.busy:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many requests.")
        if behaviour.refuses:
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "SHIPMENT.POSTAGE.FAILURE",
                "The carrier sells no label for this parcel.",
            )
        with self._storage.writing() as book:
            parcel = self.parcels.one(book, parcel.id)
            if parcel.rate is not None:
                raise Refused(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    _SOLD_ALREADY,
                    "Postage already exists for this shipment.",
                )
            if rate not in {offered["id"] for offered in shapes.rates(parcel)}:
                raise invalid("rate: there is no such rate of this shipment.")
            return self.parcels.sell(book, parcel, rate), attempt <= behaviour.drops

    def give_back(self, name: str) -> Parcel:
        """`POST /v2/shipments/{id}/refund`, for a label that was not used; again is harmless.

        Raises:
            Refused: no such parcel, no label, or the parcel has been scanned.
        """
        parcel = self.parcels.get(name)
        with self._storage.writing() as book:
            parcel = self.parcels.one(book, parcel.id)
            if parcel.refunded:
                return parcel
            if parcel.rate is None or parcel.status is not Status.PRE_TRANSIT:
                raise Refused(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    "SHIPMENT.REFUND.UNAVAILABLE",
                    "Only a label that was bought and not used can be refunded.",
                )
            return self.parcels.give_back(book, parcel)

    def advance(self, tracking: str, wanted: str | None) -> Parcel:
        """The parcel is scanned, and that is told.

        Args:
            tracking: its number.
            wanted: one of `STEPS`; None: what usually comes next.

        Raises:
            Refused: no such parcel or step, or there is no next one.
        """
        parcel = self.parcels.tracked(tracking)
        if parcel.rate is None:
            raise invalid("The label of this parcel is not bought yet; nobody can post it.")
        step = next_step(parcel) if wanted is None else STEPS.get(wanted)
        if step is None and wanted is None:
            raise invalid(f"The parcel is {parcel.status}; say which status comes next.")
        if step is None:
            raise invalid(f"The status is one of {', '.join(STEPS)}.")
        with self._storage.writing() as book:
            parcel = self.parcels.scan(book, parcel, step)
            self._tell(book, parcel, step)
            return parcel

    def move_due(self) -> None:
        """Moves the parcels that move by themselves, and whose time has come."""
        with self._storage.writing() as book:
            for parcel in self.parcels.due(book):
                moved, step = self.parcels.move(book, parcel)
                self._tell(book, moved, step)

    def _tell(self, book: sqlite3.Connection, parcel: Parcel, step: Step) -> None:
        event_id = f"evt_{secrets.token_hex(16)}"
        event = shapes.tracker_event(event_id, parcel, step, self._storage.now())
        self._events.put(book, event_id, json.dumps(event))


def _body_of(sent: object) -> dict[str, Any]:
    """The shipment of a call, as far as this carrier looks at it."""
    body = sent.get("shipment") if isinstance(sent, Mapping) else None
    if not isinstance(body, dict):
        raise invalid('Send a JSON object with "shipment".')
    for name in ("to_address", "from_address", "parcel"):
        if not isinstance(body.get(name), dict):
            raise invalid(f"{name}: an object is required.")
    for name in ("options",):
        if not isinstance(body.get(name) or {}, dict):
            raise invalid(f"{name}: an object is required.")
    weight = body["parcel"].get("weight")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight > 0:
        raise invalid("parcel.weight: a number above 0 is required.")
    reference = body.get("reference")
    if reference is not None and not (
        isinstance(reference, str) and len(reference) <= _LONGEST_REFERENCE
    ):
        raise invalid(f"reference: a text of at most {_LONGEST_REFERENCE} characters.")
    return body
