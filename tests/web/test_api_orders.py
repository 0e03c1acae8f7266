"""Orders through the API: one at a time, and files of them."""

import gzip
import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from models.tables import Order
from tests.web.api_app import Api, pointers, problem

# The order of the API's contract.
ORDER: dict[str, Any] = {
    "number": "1001",
    "currency": "GBP",
    "placed_at": "2026-11-01T10:00:00Z",
    "shipped_at": None,
    "delivered_at": "2026-11-04T10:00:00+01:00",
    "country": "GB",
    "tax_mode": "exclusive",
    "exchange_rate": {"shop_currency": "EUR", "rate": "0.8600"},
    "customer": {
        "id": "c-1",
        "email": "a@example.com",
        "name": "A. Customer",
        "locale": "en-GB",
    },
    "lines": [
        {
            "id": "1",
            "sku": "TEE-RED-M",
            "name": "Tee",
            "variant": {"size": "M", "colour": "red"},
            "category": "tees",
            "quantity": 2,
            "unit_price": 10000,
            "discount": 0,
            "tax_rate": "0.10",
            "tax": 1800,
            "final_sale": False,
            "delivered_at": None,
            "gift_card_code": None,
        }
    ],
    "discounts": [
        {
            "code": "WELCOME",
            "amount": 2000,
            "kind": "order",
            "threshold": None,
            "percent": None,
            "shares": None,
        }
    ],
    "shipping": {"amount": 0, "tax": 0, "standard_amount": 0, "method": "standard"},
    "payments": [
        {
            "id": "p-1",
            "kind": "card",
            "provider": "sandbox",
            "reference": "sbx_ok_1",
            "amount": 19800,
            "currency": "GBP",
            "refunded": 0,
        }
    ],
}
REQUIRED = [
    "/number",
    "/currency",
    "/placed_at",
    "/lines",
    "/payments",
    "/lines/0/id",
    "/lines/0/sku",
    "/lines/0/name",
    "/lines/0/quantity",
    "/lines/0/unit_price",
    "/payments/0/id",
    "/payments/0/reference",
    "/payments/0/amount",
]


def changed(pointer: str, *value: object) -> dict[str, Any]:
    """The order with one value in another way, or left out when none is given."""
    order = deepcopy(ORDER)
    at: Any = order
    *parents, last = pointer.removeprefix("/").split("/")
    for step in parents:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if value:
        at[last] = value[0]
    else:
        del at[last]
    return order


def test_an_order_is_new_once_and_then_there(api: Api) -> None:
    new = api.put("/orders/1001", ORDER)
    assert new.status_code == 201
    assert new.headers["Location"] == f"{api.settings.web_url}/api/v1/orders/1001"
    body = {"number": "1001", "currency": "GBP", "paid": 19800, "refundable": 19800}
    assert new.get_json() == body
    again = api.put("/orders/1001", ORDER)
    assert again.status_code == 200
    assert again.get_json() == body
    with api.database.read() as session:
        order = session.get_one(Order, "1001")
        assert order.delivered_at == datetime(2026, 11, 4, 9, tzinfo=UTC)
        assert order.lines[0].variant == {"size": "M", "colour": "red"}
        assert order.rate == "0.8600"


def test_the_least_an_order_needs_is_enough(api: Api) -> None:
    order = {
        "number": "A/1 ?é",
        "currency": "JPY",
        "placed_at": "2026-11-01T10:00:00.123456789Z",
        "lines": [{"id": "1", "sku": "S", "name": "N", "quantity": 1, "unit_price": 500}],
        "payments": [
            {
                "id": "p",
                "kind": "cash",
                "provider": "till",
                "reference": "r",
                "amount": 500,
                "currency": "JPY",
            }
        ],
    }
    assert api.put("/orders/A%2F1%20%3F%C3%A9", order).status_code == 201


@pytest.mark.parametrize("pointer", REQUIRED)
def test_what_an_order_needs_must_be_there(sqlite_api: Api, pointer: str) -> None:
    assert pointers(sqlite_api.put("/orders/1001", changed(pointer))) == {pointer: "required"}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/number", "1002"),
        ("/currency", "gbp"),
        ("/currency", "XYZ"),
        ("/currency", 5),
        ("/placed_at", "2026-11-01T10:00:00"),
        ("/placed_at", "2026-11-01"),
        ("/placed_at", "2026-13-01T10:00:00Z"),
        ("/placed_at", "2026-11-01T10:00:60Z"),
        ("/placed_at", "9999-12-31T23:59:59-23:59"),
        ("/placed_at", 1793527200),
        ("/tax_mode", "both"),
        ("/exchange_rate/rate", 0.86),
        ("/exchange_rate/rate", "0"),
        ("/exchange_rate/rate", "-1"),
        ("/exchange_rate/rate", "1e9"),
        ("/exchange_rate/rate", "NaN"),
        ("/customer/email", "not an address"),
        ("/customer/name", "a\0b"),
        ("/customer/locale", "\udc00"),
        ("/lines", []),
        ("/lines", {}),
        ("/lines/0/quantity", 2.0),
        ("/lines/0/quantity", 0),
        ("/lines/0/unit_price", 100.5),
        ("/lines/0/unit_price", "10000"),
        ("/lines/0/unit_price", -1),
        ("/lines/0/unit_price", 10**15 + 1),
        ("/lines/0/tax_rate", 0.1),
        ("/lines/0/tax_rate", "1.5"),
        ("/lines/0/final_sale", 1),
        ("/lines/0/final_sale", "true"),
        ("/lines/0/sku", "x" * 101),
        ("/lines/0/colour", "red"),
        ("/discounts/0/percent", "101"),
        ("/payments/0/kind", "cheque"),
        ("/payments/0/amount", True),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(
    sqlite_api: Api, pointer: str, value: object
) -> None:
    assert set(pointers(sqlite_api.put("/orders/1001", changed(pointer, value)))) == {pointer}
    with sqlite_api.database.read() as session:
        assert session.get(Order, "1001") is None


def test_names_of_the_callers_own_are_checked_too(api: Api) -> None:
    order = changed("/lines/0/variant", {"size": 5, "a\0": "x", "\ud800": "x"})
    order["discounts"][0]["shares"] = {"1": "2000"}
    assert pointers(api.put("/orders/1001", order)) == {
        "/lines/0/variant/size": "type",
        "/lines/0/variant/a\0": "not_text",
        "/lines/0/variant/\ud800": "not_text",
        "/discounts/0/shares/1": "type",
    }


def test_payments_that_are_not_what_was_paid_are_refused_with_the_difference(api: Api) -> None:
    body = problem(api.put("/orders/1001", changed("/payments/0/amount", 19700)), 422)
    assert "1.00" in body["detail"]


def test_a_change_that_contradicts_what_was_refunded_is_a_conflict(api: Api) -> None:
    assert api.put("/orders/1001", ORDER).status_code == 201
    with api.database.write() as session:
        session.get_one(Order, "1001").reserved = 19800
    cheaper = changed("/lines/0/unit_price", 5000)
    cheaper["payments"][0]["amount"] = 9800
    assert "198.00" in problem(api.put("/orders/1001", cheaper), 409)["detail"]
    assert api.put("/orders/1001", ORDER).get_json()["refundable"] == 0


def test_a_file_of_orders_goes_in_row_by_row(api: Api) -> None:
    wrong = changed("/lines/0/quantity", 1.5)
    wrong["number"] = "1002"
    lines = "\n".join(json.dumps(order) for order in (ORDER, wrong))
    response = api.call("POST", "/orders/import", data=lines, content_type="application/x-ndjson")
    assert response.status_code == 200
    body = response.get_json()
    assert (body["created"], body["refused_rows"]) == (1, 1)
    [row] = body["refused"]
    assert row["row"] == 2
    assert "quantity must be a whole number from 1" in row["message"]


def test_of_a_file_the_refused_rows_are_counted_not_what_is_wrong_with_them(
    sqlite_api: Api,
) -> None:
    lines = b'{"number": "J1"}\n{bad\n'
    response = sqlite_api.call(
        "POST", "/orders/import", data=lines, content_type="application/x-ndjson"
    )
    body = response.get_json()
    assert body["refused_rows"] == 2
    assert {row["row"] for row in body["refused"]} == {1, 2}
    assert len(body["refused"]) > 2


@pytest.mark.parametrize("csv", ["", "order_number,sku\n1,TEE\n"])
def test_a_file_without_its_columns_is_refused_whole(sqlite_api: Api, csv: str) -> None:
    response = sqlite_api.call("POST", "/orders/import", data=csv, content_type="text/csv")
    assert pointers(response) == {"": "header"}
    missing = problem(response, 422)["detail"].partition("missing: ")[2]
    assert "placed_at" in missing
    assert ("sku" in missing) == (not csv)


def test_a_file_may_be_larger_than_a_body(sqlite_api: Api) -> None:
    order = changed("/discounts/0/code", "x" * 100)
    one = json.dumps(order).encode()
    lines = b"\n".join([one] * (1_200_000 // len(one)))
    assert len(lines) > 1_100_000
    response = sqlite_api.call(
        "POST", "/orders/import", data=lines, content_type="application/x-ndjson"
    )
    assert response.status_code == 200, response.text
    assert response.get_json()["created"] == 1


def test_a_csv_file_may_come_packed_and_says_its_time_zone(sqlite_api: Api) -> None:
    csv = (
        "order_number,placed_at,customer_number,country,sku,description,quantity,unit_price,"
        "currency\n"
        "5001,2026-11-01 10:00,c-1,United Kingdom,S,Lamp,2,1.50,GBP\n"
    )
    response = sqlite_api.call(
        "POST",
        "/orders/import?time_zone=America/New_York",
        data=gzip.compress(csv.encode()),
        content_type="text/csv",
    )
    assert response.get_json()["created"] == 1, response.text
    with sqlite_api.database.read() as session:
        assert session.get_one(Order, "5001").placed_at == datetime(2026, 11, 1, 15, tzinfo=UTC)


def test_a_file_of_another_kind_is_refused(sqlite_api: Api) -> None:
    response = sqlite_api.call("POST", "/orders/import", json=[])
    problem(response, 415)
    response = sqlite_api.call("POST", "/orders/import?time_zone=Mars", data="")
    assert pointers(response) == {"/time_zone": "unknown_time_zone"}
