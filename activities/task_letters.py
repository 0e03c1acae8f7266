"""The words of a mail to a member of staff about tasks that wait."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from activities.rendering import RenderedMail
from models.messages import TaskKind
from models.store.task_watch import Told
from models.tables import Task
from models.timeline import task_words

staff_environment: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates" / "staff"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    what: str
    about: str
    due: str
    link: str


def render_tasks(told: Told, *, shop_name: str, web_url: str, time_zone: ZoneInfo) -> RenderedMail:
    """Writes the mail: what is escalated, then what is due. Nothing in it names a customer.

    Args:
        told: the tasks.
        shop_name: whose staff it is.
        web_url: what the links begin with.
        time_zone: the shop's, for times.
    """

    def row(task: Task) -> _Row:
        words = task_words(TaskKind(task.kind))
        path, about = _place(task)
        return _Row(
            what=words[:1].upper() + words[1:],
            about=about,
            due=_written(task.due_at, time_zone),
            link=f"{web_url.rstrip('/')}/{path}",
        )

    parts = [
        ("Waits for far too long; please see that somebody does it", told.escalated),
        ("Is due now", told.due),
    ]
    shown = [(title, [row(task) for task in tasks]) for title, tasks in parts if tasks]
    units = len({task.id for task in [*told.escalated, *told.due]})
    subject = "1 task is overdue" if units == 1 else f"{units} tasks are overdue"
    words = {"subject": subject, "parts": shown, "shop": shop_name}
    return RenderedMail(
        subject=subject,
        text=staff_environment.get_template("tasks.txt").render(words),
        html=staff_environment.get_template("tasks.html").render(words),
    )


def _place(task: Task) -> tuple[str, str]:
    """Where it is done, below the shop's address, and what it is about."""
    if task.rma is not None:
        return f"returns/{task.rma}", task.rma
    if task.order_number is not None:
        return f"tasks/{task.id}", f"order {task.order_number}"
    if task.endpoint_id is not None:
        return f"tasks/{task.id}", "another system that is told of events"
    return f"dock/parcels/{task.parcel_id}", "a parcel without a return"


def _written(at: datetime | None, time_zone: ZoneInfo) -> str:
    if at is None:
        return ""
    local = at.astimezone(time_zone)
    return f"{local.day} {local:%B %Y, %H:%M} ({local.tzname()})"
