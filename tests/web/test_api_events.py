"""Outgoing events by API: written with what they tell, in order, without personal data."""

import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from models.messages import EventKind, ReturnStatus, TaskKind
from models.rules.outgoing import all_types
from models.store.outgoing import events_after
from models.tables import Event, OutgoingEvent, Return, Task
from tests.web.api_app import Api, pointers, problem
from tests.web.staff_rows import NOW, add_event, add_return

DOCUMENT = Path(__file__).parents[2] / "docs/integrator.md"


def events(api: Api, **query: Any) -> list[dict[str, Any]]:
    answer = api.get("/events", query_string=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["data"]
    return found


@pytest.fixture
def rma(api: Api) -> str:
    with api.database.write() as session:
        return add_return(session, 1, ReturnStatus.RECEIVED).rma


def test_an_event_says_what_happened_to_which_return_and_where_to_read_it(
    api: Api, rma: str
) -> None:
    with api.database.write() as session:
        row = session.get_one(Return, rma)
        row.status = ReturnStatus.APPROVED
        add_event(session, row, EventKind.APPROVED, "user:3", units=2, by_policy=0)
    [first, second] = events(api)
    assert first["type"] == "return.requested"
    assert second == {
        "id": second["id"],
        "type": "return.approved",
        "timestamp": (NOW - timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        "data": {
            "return": rma,
            "order": "10001",
            "status": "approved",
            "sequence": 2,
            "actor": "user:3",
            "facts": {"units": 2, "by_policy": 0},
            "link": f"{api.settings.web_url}/api/v1/returns/{rma}",
        },
    }
    assert re.fullmatch(r"evt_[0-9a-f]{32}", second["id"])


def test_a_task_is_told_when_it_opens_changes_hands_and_ends(api: Api, rma: str) -> None:
    with api.database.write() as session:
        task = Task(id="t-1", rma=rma, kind=TaskKind.INSPECT, status="open", opened_at=NOW)
        session.add(task)
    for status in ("claimed", "claimed", "open", "done"):
        with api.database.write() as session:
            session.get_one(Task, task.id).status = status
    told = [each for each in events(api) if each["type"].startswith("task.")]
    assert [each["type"] for each in told] == [
        "task.opened",
        "task.claimed",
        "task.released",
        "task.done",
    ]
    assert [each["data"]["task"]["status"] for each in told] == ["open", "claimed", "open", "done"]
    assert {each["data"]["task"]["id"] for each in told} == {task.id}


def test_what_is_rolled_back_is_not_told(api: Api, rma: str) -> None:
    before = events(api)

    def fail() -> None:
        with api.database.write() as session:
            add_event(session, session.get_one(Return, rma), EventKind.CLOSED)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert events(api) == before


def test_what_carriers_and_mail_servers_wrote_stays_in_the_house(api: Api, rma: str) -> None:
    with api.database.write() as session:
        add_event(
            session,
            session.get_one(Return, rma),
            EventKind.MAIL_FAILED,
            note="Carla moved to Leeds",
            template="approved",
            problem="550 carla@example.com is unknown here",
        )
    *_, told = events(api)
    assert told["data"]["facts"] == {"template": "approved"}
    text = api.get("/events").text
    assert "example.com" not in text
    assert "Leeds" not in text


def test_a_change_that_nobody_would_be_told_of_is_refused(api: Api) -> None:
    for statement in (update(Task).values(status="done"), delete(Task)):
        with pytest.raises(TypeError, match="change Task by its rows"), api.database.write() as s:
            s.execute(statement)


# --- reading on ----------------------------------------------------------------------------------


def test_a_reader_goes_on_behind_the_last_event_it_dealt_with(api: Api, rma: str) -> None:
    for kind in (EventKind.APPROVED, EventKind.RECEIVED, EventKind.CLOSED):
        with api.database.write() as session:
            add_event(session, session.get_one(Return, rma), kind)
    everything = events(api)
    assert [each["data"]["sequence"] for each in everything] == [1, 2, 3, 4]
    assert events(api, after=everything[1]["id"]) == everything[2:]
    assert events(api, after=everything[-1]["id"]) == []
    page = api.get("/events", query_string={"limit": 3}).get_json()
    assert page["data"] == everything[:3]
    rest = api.get("/events", query_string={"cursor": page["next_cursor"]}).get_json()
    assert rest == {"data": everything[3:], "next_cursor": None}


def test_events_are_found_by_type_and_by_return(api: Api, rma: str) -> None:
    with api.database.write() as session:
        other = add_return(session, 2, ReturnStatus.CLOSED)
        add_event(session, other, EventKind.CLOSED)
    assert [each["data"]["return"] for each in events(api, **{"return": other.rma})] == [
        other.rma
    ] * 2
    assert [each["type"] for each in events(api, type="return.closed")] == ["return.closed"]
    both = events(api, type="return.closed,return.requested")
    assert [each["type"] for each in both] == [
        "return.requested",
        "return.requested",
        "return.closed",
    ]
    assert events(api, **{"return": "R-NONE"}) == []


def test_what_cannot_be_asked_is_refused_with_a_sentence(api: Api) -> None:
    refused = api.get("/events", query_string={"type": "return.exploded"})
    assert pointers(refused) == {"/type": "event_type"}
    assert "docs/integrator.md" in problem(refused, 422)["detail"]
    problem(api.get("/events", query_string={"after": "evt_unheard_of"}), 404)
    assert pointers(api.get("/events", query_string={"cursor": "x"})) == {"/cursor": "cursor"}


def test_a_reader_beside_many_writers_misses_nothing(api: Api) -> None:
    with api.database.write() as session:
        rmas = [add_return(session, number, ReturnStatus.RECEIVED).rma for number in range(1, 5)]
    seen = [event.number for event in _behind(api, 0)]
    writers = [
        threading.Thread(target=_write, args=(api, rmas[(number + turn) % 4 : number + 4]))
        for number in range(4)
        for turn in range(2)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen += [event.number for event in _behind(api, seen[-1])]
    seen += [event.number for event in _behind(api, seen[-1])]
    rows = _behind(api, 0)
    assert seen == [row.number for row in rows] == list(range(1, len(rows) + 1))
    for rma in rmas:
        own = [row.sequence for row in rows if row.rma == rma]
        assert own == list(range(1, len(own) + 1))


def _behind(api: Api, number: int) -> list[OutgoingEvent]:
    with api.database.read() as session:
        return list(events_after(session, number, limit=10_000))


def _write(api: Api, rmas: list[str]) -> None:
    for turn in range(10):
        with api.database.write() as session:
            for rma in rmas if turn % 2 else reversed(rmas):
                key = f"{threading.get_ident()}/{turn}"
                session.add(
                    Event(
                        rma=rma,
                        key=key,
                        at=NOW,
                        kind=EventKind.SCANNED,
                        actor="carrier",
                        data={"event": key},
                    )
                )
                session.flush()


# --- the document --------------------------------------------------------------------------------


def test_the_document_lists_every_type_and_no_other() -> None:
    section = DOCUMENT.read_text().partition("## Events")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", row)]
    assert sorted(listed) == all_types()
