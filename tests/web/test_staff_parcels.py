"""Parcels without a return, as people at the dock deal with them."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.messages import ReturnStatus
from models.rules.parcels import ParcelStatus
from models.store.parcel_cases import open_case
from models.tables import Parcel, ParcelItem, Task
from tests.conftest import MakeDatabase
from tests.web.staff_app import Desk
from tests.web.staff_rows import NOW, Item, add_return
from web.access import Role
from web.requests import Conflict


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def add_parcel(desk: Desk, sku: str = "TEE", **marks: str) -> str:
    """A case that waits."""
    with desk.database.write() as session:
        parcel = Parcel(
            id="p-1",
            status=ParcelStatus.OPEN,
            actor="redress",
            created_at=NOW - timedelta(hours=2),
            note="",
            items=[ParcelItem(no=1, part=1, sku=sku, quantity=2, note="In a red box")],
            **marks,
        )
        session.add(parcel)
        session.flush()
        open_case(session, parcel, NOW)
        return parcel.id


def add_tee(desk: Desk) -> str:
    with desk.database.write() as session:
        item = Item(sku="TEE", bought=2, requested=2, approved=2)
        return add_return(session, 1, ReturnStatus.IN_TRANSIT, [item]).rma


def test_a_case_stands_in_the_inbox_of_the_warehouse_and_comes_next(desk: Desk) -> None:
    add_parcel(desk, order_number="77", name="B. Ell")
    browser = desk.browser(Role.WAREHOUSE)
    page = browser.get("/").text
    assert "Find the parcel&#39;s return" in page
    assert "order 77 · B. Ell" in page
    assert "2 × TEE" in page
    assert 'href="/dock/parcels/p-1" data-row-link' in page
    assert browser.get("/next").location == "/dock/parcels/p-1"


def test_its_page_offers_the_returns_it_may_belong_to(desk: Desk) -> None:
    rma = add_tee(desk)
    add_parcel(desk, name="B. Ell")
    page = desk.browser(Role.WAREHOUSE).get("/dock/parcels/p-1").text
    assert f'aria-label="Match to {rma}"' in page
    assert "It expects TEE." in page
    assert "In a red box" in page
    assert "Nobody" not in page


def test_a_match_is_received_there_and_ends_the_case(desk: Desk) -> None:
    rma = add_tee(desk)
    add_parcel(desk)
    browser = desk.browser(Role.WAREHOUSE)
    answer = browser.post("/dock/parcels/p-1/match", {"rma": rma})
    assert answer.status_code == 303
    (call,) = desk.gateway.calls
    assert (call.name, call.about[0]) == ("receive", rma)
    page = browser.get(answer.location).text
    assert f"The parcel is received for {rma}" in page
    assert "Which return is it?" not in page
    with desk.database.read() as session:
        assert session.get_one(Task, "p-1").status == "done"


def test_a_case_that_nothing_fits_is_closed_with_a_note(desk: Desk) -> None:
    add_parcel(desk)
    browser = desk.browser(Role.WAREHOUSE)
    wordless = browser.post("/dock/parcels/p-1/close", {"outcome": "kept"})
    assert wordless.status_code == 422
    assert "Note in a few words" in wordless.text
    told = {"outcome": "kept", "note": "Shelf nine"}
    page = browser.get(browser.post("/dock/parcels/p-1/close", told).location).text
    assert "Kept: Shelf nine" in page


def test_a_refusal_and_a_missing_number_are_told_on_the_page(desk: Desk) -> None:
    rma = add_tee(desk)
    add_parcel(desk)
    browser = desk.browser(Role.WAREHOUSE)
    assert "Choose a return" in browser.post("/dock/parcels/p-1/match").text
    unknown = browser.post("/dock/parcels/p-1/match", {"rma": "R-9"})
    assert (unknown.status_code, "There is no return R-9" in unknown.text) == (404, True)
    desk.gateway.error = Conflict("It is on hold.")
    refused = browser.post("/dock/parcels/p-1/match", {"rma": rma})
    assert (refused.status_code, "It is on hold." in refused.text) == (409, True)


def test_a_case_is_claimed_from_its_page_and_from_the_inbox(desk: Desk) -> None:
    add_parcel(desk)
    browser = desk.browser(Role.WAREHOUSE)
    assert browser.post("/dock/parcels/p-1/claim").location == "/dock/parcels/p-1"
    assert browser.post("/dock/parcels/p-1/claim", {"show": "all"}).location == "/?show=all"
    assert [call.name for call in desk.gateway.calls] == ["claim_task", "claim_task"]


def test_who_may_not_receive_looks_only(desk: Desk) -> None:
    add_parcel(desk)
    browser = desk.browser(Role.AGENT)
    assert "Close the case" not in browser.get("/dock/parcels/p-1").text
    for action in ("match", "close", "claim"):
        assert browser.post(f"/dock/parcels/p-1/{action}").status_code == 403
    assert browser.get("/dock/parcels/x").status_code == 404
