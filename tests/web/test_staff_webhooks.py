"""The managers' pages of webhooks."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.messages import EventKind, ReturnStatus, TaskKind
from models.rules.webhooks import Answer
from models.store import sending, webhooks
from models.store.outgoing import events_after, find_event
from models.tables import Task, WebhookEndpoint
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk
from tests.web.staff_rows import add_event, add_return
from web.access import Role

NOW = datetime.now(UTC)
URL = "https://erp.shop.example/redress?token=4711-geheim"


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


@pytest.fixture
def manager(desk: Desk) -> Browser:
    return desk.browser(Role.MANAGER)


def only(desk: Desk) -> WebhookEndpoint:
    with desk.database.read() as session:
        [found] = webhooks.list_endpoints(session)
        return found


def sent(desk: Desk, answer: Answer) -> tuple[str, str]:
    """An endpoint, and the event that it answered so."""
    with desk.database.write() as session:
        made = webhooks.add_endpoint(
            session, url=URL, description="ERP", types=[], actor="user:1", at=NOW
        )
        row = add_return(session, 1, ReturnStatus.RECEIVED)
        add_event(session, row, EventKind.CLOSED)
    with desk.database.write() as session:
        sending.plan(session, made.id, at=NOW, busy=(), free=6)
        first = events_after(session, 0, limit=1)[0]
        sending.note_answer(session, made.id, first.number, answer, at=NOW)
    return made.id, first.id


def test_a_manager_adds_an_endpoint_and_sees_its_secret_once(desk: Desk, manager: Browser) -> None:
    assert "Nobody is told yet" in manager.get("/webhooks").text
    form = {"url": URL, "description": "The ERP", "types": "refund.succeeded"}
    page = manager.post("/webhooks", form)
    assert page.status_code == 200
    made = only(desk)
    assert (made.url, made.types, made.description) == (URL, ["refund.succeeded"], "The ERP")
    assert made.secret in page.text
    again = manager.get(f"/webhooks/{made.id}")
    assert made.secret not in again.text
    assert "Told of refund.succeeded." in again.text
    listed = manager.get("/webhooks").text
    assert "https://erp.shop.example/redress" in listed
    assert "geheim" not in listed + again.text


def test_an_address_that_cannot_be_told_is_refused_with_what_was_typed(
    desk: Desk, manager: Browser
) -> None:
    page = manager.post("/webhooks", {"url": "http://10.0.0.1/", "types": "task.done"})
    assert page.status_code == 422
    assert "The address must begin with https://." in page.text
    assert 'value="http://10.0.0.1/"' in page.text
    assert "<option selected>task.done</option>" in page.text
    with desk.database.read() as session:
        assert webhooks.list_endpoints(session) == []


def test_a_failed_delivery_shows_what_was_sent_and_answered_and_is_sent_again(
    desk: Desk, manager: Browser
) -> None:
    answer = Answer(status=500, body="<b>oops</b>", problem="It answered 500.", took=12)
    endpoint, event = sent(desk, answer)
    page = manager.get(f"/webhooks/{endpoint}")
    assert "2 waiting, 0 failed" in page.text
    assert page.text.count("return.requested") == 1
    one = manager.get(f"/webhooks/{endpoint}/events/{event}")
    assert "status 500. It answered 500." in one.text
    assert "&lt;b&gt;oops&lt;/b&gt;" in one.text
    assert event in one.text
    assert "/api/v1/returns/" in one.text
    answered = manager.post(f"/webhooks/{endpoint}/events/{event}/resend")
    assert answered.status_code == 303
    assert desk.gateway.nudged == [endpoint]
    with desk.database.read() as session:
        row = webhooks.load_delivery(session, endpoint, event)
        assert row is not None
        assert (row.status, row.attempts) == ("pending", 0)


def test_deliveries_are_filtered_by_their_state(desk: Desk, manager: Browser) -> None:
    endpoint, _ = sent(desk, Answer(status=204, took=5))
    done = manager.get(f"/webhooks/{endpoint}?status=delivered").text
    assert "return.requested" in done
    assert "return.closed" not in done
    assert "Nothing was sent" in manager.get(f"/webhooks/{endpoint}?status=failed").text


def test_an_endpoint_is_tried_out_switched_turned_and_removed(desk: Desk, manager: Browser) -> None:
    endpoint, _ = sent(desk, Answer(status=204, took=5))
    assert manager.post(f"/webhooks/{endpoint}/test").status_code == 303
    assert desk.gateway.nudged == [endpoint]
    assert manager.post(f"/webhooks/{endpoint}/switch", {"on": "0"}).status_code == 303
    assert only(desk).disabled_because == "switched_off"
    assert "It is off." in manager.get(f"/webhooks/{endpoint}").text
    manager.post(f"/webhooks/{endpoint}/switch", {"on": "1"})
    assert only(desk).enabled
    before = only(desk).secret
    page = manager.post(f"/webhooks/{endpoint}/rotate")
    now = only(desk)
    assert now.secret in page.text
    assert before not in page.text
    assert now.previous_secret == before
    assert re.search(r"The one before signs beside it until", page.text)
    assert manager.post(f"/webhooks/{endpoint}/remove").status_code == 303
    assert manager.get(f"/webhooks/{endpoint}").status_code == 404


@pytest.mark.parametrize("role", [Role.AGENT, Role.WAREHOUSE, Role.FINANCE, Role.VIEWER])
def test_nobody_but_managers_sees_webhooks(desk: Desk, role: Role) -> None:
    browser = desk.browser(role)
    assert "/webhooks" not in browser.get("/").text
    page = browser.get("/webhooks")
    assert page.status_code == 403
    assert "look after webhooks" in page.text
    assert browser.post("/webhooks", {"url": URL}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/webhooks/ep_none", "/webhooks/ep_none/events/evt_none", "/webhooks/x?below=z"]
)
def test_what_is_not_there_is_not_found(manager: Browser, path: str) -> None:
    assert manager.get(path).status_code == 404
    for action in ("switch", "rotate", "test", "remove", "events/evt_none/resend"):
        assert manager.post(f"/webhooks/ep_none/{action}").status_code == 404


def tasks(desk: Desk) -> list[Task]:
    with desk.database.read() as session:
        query = select(Task).where(Task.kind == TaskKind.WEBHOOK_FAILED).order_by(Task.opened_at)
        return list(session.scalars(query))


def given_up(desk: Desk) -> tuple[str, str]:
    """An endpoint that answered 500 for three days, and the event that it would not take."""
    endpoint, event = sent(desk, Answer(status=500, body="", problem="It answered 500.", took=9))
    answer(desk, endpoint, event, 500, NOW + timedelta(days=4))
    return endpoint, event


def answer(desk: Desk, endpoint: str, event: str, status: int, at: datetime) -> None:
    with desk.database.write() as session:
        found = find_event(session, event)
        assert found is not None
        said = Answer(status=status, body="", problem="" if status < 300 else "No.", took=9)
        sending.note_answer(session, endpoint, found.number, said, at=at)


def another(desk: Desk, endpoint: str, at: datetime, number: int = 2) -> str:
    """One more event that waits for the endpoint."""
    with desk.database.write() as session:
        add_return(session, number, ReturnStatus.RECEIVED)
    with desk.database.write() as session:
        sending.plan(session, endpoint, at=at, busy=(), free=6)
        return str(events_after(session, 0, limit=100)[-1].id)


def test_what_is_given_up_is_one_task_until_the_endpoint_works(
    desk: Desk, manager: Browser
) -> None:
    endpoint, first = given_up(desk)
    later = NOW + timedelta(days=5)
    second = another(desk, endpoint, NOW)
    answer(desk, endpoint, second, 500, later)
    [task] = tasks(desk)
    assert (task.status, task.endpoint_id, task.reference) == ("open", endpoint, first)
    assert "Look after the webhook endpoint" in manager.get("/").text
    page = manager.get(f"/tasks/{task.id}").text
    assert f'href="/webhooks/{endpoint}"' in page
    assert "geheim" not in page
    assert "Look after the webhook endpoint" not in desk.browser(Role.FINANCE).get("/").text

    answer(desk, endpoint, another(desk, endpoint, later, 3), 200, later + timedelta(hours=1))
    [task] = tasks(desk)
    assert (task.status, task.closed_by) == ("done", "redress")

    again = another(desk, endpoint, later, 4)
    answer(desk, endpoint, again, 500, later + timedelta(days=9))
    assert [each.status for each in tasks(desk)] == ["done", "open"]


def test_one_event_that_a_working_endpoint_would_not_take_stays_a_task_until_it_takes_it(
    desk: Desk,
) -> None:
    endpoint, first = sent(desk, Answer(status=500, body="", problem="It answered 500.", took=9))
    answer(desk, endpoint, another(desk, endpoint, NOW), 200, NOW + timedelta(days=1))
    answer(desk, endpoint, first, 500, NOW + timedelta(days=4))
    answer(desk, endpoint, another(desk, endpoint, NOW, 3), 200, NOW + timedelta(days=5))
    assert [each.status for each in tasks(desk)] == ["open"]
    answer(desk, endpoint, first, 200, NOW + timedelta(days=6))
    assert [each.status for each in tasks(desk)] == ["done"]


@pytest.mark.parametrize("how", ["switch", "remove"])
def test_who_switches_or_removes_the_endpoint_ends_its_task(
    desk: Desk, manager: Browser, how: str
) -> None:
    endpoint, _ = sent(desk, Answer(status=410, body="", problem="Gone.", took=9))
    assert [each.status for each in tasks(desk)] == ["open"]
    assert manager.post(f"/webhooks/{endpoint}/{how}", {"on": "1"}).status_code == 303
    [task] = tasks(desk)
    assert task.status == "done"
    assert str(task.closed_by).startswith("user:")
    assert manager.get(f"/tasks/{task.id}").status_code == 200
