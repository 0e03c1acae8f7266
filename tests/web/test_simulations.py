"""Trying a draft out: what it judges, by the API, on the staff page and at the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from models.database import Database
from models.messages import Reason, ReturnKind
from models.rules.policy import Policy
from models.rules.policy_rules import Rule, RuleDecision, Then, When
from models.rules.reasons import ReasonTerms
from models.rules.terms import Fault
from models.store.photo_proof import PhotoKind
from models.store.policy_versions import save_policy
from models.store.simulating import begin_simulation, load_simulation, simulate
from models.tables import Photo, PolicyVersion, Return, ReturnLine, Simulation, UnitRange
from tests.conftest import MakeDatabase
from tests.web.api_app import Api, pointers, problem
from tests.web.past_returns import PLACED, ask, order
from tests.web.staff_app import Desk
from web.access import Permission, Role
from web.api import simulations
from web.cli import policy as policy_cli
from web.cli import redress
from web.cli.opening import Opened
from web.requests import Unavailable

DAY = timedelta(days=1)


def run(database: Database, draft: Policy, **more: Any) -> dict[str, Any]:
    """The result of a draft."""
    at = datetime.now(UTC)
    with database.write() as session:
        begin_simulation(
            session,
            "run",
            actor="user:1",
            version=more.pop("version", 1),
            draft=draft,
            text=None,
            days=more.pop("days", (None, None)),
            at=at,
        )
    simulate(database, "run", lambda: at)
    with database.write() as session:
        row = load_simulation(session, "run")
        assert row is not None
        assert (row.status, row.problem, row.ended_at) == ("done", None, at)
        result = row.result
        session.delete(row)
    assert result is not None
    return result


def two_returns(database: Database) -> None:
    """One of the 3rd day, worth 50.00; one of the 20th, worth 30.00, by somebody else."""
    order(database, "O-1", category="tees")
    ask(database, "O-1", "R-1", at=PLACED + 3 * DAY)
    order(database, "O-2", prices=[(1, 3000)], customer="c-2", category="mugs")
    ask(database, "O-2", "R-2", at=PLACED + 20 * DAY, reason=Reason.DEFECTIVE)


def test_the_policy_in_force_as_a_draft_changes_nothing(database: Database) -> None:
    two_returns(database)
    assert run(database, Policy()) == {
        "returns": 2,
        "changed": 0,
        "customers": 0,
        "decisions": {},
        "amounts": {"GBP": {"before": 8000, "after": 8000, "difference": 0}},
        "changes": [],
    }
    # Nothing but the run was written.
    with database.read() as session:
        assert session.scalars(select(func.count(PolicyVersion.version))).one() == 0
        assert [row.status for row in session.scalars(select(Return))] == ["requested"] * 2


def test_a_draft_is_held_against_the_day_of_each_return(database: Database) -> None:
    two_returns(database)
    told = run(database, Policy(window_days=14, auto_approve_up_to=5000, return_shipping=400))
    assert told["decisions"] == {"review→approve": 1, "review→deny": 1}
    # 50.00 less the way back; the second is the shop's fault, but too late.
    assert told["amounts"] == {"GBP": {"before": 8000, "after": 4600, "difference": -3400}}
    assert (told["changed"], told["customers"]) == (2, 2)
    first, second = told["changes"]
    assert first["after"] == {"decision": "approve", "total": 4600, "rule": None, "words": ""}
    assert second["customer"] == "c-2"
    assert second["before"]["decision"] == "review"
    assert second["after"]["words"] == "Thing 1 could be returned until 15 June 2026."


def test_the_rule_that_decides_is_named(database: Database) -> None:
    two_returns(database)
    tees = Rule(name="No tees", when=When(categories=("tees",)), then=Then(deny="No."))
    mugs = Rule(
        name="Mugs at once",
        when=When(categories=("mugs",)),
        then=Then(decision=RuleDecision.APPROVE),
    )
    first, second = run(database, Policy(rules=(tees, mugs)))["changes"]
    assert first["after"]["rule"] == "No tees"
    assert "Thing 1 can't be returned: No (rule “No tees”)." in first["after"]["words"]
    assert second["after"] == {
        "decision": "approve",
        "total": 3000,
        "rule": "Mugs at once",
        "words": "",
    }


def test_it_is_compared_with_the_version_in_force_when_it_began(database: Database) -> None:
    two_returns(database)
    with database.write() as session:
        save_policy(session, Policy(window_days=10), actor="user:1", now=PLACED)
    told = run(database, Policy(), version=2)
    assert told["decisions"] == {"deny→review": 1}
    assert told["amounts"]["GBP"]["difference"] == 3000


def photo(database: Database, rma: str, kind: PhotoKind, line: str | None = None) -> None:
    with database.write() as session:
        session.add(
            Photo(
                id=f"{rma}/{kind}/{line}",
                rma=rma,
                line=line,
                kind=kind,
                actor="customer",
                width=1,
                height=1,
                size=1,
                jpeg=b"",
                created_at=PLACED,
            )
        )


PHOTOS = Policy(
    reasons=(ReasonTerms(reason=Reason.DEFECTIVE, fault=Fault.MERCHANT, photo=True),),
    auto_approve_up_to=5000,
)


def test_a_return_without_its_photo_waits_for_it_and_with_it_the_policy_decides(
    database: Database,
) -> None:
    two_returns(database)
    order(database, "O-3", prices=[(1, 3000), (1, 3000)], customer="c-3")
    lines = {"1": 1, "2": 1}
    ask(database, "O-3", "R-3", at=PLACED + DAY, units=lines, reason=Reason.DEFECTIVE)
    photo(database, "R-2", PhotoKind.RECEIPT)
    photo(database, "R-3", PhotoKind.REQUEST, "2")
    told = run(database, PHOTOS)
    assert told["decisions"] == {"review→approve": 1, "review→photo": 2}
    after = {change["rma"]: change["after"] for change in told["changes"]}
    # The photo doesn't change what it is worth.
    assert after["R-2"] == {
        "decision": "photo",
        "total": 3000,
        "rule": None,
        "words": "No photo of Thing 1.",
    }
    assert (after["R-3"]["decision"], after["R-3"]["total"]) == ("photo", 6000)
    photo(database, "R-2", PhotoKind.REQUEST, "1")
    photo(database, "R-3", PhotoKind.REQUEST)
    told = run(database, PHOTOS)
    # Above the limit a person decides, as before.
    assert told["decisions"] == {"review→approve": 2}
    assert {change["rma"] for change in told["changes"]} == {"R-1", "R-2"}


def test_a_withdrawal_waits_for_no_photo(database: Database) -> None:
    order(database, "O-1")
    at = PLACED + 3 * DAY
    ask(database, "O-1", "R-1", at=at, kind=ReturnKind.WITHDRAWAL, reason=Reason.DEFECTIVE)
    assert run(database, PHOTOS)["changed"] == 0


def test_units_that_came_back_are_not_held_against_a_return(database: Database) -> None:
    order(database, "O-1", prices=[(2, 5000)])
    for number in (1, 2):
        ask(database, "O-1", f"R-{number}", at=PLACED + number * DAY)
    # The first was declined, and its units were given back.
    with database.write() as session:
        line = session.scalars(select(ReturnLine).where(ReturnLine.rma == "R-1")).one()
        for span in session.scalars(select(UnitRange).where(UnitRange.return_line_id == line.id)):
            session.delete(span)
    told = run(database, Policy())
    assert told["amounts"] == {"GBP": {"before": 10000, "after": 10000, "difference": 0}}


def test_an_override_by_staff_is_not_the_policys_word(database: Database) -> None:
    order(database, "O-1")
    ask(database, "O-1", "R-1", at=PLACED + 90 * DAY, override=True)
    told = run(database, Policy(window_days=100))
    assert told["decisions"] == {"deny→review": 1}


def test_withdrawals_are_nobodys_decision(database: Database) -> None:
    order(database, "O-1")
    ask(
        database,
        "O-1",
        "R-1",
        at=PLACED + 3 * DAY,
        kind=ReturnKind.WITHDRAWAL,
        reason=Reason.WITHDRAWAL,
    )
    deny = Rule(name="All", when=When(kinds=tuple(ReturnKind)), then=Then(deny="No."))
    told = run(database, Policy(window_days=0, rules=(deny,)))
    assert told["changed"] == 0
    assert run(database, Policy(withdrawal_days=0))["decisions"] == {"approve→deny": 1}


def test_only_the_days_that_are_asked_for_are_judged(database: Database) -> None:
    two_returns(database)
    first, second = (PLACED + 3 * DAY).date(), (PLACED + 20 * DAY).date()
    counts = [
        run(database, Policy(), days=days)["returns"]
        for days in (
            (first, first),
            (first, second),
            (second, None),
            (None, second - DAY),
            (second + DAY, None),
            (None, date.max),
        )
    ]
    assert counts == [1, 2, 1, 1, 0, 2]


def test_many_returns_are_judged_batch_by_batch(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.store.simulating._AT_ONCE", 2)
    for number in range(5):
        order(database, f"O-{number}", customer=f"c-{number}")
        ask(database, f"O-{number}", f"R-{number}", at=PLACED + DAY)
    told = run(database, Policy(window_days=0))
    assert (told["returns"], told["changed"], told["customers"]) == (5, 5, 5)
    assert [change["rma"] for change in told["changes"]] == [f"R-{n}" for n in range(5)]


# --- the API ------------------------------------------------------------------------------------


def test_the_api_answers_at_once_where_it_can(api: Api) -> None:
    two_returns(api.database)
    api.gateway.database = api.database
    answer = api.post("/policy/simulate", {"policy": {"window": {"days": 14}}})
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["status"], body["version"], body["problem"]) == ("done", 1, None)
    assert body["progress"] == {"done": 2, "total": 2}
    assert (body["returns"], body["changed"]) == (2, 1)
    assert body["decisions"] == {"review→deny": 1}
    assert api.get(f"/policy/simulations/{body['id']}").get_json() == body
    some = {"policy": {}, "from": "2026-06-21", "to": "2026-06-21"}
    assert api.post("/policy/simulate", some).get_json()["returns"] == 1


def test_the_api_says_where_to_look_when_it_takes_longer(
    sqlite_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulations, "WAIT_SECONDS", 0.1)
    sqlite_api.gateway.database, sqlite_api.gateway.works = sqlite_api.database, False
    answer = sqlite_api.post("/policy/simulate", {"policy": {}})
    assert answer.status_code == 202
    body = answer.get_json()
    assert (body["status"], body["returns"], body["changes"]) == ("running", 0, [])
    assert answer.location == body["links"]["self"]
    assert answer.location.endswith(f"/api/v1/policy/simulations/{body['id']}")
    simulate(sqlite_api.database, body["id"], lambda: datetime.now(UTC))
    assert sqlite_api.get(f"/policy/simulations/{body['id']}").get_json()["status"] == "done"
    assert problem(sqlite_api.get("/policy/simulations/none"), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/policy"),
        ({"policy": {"window": {"days": -1}}}, "/policy/window/days"),
        ({"policy": {}, "from": "soon"}, "/from"),
        ({"policy": {}, "from": "2026-06-02", "to": "2026-06-01"}, ""),
        ({"policy": {}, "until": "2026-06-02"}, "/until"),
    ],
)
def test_a_draft_that_is_no_policy_is_refused(
    sqlite_api: Api, body: dict[str, object], pointer: str
) -> None:
    assert set(pointers(sqlite_api.post("/policy/simulate", body))) == {pointer}
    assert sqlite_api.gateway.calls == []


def test_only_those_who_may_change_the_policy_try_drafts_out(sqlite_api: Api) -> None:
    key = sqlite_api.make_key([Permission.READ])
    problem(sqlite_api.post("/policy/simulate", {"policy": {}}, key=key), 403)


# --- the staff page -----------------------------------------------------------------------------


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    made = Desk(make_database("sqlite"), tmp_path)
    made.gateway.database = made.database
    return made


def test_the_page_shows_progress_and_then_the_result(desk: Desk) -> None:
    two_returns(desk.database)
    desk.gateway.works = False
    manager = desk.browser(Role.MANAGER)
    form = {"policy": "window: {days: 14}  # shorter", "basis": "1"}
    where = manager.post("/policy/simulations", form).location
    page = manager.get(where).text
    assert 'http-equiv="refresh"' in page
    assert "<progress" in page
    assert "Put in force" not in page
    simulate(desk.database, where.rpartition("/")[2], lambda: datetime.now(UTC))
    page = manager.get(where).text
    assert "refresh" not in page
    assert "<strong>1</strong> would change, of 1 customer." in page
    assert "a person decides → denied" in page
    assert "review" not in page
    assert "could be returned until 15 June 2026" in page
    # The draft goes on from there, comments and all.
    assert "window: {days: 14}  # shorter" in page
    assert "Put in force" in page
    assert "Put in force" not in desk.browser(Role.VIEWER).get(where).text
    assert manager.get("/policy/simulations/none").status_code == 404


def test_the_page_says_why_where_no_rule_does(desk: Desk) -> None:
    two_returns(desk.database)
    manager = desk.browser(Role.MANAGER)
    form = {"policy": "auto_approve_up_to: 5000", "basis": "1"}
    page = manager.get(manager.post("/policy/simulations", form).location).text
    assert "Worth no more than what is approved at once" in page


def test_the_page_says_which_returns_wait_for_a_photo(desk: Desk) -> None:
    two_returns(desk.database)
    manager = desk.browser(Role.MANAGER)
    form = {"policy": "reasons: {defective: {photo: true}}", "basis": "1"}
    page = manager.get(manager.post("/policy/simulations", form).location).text
    assert "a person decides → waits for a photo" in page
    assert "No photo of Thing 1." in page


def test_a_wrong_draft_or_no_temporal_leads_back_to_the_document(desk: Desk) -> None:
    manager = desk.browser(Role.MANAGER)
    answer = manager.post("/policy/simulations", {"policy": "window: 3", "basis": "1"})
    assert answer.status_code == 422
    assert desk.gateway.calls == []
    desk.gateway.error = Unavailable("The return service can't be reached; try again.")
    answer = manager.post("/policy/simulations", {"policy": "window: {days: 3}", "basis": "1"})
    assert answer.status_code == 503
    assert "can&#39;t be reached" in answer.text
    assert "window: {days: 3}" in answer.text
    assert desk.browser(Role.AGENT).post("/policy/simulations", {}).status_code == 403


def test_a_run_that_failed_says_why(desk: Desk) -> None:
    desk.gateway.works = False
    manager = desk.browser(Role.MANAGER)
    where = manager.post("/policy/simulations", {"policy": "window: {}", "basis": "1"}).location
    with desk.database.write() as session:
        row = session.scalars(select(Simulation)).one()
        row.status, row.problem = "failed", "The worker gave up."
    page = manager.get(where).text
    assert "It could not be done: The worker gave up." in page


# --- the command line -----------------------------------------------------------------------------


def test_the_command_prints_what_would_change(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    two_returns(desk.database)

    @contextmanager
    def opened(_settings: object) -> Iterator[Opened]:
        yield Opened(database=desk.database, gateway=cast("Any", desk.gateway))

    monkeypatch.setattr(policy_cli, "open_gateway", opened)
    file = tmp_path / "draft.yaml"
    file.write_text("window: {days: 14}\n")
    result = CliRunner().invoke(redress, ["policy", "simulate", str(file)])
    assert result.exit_code == 0, result.output
    assert "2 returns judged again: 1 would change, of 1 customers" in result.output
    assert "review→deny: 1" in result.output
    assert "GBP 80.00 → 50.00 (-30.00)" in result.output
    assert "R-2" in result.output
    later = ["policy", "simulate", str(file), "--from", "2026-06-22"]
    assert "0 returns judged again" in CliRunner().invoke(redress, later).output
    desk.gateway.error = None
    assert replace(desk.gateway.calls[0].about[0], version=1) == Policy(window_days=14)
