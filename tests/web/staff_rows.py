"""Rows for the tests of the staff pages: people, orders and returns in any state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.messages import (
    Acceptance,
    EventKind,
    Reason,
    Reception,
    Resolution,
    ReturnKind,
    ReturnStatus,
)
from models.rules.rma import make_rma
from models.store import access
from models.tables import (
    Customer,
    Event,
    Note,
    Order,
    OrderLine,
    Payment,
    QuoteLine,
    Return,
    ReturnLine,
    User,
)
from web.access import Role

PASSWORD = "correct horse battery"
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(kw_only=True)
class Item:
    """An order line and how far its units are in the return."""

    name: str = "Linen shirt"
    sku: str = "SHIRT-LIN-M"
    variant: dict[str, Any] = field(default_factory=lambda: {"size": "M", "colour": "sand"})
    price: int = 4725
    tax: int = 945
    bought: int = 1
    requested: int = 1
    approved: int = 0
    received: int = 0
    accepted: int = 0
    rejected: int = 0
    missing: int = 0
    refunded: int = 0
    reason: Reason = Reason.TOO_SMALL
    comment: str = ""
    grade: str | None = None
    disposition: str | None = None


def add_user(
    session: Session,
    role: Role,
    *,
    name: str = "Mara Holt",
    email: str | None = None,
    approval_limit: int | None = None,
) -> User:
    """A member of staff whose password is `PASSWORD`."""
    return access.create_user(
        session,
        email=email or f"{role}@shop.example",
        name=name,
        role=role,
        password=PASSWORD,
        approval_limit=approval_limit,
        now=NOW,
    )


def add_return(
    session: Session,
    number: int,
    status: ReturnStatus,
    items: Sequence[Item] = (),
    *,
    customer: str | None = "Ada Okafor",
    email: str | None = "ada@customer.example",
    currency: str = "GBP",
    ago: timedelta = timedelta(hours=5),
    payment: str = "card",
    actor: str = "customer",
    kind: ReturnKind = ReturnKind.RETURN,
    resolution: Resolution = Resolution.REFUND,
    **more: Any,
) -> Return:
    """A return of a new order; the quote is its lines' price and tax."""
    items = items or [Item()]
    rma, order_number = make_rma(number * 7_919_113), str(10_000 + number)
    at = NOW - ago
    buyer = Customer(external_id=f"c-{number}", email=email, name=customer, locale="en-GB")
    order_lines = [
        OrderLine(
            line=str(index),
            position=index,
            sku=item.sku,
            name=item.name,
            variant=item.variant,
            quantity=item.bought,
            unit_price=item.price // item.bought,
            discount=0,
            order_discount=0,
            tax_rate="0.20",
            tax=item.tax,
            paid=item.price + item.tax,
            final_sale=False,
        )
        for index, item in enumerate(items, start=1)
    ]
    paid = sum(line.paid for line in order_lines)
    order = Order(
        number=order_number,
        customer=buyer,
        currency=currency,
        country="GB",
        tax_mode="exclusive",
        placed_at=at - timedelta(days=12),
        delivered_at=at - timedelta(days=8),
        discounts=[],
        shipping_amount=0,
        shipping_tax=0,
        shipping_standard_amount=0,
        paid=paid,
        reserved=0,
        lines=order_lines,
        payments=[
            Payment(
                payment="p-1",
                position=1,
                kind=payment,
                provider="sandbox",
                reference=f"sbx_ok_{number}",
                amount=paid,
                currency=currency,
                refunded_before=0,
                reserved=0,
            )
        ],
    )
    quote = []
    for index, item in enumerate(items, start=1):
        quote += [
            ("goods", str(index), item.price, f"{item.requested} of {item.bought} × {item.name}"),
            ("tax", str(index), item.tax, "Tax paid on them"),
        ]
    row = Return(
        rma=rma,
        order=order,
        kind=kind,
        resolution=resolution,
        status=status,
        currency=currency,
        actor=actor,
        policy_version=1,
        quote_total=paid,
        deadlines=more.pop("deadlines", {}),
        judged_at=at,
        created_at=at,
        updated_at=at,
        lines=[
            _return_line(index, item, order_lines[index - 1]) for index, item in enumerate(items, 1)
        ],
        quote_lines=[
            QuoteLine(position=position, kind=kind_, line=line, amount=amount, explanation=words)
            for position, (kind_, line, amount, words) in enumerate(quote, start=1)
        ],
        **more,
    )
    session.add(row)
    session.flush()
    add_event(
        session,
        row,
        EventKind.REQUESTED,
        actor,
        ago=ago,
        units=sum(item.requested for item in items),
        total=paid,
        currency=currency,
    )
    return row


def _return_line(no: int, item: Item, order_line: OrderLine) -> ReturnLine:
    here = item.approved and item.received + item.missing >= item.approved
    return ReturnLine(
        no=no,
        order_line=order_line,
        reason=item.reason,
        comment=item.comment,
        resolution=Resolution.REFUND,
        requested=item.requested,
        approved=item.approved,
        received=item.received,
        accepted=item.accepted,
        rejected=item.rejected,
        missing=item.missing,
        refunded=item.refunded,
        reception=Reception.RECEIVED if here else Reception.AWAITING,
        acceptance=Acceptance.ACCEPTED if item.accepted else Acceptance.PENDING,
        grade=item.grade,
        disposition=item.disposition,
    )


def add_event(
    session: Session,
    row: Return,
    kind: EventKind,
    actor: str = "redress",
    *,
    ago: timedelta = timedelta(hours=1),
    note: str | None = None,
    **data: str | int | None,
) -> Event:
    """An entry on the timeline, with a note when words are given."""
    key = f"{kind}/{session.query(Event).filter_by(rma=row.rma).count()}"
    written = None
    if note is not None:
        written = Note(
            id=f"{row.rma}-{key}"[:36], rma=row.rma, actor=actor, body=note, created_at=NOW - ago
        )
    event = Event(
        rma=row.rma, key=key, at=NOW - ago, kind=kind, actor=actor, data=data, note=written
    )
    session.add(event)
    session.flush()
    return event
