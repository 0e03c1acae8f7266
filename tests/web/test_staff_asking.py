"""Asking for a return on a customer's behalf."""

import re
from pathlib import Path

import pytest

from models.messages import Reason, Refusal, Resolution, ReturnKind, ReturnStatus
from tests.conftest import MakeDatabase
from tests.web.fakes import FakeGateway
from tests.web.staff_app import Browser, Desk, make_app
from tests.web.staff_rows import Item, add_return
from web.access import Role
from web.requests import (
    Contact,
    LineRequest,
    Refused,
    ReturnRequest,
    Unavailable,
    WantedItem,
)

ORDER = "10001"


class Asking(Desk):
    """Staff pages over a gateway that takes requests."""

    def __init__(self, desk: Desk, data_dir: Path) -> None:
        self.database = desk.database
        self.gateway: FakeGateway = FakeGateway()
        self.app = make_app(self.database, self.gateway, data_dir)


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Asking:
    made = Asking(Desk(make_database("sqlite"), tmp_path), tmp_path)
    items = [Item(bought=3, name="Linen shirt"), Item(sku="SOCKS", name="Socks")]
    with made.database.write() as session:
        add_return(session, 1, ReturnStatus.CLOSED, items)
        add_return(session, 2, ReturnStatus.CLOSED, customer="Ada Lovelace", email="ada@l.example")
    return made


def form(browser: Browser, **fields: str) -> dict[str, str]:
    page = browser.get(f"/returns/new?order={ORDER}").text
    [proof] = re.findall(r'name="proof" value="([^"]+)"', page)
    usual = {"kind": "return", "line-0": "1", "quantity-0": "2", "reason-0": "style", "do": "ask"}
    return {"proof": proof, "line-1": "2"} | usual | fields


def dashed(**fields: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in fields.items()}


def test_the_order_is_found_by_number_address_and_name(desk: Asking) -> None:
    browser = desk.browser(Role.AGENT)
    for text in (ORDER, "ada@customer.example"):
        answer = browser.get(f"/returns/new?q={text}")
        assert answer.location == f"/returns/new?order={ORDER}"
    page = browser.get("/returns/new?q=ada").text
    assert "order=10001" in page
    assert "order=10002" in page
    assert "No order fits this" in browser.get("/returns/new?q=nobody").text
    assert browser.get("/returns/new?order=4711").status_code == 404
    assert 'href="/returns/new"' in browser.get("/returns").text


def test_a_form_asks_once_however_often_it_is_sent(desk: Asking) -> None:
    browser = desk.browser(Role.AGENT)
    sent = form(
        browser,
        **dashed(
            kind="gift",
            comment_0="She has one already",
            resolution_0="store_credit",
            contact_name="Gus Given",
            contact_email="gus@example.org",
        ),
    )
    answers = [browser.post("/returns/new", sent) for _ in range(2)]
    calls = [call for call in desk.gateway.calls if call.name == "request_return"]
    assert calls[0].id is not None
    assert calls[0].id == calls[1].id
    assert [answer.location for answer in answers] == [f"/returns/{calls[0].id}"] * 2
    assert calls[0].about == (
        ReturnRequest(
            order=ORDER,
            kind=ReturnKind.GIFT,
            lines=[
                LineRequest(
                    line="1",
                    quantity=2,
                    reason=Reason.STYLE,
                    comment="She has one already",
                    resolution=Resolution.STORE_CREDIT,
                )
            ],
            resolution=Resolution.STORE_CREDIT,
            contact=Contact(name="Gus Given", email="gus@example.org"),
        ),
    )


def test_working_it_out_shows_every_amount_and_makes_nothing(desk: Asking) -> None:
    browser = desk.browser(Role.AGENT)
    page = browser.post("/returns/new", form(browser, do="quote")).text
    assert "1 of 2 × Tee" in page
    assert "Tax paid on them" in page
    assert "£109.00" in page
    assert [call.name for call in desk.gateway.calls] == ["quote"]


def test_a_refusal_is_told_in_words_and_offers_to_set_the_policy_aside(desk: Asking) -> None:
    browser = desk.browser(Role.AGENT)
    sent = form(browser)
    assert "Set the policy aside" not in browser.get(f"/returns/new?order={ORDER}").text
    desk.gateway.error = Refused([Refusal(code="window_passed", message="It came too late.")])
    answer = browser.post("/returns/new", sent)
    assert answer.status_code == 422
    assert "It came too late." in answer.text
    assert "Set the policy aside" in answer.text
    assert 'value="2"' in answer.text
    desk.gateway.error = None
    browser.post("/returns/new", sent | {"override": "A regular"})
    [asked] = desk.gateway.calls[-1].about
    assert asked.override_reason == "A regular"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"quantity_0": "0"}, "how many units"),
        ({"reason_0": ""}, "Choose a reason"),
        ({"quantity_0": "two"}, "is not a number of units"),
        ({"contact_email": "nobody"}, "looks like name@example.com"),
        ({"kind": "theft"}, "Choose one of the ways"),
    ],
)
def test_what_is_missing_is_told_and_nothing_is_asked(
    desk: Asking, fields: dict[str, str], words: str
) -> None:
    browser = desk.browser(Role.AGENT)
    answer = browser.post("/returns/new", form(browser, **dashed(**fields)))
    assert answer.status_code == 422
    assert words in answer.text
    assert desk.gateway.calls == []


def test_when_it_is_unclear_whether_it_was_made_the_form_keeps_its_number(desk: Asking) -> None:
    browser = desk.browser(Role.AGENT)
    sent = form(browser)
    desk.gateway.error = Unavailable("Temporal does not answer.")
    answer = browser.post("/returns/new", sent)
    assert answer.status_code == 503
    assert sent["proof"] in answer.text


def test_a_forged_or_old_form_makes_nothing(desk: Asking) -> None:
    browser = desk.browser(Role.AGENT)
    answer = browser.post("/returns/new", form(browser) | {"proof": "forged"})
    assert answer.location == "/returns/new"
    assert desk.gateway.calls == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.WAREHOUSE, Role.FINANCE])
def test_others_may_not_ask(desk: Asking, role: Role) -> None:
    browser = desk.browser(role)
    assert browser.get("/returns/new").status_code == 403
    assert browser.post("/returns/new").status_code == 403
    assert 'href="/returns/new"' not in browser.get("/returns").text


def test_an_exchange_names_what_goes_out(desk: Asking) -> None:
    browser = desk.browser(Role.AGENT)
    fields = dashed(resolution_0="exchange", sku_0="SHIRT-L")
    assert browser.post("/returns/new", form(browser, **fields)).status_code == 303
    [asked] = desk.gateway.calls[-1].about
    assert asked.lines[0].resolution is Resolution.EXCHANGE
    assert asked.exchange == [WantedItem(line="1", sku="SHIRT-L", quantity=2)]
