"""The policy as one document: looked at, checked, put in force, compared with earlier versions."""

from datetime import UTC, datetime

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from models.rules.policy import Policy
from models.store.desk import name_actors
from models.store.overrides import read_overrides
from models.store.policies import current_policy
from models.store.policy_versions import (
    list_policies,
    load_policy,
    newest_policy,
    save_policy,
)
from models.store.simulating import load_simulation
from web.access import Permission
from web.policy_yaml import (
    PolicyTextError,
    TextProblem,
    difference,
    document_of,
    own_words,
    read_policy,
    write_policy,
)
from web.requests import GatewayError
from web.services import services
from web.staff.guard import requires

_VERSIONS = 100
_OVERRIDES = 20
_MEANWHILE = (
    "Somebody put version {} in force while you wrote. Look at what it changed, take it over here,"
    " and put yours in force then."
)


@requires(Permission.READ)
def policy() -> ResponseReturnValue:
    """The policy in force, to be changed by those who may."""
    with services().database.read() as database:
        present = newest_policy(database)
    return _page(text=document_of(present), basis=present.policy.version)


@requires(Permission.POLICY)
def check() -> ResponseReturnValue:
    """Says what is wrong with a draft, and what it would change."""
    text = _sent_text()
    try:
        draft = read_policy(text)
    except PolicyTextError as error:
        return _page(text=text, basis=_basis(), problems=error.problems), 422
    with services().database.read() as database:
        present = current_policy(database)
    changes = difference(
        write_policy(present),
        write_policy(draft),
        names=(f"version {present.version}", "your draft"),
    )
    return _page(text=text, basis=_basis(), changes=changes)


@requires(Permission.POLICY)
def put() -> ResponseReturnValue:
    """Puts a draft in force, unless somebody else changed the policy meanwhile."""
    text = _sent_text()
    try:
        draft = read_policy(text)
    except PolicyTextError as error:
        return _page(text=text, basis=_basis(), problems=error.problems), 422
    try:
        with services().database.write() as database:
            present = newest_policy(database)
            before = present.policy.version
            if before != _basis():
                flash(_MEANWHILE.format(before), "warning")
                return _page(text=text, basis=before), 409
            save_policy(
                database,
                draft,
                actor=g.actor.id,
                now=datetime.now(UTC),
                text=own_words(text, present),
            )
            after = current_policy(database).version
    except IntegrityError:
        flash("Somebody changed the policy at the same moment; look at it first.", "warning")
        return _page(text=text, basis=_basis()), 409
    if after == before:
        flash(f"Nothing changes: version {before} says the same.", "info")
    else:
        flash(f"Version {after} is in force. Returns keep the version they began with.", "success")
    return redirect(url_for("staff.policy"), 303)


@requires(Permission.POLICY)
def simulate() -> ResponseReturnValue:
    """Starts trying a draft out on past returns, and shows how far that is."""
    text = _sent_text()
    try:
        draft = read_policy(text)
    except PolicyTextError as error:
        return _page(text=text, basis=_basis(), problems=error.problems), 422
    try:
        run = services().gateway.simulate(draft, g.actor, text=text)
    except GatewayError as error:
        flash(str(error), "warning")
        return _page(text=text, basis=_basis()), 503
    return redirect(url_for("staff.simulation", id=run), 303)


@requires(Permission.READ)
def simulation(id: str) -> ResponseReturnValue:
    """A draft that is tried out; the page looks again by itself until it is done."""
    with services().database.read() as database:
        found = load_simulation(database, id)
        if found is None:
            abort(404, "There is no such simulation.")
    draft = Policy.from_json(found.draft, 0)
    return render_template(
        "staff/simulation.html",
        found=found,
        result=found.result,
        text=found.text or write_policy(draft),
    )


@requires(Permission.READ)
def version(number: str) -> ResponseReturnValue:
    """An earlier version, and what it changed."""
    wanted = _number(number)
    with services().database.read() as database:
        found = load_policy(database, wanted)
        before = load_policy(database, wanted - 1)
        if found is None:
            abort(404, "There is no such version of the policy.")
        names = name_actors(database, [found.actor] if found.actor else [])
    text = document_of(found)
    changes = None
    if before is not None:
        changes = difference(
            write_policy(before.policy),
            write_policy(found.policy),
            names=(f"version {wanted - 1}", f"version {wanted}"),
        )
    return render_template(
        "staff/policy_version.html", found=found, names=names, text=text, changes=changes
    )


def _page(
    *,
    text: str,
    basis: int,
    problems: list[TextProblem] | None = None,
    changes: list[str] | None = None,
) -> str:
    with services().database.read() as database:
        versions, _ = list_policies(database, limit=_VERSIONS)
        aside = read_overrides(database)
        actors = [each.actor for each in versions if each.actor]
        names = name_actors(database, [*actors, *(each.actor for each in aside.counts)])
    return render_template(
        "staff/policy.html",
        aside=aside,
        shown=aside.returns[:_OVERRIDES],
        text=text,
        basis=basis,
        problems=problems or [],
        changes=changes,
        checked=changes is not None,
        versions=versions,
        names=names,
        present=versions[0].policy.version,
    )


def _sent_text() -> str:
    return request.form.get("policy", "").replace("\r\n", "\n")


def _basis() -> int:
    """The version that the draft was made from."""
    return _number(request.form.get("basis", ""))


def _number(text: str) -> int:
    """The number of a version; 0, which is none, for what isn't a number."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0
