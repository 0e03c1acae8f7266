"""The page of a task about an order that has no return."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.messages import ReturnStatus, TaskKind
from models.tables import Dispute, Note, Task
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk
from tests.web.staff_rows import NOW, add_return
from web.access import Role
from web.requests import Conflict

TASK = "5d1f4a9e-0000-4000-8000-000000000001"


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


@pytest.fixture
def finance(desk: Desk) -> Browser:
    return desk.browser(Role.FINANCE)


@pytest.fixture
def order(desk: Desk) -> str:
    """An order whose payment is disputed, with the task to answer it."""
    with desk.database.write() as session:
        order = add_return(session, 1, ReturnStatus.CLOSED).order
        dispute = Dispute(
            provider="sandbox",
            dispute="dp_1",
            payment_id=order.payments[0].id,
            status="open",
            refundable=False,
            amount=4200,
            currency="GBP",
            held=0,
            opened_at=NOW,
        )
        task = Task(
            id=TASK,
            order_number=order.number,
            kind=TaskKind.DISPUTE,
            status="open",
            reference="dp_1",
            due_at=NOW + timedelta(days=6),
            opened_at=NOW,
        )
        session.add_all([dispute, task])
        return str(order.number)


def test_finance_finds_it_in_the_inbox_claims_it_and_says_how_it_was_answered(
    desk: Desk, finance: Browser, order: str
) -> None:
    inbox = finance.get("/").text
    assert "Answer the dispute" in inbox
    assert f'href="/tasks/{TASK}"' in inbox
    assert finance.get("/next").headers["Location"] == f"/tasks/{TASK}"
    page = finance.get(f"/tasks/{TASK}").text
    assert all(words in page for words in (order, "dp_1", "£42.00", "Evidence is sent"))

    assert finance.post(f"/tasks/{TASK}/claim", {"show": ""}).status_code == 303
    assert finance.post(f"/tasks/{TASK}/complete", {"choice": "contested"}).status_code == 422
    done = finance.post(f"/tasks/{TASK}/complete", {"note": "Sent scans", "choice": "contested"})
    assert done.status_code == 303
    calls = {call.name: call.about for call in desk.gateway.calls}
    assert calls["claim_task"] == (TASK,)
    assert calls["complete_task"][:3] == (TASK, "Sent scans", "contested")


def test_what_the_gateway_refuses_is_said_on_the_page(
    desk: Desk, finance: Browser, order: str
) -> None:
    desk.gateway.error = Conflict("This task is done already.", code="task_not_open")
    page = finance.post(f"/tasks/{TASK}/complete", {"note": "x", "choice": "accepted"})
    assert page.status_code == 409
    assert "This task is done already." in page.text


def test_one_that_is_done_says_what_was_done(desk: Desk, finance: Browser, order: str) -> None:
    with desk.database.write() as session:
        session.add(Note(id="n-1", rma="", actor="user:1", body="Sent the scans", created_at=NOW))
        session.flush()
        task = session.get_one(Task, TASK)
        task.status, task.closed_at, task.closed_by, task.note_id = "done", NOW, "redress", "n-1"
    page = finance.get(f"/tasks/{TASK}").text
    assert "Sent the scans" in page
    assert "Evidence is sent" not in page


def test_others_see_it_and_cannot_end_it(desk: Desk, order: str) -> None:
    page = desk.browser(Role.WAREHOUSE).get(f"/tasks/{TASK}").text
    assert "Evidence is sent" not in page
    assert "Waits for somebody who may" in page


def test_an_unknown_task_is_not_found(finance: Browser) -> None:
    assert finance.get("/tasks/nothing").status_code == 404
    assert finance.post("/tasks/nothing/claim").status_code == 404
