"""Parcels at the dock: which returns they may belong to, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.messages import FINAL_STATUSES, ReturnStatus, TaskKind
from models.rules.parcels import (
    ExpectedLine,
    ExpectingReturn,
    ParcelStatus,
    Share,
    Thing,
    fits_whole,
    spread,
)
from models.rules.rma import normalise_rma
from models.tables import (
    Customer,
    Label,
    Order,
    OrderLine,
    Parcel,
    ParcelItem,
    Return,
    ReturnLine,
    Task,
)

DUE = timedelta(days=1)
_MOST_CANDIDATES = 10
_WHOLE = (
    joinedload(Return.order).joinedload(Order.customer),
    selectinload(Return.lines).joinedload(ReturnLine.order_line),
)
# What can't be received: it has ended, or nobody has said yes.
_CLOSED_TO_THE_DOCK = (*FINAL_STATUSES, ReturnStatus.REQUESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A return that a parcel may belong to, and what speaks for it."""

    row: Return
    why: str


# --- what returns expect -------------------------------------------------------------------


def expecting(row: Return) -> ExpectingReturn:
    """A return with what it still expects; of one that has ended, with what was asked for."""
    ended = row.status in FINAL_STATUSES
    found: dict[str, ExpectedLine] = {}
    for part in row.lines:
        line = part.order_line
        units = (
            part.requested
            if ended
            else part.approved - part.received - part.missing - part.kept - part.forgone
        )
        before = found[line.line].units if line.line in found else 0
        found[line.line] = ExpectedLine(line=line.line, sku=line.sku, units=before + units)
    return ExpectingReturn(rma=row.rma, lines=list(found.values()))


def read_returns(session: Session, *where: ColumnElement[bool]) -> list[Return]:
    """Returns with their lines and customer, newest first."""
    query = select(Return).where(*where).options(*_WHOLE).order_by(Return.created_at.desc())
    return list(session.scalars(query.limit(_MOST_CANDIDATES)))


def _open_to_the_dock() -> ColumnElement[bool]:
    return Return.status.not_in(_CLOSED_TO_THE_DOCK)


def _expects(skus: Sequence[str]) -> ColumnElement[bool]:
    """Lines with one of these SKUs still to come."""
    written = {form for sku in skus for form in (sku, sku.upper())}
    return (
        select(ReturnLine.id)
        .join(ReturnLine.order_line)
        .where(
            ReturnLine.rma == Return.rma,
            OrderLine.sku.in_(written),
            ReturnLine.approved
            > ReturnLine.received + ReturnLine.missing + ReturnLine.kept + ReturnLine.forgone,
        )
        .exists()
    )


def expecting_skus(session: Session, skus: Sequence[str]) -> list[Return]:
    """Open returns that still expect one of these SKUs."""
    return read_returns(session, _open_to_the_dock(), _expects(skus))


def open_of_order(session: Session, order: str) -> list[Return]:
    """An order's returns that the dock can receive."""
    return read_returns(session, Return.order_number == order, _open_to_the_dock())


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


def _siblings(session: Session, row: Return) -> list[Return]:
    """Other open returns of the same order, then of the same customer."""
    orders: ColumnElement[bool] = Return.order_number == row.order_number
    if row.order.customer_id is not None:
        of_customer = select(Order.number).where(Order.customer_id == row.order.customer_id)
        orders = or_(orders, Return.order_number.in_(of_customer))
    found = read_returns(session, orders, _open_to_the_dock(), Return.rma != row.rma)
    return sorted(found, key=lambda other: other.order_number != row.order_number)


def _of_name(session: Session, parcel: Parcel) -> list[Return]:
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
        _open_to_the_dock(),
        _expects([item.sku for item in parcel.items]),
    )


# --- matching ------------------------------------------------------------------------------


def plan(session: Session, parcel: Parcel) -> list[Share]:
    """Spreads a parcel over the returns it surely belongs to; nothing when that isn't sure.

    By RMA or tracking it is sure. By order it is when one open return alone expects something of
    it, or all of it fits; by name only when all of it fits.
    """
    things = things_of(parcel)
    known = named(session, parcel)
    if known:
        if known[0].status == ReturnStatus.REQUESTED:
            return []
        if known[0].status in FINAL_STATUSES:
            # An old label on what was asked for once more.
            anew = [expecting(row) for row in open_of_order(session, known[0].order_number)]
            if anew and fits_whole(things, anew):
                return spread(things, anew)
        others = [row for row in known[1:] if row.status not in _CLOSED_TO_THE_DOCK]
        others += [row for row in _siblings(session, known[0]) if row not in others]
        return spread(things, [expecting(row) for row in (known[0], *others)])
    of_order = open_of_order(session, parcel.order_number) if parcel.order_number else []
    wanting = [
        found
        for found in map(expecting, of_order)
        if any(found.units_of(thing.sku) for thing in things)
    ]
    if len(wanting) == 1 or (wanting and fits_whole(things, wanting)):
        return spread(things, wanting)
    of_name = [expecting(row) for row in _of_name(session, parcel)] if not of_order else []
    if of_name and fits_whole(things, of_name):
        return spread(things, of_name)
    return []


def things_of(parcel: Parcel) -> list[Thing]:
    """What of a parcel is not at a return yet."""
    return [
        Thing(no=item.no, sku=item.sku, quantity=item.quantity)
        for item in parcel.items
        if item.received_at is None
    ]


def assign(session: Session, parcel: Parcel, shares: Sequence[Share]) -> None:
    """Writes down which part of a parcel goes to which return, before it is received there."""
    waiting = {item.no: item for item in parcel.items if item.received_at is None}
    parts = dict.fromkeys(waiting, 0)
    for item in parcel.items:
        parts[item.no] = max(parts.get(item.no, 0), item.part)
    used: set[int] = set()
    for share in shares:
        thing = share.thing
        item = waiting[thing.no]
        if thing.no in used:
            parts[thing.no] += 1
            note = item.note
            item = ParcelItem(no=thing.no, part=parts[thing.no], sku=thing.sku, note=note)
            parcel.items.append(item)
        used.add(thing.no)
        item.quantity = thing.quantity
        item.rma = share.rma
        item.line = share.line
    session.flush()


def take_back(parcel: Parcel) -> None:
    """Forgets where the rest of a parcel was to go: a return has refused it."""
    whole: dict[int, ParcelItem] = {}
    for item in list(parcel.items):
        if item.received_at is not None:
            continue
        item.rma = item.line = None
        if item.no in whole:
            whole[item.no].quantity += item.quantity
            parcel.items.remove(item)
        else:
            whole[item.no] = item


def candidates(session: Session, parcel: Parcel) -> list[Candidate]:
    """Returns that a case may belong to, the likeliest first, each once."""
    if parcel.status != ParcelStatus.OPEN:
        return []
    skus = [item.sku for item in parcel.items]
    found = [Candidate(row=row, why=_why_named(parcel, row)) for row in named(session, parcel)]
    if parcel.order_number:
        found += [
            Candidate(row=row, why=f"It is of order {parcel.order_number}.")
            for row in read_returns(session, Return.order_number == parcel.order_number)
        ]
    found += [
        Candidate(row=row, why=f"It is of {parcel.name} and expects something of this.")
        for row in _of_name(session, parcel)
    ]
    found += [
        Candidate(row=row, why=f"It expects {_shared_sku(row, skus)}.")
        for row in expecting_skus(session, skus)
    ]
    return list({each.row.rma: each for each in reversed(found)}.values())[::-1][:_MOST_CANDIDATES]


def _why_named(parcel: Parcel, row: Return) -> str:
    written = normalise_rma(parcel.rma) or parcel.rma.upper() if parcel.rma else None
    if row.rma == written:
        return "Its RMA stands on the parcel."
    return "Its label has this tracking number."


def _shared_sku(row: Return, skus: Sequence[str]) -> str:
    expected = expecting(row)
    return next((sku for sku in skus if expected.units_of(sku)), skus[0])


# --- cases ---------------------------------------------------------------------------------


def load_parcel(session: Session, id: str, *, lock: bool = False) -> Parcel | None:
    """One parcel with its things."""
    query = select(Parcel).where(Parcel.id == id).options(selectinload(Parcel.items))
    return session.scalar(query.with_for_update() if lock else query)


def open_case(session: Session, parcel: Parcel, at: datetime) -> None:
    """Asks a person to find out where a parcel belongs; once."""
    if session.get(Task, parcel.id) is None:
        session.add(
            Task(
                id=parcel.id,
                parcel_id=parcel.id,
                kind=TaskKind.UNMATCHED_PARCEL,
                status="open",
                due_at=at + DUE,
                opened_at=at,
            )
        )


def end_case(
    session: Session, parcel: Parcel, status: ParcelStatus, *, by: str, at: datetime
) -> None:
    """A parcel is dealt with: its task is done."""
    parcel.status = status
    parcel.closed_at = at
    parcel.closed_by = by
    task = session.get(Task, parcel.id)
    if task is not None and task.status != "done":
        task.status = "done"
        task.closed_at = at
        task.closed_by = by


def list_parcels(
    session: Session,
    status: ParcelStatus | None,
    *,
    limit: int,
    after: tuple[datetime, str] | None = None,
) -> list[Parcel]:
    """Parcels, newest first; `after`: time and id of the last of the page before."""
    query = select(Parcel).options(selectinload(Parcel.items))
    if status is not None:
        query = query.where(Parcel.status == status)
    if after is not None:
        at, last = after
        query = query.where(Parcel.created_at <= at, or_(Parcel.created_at < at, Parcel.id < last))
    query = query.order_by(Parcel.created_at.desc(), Parcel.id.desc()).limit(limit)
    return list(session.scalars(query))
