"""A change of mind through the API and the staff pages."""

from pathlib import Path
from typing import Any

import pytest

from models.messages import Reason, Resolution, ReturnStatus
from models.tables import Return
from tests.conftest import MakeDatabase
from tests.web.api_app import Api, pointers
from tests.web.staff_app import Desk
from tests.web.staff_history import add_exchange
from tests.web.staff_rows import Item, add_return
from web.access import Permission, Role
from web.requests import AmendedLineRequest, AmendRequest, WantedItem


def add(api: Api | Desk, status: ReturnStatus = ReturnStatus.REQUESTED, **item: Any) -> str:
    with api.database.write() as session:
        return add_return(session, 1, status, [Item(bought=3, **item), Item(name="Socks")]).rma


def test_a_change_reaches_the_gateway_whole(api: Api) -> None:
    rma = add(api)
    body = {
        "lines": [{"line": "1", "quantity": 2, "reason": "style", "comment": "Not her style"}],
        "resolution": "store_credit",
        "exchange": [{"line": "2", "sku": "SOCKS-L", "quantity": 1}],
    }
    assert api.call("PATCH", f"/returns/{rma}", json=body).status_code == 200
    [call] = api.gateway.calls
    line = AmendedLineRequest(line="1", quantity=2, reason=Reason.STYLE, comment="Not her style")
    socks = WantedItem(line="2", sku="SOCKS-L", quantity=1)
    assert call.about == (
        rma,
        AmendRequest(lines=[line], resolution=Resolution.STORE_CREDIT, exchange=[socks]),
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/lines"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"line": "1"}]}, "/lines/0/quantity"),
        ({"resolution": "gold"}, "/resolution"),
        ({"exchange": []}, "/exchange"),
        ({"exchange": [{"line": "1", "sku": "S", "quantity": 0}]}, "/exchange/0/quantity"),
        ({"kind": "claim"}, "/kind"),
    ],
)
def test_a_change_that_can_not_be_right_is_refused_at_its_place(
    api: Api, body: dict[str, Any], pointer: str
) -> None:
    answer = api.call("PATCH", f"/returns/{add(api)}", json=body)
    assert answer.status_code == 422
    assert pointer in pointers(answer)
    assert api.gateway.calls == []


def test_a_key_that_only_reads_changes_nothing(api: Api) -> None:
    key = api.make_key([Permission.READ])
    body = {"resolution": "refund"}
    assert api.call("PATCH", f"/returns/{add(api)}", json=body, key=key).status_code == 403


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def test_the_staff_form_changes_lines_and_what_they_are_for(desk: Desk) -> None:
    rma = add(desk)
    browser = desk.browser(Role.AGENT)
    assert "Change this return" in browser.get(f"/returns/{rma}").text
    form = {
        "line-0": "1",
        "quantity-0": "2",
        "reason-0": "colour",
        "resolution-0": "store_credit",
        "line-1": "2",
        "quantity-1": "0",
    }
    assert browser.post(f"/returns/{rma}/change", form).status_code == 303
    [call] = desk.gateway.calls
    line = AmendedLineRequest(
        line="1", quantity=2, reason=Reason.COLOUR, resolution=Resolution.STORE_CREDIT
    )
    assert (call.name, call.about) == ("amend", (rma, AmendRequest(lines=[line])))
    empty = browser.post(f"/returns/{rma}/change", form | {"quantity-0": "0"})
    assert empty.status_code == 422
    assert "cancel the return instead" in empty.text


def test_what_was_inspected_is_not_offered_for_change(desk: Desk) -> None:
    rma = add(desk, ReturnStatus.RESOLVED, approved=1, received=1, accepted=1)
    assert "Change this return" not in desk.browser(Role.AGENT).get(f"/returns/{rma}").text


def test_the_staff_form_changes_what_goes_out(desk: Desk) -> None:
    rma = add(desk)
    browser = desk.browser(Role.AGENT)
    assert "SKU that goes out for Linen shirt" in browser.get(f"/returns/{rma}").text
    form = {
        "line-0": "1",
        "quantity-0": "2",
        "resolution-0": "exchange",
        "sku-0": "SHIRT-LIN-L",
        "line-1": "2",
        "quantity-1": "1",
        "resolution-1": "refund",
        "sku-1": "SOCKS-L",
    }
    assert browser.post(f"/returns/{rma}/change", form).status_code == 303
    [call] = desk.gateway.calls
    assert call.about[1].exchange == [WantedItem(line="1", sku="SHIRT-LIN-L", quantity=2)]


def test_what_has_gone_out_in_exchange_is_not_offered_for_change(desk: Desk) -> None:
    rma = add(desk, ReturnStatus.AWAITING_PARCEL, approved=1)
    with desk.database.write() as session:
        row = session.get_one(Return, rma)
        add_exchange(session, row, difference=0, variant={"size": "L"}).status = "shipped"
    assert "Change this return" not in desk.browser(Role.AGENT).get(f"/returns/{rma}").text
