"""Parcels at the dock: taken in, brought to their returns, or kept as a case for a person."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from models.database import Database
from models.messages import CountedLine
from models.rules.parcels import ParcelOutcome, ParcelStatus, spread
from models.rules.rma import normalise_rma
from models.store import expecting, parcel_cases, parcels
from models.tables import Parcel, ParcelItem, Return
from web.access import Actor
from web.messenger import call_id
from web.requests import (
    Answer,
    Conflict,
    NotFound,
    ParcelRequest,
    ReceiptRequest,
    Refused,
    UnexpectedRequest,
)
from web.services import services


class Receiver(Protocol):
    """The part of the gateway that counts goods in."""

    def receive(
        self, rma: str, asked: ReceiptRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Counts goods in; for a return that has ended as an unexpected parcel."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelAnswer:
    """A parcel that was dealt with. `settled`: its returns have it already; else they will."""

    id: str
    settled: bool = True
    returns: list[str] = field(default_factory=list)


class Dock:
    """What can be done with a parcel. Every method raises `GatewayError` when it refuses."""

    def __init__(self, database: Database, receiver: Receiver) -> None:
        """Takes where parcels are kept and what brings them to returns."""
        self._database = database
        self._receiver = receiver

    def take(self, asked: ParcelRequest, actor: Actor, *, id: str | None = None) -> ParcelAnswer:
        """Takes a parcel in: received for the returns it surely belongs to, else a case.

        The parcel is stored before any return hears of it, with a task for a person, so that it
        isn't forgotten whatever happens in between; repeating the call carries it on.
        """
        found = call_id(id)
        now = datetime.now(UTC)
        with self._database.write() as session:
            parcel = parcel_cases.load_parcel(session, found, lock=True)
            if parcel is None:
                parcel = _parcel(found, asked, actor, now)
                session.add(parcel)
                session.flush()
                parcels.assign(session, parcel, parcels.plan(session, parcel))
                parcel_cases.open_case(session, parcel, now)
            open_ = parcel.status == ParcelStatus.OPEN
        if not open_ or not _assigned(parcel):
            return _answer(parcel)
        try:
            return self._bring(parcel, actor)
        except (Conflict, Refused):
            # What it expects has changed meanwhile: a person looks.
            return ParcelAnswer(id=found)

    def match(self, id: str, rma: str, actor: Actor) -> ParcelAnswer:
        """Brings a case to the return that a person says it belongs to.

        Raises:
            NotFound: there is no such parcel or return.
            Conflict: it was matched elsewhere or put away; or the return can't take it now.
        """
        rma = normalise_rma(rma) or rma
        with self._database.read() as session:
            parcel = self._require(parcel_cases.load_parcel(session, id))
        if parcel.status == ParcelStatus.OPEN and _assigned(parcel):
            # A call died while it brought the parcel to its returns.
            self._bring(parcel, actor)
        with self._database.write() as session:
            parcel = self._require(parcel_cases.load_parcel(session, id, lock=True))
            if parcel.status != ParcelStatus.OPEN:
                return _matched_before(parcel, rma)
            rows = expecting.read_returns(session, Return.rma == rma)
            if not rows:
                raise NotFound(f"There is no return {rma}.")
            if not _assigned(parcel):
                things = parcels.things_of(parcel)
                parcels.assign(session, parcel, spread(things, [expecting.expecting(rows[0])]))
        if any(item.rma != rma for item in _assigned(parcel)):
            raise Conflict("Somebody is matching this parcel to another return.", code="busy")
        return self._bring(parcel, actor)

    def close(self, id: str, outcome: ParcelOutcome, note: str, actor: Actor) -> ParcelAnswer:
        """Ends a case that no return fits: it was sent back or is kept.

        Raises:
            NotFound: there is no such parcel.
            Conflict: it was matched to a return, or ended in another way.
        """
        with self._database.write() as session:
            parcel = self._require(parcel_cases.load_parcel(session, id, lock=True))
            if parcel.status == ParcelStatus.DONE and parcel.outcome == outcome:
                return _answer(parcel)
            if parcel.status != ParcelStatus.OPEN or _assigned(parcel):
                raise _ended(parcel)
            parcel.outcome = outcome
            parcel.note = note
            at = datetime.now(UTC)
            parcel_cases.end_case(session, parcel, ParcelStatus.DONE, by=actor.id, at=at)
            return _answer(parcel)

    def _bring(self, parcel: Parcel, actor: Actor) -> ParcelAnswer:
        """Receives each assigned part at its return, and notes it; the case ends with the last."""
        settled = True
        for rma in dict.fromkeys(item.rma for item in _assigned(parcel)):
            assert rma is not None
            part = [item for item in _assigned(parcel) if item.rma == rma]
            try:
                # The id is the parcel's, so a repeat after a crash counts nothing twice.
                answer = self._receiver.receive(
                    rma, _receipt(parcel, part), actor, id=f"{parcel.id}/{part[0].no}/{rma}"
                )
            except (Conflict, Refused):
                with self._database.write() as session:
                    parcels.take_back(self._require(parcel_cases.load_parcel(session, parcel.id)))
                raise
            settled = settled and answer.settled
            self._note_received(parcel.id, rma)
        with self._database.write() as session:
            parcel = self._require(parcel_cases.load_parcel(session, parcel.id, lock=True))
            if parcel.status == ParcelStatus.OPEN and not parcels.things_of(parcel):
                at = datetime.now(UTC)
                parcel_cases.end_case(session, parcel, ParcelStatus.MATCHED, by=actor.id, at=at)
            return _answer(parcel, settled=settled)

    def _note_received(self, id: str, rma: str) -> None:
        with self._database.write() as session:
            for item in self._require(parcel_cases.load_parcel(session, id, lock=True)).items:
                if item.rma == rma and item.received_at is None:
                    item.received_at = datetime.now(UTC)

    def _require(self, parcel: Parcel | None) -> Parcel:
        if parcel is None:
            raise NotFound("There is no such parcel.")
        return parcel


def dock() -> Dock:
    """The dock of the application that serves this request."""
    return Dock(services().database, services().gateway)


def received_for(parcel: Parcel) -> list[str]:
    """The returns that have something of a parcel, in the order of its things."""
    return list(dict.fromkeys(item.rma for item in parcel.items if item.rma and item.received_at))


def _parcel(id: str, asked: ParcelRequest, actor: Actor, at: datetime) -> Parcel:
    return Parcel(
        id=id,
        status=ParcelStatus.OPEN,
        rma=asked.rma,
        tracking=asked.tracking,
        order_number=asked.order,
        name=asked.name,
        actor=actor.id,
        created_at=at,
        note="",
        items=[
            ParcelItem(
                no=no, part=1, sku=item.sku.strip(), quantity=item.quantity, note=item.note.strip()
            )
            for no, item in enumerate(asked.items, start=1)
        ],
    )


def _assigned(parcel: Parcel) -> list[ParcelItem]:
    found = [item for item in parcel.items if item.rma is not None and item.received_at is None]
    return sorted(found, key=lambda item: (item.no, item.part))


def _receipt(parcel: Parcel, items: Sequence[ParcelItem]) -> ReceiptRequest:
    counted: dict[str, int] = {}
    for item in items:
        if item.line is not None:
            counted[item.line] = counted.get(item.line, 0) + item.quantity
    return ReceiptRequest(
        lines=[CountedLine(line=line, quantity=units) for line, units in counted.items()],
        unexpected=[
            UnexpectedRequest(sku=item.sku, quantity=item.quantity, note=item.note)
            for item in items
            if item.line is None
        ],
        tracking=parcel.tracking,
    )


def _answer(parcel: Parcel, *, settled: bool = True) -> ParcelAnswer:
    return ParcelAnswer(id=parcel.id, settled=settled, returns=received_for(parcel))


def _matched_before(parcel: Parcel, rma: str) -> ParcelAnswer:
    if rma in received_for(parcel):
        return _answer(parcel)
    raise _ended(parcel)


def _ended(parcel: Parcel) -> Conflict:
    if parcel.status == ParcelStatus.DONE:
        how = "was sent back" if parcel.outcome == ParcelOutcome.SENT_BACK else "is kept"
        return Conflict(f"This parcel {how}; its case is closed.", code="parcel_done")
    returns = ", ".join(received_for(parcel)) or "a return"
    return Conflict(f"This parcel was matched to {returns}.", code="parcel_matched")
