"""What moves a return: each call reaches the gateway as asked, and answers with the return."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.messages import (
    CarrierStatus,
    Condition,
    CountedLine,
    DecisionKind,
    Disposition,
    Grade,
    ReturnStatus,
    TaskKind,
)
from models.rules.orders import AddressInput
from models.tables import Label, Task
from tests.web.api_app import Api, pointers, problem
from tests.web.staff_history import add_label, add_task
from tests.web.staff_rows import add_return, add_user
from web.access import Role
from web.api import return_actions
from web.requests import (
    Conflict,
    DecisionRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineDecisionRequest,
    ReceiptRequest,
    ScanRequest,
    UnexpectedRequest,
)

INSPECTED = {"line": "1", "quantity": 1, "grade": "A", "disposition": "restock"}


@pytest.fixture
def rma(sqlite_api: Api) -> str:
    """A return that waits."""
    with sqlite_api.database.write() as session:
        return add_return(session, 1, ReturnStatus.AWAITING_PARCEL).rma


CALLS: list[tuple[str, dict[str, Any], int, str, tuple[Any, ...]]] = [
    (
        "decision",
        {
            "decision": "approve",
            "note": "Fine",
            "lines": [{"line": "2", "decision": "decline", "note": "Worn"}],
        },
        200,
        "decide",
        (
            DecisionRequest(
                decision=DecisionKind.APPROVE,
                note="Fine",
                lines=[LineDecisionRequest(line="2", decision=DecisionKind.DECLINE, note="Worn")],
            ),
        ),
    ),
    ("decision", {"decision": "decline"}, 200, "decide", (DecisionRequest(decision="decline"),)),
    ("cancel", {"note": "Changed my mind"}, 200, "cancel", ("Changed my mind",)),
    ("cancel", {}, 200, "cancel", ("",)),
    (
        "tracking",
        {
            "event_id": "e-1",
            "status": "in_transit",
            "at": "2026-11-05T10:00:00+01:00",
            "detail": "Paris",
        },
        200,
        "scan",
        (
            ScanRequest(
                event_id="e-1",
                status=CarrierStatus.IN_TRANSIT,
                at=datetime(2026, 11, 5, 9, tzinfo=UTC),
                detail="Paris",
            ),
        ),
    ),
    (
        "receipts",
        {
            "lines": [{"line": "1", "quantity": 2}],
            "unexpected": [{"sku": "MUG", "quantity": 1, "note": "Broken"}],
            "tracking": "RD1GB",
        },
        201,
        "receive",
        (
            ReceiptRequest(
                lines=[CountedLine(line="1", quantity=2)],
                unexpected=[UnexpectedRequest(sku="MUG", quantity=1, note="Broken")],
                tracking="RD1GB",
            ),
        ),
    ),
    (
        "inspections",
        {"lines": [{**INSPECTED, "accepted": False, "note": "Worn"}]},
        201,
        "inspect",
        (
            InspectionRequest(
                lines=[
                    InspectionLineRequest(
                        line="1",
                        quantity=1,
                        grade=Grade.A,
                        disposition=Disposition.RESTOCK,
                        accepted=False,
                        note="Worn",
                    )
                ]
            ),
        ),
    ),
    ("retry", {"refund": "R-1-1"}, 200, "retry_refund", ("R-1-1",)),
    (
        "resolve-manually",
        {"refund": "R-1-1", "method": "paid_by_hand", "reference": "BACS 7", "note": "Called"},
        200,
        "resolve_manually",
        ("R-1-1", "paid_by_hand", "BACS 7", "Called"),
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "name", "about"), CALLS)
def test_a_call_reaches_the_gateway_and_answers_with_the_return(
    sqlite_api: Api,
    rma: str,
    path: str,
    body: dict[str, Any],
    status: int,
    name: str,
    about: tuple[Any, ...],
) -> None:
    response = sqlite_api.post(f"/returns/{rma}/{path}", body)
    assert response.status_code == status, response.text
    assert response.get_json() == sqlite_api.get(f"/returns/{rma}").get_json()
    assert (response.headers.get("Location") is not None) is (status == 201)
    [call] = sqlite_api.gateway.calls
    assert (call.name, call.about) == (name, (rma, *about))


@pytest.mark.parametrize(("path", "body", "_status", "name", "_about"), CALLS)
def test_a_call_that_is_not_carried_out_yet_is_taken(
    sqlite_api: Api,
    rma: str,
    path: str,
    body: dict[str, Any],
    _status: int,
    name: str,
    _about: tuple[Any, ...],
) -> None:
    sqlite_api.gateway.settled = False
    response = sqlite_api.post(f"/returns/{rma}/{path}", body)
    assert response.status_code == 202
    assert response.get_json()["rma"] == rma
    assert response.get_json()["status"] == "approved"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("decision", {}, "/decision"),
        ("decision", {"decision": "maybe"}, "/decision"),
        ("decision", {"decision": "approve", "note": "x" * 4001}, "/note"),
        ("cancel", {"note": 5}, "/note"),
        ("cancel", {"reason": "x"}, "/reason"),
        ("label", {"format": "zpl"}, "/format"),
        ("tracking", {"event_id": "e", "status": "in_transit"}, "/at"),
        ("tracking", {"event_id": "", "status": "lost", "at": "now"}, "/event_id"),
        ("tracking", {"event_id": "e", "status": "lost", "at": "2100-01-01T00:00:00Z"}, "/at"),
        ("receipts", {}, "/lines"),
        ("receipts", {"lines": [{"line": "1", "quantity": 0}]}, "/lines/0/quantity"),
        ("receipts", {"unexpected": [{"sku": "A", "quantity": 1.0}]}, "/unexpected/0/quantity"),
        ("inspections", {"lines": []}, "/lines"),
        ("inspections", {"lines": [{**INSPECTED, "grade": "E"}]}, "/lines/0/grade"),
        ("inspections", {"lines": [{**INSPECTED, "accepted": "no"}]}, "/lines/0/accepted"),
        ("retry", {}, "/refund"),
        (
            "resolve-manually",
            {"refund": "R-1-1", "method": "magic", "reference": "x"},
            "/method",
        ),
    ],
)
def test_a_body_that_makes_no_sense_changes_nothing(
    sqlite_api: Api, rma: str, path: str, body: dict[str, object], pointer: str
) -> None:
    assert pointer in pointers(sqlite_api.post(f"/returns/{rma}/{path}", body))
    assert sqlite_api.gateway.calls == []


def test_a_conflict_tells_the_present_state(sqlite_api: Api, rma: str) -> None:
    sqlite_api.gateway.error = Conflict("It is closed.", state=ReturnStatus.CLOSED)
    body = problem(sqlite_api.post(f"/returns/{rma}/decision", {"decision": "approve"}), 409)
    assert body["state"] == "closed"


def test_a_label_is_answered_with_once_it_is_there(
    sqlite_api: Api, rma: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_at = datetime.now(UTC)
    real = sqlite_api.gateway.make_label

    def make_label(*args: Any, **options: Any) -> Any:
        with sqlite_api.database.write() as session:
            session.add(
                Label(
                    key=f"{rma}/label/2",
                    rma=rma,
                    carrier="sandbox",
                    tracking="RD-NEW",
                    pdf=b"%PDF",
                    created_at=max(made_at, datetime.now(UTC)),
                )
            )
        return real(*args, **options)

    monkeypatch.setattr(sqlite_api.gateway, "make_label", make_label)
    response = sqlite_api.call("POST", f"/returns/{rma}/label")
    assert response.status_code == 201, response.text
    assert response.get_json()["label"]["tracking"] == "RD-NEW"
    location = response.headers["Location"]
    assert sqlite_api.get(location.split("/api/v1")[1]).data == b"%PDF"


def test_a_label_may_be_made_from_another_address(
    sqlite_api: Api, rma: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(return_actions, "LABEL_WAIT_SECONDS", 0)
    path = f"/returns/{rma}/label"
    typed = {"line1": "5 Mill Lane", "city": "York", "country": "GB"}
    assert sqlite_api.post(path, {"address": typed}).status_code == 202
    [call] = sqlite_api.gateway.calls
    assert call.about == (rma, AddressInput(**typed))
    refused = problem(sqlite_api.post(path, {"address": typed | {"country": "gb"}}), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/address/country"]


def test_an_older_label_is_not_taken_for_the_new_one(
    sqlite_api: Api, rma: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(return_actions, "LABEL_WAIT_SECONDS", 0)
    with sqlite_api.database.write() as session:
        add_label(session, add_return(session, 2, ReturnStatus.APPROVED))
    [other] = [
        found["rma"]
        for found in sqlite_api.get("/returns").get_json()["data"]
        if found["rma"] != rma
    ]
    assert sqlite_api.post(f"/returns/{other}/label").status_code == 202


def add_tasks(api: Api) -> tuple[str, str]:
    with api.database.write() as session:
        row = add_return(session, 1, ReturnStatus.NEEDS_ATTENTION)
        task = add_task(session, row, TaskKind.SEND_BACK)
        for kind in (TaskKind.INSPECT, TaskKind.DECIDE):
            add_task(session, row, kind, due_in=None)
        return row.rma, task.id


def test_tasks_are_listed_by_due_time_and_filtered(api: Api) -> None:
    rma, task = add_tasks(api)
    with api.database.write() as session:
        done = add_task(session, add_return(session, 2, ReturnStatus.CLOSED), TaskKind.DECIDE)
        done.status = "done"
        finished = done.id
    whole = api.get("/tasks").get_json()["data"]
    assert [found["id"] for found in whole] == [task, f"{rma}-decide", f"{rma}-inspect"]
    assert whole[0]["return"] == rma
    assert [found["id"] for found in api.get("/tasks?status=done").get_json()["data"]] == [finished]
    assert len(api.get("/tasks?kind=decide").get_json()["data"]) == 1
    assert len(api.get(f"/tasks?return={rma}&status=open").get_json()["data"]) == 3
    seen, query = [], "?limit=1"
    while query:
        page = api.get(f"/tasks{query}").get_json()
        seen += page["data"]
        query = f"?limit=1&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == whole


def test_a_task_is_claimed_and_completed(api: Api) -> None:
    _, task = add_tasks(api)
    with api.database.write() as session:
        mara = add_user(session, Role.WAREHOUSE)
        row = session.get_one(Task, task)
        row.owner_id, row.status = mara.id, "claimed"
    key = api.make_key(["all"], mara)
    claimed = api.post(f"/tasks/{task}/claim", {"note": "On it"}, key=key)
    assert claimed.status_code == 200
    assert claimed.get_json()["owner"] == f"user:{mara.id}"
    assert claimed.get_json()["escalated_at"] is None
    assert api.call("POST", f"/tasks/{task}/release", key=key).status_code == 200
    done = api.post(f"/tasks/{task}/complete", {"note": "Sent"}, key=key)
    assert done.status_code == 200
    assert [(call.name, call.about) for call in api.gateway.calls] == [
        ("claim_task", (task, "On it")),
        ("release_task", (task,)),
        ("complete_task", (task, "Sent")),
    ]
    api.gateway.settled = False
    assert api.post(f"/tasks/{task}/complete", {}, key=key).status_code == 202
    assert api.gateway.calls[0].actor.user_id == mara.id


def test_a_receipt_tells_what_arrived_damaged_and_what_came_instead(
    sqlite_api: Api, rma: str
) -> None:
    body = {
        "lines": [
            {"line": "1", "quantity": 1},
            {"line": "1", "quantity": 1, "condition": "damaged", "note": "Crushed"},
        ],
        "unexpected": [{"sku": "HAT", "quantity": 1, "instead_of": "1"}],
    }
    assert sqlite_api.post(f"/returns/{rma}/receipts", body).status_code == 201
    (call,) = sqlite_api.gateway.calls
    assert call.about[1] == ReceiptRequest(
        lines=[
            CountedLine(line="1", quantity=1),
            CountedLine(line="1", quantity=1, condition=Condition.DAMAGED, note="Crushed"),
        ],
        unexpected=[UnexpectedRequest(sku="HAT", quantity=1, instead_of="1")],
    )
    body["lines"][0]["condition"] = "wet"
    refused = sqlite_api.post(f"/returns/{rma}/receipts", body)
    assert pointers(refused) == {"/lines/0/condition": "choice"}
