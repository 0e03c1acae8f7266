"""Returns as lists and pages show them: lines, quote, unit positions, timeline, tasks, labels."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.rules.reasons import words_of
from models.tables.base import Base, Currency
from models.tables.dock import Parcel
from models.tables.orders import Order, OrderLine
from models.tables.products import Exchange


class Submission(Base):
    """What was asked for, kept from before the workflow starts until it has recorded the return.

    Free text and contact data wait here, so that none of it passes through Temporal.
    """

    __tablename__ = "submissions"

    rma: Mapped[str] = mapped_column(String(20), primary_key=True)
    order_number: Mapped[str] = mapped_column(String(100))
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    # {"comments": [str per line], "contact": {"name", "email"} | null, "override_reason": str
    #  | null, "reference": str | null}
    body: Mapped[dict[str, Any]]


class Return(Base):
    """A return. Its workflow decides; this row is what lists and pages read."""

    __tablename__ = "returns"
    __table_args__ = (
        Index("ix_returns_status_created_at", "status", "created_at"),
        Index("ix_returns_created_at_rma", "created_at", "rma"),
    )

    rma: Mapped[str] = mapped_column(String(20), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    resolution: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(20))
    currency: Mapped[Currency]
    actor: Mapped[str] = mapped_column(String(80))
    # The caller's own name of the return (a credit note's number, say), unique when given.
    reference: Mapped[str | None] = mapped_column(String(200), unique=True)
    contact_name: Mapped[str | None] = mapped_column(String(200))
    contact_email: Mapped[str | None] = mapped_column(String(320), index=True)
    # Where the parcel is sent from, when a person said so: the parts of an `AddressInput`.
    sender_address: Mapped[dict[str, Any] | None]
    override_reason: Mapped[str | None] = mapped_column(Text)
    # Where messages go, once it was opened again; None: to its first workflow.
    workflow: Mapped[str | None] = mapped_column(String(60))
    policy_version: Mapped[int]
    quote_total: Mapped[int] = mapped_column(BigInteger)
    # What rules about customers and values looked at, when it was asked for.
    facts: Mapped[dict[str, Any] | None]
    # What an override set aside: [{"code": …, "rule": name | null}].
    overridden: Mapped[list[Any] | None]
    deadlines: Mapped[dict[str, Any]]
    judged_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    order: Mapped[Order] = relationship()
    lines: Mapped[list["ReturnLine"]] = relationship(order_by="ReturnLine.no")
    quote_lines: Mapped[list["QuoteLine"]] = relationship(order_by="QuoteLine.position")
    exchange: Mapped[Exchange | None] = relationship()


class ReturnLine(Base):
    """Some units of one order line in a return; two return lines may name one order line."""

    __tablename__ = "return_lines"
    __table_args__ = (
        UniqueConstraint("rma", "no"),
        CheckConstraint("approved <= requested", name="approved"),
        CheckConstraint("received <= approved", name="received"),
        CheckConstraint("accepted + rejected <= received + kept + forgone", name="inspected"),
        CheckConstraint("received + missing + kept + forgone <= approved", name="kept"),
        CheckConstraint("ahead <= approved", name="ahead"),
        CheckConstraint("refunded <= accepted + ahead", name="refunded"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"))
    no: Mapped[int]
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id"), index=True)
    reason: Mapped[str] = mapped_column(String(30), index=True)
    # What the policy that the return began with calls the reason; null: the usual words.
    reason_label: Mapped[str | None] = mapped_column(String(80))
    comment: Mapped[str] = mapped_column(Text)
    resolution: Mapped[str] = mapped_column(String(16))
    requested: Mapped[int]
    approved: Mapped[int] = mapped_column(default=0)
    received: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    missing: Mapped[int] = mapped_column(default=0)
    # Accepted without having come: the customer keeps them.
    kept: Mapped[int] = mapped_column(default=0)
    # Accepted though they were lost on the way: refunded anyway.
    forgone: Mapped[int] = mapped_column(default=0)
    # Granted before they came.
    ahead: Mapped[int] = mapped_column(default=0)
    refunded: Mapped[int] = mapped_column(default=0)
    # What was granted on this line so far: its units, and what they had cost.
    granted: Mapped[int] = mapped_column(default=0)
    granted_amount: Mapped[int] = mapped_column(BigInteger, default=0)
    reception: Mapped[str] = mapped_column(String(16))
    acceptance: Mapped[str] = mapped_column(String(16))
    grade: Mapped[str | None] = mapped_column(String(1))
    disposition: Mapped[str | None] = mapped_column(String(20))

    order_line: Mapped[OrderLine] = relationship()
    ranges: Mapped[list["UnitRange"]] = relationship(
        order_by="UnitRange.first", cascade="all, delete-orphan"
    )

    @property
    def why(self) -> str:
        """The reason in words, as the policy that the return began with calls it."""
        return self.reason_label or words_of(self.reason)


class UnitRange(Base):
    """Unit positions first..last (from 1, inclusive) of an order line, held by a return line."""

    __tablename__ = "unit_ranges"
    __table_args__ = (CheckConstraint("first >= 1 AND last >= first", name="order"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    return_line_id: Mapped[int] = mapped_column(ForeignKey("return_lines.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id"), index=True)
    first: Mapped[int]
    last: Mapped[int]


class QuoteLine(Base):
    """One explained amount of a return's quote, fixed when it was requested."""

    __tablename__ = "quote_lines"

    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    line: Mapped[str | None] = mapped_column(String(100))
    amount: Mapped[int] = mapped_column(BigInteger)
    # How much of the amount is tax, for fees that include it; of a `tax` line, all of it.
    tax: Mapped[int] = mapped_column(BigInteger, default=0)
    explanation: Mapped[str] = mapped_column(Text)


class Note(Base):
    """Free text written by a person; everything else refers to it by id."""

    __tablename__ = "notes"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    rma: Mapped[str] = mapped_column(String(20), index=True)
    actor: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class Event(Base):
    """An entry of a return's timeline. `data` holds facts, never personal data."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("rma", "key"), Index("ix_events_rma_at", "rma", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"))
    key: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, Any]]
    note_id: Mapped[str | None] = mapped_column(ForeignKey("notes.id"), index=True)

    note: Mapped[Note | None] = relationship()


class Task(Base):
    """Work waiting for a person: open, claimed (owner set) or done.

    It is about a return, a parcel whose return nobody knows yet, an order without a return, or a
    webhook endpoint.
    """

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_status_due_at", "status", "due_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    rma: Mapped[str | None] = mapped_column(ForeignKey("returns.rma"), index=True)
    parcel_id: Mapped[str | None] = mapped_column(ForeignKey("parcels.id"), index=True)
    order_number: Mapped[str | None] = mapped_column(ForeignKey("orders.number"), index=True)
    # No foreign key: a task outlives the endpoint it was about.
    endpoint_id: Mapped[str | None] = mapped_column(String(40), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    status: Mapped[str] = mapped_column(String(8))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    refund: Mapped[str | None] = mapped_column(String(60))
    # Our reference of the document that the ERP has not taken, the provider's id of a dispute,
    # or the id of the event that was given up.
    reference: Mapped[str | None] = mapped_column(String(160))
    due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(80))
    # What a person said who claimed it, or who ended one that is about no return: a return has its
    # timeline for that.
    note_id: Mapped[str | None] = mapped_column(ForeignKey("notes.id"))
    # When somebody was told that it is due, and when the managers were that it waits too long.
    reminded_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]

    return_: Mapped[Return | None] = relationship()
    parcel: Mapped[Parcel | None] = relationship()
    note: Mapped[Note | None] = relationship(viewonly=True, lazy="selectin")


class Label(Base):
    """A return label: its tracking number and the page to print."""

    __tablename__ = "labels"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    carrier: Mapped[str] = mapped_column(String(40))
    tracking: Mapped[str] = mapped_column(String(60), unique=True)
    pdf: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]
    # The carrier's own id of the parcel, by which the label can be given back.
    shipment: Mapped[str | None] = mapped_column(String(60))
    # What the shop paid for it, in minor units of `currency`; null: the carrier doesn't say.
    cost: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    # When the carrier took it back, because the return was cancelled before it was used.
    given_back_at: Mapped[datetime | None]


class PreparedParcel(Base):
    """A parcel a carrier was told of, kept before its label is paid for: no other is paid instead.

    `no` counts the carrier's refusals of a label: each refused parcel is followed by a new one.
    """

    __tablename__ = "prepared_parcels"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    shipment: Mapped[str] = mapped_column(String(60))
    prepared_at: Mapped[datetime]
    refused_at: Mapped[datetime | None]


class CarrierClaim(Base):
    """What a carrier owes for a parcel it lost. `id` is that of the task that settles it."""

    __tablename__ = "carrier_claims"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    carrier: Mapped[str] = mapped_column(String(40))
    tracking: Mapped[str] = mapped_column(String(60))
    # open, paid, refused, or withdrawn because the parcel came after all.
    status: Mapped[str] = mapped_column(String(10))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Scan(Base):
    """What a carrier said of a parcel; an event id counts once per return."""

    __tablename__ = "scans"
    __table_args__ = (UniqueConstraint("rma", "event"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"))
    event: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    detail: Mapped[str | None] = mapped_column(Text)


class Message(Base):
    """A mail to a customer, as it was sent. `key` makes sending it twice impossible to record."""

    __tablename__ = "messages"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), index=True)
    template: Mapped[str] = mapped_column(String(30))
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    transport: Mapped[str] = mapped_column(String(12))
    sent_at: Mapped[datetime]
