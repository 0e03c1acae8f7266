"""Parcels at the dock: received where they surely belong, else a case that a person ends."""

from typing import Any

import pytest

from models.messages import CountedLine, ReturnStatus
from models.tables import Return
from tests.web.api_app import Api, pointers, problem
from tests.web.staff_history import add_label
from tests.web.staff_rows import Item, add_return
from web.requests import Conflict, ReceiptRequest, Unavailable, UnexpectedRequest

TEE, BELT = Item(sku="TEE", bought=2, requested=2, approved=2), Item(sku="BELT", approved=1)


def add(api: Api, number: int, *items: Item, status: ReturnStatus = ReturnStatus.IN_TRANSIT) -> str:
    with api.database.write() as session:
        return add_return(session, number, status, items).rma


def take(api: Api, **parcel: Any) -> dict[str, Any]:
    items = parcel.pop("items", [{"sku": "TEE", "quantity": 1}])
    answer = api.post("/receipts", {"items": items, **parcel})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(answer.get_json()["id"])
    found: dict[str, Any] = answer.get_json()
    return found


def received(api: Api) -> list[tuple[str, ReceiptRequest]]:
    return [call.about for call in api.gateway.calls if call.name == "receive"]


def test_a_parcel_is_received_for_the_return_whose_rma_stands_on_it(api: Api) -> None:
    rma = add(api, 1, TEE)
    items = [
        {"sku": "tee", "quantity": 3, "note": "One more than announced"},
        {"sku": "HAT", "quantity": 1},
    ]
    body = take(api, rma=rma.lower().replace("-", " "), tracking="T-9", items=items)
    assert body["status"] == "matched"
    assert body["returns"] == [rma]
    assert body["candidates"] == []
    assert received(api) == [
        (
            rma,
            ReceiptRequest(
                lines=[CountedLine(line="1", quantity=2)],
                unexpected=[
                    UnexpectedRequest(sku="tee", quantity=1, note="One more than announced"),
                    UnexpectedRequest(sku="HAT", quantity=1),
                ],
                tracking="T-9",
            ),
        )
    ]
    assert api.get("/tasks").get_json()["data"] == []


def test_a_parcel_is_received_for_the_return_with_its_label(api: Api) -> None:
    with api.database.write() as session:
        row = add_return(session, 1, ReturnStatus.IN_TRANSIT, [TEE])
        tracking = add_label(session, row).tracking
        rma = row.rma
    assert take(api, tracking=tracking)["returns"] == [rma]


def test_by_order_it_goes_to_the_one_open_return_that_expects_something_of_it(api: Api) -> None:
    rma = add(api, 1, TEE)
    add(api, 2, TEE)
    body = take(
        api, order="10001", items=[{"sku": "TEE", "quantity": 1}, {"sku": "X", "quantity": 1}]
    )
    assert body["returns"] == [rma]
    assert [(item["sku"], item["line"]) for item in body["items"]] == [("TEE", "1"), ("X", None)]


def test_by_name_it_goes_to_the_one_return_only_when_all_of_it_fits(api: Api) -> None:
    rma = add(api, 1, TEE)
    assert take(api, name="ada okafor")["returns"] == [rma]
    more = take(api, name="Ada Okafor", items=[{"sku": "TEE", "quantity": 9}])
    assert more["status"] == "open"
    assert [found["rma"] for found in more["candidates"]] == [rma]


def test_a_name_is_found_in_any_script(api: Api) -> None:
    with api.database.write() as session:
        row = add_return(session, 1, ReturnStatus.IN_TRANSIT, [TEE], customer="Østen Ægir")
        rma = row.rma
    assert take(api, name=" Østen Ægir ")["returns"] == [rma]


def test_what_one_parcel_holds_is_spread_over_the_returns_of_its_customer(api: Api) -> None:
    first = add(api, 1, TEE)
    with api.database.write() as session:
        row = add_return(session, 2, ReturnStatus.AWAITING_PARCEL, [BELT])
        second = row.rma
        row.order.customer = session.get_one(Return, first).order.customer
    items = [{"sku": "TEE", "quantity": 2}, {"sku": "BELT", "quantity": 1}]
    body = take(api, rma=first, items=items)
    assert body["returns"] == [first, second]
    assert [rma for rma, _ in received(api)] == [first, second]


def test_what_fits_two_returns_equally_is_a_case(api: Api) -> None:
    add(api, 1, TEE)
    add(api, 2, TEE)
    body = take(api, name="Ada Okafor")
    assert body["status"] == "open"
    assert body["returns"] == []
    assert len(body["candidates"]) == 2
    assert received(api) == []


def test_what_nobody_announced_is_a_case_with_a_task(api: Api) -> None:
    rma = add(api, 1, TEE)
    body = take(
        api,
        order="nobody's",
        name="N. Obody",
        items=[{"sku": "TEE", "quantity": 1, "note": "Washed"}, {"sku": "SOCK", "quantity": 2}],
    )
    assert body["status"] == "open"
    assert body["candidates"] == [
        {"rma": rma, "status": "in_transit", "order": "10001", "why": "It expects TEE."}
    ]
    (task,) = api.get("/tasks").get_json()["data"]
    assert (task["kind"], task["return"], task["parcel"]) == ("unmatched_parcel", None, body["id"])
    assert api.get(f"/receipts/{body['id']}").get_json() == body
    listed = api.get("/receipts?status=open").get_json()
    assert listed == {"data": [body], "next_cursor": None}
    assert api.get("/receipts?status=done").get_json()["data"] == []


def test_a_case_is_matched_once_and_the_same_match_again_answers_the_same(api: Api) -> None:
    rma, other = add(api, 1, TEE), add(api, 2, BELT)
    case = take(api, items=[{"sku": "TEE", "quantity": 1}, {"sku": "CAP", "quantity": 1}])["id"]
    first = api.post(f"/receipts/{case}/match", {"rma": rma})
    assert first.status_code == 200
    assert (first.get_json()["status"], first.get_json()["returns"]) == ("matched", [rma])
    assert api.post(f"/receipts/{case}/match", {"rma": rma}).get_json() == first.get_json()
    assert len(received(api)) == 1
    elsewhere = problem(api.post(f"/receipts/{case}/match", {"rma": other}), 409)
    assert elsewhere["code"] == "parcel_matched"
    assert rma in elsewhere["detail"]
    assert problem(api.post(f"/receipts/{case}/close", {"outcome": "kept"}), 409)
    (task,) = api.get("/tasks?status=done").get_json()["data"]
    assert task["parcel"] == case


def test_a_case_can_be_matched_to_a_return_that_has_ended(api: Api) -> None:
    rma = add(api, 1, Item(sku="TEE"), status=ReturnStatus.EXPIRED)
    case = take(api)["id"]
    assert api.post(f"/receipts/{case}/match", {"rma": rma}).status_code == 200
    assert received(api)[0][1].lines == [CountedLine(line="1", quantity=1)]


def test_a_refusal_by_the_return_leaves_the_case_open(api: Api) -> None:
    rma = add(api, 1, Item(sku="TEE"), status=ReturnStatus.REQUESTED)
    case = take(api, rma=rma)
    assert case["status"] == "open"
    assert [found["rma"] for found in case["candidates"]] == [rma]
    api.gateway.error = Conflict("This return has not been approved yet.", code="not_decided")
    assert problem(api.post(f"/receipts/{case['id']}/match", {"rma": rma}), 409)
    api.gateway.error = None
    assert api.get(f"/receipts/{case['id']}").get_json() == case
    assert api.post(f"/receipts/{case['id']}/match", {"rma": rma}).status_code == 200


def test_a_call_that_broke_off_is_carried_on_by_repeating_it(api: Api) -> None:
    rma = add(api, 1, TEE)
    parcel = {"rma": rma, "items": [{"sku": "TEE", "quantity": 1}]}
    key = {"Idempotency-Key": "parcel-1"}
    api.gateway.error = Unavailable("Nobody answers.")
    assert problem(api.post("/receipts", parcel, headers=key), 503)
    assert len(api.get("/receipts?status=open").get_json()["data"]) == 1
    api.gateway.error = None
    body = api.post("/receipts", parcel, headers=key).get_json()
    assert (body["status"], body["returns"]) == ("matched", [rma])
    first, second = (call.id for call in api.gateway.calls if call.name == "receive")
    assert first == second
    assert len(api.get("/receipts").get_json()["data"]) == 1


def test_what_its_return_will_have_soon_is_taken(api: Api) -> None:
    rma = add(api, 1, TEE)
    api.gateway.settled = False
    answer = api.post("/receipts", {"rma": rma, "items": [{"sku": "TEE", "quantity": 1}]})
    assert answer.status_code == 202
    assert answer.get_json()["returns"] == [rma]


def test_a_case_that_no_return_fits_is_closed_with_what_was_done(api: Api) -> None:
    case = take(api)["id"]
    closing = {"outcome": "sent_back", "note": "Back to its sender"}
    body = api.post(f"/receipts/{case}/close", closing).get_json()
    assert (body["status"], body["outcome"], body["note"]) == ("done", *closing.values())
    assert api.post(f"/receipts/{case}/close", closing).get_json() == body
    late = problem(api.post(f"/receipts/{case}/match", {"rma": add(api, 1, TEE)}), 409)
    assert "sent back" in late["detail"]
    assert api.get("/tasks").get_json()["data"] == []


def test_its_task_ends_with_the_case_alone(api: Api) -> None:
    take(api)
    (task,) = api.get("/tasks").get_json()["data"]
    assert task["id"]
    listed = api.get("/tasks?kind=unmatched_parcel").get_json()["data"]
    assert listed == [task]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/items"),
        ({"items": []}, "/items"),
        ({"items": [{"sku": "", "quantity": 1}]}, "/items/0/sku"),
        ({"items": [{"sku": "A", "quantity": 0}]}, "/items/0/quantity"),
        ({"items": [{"sku": "A", "quantity": 1}], "colour": "red"}, "/colour"),
    ],
)
def test_what_is_no_parcel_is_refused(sqlite_api: Api, body: dict[str, Any], pointer: str) -> None:
    assert pointer in pointers(sqlite_api.post("/receipts", body))
    assert sqlite_api.get("/receipts").get_json()["data"] == []


def test_an_unknown_parcel_or_return_is_not_found(sqlite_api: Api) -> None:
    problem(sqlite_api.get("/receipts/x"), 404)
    problem(sqlite_api.post("/receipts/x/match", {"rma": "R-1"}), 404)
    problem(sqlite_api.post("/receipts/x/close", {"outcome": "kept"}), 404)
    case = take(sqlite_api)["id"]
    problem(sqlite_api.post(f"/receipts/{case}/match", {"rma": "R-1"}), 404)


def test_the_list_has_pages(sqlite_api: Api) -> None:
    made = [take(sqlite_api)["id"] for _ in range(3)]
    first = sqlite_api.get("/receipts?limit=2").get_json()
    rest = sqlite_api.get(f"/receipts?limit=2&cursor={first['next_cursor']}").get_json()
    assert [found["id"] for found in first["data"] + rest["data"]] == made[::-1]
    assert rest["next_cursor"] is None
