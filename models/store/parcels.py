"""Parcels at the dock: which returns they belong to, or may."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.messages import FINAL_STATUSES, ReturnStatus
from models.rules.parcels import (
    ParcelStatus,
    Share,
    Thing,
    fits_whole,
    spread,
)
from models.rules.rma import normalise_rma
from models.store.expecting import (
    CLOSED_TO_THE_DOCK,
    MOST_CANDIDATES,
    expecting,
    expecting_skus,
    named,
    of_name,
    open_of_order,
    read_returns,
    siblings,
)
from models.tables import (
    Parcel,
    ParcelItem,
    Return,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A return that a parcel may belong to, and what speaks for it."""

    row: Return
    why: str


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
        others = [row for row in known[1:] if row.status not in CLOSED_TO_THE_DOCK]
        others += [row for row in siblings(session, known[0]) if row not in others]
        return spread(things, [expecting(row) for row in (known[0], *others)])
    of_order = open_of_order(session, parcel.order_number) if parcel.order_number else []
    wanting = [
        found
        for found in map(expecting, of_order)
        if any(found.units_of(thing.sku) for thing in things)
    ]
    if len(wanting) == 1 or (wanting and fits_whole(things, wanting)):
        return spread(things, wanting)
    known_as = [expecting(row) for row in of_name(session, parcel)] if not of_order else []
    if known_as and fits_whole(things, known_as):
        return spread(things, known_as)
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
        for row in of_name(session, parcel)
    ]
    found += [
        Candidate(row=row, why=f"It expects {_shared_sku(row, skus)}.")
        for row in expecting_skus(session, skus)
    ]
    return list({each.row.rma: each for each in reversed(found)}.values())[::-1][:MOST_CANDIDATES]


def _why_named(parcel: Parcel, row: Return) -> str:
    written = normalise_rma(parcel.rma) or parcel.rma.upper() if parcel.rma else None
    if row.rma == written:
        return "Its RMA stands on the parcel."
    return "Its label has this tracking number."


def _shared_sku(row: Return, skus: Sequence[str]) -> str:
    expected = expecting(row)
    return next((sku for sku in skus if expected.units_of(sku)), skus[0])


# --- cases ---------------------------------------------------------------------------------
