"""The unit positions of an order line that a return line holds."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.messages import Refusal
from models.rules import positions
from models.rules.positions import Span
from models.tables import Order, OrderLine, ReturnLine, UnitRange


def hold(
    session: Session, order: Order, lines: Sequence[ReturnLine], wanted: Sequence[int]
) -> list[Refusal]:
    """Takes the lowest free positions until each line has so many; nothing when some are gone.

    The caller holds the order's lock. Doing it again changes nothing.
    """
    known = {line.id: line for line in order.lines}
    rows = session.scalars(select(UnitRange).where(UnitRange.order_line_id.in_(known))).all()
    taken: dict[int, list[Span]] = {key: [] for key in known}
    for row in rows:
        taken[row.order_line_id].append(Span(row.first, row.last))
    refusals, chosen = [], []
    for line, has in zip(lines, wanted, strict=True):
        units = max(0, has - held_units(line))
        order_line = known[line.order_line_id]
        free = positions.free(order_line.quantity, taken[order_line.id])
        left = positions.count(free)
        if left < units:
            message = (
                f"{units - left} of {units} units of line {order_line.line} are in another return "
                "by now; cancel that one first, or leave this one as it is."
            )
            refusals.append(Refusal(code="units_gone", message=message))
            continue
        spans = positions.lowest(free, units)
        taken[order_line.id] += spans
        chosen.append((line, order_line, spans, units))
    if refusals:
        return refusals
    for line, order_line, spans, units in chosen:
        order_line.reserved_units += units
        line.ranges += [
            UnitRange(order_line_id=order_line.id, first=span.first, last=span.last)
            for span in spans
        ]
    return []


def held_units(line: ReturnLine) -> int:
    """Unit positions that a return line holds."""
    return sum(span.last - span.first + 1 for span in line.ranges)


def keep_lowest(session: Session, line: ReturnLine, units: int) -> None:
    """Gives the highest positions back, so that what stays keeps its price."""
    released = held_units(line) - units
    kept = positions.lowest([Span(span.first, span.last) for span in line.ranges], units)
    session.execute(delete(UnitRange).where(UnitRange.return_line_id == line.id))
    session.add_all(
        UnitRange(
            return_line_id=line.id,
            order_line_id=line.order_line_id,
            first=span.first,
            last=span.last,
        )
        for span in kept
    )
    session.execute(
        update(OrderLine)
        .where(OrderLine.id == line.order_line_id)
        .values(reserved_units=OrderLine.reserved_units - released)
    )
    session.expire(line, ["ranges"])
