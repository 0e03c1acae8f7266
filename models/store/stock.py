"""Stock moves: written with the inspection that makes them, listed for whoever keeps the stock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from models.messages import Disposition, EventKind, ReturnStatus, TimelineEvent
from models.tables import Return, StockMove


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFilter:
    """Which moves; None: any. Days are of UTC, both included."""

    disposition: Disposition | None = None
    sku: str | None = None
    rma: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePage:
    """Some moves, oldest first. `next`: the number that the following page comes after."""

    moves: list[StockMove]
    next: int | None


def record_moves(session: Session, row: Return, events: Sequence[TimelineEvent]) -> None:
    """Writes a move for each inspection among what is new; doing it again adds nothing."""
    inspected = {
        f"{row.rma}/{event.key}": event for event in events if event.kind is EventKind.INSPECTED
    }
    if any(event.data.get("was") == ReturnStatus.REJECTED for event in events):
        # It is inspected once more, and none of it went back to the customer.
        refused = (StockMove.rma == row.rma, StockMove.accepted.is_(False))
        session.execute(delete(StockMove).where(*refused))
    if not inspected:
        return
    known = set(session.scalars(select(StockMove.key).where(StockMove.key.in_(list(inspected)))))
    skus = {line.order_line.line: line.order_line.sku for line in row.lines}
    for key, event in inspected.items():
        if key in known:
            continue
        line, accepted = str(event.data["line"]), bool(event.data["accepted"])
        session.add(
            StockMove(
                key=key,
                rma=row.rma,
                line=line,
                sku=skus[line],
                quantity=int(event.data["units"] or 0),
                grade=str(event.data["grade"]),
                # What was refused is the customer's, wherever it waits until it is sent.
                disposition=str(event.data["disposition"])
                if accepted
                else Disposition.RETURN_TO_CUSTOMER,
                accepted=accepted,
                actor=event.actor,
                at=datetime.fromisoformat(event.at),
            )
        )


def list_moves(
    session: Session, wanted: MoveFilter, *, limit: int, after: int | None = None
) -> MovePage:
    """Moves in the order they were written."""
    query = select(StockMove).where(*_conditions(wanted))
    if after is not None:
        query = query.where(StockMove.id > after)
    rows = list(session.scalars(query.order_by(StockMove.id).limit(limit + 1)))
    return MovePage(moves=rows[:limit], next=rows[limit - 1].id if len(rows) > limit else None)


def newest_moves(session: Session, wanted: MoveFilter, *, limit: int) -> list[StockMove]:
    """The newest moves first."""
    query = select(StockMove).where(*_conditions(wanted)).order_by(StockMove.id.desc())
    return list(session.scalars(query.limit(limit)))


def stream_moves(session: Session, wanted: MoveFilter) -> Iterator[StockMove]:
    """All moves that match, however many."""
    query = select(StockMove).where(*_conditions(wanted)).order_by(StockMove.id)
    yield from session.scalars(query.execution_options(yield_per=500))


def count_units(session: Session, wanted: MoveFilter) -> dict[Disposition, int]:
    """How many units went where."""
    rows = session.execute(
        select(StockMove.disposition, func.sum(StockMove.quantity))
        .where(*_conditions(wanted))
        .group_by(StockMove.disposition)
    )
    found = {name: int(units) for name, units in rows}
    return {kind: found[kind] for kind in Disposition if kind in found}


def _conditions(wanted: MoveFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.disposition is not None:
        found.append(StockMove.disposition == wanted.disposition)
    if wanted.sku is not None:
        found.append(StockMove.sku == wanted.sku)
    if wanted.rma is not None:
        found.append(StockMove.rma == wanted.rma)
    if wanted.since is not None:
        found.append(StockMove.at >= datetime.combine(wanted.since, time(), UTC))
    if wanted.until is not None:
        end = datetime.combine(wanted.until, time(), UTC) + timedelta(days=1)
        found.append(StockMove.at < end)
    return found
