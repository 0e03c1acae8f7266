"""The inbox: every open task by due time, those that this person may do first."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from models.messages import TaskKind
from models.store.desk import InboxCounts, Mark, count_inbox, read_inbox
from web.access import TASK_PERMISSIONS, Actor, Permission
from web.services import services
from web.staff import words
from web.staff.forms import new_call
from web.staff.guard import requires

_FOR_YOU, _MINE, _ALL = "", "mine", "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A part of the inbox with how much is in it. `show` is its name in the address."""

    show: str
    label: str
    icon: str
    count: int
    overdue: int = 0


@requires(Permission.READ)
def inbox() -> ResponseReturnValue:
    """One page of tasks. `show`: a tab; `after`: where the page before ended."""
    actor: Actor = g.actor
    own = kinds_of(actor)
    show = request.args.get("show", _FOR_YOU if own else _ALL)
    try:
        kinds = _kinds_shown(show, own)
        after = Mark.parse(request.args["after"]) if "after" in request.args else None
    except ValueError:
        abort(404, "There is no such part of the inbox.")
    with services().database.read() as database:
        counts = count_inbox(database, user_id=g.user.id, now=datetime.now(UTC))
        page = read_inbox(
            database, kinds=kinds, owner_id=g.user.id if show == _MINE else None, after=after
        )
    return render_template(
        "staff/inbox.html",
        page=page,
        show=show,
        later=after is not None,
        tabs=_tabs(counts, own),
        kinds=[_kind_tab(counts, kind) for kind in own],
        others=[_kind_tab(counts, kind) for kind in TaskKind if kind not in own],
        own=own,
        new_call=new_call,
    )


@requires(Permission.READ)
def next_task() -> ResponseReturnValue:
    """Goes to the most urgent return that waits for this person."""
    own = kinds_of(g.actor)
    with services().database.read() as database:
        page = read_inbox(database, kinds=own, limit=20) if own else None
    free = [
        row.task for row in (page.rows if page else []) if row.task.owner_id in (None, g.user.id)
    ]
    if free and free[0].parcel_id:
        return redirect(url_for("staff.parcel", id=free[0].parcel_id))
    if free and free[0].rma is None:
        return redirect(url_for("staff.task", id=free[0].id))
    if free:
        return redirect(url_for("staff.return_page", rma=free[0].rma))
    flash("Nothing else waits for you.", "success")
    return redirect(url_for("staff.inbox"))


def kinds_of(actor: Actor) -> list[TaskKind]:
    """The kinds of tasks this person may do."""
    return [kind for kind in TaskKind if actor.may(TASK_PERMISSIONS[kind])]


def _kinds_shown(show: str, own: list[TaskKind]) -> list[TaskKind] | None:
    if show == _FOR_YOU:
        return own
    return None if show in (_ALL, _MINE) else [TaskKind(show)]


def _tabs(counts: InboxCounts, own: list[TaskKind]) -> list[Tab]:
    everything = Tab(
        show=_ALL,
        label="Everything",
        icon="inboxes",
        count=sum(counts.kinds.values()),
        overdue=sum(counts.overdue.values()),
    )
    if not own:
        return [everything]
    return [
        Tab(
            show=_FOR_YOU,
            label="For you",
            icon="inbox",
            count=sum(counts.kinds.get(kind, 0) for kind in own),
            overdue=sum(counts.overdue.get(kind, 0) for kind in own),
        ),
        Tab(show=_MINE, label="Claimed by you", icon="person-check", count=counts.mine),
        everything,
    ]


def _kind_tab(counts: InboxCounts, kind: TaskKind) -> Tab:
    return Tab(
        show=kind,
        label=words.TASKS[kind].short,
        icon=words.TASKS[kind].icon,
        count=counts.kinds.get(kind, 0),
        overdue=counts.overdue.get(kind, 0),
    )
