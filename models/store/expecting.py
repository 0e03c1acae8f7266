"""Returns that the dock may be waiting for: by RMA, label, order, name or goods."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.messages import FINAL_STATUSES, ReturnStatus
from models.rules.parcels import (
    ExpectedLine,
    ExpectingReturn,
)
from models.rules.rma import normalise_rma
from models.tables import (
    Customer,
    Label,
    Order,
    OrderLine,
    Parcel,
    Return,
    ReturnLine,
)

MOST_CANDIDATES = 10
_WHOLE = (
    joinedload(Return.order).joinedload(Order.customer),
    selectinload(Return.lines).joinedload(ReturnLine.order_line),
)
# What can't be received: it has ended, or nobody has said yes.
CLOSED_TO_THE_DOCK = (*FINAL_STATUSES, ReturnStatus.REQUESTED)


def expecting(row: Return) -> ExpectingReturn:
    """A return with what may still come, what was given up too; of an ended one, what was asked."""
    ended = row.status in FINAL_STATUSES
    found: dict[str, ExpectedLine] = {}
    for part in row.lines:
        line = part.order_line
        units = (
            part.requested if ended else part.approved - part.received - part.kept - part.forgone
        )
        before = found[line.line].units if line.line in found else 0
        found[line.line] = ExpectedLine(line=line.line, sku=line.sku, units=before + units)
    return ExpectingReturn(rma=row.rma, lines=list(found.values()))


def read_returns(session: Session, *where: ColumnElement[bool]) -> list[Return]:
    """Returns with their lines and customer, newest first."""
    query = select(Return).where(*where).options(*_WHOLE).order_by(Return.created_at.desc())
    return list(session.scalars(query.limit(MOST_CANDIDATES)))


def open_to_the_dock() -> ColumnElement[bool]:
    """Returns that the dock can receive."""
    return Return.status.not_in(CLOSED_TO_THE_DOCK)


def expects(skus: Sequence[str]) -> ColumnElement[bool]:
    """Lines with one of these SKUs still to come."""
    written = {form for sku in skus for form in (sku, sku.upper())}
    return (
        select(ReturnLine.id)
        .join(ReturnLine.order_line)
        .where(
            ReturnLine.rma == Return.rma,
            OrderLine.sku.in_(written),
            ReturnLine.approved > ReturnLine.received + ReturnLine.kept + ReturnLine.forgone,
        )
        .exists()
    )


def expecting_skus(session: Session, skus: Sequence[str]) -> list[Return]:
    """Open returns that still expect one of these SKUs."""
    return read_returns(session, open_to_the_dock(), expects(skus))


def open_of_order(session: Session, order: str) -> list[Return]:
    """An order's returns that the dock can receive."""
    return read_returns(session, Return.order_number == order, open_to_the_dock())


def named(session: Session, parcel: Parcel) -> list[Return]:
    """The returns whose RMA or label stands on the parcel; the one with the RMA first."""
    ways: list[Select[str]] = []
    if parcel.rma:
        ways.append(
            select(Return.rma).where(
                Return.rma == (normalise_rma(parcel.rma) or parcel.rma.upper())
            )
        )
    if parcel.tracking:
        tracking = (parcel.tracking, parcel.tracking.upper())
        ways.append(select(Label.rma).where(Label.tracking.in_(tracking)))
    rmas = dict.fromkeys(rma for way in ways for rma in session.scalars(way))
    rows = {row.rma: row for row in read_returns(session, Return.rma.in_(list(rmas)))}
    return [rows[rma] for rma in rmas]


def find_scanned(session: Session, text: str) -> str | None:
    """The return whose RMA or tracking number was scanned."""
    found = named(session, Parcel(rma=text, tracking=text))
    return found[0].rma if found else None


def siblings(session: Session, row: Return) -> list[Return]:
    """Other open returns of the same order, then of the same customer."""
    orders: ColumnElement[bool] = Return.order_number == row.order_number
    if row.order.customer_id is not None:
        of_customer = select(Order.number).where(Order.customer_id == row.order.customer_id)
        orders = or_(orders, Return.order_number.in_(of_customer))
    found = read_returns(session, orders, open_to_the_dock(), Return.rma != row.rma)
    return sorted(found, key=lambda other: other.order_number != row.order_number)


def of_name(session: Session, parcel: Parcel) -> list[Return]:
    """Open returns of whoever's name stands on the parcel, that expect something of it."""
    if not parcel.name:
        return []
    name = parcel.name.strip()
    # As it is written, too: SQLite has small letters for the English ones only.
    forms = [name, name.lower()]
    orders = (
        select(Order.number)
        .join(Order.customer)
        .where(or_(Customer.name == name, func.lower(Customer.name).in_(forms)))
    )
    return read_returns(
        session,
        or_(
            Return.contact_name == name,
            func.lower(Return.contact_name).in_(forms),
            Return.order_number.in_(orders),
        ),
        open_to_the_dock(),
        expects([item.sku for item in parcel.items]),
    )
