"""What of a return that had ended is here: it came before the end, or after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import EventKind, TaskKind
from models.tables import Event, Return, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsHere:
    """Units of each return line that are here, and the tasks that end when they are taken."""

    units: list[int] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)


def find_here(session: Session, row: Return) -> GoodsHere:
    """Units that came before or after the end and are still here: no task about them is done.

    Never more than was approved. A parcel in which other things lay, too, keeps its task.
    """
    tasks = {
        task.id: task
        for task in session.scalars(
            select(Task).where(Task.rma == row.rma, Task.status != "done").order_by(Task.id)
        )
    }
    ended = [task.id for task in tasks.values() if task.kind == TaskKind.SEND_BACK]
    units = [line.received if ended else 0 for line in row.lines]
    events = session.scalars(
        select(Event)
        .where(
            Event.rma == row.rma,
            Event.kind.in_([EventKind.PARCEL_AFTER_END, EventKind.UNEXPECTED_ITEM]),
        )
        .order_by(Event.id)
    ).all()
    strange = {event.key for event in events if event.kind == EventKind.UNEXPECTED_ITEM}
    for event in events:
        task = str(event.data.get("task") or "")
        counts = _counts(event.data)
        if task not in tasks or not counts:
            continue
        for place, line in enumerate(row.lines):
            name = line.order_line.line
            taken = min(counts.get(name, 0), line.approved - units[place])
            units[place] += taken
            counts[name] = counts.get(name, 0) - taken
        if not any(counts.values()) and f"{event.key}/1" not in strange:
            ended.append(task)
    return GoodsHere(units=units, tasks=ended) if any(units) else GoodsHere()


def _counts(data: Mapping[str, object]) -> dict[str, int]:
    """Order line → units, as the timeline keeps them: "1: 2, 2: 1"."""
    found: dict[str, int] = {}
    for part in str(data.get("lines") or "").split(", "):
        name, _, units = part.rpartition(": ")
        if units.isdecimal():
            found[name] = found.get(name, 0) + int(units)
    return found
