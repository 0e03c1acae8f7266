"""Reconciliations over the API: started, listed, read, as JSON and as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta

from models.rules.reconciliation import DifferenceKind, Found
from models.store.reconciliations import begin_run, end_run, save_found
from tests.web.api_app import Api, problem
from web.access import Permission
from web.requests import Unavailable

NIGHT = datetime(2026, 10, 1, 3, 30, tzinfo=UTC)


def add_runs(api: Api, *ids: str) -> None:
    """Runs an hour apart, each with an open and a repaired difference."""
    for number, name in enumerate(ids):
        at = NIGHT + timedelta(hours=number)
        found = [
            Found(
                kind=DifferenceKind.LOST_ANSWER,
                amount=1234,
                currency="KWD",
                explanation="=It never came",
                rma="R-1",
                order="1001",
                refund="R-1-1",
                provider="stripe",
                provider_reference="re_1",
            ),
            Found(kind=DifferenceKind.CHAIN_BROKEN, amount=0, currency="", explanation="Entry 3"),
        ]
        with api.database.write() as session:
            begin_run(session, name, "redress", at)
            counts = {"refunds": 3, "provider_refunds": 2, "entries": 9}
            save_found(session, name, found, {0}, counts)
            end_run(session, name, at + timedelta(seconds=9), told=[], problem=None)


def test_starting_one_answers_at_once_and_says_where_to_look(api: Api) -> None:
    with api.database.write() as session:
        begin_run(session, "run-1", "user:1", NIGHT)
    answer = api.post("/reconciliations")
    assert answer.status_code == 202, answer.text
    body = answer.get_json()
    assert (body["id"], body["status"], body["ended_at"]) == ("run-1", "running", None)
    assert (body["compared"], body["problem"]) == ({}, None)
    assert answer.headers["Location"] == body["links"]["self"]
    assert api.gateway.calls[-1].name == "reconcile"


def test_one_that_can_not_be_started_is_503(api: Api) -> None:
    api.gateway.error = Unavailable("The return service can't be reached; try again in a moment.")
    assert problem(api.post("/reconciliations"), 503)["code"] == "unavailable"


def test_runs_are_listed_newest_first_by_page(api: Api) -> None:
    add_runs(api, "run-1", "run-2", "run-3")
    page = api.get("/reconciliations?limit=2").get_json()
    assert [run["id"] for run in page["data"]] == ["run-3", "run-2"]
    rest = api.get(f"/reconciliations?cursor={page['next_cursor']}").get_json()
    assert ([run["id"] for run in rest["data"]], rest["next_cursor"]) == (["run-1"], None)


def test_a_run_is_read_with_what_it_found(api: Api) -> None:
    add_runs(api, "run-1")
    body = api.get("/reconciliations/run-1").get_json()
    assert (body["open"], body["repaired"], body["compared"]["entries"]) == (1, 1, 9)
    chain, lost = body["differences"]
    assert (chain["kind"], chain["state"], chain["currency"]) == ("chain_broken", "open", None)
    assert lost == {
        "kind": "lost_answer",
        "state": "repaired",
        "amount": 1234,
        "currency": "KWD",
        "return": "R-1",
        "order": "1001",
        "refund": "R-1-1",
        "provider": "stripe",
        "provider_reference": "re_1",
        "explanation": "=It never came",
    }
    assert problem(api.get("/reconciliations/run-2"), 404)["code"] == "not_found"


def test_the_differences_are_a_file_for_spreadsheets(api: Api) -> None:
    add_runs(api, "run-1")
    answer = api.get("/reconciliations/run-1", headers={"Accept": "text/csv"})
    assert answer.content_type == "text/csv; charset=utf-8"
    _, lost = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (lost["amount"], lost["currency"]) == ("1.234", "KWD")
    assert lost["explanation"] == "'=It never came"


def test_reconciliations_are_for_who_may_see_the_books(sqlite_api: Api) -> None:
    key = sqlite_api.make_key([scope for scope in Permission if scope is not Permission.BOOKS])
    for answer in (
        sqlite_api.get("/reconciliations", key=key),
        sqlite_api.get("/reconciliations/run-1", key=key),
        sqlite_api.post("/reconciliations", key=key),
    ):
        assert problem(answer, 403)["code"] == "forbidden"
    assert sqlite_api.gateway.calls == []
