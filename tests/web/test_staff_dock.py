"""The dock page: scan, count, next."""

import re
from pathlib import Path

import pytest

from models.messages import Condition, CountedLine, EventKind, ReturnStatus
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk
from tests.web.staff_history import add_label
from tests.web.staff_rows import Item, add_event, add_return
from web.access import Role
from web.requests import ReceiptRequest, Unavailable, UnexpectedRequest

TEE = Item(name="Tee", sku="TEE", bought=2, requested=2, approved=2)
BELT = Item(name="Belt", sku="BELT", approved=1)


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


@pytest.fixture
def browser(desk: Desk) -> Browser:
    return desk.browser(Role.WAREHOUSE)


def add(
    desk: Desk, number: int, *items: Item, status: ReturnStatus = ReturnStatus.IN_TRANSIT
) -> str:
    with desk.database.write() as session:
        return add_return(session, number, status, items).rma


def fields(page: str) -> dict[str, str]:
    """The count as it stands in the page's form."""
    found = re.findall(r"<input[^>]*>", page)
    named = [re.search(r'name="((?:line|quantity|sku|more|about)-\d+)"', field) for field in found]
    return {
        name[1]: re.search(r'value="([^"]*)"', field)[1]  # type: ignore[index]
        for field, name in zip(found, named, strict=True)
        if name is not None
    }


def counted(desk: Desk) -> list[ReceiptRequest]:
    return [call.about[1] for call in desk.gateway.calls if call.name == "receive"]


def test_the_dock_stands_in_the_navigation_of_those_who_receive(desk: Desk) -> None:
    assert 'href="/dock"' in desk.browser(Role.WAREHOUSE).get("/").text
    agent = desk.browser(Role.AGENT)
    assert 'href="/dock"' not in agent.get("/").text
    assert agent.get("/dock").status_code == 403


def test_an_rma_or_a_label_leads_to_the_count_of_its_return(desk: Desk, browser: Browser) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.IN_TRANSIT, [TEE])
        rma, tracking = row.rma, add_label(session, row).tracking
    for scanned in (rma, rma.lower().replace("-", ""), tracking):
        assert browser.get(f"/dock?q={scanned}").location == f"/dock/returns/{rma}"
    page = browser.get(f"/dock/returns/{rma}").text
    assert fields(page)["quantity-0"] == "0"
    assert "of 2" in page


def test_an_order_lists_its_open_returns_and_a_sku_those_that_expect_it(
    desk: Desk, browser: Browser
) -> None:
    rma = add(desk, 1, TEE)
    ended = add(desk, 2, TEE, status=ReturnStatus.CANCELLED)
    page = browser.get("/dock?q=10001").text
    assert f'href="/dock/returns/{rma}"' in page
    page = browser.get("/dock?q=tee").text
    assert f'href="/dock/returns/{rma}?scanned=tee"' in page
    assert ended not in page
    assert fields(browser.get(f"/dock/returns/{rma}?scanned=tee").text)["quantity-0"] == "1"


def test_each_scan_counts_one_more_and_what_is_too_much_goes_under_unannounced(
    desk: Desk, browser: Browser
) -> None:
    rma = add(desk, 1, TEE, BELT)
    form: dict[str, str] = {}
    for sku in ("TEE", "tee", "BELT", "TEE", "HAT", "HAT"):
        page = browser.post(f"/dock/returns/{rma}/scan", {**form, "scan": sku})
        assert page.status_code == 200
        form = fields(page.text)
    assert counted(desk) == []
    answer = browser.post(f"/dock/returns/{rma}/count", form)
    assert answer.location == "/dock"
    assert counted(desk) == [
        ReceiptRequest(
            lines=[CountedLine(line="1", quantity=2), CountedLine(line="2", quantity=1)],
            unexpected=[
                UnexpectedRequest(sku="TEE", quantity=1),
                UnexpectedRequest(sku="HAT", quantity=2),
            ],
        )
    ]
    assert f"The count of {rma} is recorded" in browser.get("/dock").text


def test_a_typed_count_above_what_is_expected_is_split_by_itself(
    desk: Desk, browser: Browser
) -> None:
    rma = add(desk, 1, TEE)
    browser.post(f"/dock/returns/{rma}/count", {"line-0": "1", "quantity-0": "5"})
    (asked,) = counted(desk)
    assert asked.lines == [CountedLine(line="1", quantity=2)]
    assert [(item.sku, item.quantity) for item in asked.unexpected] == [("TEE", 3)]


def test_everything_came_is_one_click(desk: Desk, browser: Browser) -> None:
    rma = add(desk, 1, TEE, BELT)
    page = browser.post(f"/dock/returns/{rma}/scan", {"all": "1"}).text
    assert (fields(page)["quantity-0"], fields(page)["quantity-1"]) == ("2", "1")


def test_another_return_scanned_into_a_count_is_told_and_the_count_stays(
    desk: Desk, browser: Browser
) -> None:
    rma, other = add(desk, 1, TEE), add(desk, 2, BELT)
    kept = {"line-0": "1", "quantity-0": "1"}
    page = browser.post(f"/dock/returns/{rma}/scan", {**kept, "scan": other})
    assert f"That is return {other}" in page.text
    assert fields(page.text)["quantity-0"] == "1"
    same = browser.post(f"/dock/returns/{rma}/scan", {**kept, "scan": rma})
    assert "That is this return" in same.text


def test_nothing_and_nonsense_are_refused_with_the_count_kept(desk: Desk, browser: Browser) -> None:
    rma = add(desk, 1, TEE)
    nothing = browser.post(f"/dock/returns/{rma}/count", {"line-0": "1", "quantity-0": "0"})
    assert (nothing.status_code, "Nothing is counted yet" in nothing.text) == (422, True)
    wrong = browser.post(f"/dock/returns/{rma}/count", {"line-0": "1", "quantity-0": "x"})
    assert (wrong.status_code, "is not a number of units" in wrong.text) == (422, True)
    assert browser.post(f"/dock/returns/{rma}/scan", {"scan": ""}).status_code == 422
    desk.gateway.error = Unavailable("Temporal does not answer.")
    call = "0b7c8a54-6f0e-4a5e-9d8e-3a8a5a4d2f10"
    away = browser.post(
        f"/dock/returns/{rma}/count", {"line-0": "1", "quantity-0": "1", "call": call}
    )
    assert away.status_code == 503
    assert call in away.text
    assert fields(away.text)["quantity-0"] == "1"


def test_a_return_that_has_ended_is_counted_as_unexpected_and_an_undecided_one_is_a_case(
    desk: Desk, browser: Browser
) -> None:
    ended = add(desk, 1, Item(sku="TEE"), status=ReturnStatus.EXPIRED)
    assert "no money moves" in browser.get(f"/dock/returns/{ended}").text
    asked = add(desk, 2, Item(sku="TEE"), status=ReturnStatus.REQUESTED)
    page = browser.get(f"/dock/returns/{asked}").text
    assert f'href="/dock?new=1&amp;rma={asked}"' in page
    assert "Record the count" not in page
    assert f'value="{asked}"' in browser.get(f"/dock?new=1&rma={asked}").text
    assert browser.get("/dock/returns/R-9").status_code == 404


def test_what_nobody_announced_becomes_a_case_with_its_candidates(
    desk: Desk, browser: Browser
) -> None:
    rma = add(desk, 1, TEE)
    page = browser.get("/dock?q=XYZ-123").text
    assert "Nobody announced it" in page
    assert 'name="tracking" maxlength="60" value="XYZ-123"' in page
    form = {"tracking": "XYZ-123", "name": "B. Ell", "sku-0": "TEE", "more-0": "1"}
    answer = browser.post("/dock/parcels", form)
    assert answer.location.startswith("/dock/parcels/")
    assert f"Match to {rma}" in browser.get(answer.location).text
    listed = browser.get("/dock").text
    assert "XYZ-123 · B. Ell" in listed
    assert f"Match to {rma}" in listed
    matched = browser.post(f"{answer.location}/match", {"rma": rma})
    assert matched.status_code == 303
    assert "No parcel waits" in browser.get("/dock").text


def test_what_surely_belongs_somewhere_is_received_there_at_once(
    desk: Desk, browser: Browser
) -> None:
    rma = add(desk, 1, TEE)
    answer = browser.post("/dock/parcels", {"order": "10001", "sku-0": "TEE", "more-0": "2"})
    assert answer.location == "/dock"
    assert f"The parcel is received for {rma}" in browser.get("/dock").text
    empty = browser.post("/dock/parcels", {"order": "10001"})
    assert (empty.status_code, "Say what is in the parcel" in empty.text) == (422, True)
    assert 'value="10001"' in empty.text


def test_damage_and_what_came_instead_are_counted_and_survive_a_scan(
    desk: Desk, browser: Browser
) -> None:
    rma = add(desk, 1, TEE)
    form = {
        "line-0": "1",
        "quantity-0": "1",
        "damaged-0": "1",
        "found-0": "Crushed",
        "sku-0": "HAT",
        "more-0": "1",
        "instead-0": "1",
    }
    page = browser.post(f"/dock/returns/{rma}/scan", {**form, "scan": "TEE"}).text
    assert 'value="Crushed"' in page
    assert '<option value="1" selected>Instead of Tee' in page
    browser.post(f"/dock/returns/{rma}/count", {**form, "quantity-0": "2"})
    assert counted(desk) == [
        ReceiptRequest(
            lines=[
                CountedLine(line="1", quantity=1),
                CountedLine(line="1", quantity=1, condition=Condition.DAMAGED, note="Crushed"),
            ],
            unexpected=[UnexpectedRequest(sku="HAT", quantity=1, instead_of="1")],
        )
    ]
    too_many = browser.post(f"/dock/returns/{rma}/count", {**form, "damaged-0": "3"})
    assert (too_many.status_code, "no more units can be damaged" in too_many.text) == (422, True)


def test_the_page_of_a_return_asks_for_a_photo_of_what_arrived_damaged(
    desk: Desk, browser: Browser
) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.RECEIVED, [Item(name="Tee")])
        add_event(session, row, EventKind.DAMAGED_ON_ARRIVAL, line="1", units=1)
        row.lines[0].reception = "wrong_item"
        rma = row.rma
    page = browser.get(f"/returns/{rma}").text
    assert "Tee: 1 unit arrived damaged" in page
    assert "Add a photo from the dock" in page
    assert "another thing came instead" in page
