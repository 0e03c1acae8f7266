"""For managers, to read: what payment providers and carriers reported, and what the CRM refused."""

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from models.store.desk import Mark
from models.store.incoming import Place, list_incoming, list_untold, providers_heard
from web.access import Permission
from web.services import services
from web.staff.guard import requires

_ROWS = 50
_TAKEN, _IGNORED = "taken", "ignored"
_LONGEST = 200


@requires(Permission.WEBHOOKS)
def incoming() -> ResponseReturnValue:
    """Events that came, newest first, narrowed to a sender, a state, or an id."""
    provider, about = _asked("provider"), _asked("about")
    state = _asked("state")
    before = _before()
    with services().database.read() as database:
        rows = list_incoming(
            database,
            limit=_ROWS + 1,
            provider=provider,
            taken={_TAKEN: True, _IGNORED: False}.get(state),
            about=about,
            before=before,
        )
        heard = providers_heard(database)
    page = rows[:_ROWS]
    last = page[-1].event if len(rows) > _ROWS else None
    older = last and Mark(at=last.received_at, id=f"{last.provider}~{last.event}")
    return render_template(
        "staff/incoming.html",
        rows=page,
        older=older,
        heard=heard,
        provider=provider,
        state=state,
        about=about,
        filtered=bool(provider or state or about or before),
    )


@requires(Permission.WEBHOOKS)
def untold() -> ResponseReturnValue:
    """Returns that the CRM refused, with why; each is tried again by itself."""
    rma = _asked("rma").upper()
    with services().database.read() as database:
        rows = list_untold(database, limit=_ROWS + 1, rma=rma, before=_before())
    page = rows[:_ROWS]
    older = Mark(at=page[-1].at, id=page[-1].rma) if len(rows) > _ROWS else None
    return render_template("staff/untold.html", rows=page, older=older, rma=rma)


def _asked(name: str) -> str:
    return request.args.get(name, "").strip()[:_LONGEST].replace("\x00", "")


def _before() -> Place | None:
    if "before" not in request.args:
        return None
    try:
        mark = Mark.parse(request.args["before"].replace("\x00", ""))
    except ValueError:
        abort(404, "There is no such page.")
    provider, _, event = mark.id.rpartition("~") if "~" in mark.id else ("", "", mark.id)
    return Place(at=mark.at, id=event, provider=provider)
