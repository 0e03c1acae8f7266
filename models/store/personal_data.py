"""Whose data it is, and erasing it: names, addresses, mails, free text and photos; the books stay.

Whoever is meant is named by the shop's own id of a customer, by `order:<number>` for the customer
of one order (a guest has no id), or by `return:<rma>` for the contact that came with one return (a
gift's recipient). Whoever adds a column with such data adds it to `_blank`, too.
"""

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Update, delete, literal, or_, select, update
from sqlalchemy.orm import Session

from models.messages import FINAL_STATUSES, ReturnKind, ReturnStatus
from models.tables import (
    Customer,
    Erasure,
    IdempotencyKey,
    Label,
    Message,
    Note,
    Order,
    OutgoingEvent,
    Parcel,
    ParcelItem,
    Photo,
    Return,
    ReturnLine,
    Scan,
    Submission,
    Task,
    WebhookDelivery,
)

# What stands where words were, so that nobody takes them for forgotten.
ERASED = "(erased)"
_OUTBOX = "outbox"
# A resolved return has been paid and only waits to be closed.
_OVER = FINAL_STATUSES | {ReturnStatus.RESOLVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose data: `customers` are rows' ids. `alone`: the contact of one return, not its buyer."""

    name: str
    customers: list[int] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    rmas: list[str] = field(default_factory=list)
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """An erasure that was done, and the keys of the mails that lie as files in the outbox."""

    row: Erasure
    files: list[str]


class StillOpen(Exception):
    """Returns of theirs are open, so their data is still needed."""

    def __init__(self, rmas: list[str]) -> None:
        super().__init__(f"Returns are still open: {', '.join(rmas)}.")
        self.rmas = rmas


def find_subject(session: Session, name: str) -> Subject | None:
    """Who is meant; None: nobody we know of."""
    row = session.scalar(select(Customer).where(Customer.external_id == name))
    if row is not None:
        orders = select(Order.number).where(Order.customer_id == row.id).order_by(Order.placed_at)
        return _of_orders(session, name, [row.id], list(session.scalars(orders)))
    kind, _, named = name.partition(":")
    if kind == "order" and (order := session.get(Order, named)) is not None:
        if order.customer is not None and order.customer.external_id is not None:
            return None  # They have an id, and more than this order.
        return _of_orders(
            session, name, [] if order.customer_id is None else [order.customer_id], [named]
        )
    if kind == "return" and session.get(Return, named) is not None:
        return Subject(name=name, rmas=[named], alone=True)
    return None


def _of_orders(session: Session, name: str, customers: list[int], orders: list[str]) -> Subject:
    rmas = select(Return.rma).where(Return.order_number.in_(orders)).order_by(Return.created_at)
    return Subject(name=name, customers=customers, orders=orders, rmas=list(session.scalars(rmas)))


def erase(session: Session, subject: Subject, *, actor: str, now: datetime) -> Erased:
    """Erases all that tells of a person, and writes down who did it.

    Doing it again finds what was left of the first time, and what has come since.

    Raises:
        StillOpen: a return of theirs, or one that was just asked for, isn't over.
    """
    open_ = list(
        session.scalars(
            select(Return.rma)
            .where(Return.rma.in_(subject.rmas), Return.status.not_in(_OVER))
            .order_by(Return.rma)
        )
    ) or list(
        session.scalars(select(Submission.rma).where(Submission.order_number.in_(subject.orders)))
    )
    if open_:
        raise StillOpen(open_)
    _blank(session, subject)
    row = Erasure(id=str(uuid.uuid4()), subject=subject.name, actor=actor, at=now)
    session.add(row)
    files = select(Message.key).where(Message.rma.in_(subject.rmas), Message.transport == _OUTBOX)
    return Erased(row=row, files=list(session.scalars(files)))


def erasures_of(session: Session, subject: Subject) -> list[Erasure]:
    """When it was erased before, oldest first."""
    found = select(Erasure).where(Erasure.subject == subject.name).order_by(Erasure.at)
    return list(session.scalars(found))


def _blank(session: Session, subject: Subject) -> None:
    rmas = subject.rmas
    for statement in (
        update(Customer)
        .where(Customer.id.in_(subject.customers))
        .values(email=None, name=None, locale=None),
        update(Order).where(Order.number.in_(subject.orders)).values(shipping_address=None),
        update(Return)
        .where(Return.rma.in_(rmas))
        .values(contact_name=None, contact_email=None, sender_address=None),
        update(Return)
        .where(Return.rma.in_(rmas), Return.override_reason.is_not(None))
        .values(override_reason=ERASED),
        update(ReturnLine)
        .where(ReturnLine.rma.in_(rmas), ReturnLine.comment != "")
        .values(comment=ERASED),
        update(Note).where(Note.rma.in_(rmas)).values(body=ERASED),
        update(Note).where(Note.id.in_(_notes_on_tasks(subject))).values(body=ERASED),
        update(Message)
        .where(Message.rma.in_(rmas))
        .values(recipient="", subject=ERASED, text=ERASED, html=ERASED),
        delete(Photo).where(Photo.rma.in_(rmas)),
        # The page bears the sender's name; the tracking number stays.
        update(Label).where(Label.rma.in_(rmas)).values(pdf=b""),
        update(Scan).where(Scan.rma.in_(rmas)).values(detail=None),
        update(ParcelItem)
        .where(ParcelItem.parcel_id.in_(select(Parcel.id).where(_parcels(subject))))
        .values(note=""),
        update(Parcel).where(_parcels(subject)).values(name=None, note=""),
        update(WebhookDelivery)
        .where(WebhookDelivery.number.in_(_told_of(subject)), *_answered)
        .values(response_body=ERASED),
        *_answers(rmas),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _notes_on_tasks(subject: Subject) -> Select[str | None]:
    """Ids of what people said of tasks about orders and parcels without a return."""
    parcels = select(Parcel.id).where(_parcels(subject))
    return select(Task.note_id).where(
        or_(Task.order_number.in_(subject.orders), Task.parcel_id.in_(parcels)),
        Task.note_id.is_not(None),
    )


def _parcels(subject: Subject) -> ColumnElement[bool]:
    return or_(
        Parcel.rma.in_(subject.rmas),
        Parcel.order_number.in_(subject.orders),
        Parcel.id.in_(select(ParcelItem.parcel_id).where(ParcelItem.rma.in_(subject.rmas))),
    )


# What another system answered may repeat what it knows of the person.
_answered = (WebhookDelivery.response_body.is_not(None), WebhookDelivery.response_body != "")


def _told_of(subject: Subject) -> Select[int]:
    """The events that told other systems of their returns and orders."""
    tasks = select(literal("task/").concat(Task.id)).where(Task.order_number.in_(subject.orders))
    return select(OutgoingEvent.number).where(
        or_(
            OutgoingEvent.rma.in_(subject.rmas),
            OutgoingEvent.stream.in_([f"order/{number}" for number in subject.orders]),
            OutgoingEvent.stream.in_(tasks),
        )
    )


def _answers(rmas: list[str]) -> list[Update]:
    """Kept answers of the API, one statement a return: the call stays done, its words are gone."""
    gone = {
        "type": "about:blank",
        "title": "Gone",
        "status": 410,
        "code": "erased",
        "detail": "This call was carried out; its answer was erased with its customer's data.",
        "errors": [],
        "request_id": None,
    }
    return [
        update(IdempotencyKey)
        .where(
            IdempotencyKey.status.is_not(None),
            or_(IdempotencyKey.rma == rma, IdempotencyKey.body.contains(rma, autoescape=True)),
        )
        .values(
            status=410, body=json.dumps(gone), headers={"Content-Type": "application/problem+json"}
        )
        for rma in rmas
    ]


def is_gift(row: Return) -> bool:
    """Whether it is no business of the order's buyer."""
    return row.kind == ReturnKind.GIFT
