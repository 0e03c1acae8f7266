"""Stock moves: written once with their inspection, listed and exported."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.messages import Disposition, EventKind, ReturnStatus, TimelineEvent
from models.store.stock import record_moves
from models.tables import Return
from tests.conftest import MakeDatabase
from tests.web.api_app import Api, pointers, problem
from tests.web.staff_app import Desk
from tests.web.staff_rows import Item, add_return
from web.access import Role

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def inspected(key: str, *, at: datetime = NOW, **data: Any) -> TimelineEvent:
    facts = {"line": "1", "units": 1, "grade": "A", "disposition": "restock", "accepted": 1, **data}
    return TimelineEvent(
        key=key, at=at.isoformat(), kind=EventKind.INSPECTED, actor="user:1", data=facts
    )


def record(api: Api, number: int, *events: TimelineEvent, sku: str = "TEE") -> str:
    with api.database.write() as session:
        rma = add_return(session, number, ReturnStatus.RECEIVED, [Item(sku=sku)]).rma
    for _ in range(2):  # A repeat adds nothing.
        with api.database.write() as session:
            record_moves(session, session.get_one(Return, rma), events)
    return rma


def listed(api: Api, query: str = "") -> list[tuple[str, str, int]]:
    data = api.get(f"/stock-moves{query}").get_json()["data"]
    return [(move["sku"], move["disposition"], move["quantity"]) for move in data]


def test_each_verdict_is_a_move_and_what_was_refused_goes_back_to_the_customer(api: Api) -> None:
    rma = record(
        api,
        1,
        inspected("e-1", units=2, grade="B", disposition="refurbish"),
        inspected("e-2", accepted=0, disposition="destroy", grade="D"),
        TimelineEvent(key="e-3", at=NOW.isoformat(), kind=EventKind.RESOLVED, actor="redress"),
    )
    first, second = api.get("/stock-moves").get_json()["data"]
    assert first == {
        "number": first["number"],
        "return": rma,
        "line": "1",
        "sku": "TEE",
        "quantity": 2,
        "grade": "B",
        "disposition": "refurbish",
        "accepted": True,
        "actor": "user:1",
        "at": "2026-11-20T12:00:00Z",
    }
    assert (second["disposition"], second["accepted"]) == (Disposition.RETURN_TO_CUSTOMER, False)


def test_moves_are_filtered(api: Api) -> None:
    record(api, 1, inspected("e-1"), inspected("e-2", disposition="donate"))
    belt = record(api, 2, inspected("e-1", at=NOW + timedelta(days=1)), sku="BELT")
    assert listed(api, "?disposition=donate") == [("TEE", "donate", 1)]
    assert listed(api, "?sku=BELT") == listed(api, f"?return={belt}") == [("BELT", "restock", 1)]
    assert listed(api, "?from=2026-11-21") == [("BELT", "restock", 1)]
    assert len(listed(api, "?from=2026-11-20&to=2026-11-20")) == 2
    assert pointers(api.get("/stock-moves?disposition=attic")) == {"/disposition": "choice"}
    assert pointers(api.get("/stock-moves?to=9999-12-31")) == {"/to": "day"}
    problem(api.get("/stock-moves?cursor=x"), 422)


def test_the_list_has_pages_and_a_file(sqlite_api: Api) -> None:
    record(sqlite_api, 1, *(inspected(f"e-{number}") for number in range(3)), sku="=TEE")
    first = sqlite_api.get("/stock-moves?limit=2").get_json()
    rest = sqlite_api.get(f"/stock-moves?limit=2&cursor={first['next_cursor']}").get_json()
    assert len(first["data"] + rest["data"]) == 3
    assert rest["next_cursor"] is None
    answer = sqlite_api.get("/stock-moves", headers={"Accept": "text/csv"})
    assert answer.content_type.startswith("text/csv")
    head, *rows = answer.text.splitlines()
    assert head == "number,at,return,line,sku,quantity,grade,disposition,accepted"
    assert len(rows) == 3
    assert ",'=TEE,1,A,restock,true" in rows[0]


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def test_the_page_shows_where_goods_went(desk: Desk) -> None:
    now = datetime.now(UTC)
    browser = desk.browser(Role.WAREHOUSE)
    assert "Nothing was inspected" in browser.get("/dock/stock").text
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.RECEIVED, [Item(sku="TEE")])
        record_moves(session, row, [inspected("e-1", at=now)])
        record_moves(session, row, [inspected("e-2", at=now, disposition="donate", units=4)])
        record_moves(session, row, [inspected("e-0", at=now - timedelta(days=99), units=9)])
    page = browser.get("/dock/stock").text
    assert "To be donated" in page or "Donate: 4" in page
    assert "Back to stock: 1" in page
    assert page.count('<th scope="row"') == 2
    assert browser.get("/dock/stock?disposition=donate").text.count('<th scope="row"') == 1
    assert browser.get("/dock/stock?disposition=attic").status_code == 404
    assert browser.get("/dock/stock.csv?sku=TEE").text.count("TEE") == 2
    assert 'href="/dock/stock"' in browser.get("/dock").text
