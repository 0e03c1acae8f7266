"""Store credit through the API: read, spent and given back by its code."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from models.tables import StoreCredit
from tests.web.api_app import Api, pointers, problem
from tests.web.test_store_credits import add_order, balance, gift_card, issued

REDEEM: dict[str, Any] = {"amount": 1000, "reference": "order-2001"}


def redeem(api: Api, code: str, **changes: object) -> TestResponse:
    return api.post(f"/store-credits/{code}/redeem", {**REDEEM, **changes})


def reverse(api: Api, code: str, reference: str = "order-2001") -> TestResponse:
    return api.post(f"/store-credits/{code}/reverse", {"reference": reference})


def test_a_code_tells_what_is_left_and_how_it_came_to_that(api: Api) -> None:
    with api.database.write() as session:
        returned = add_order(session)
        rma, order = returned.rma, returned.order_number
    expires_at = datetime(2099, 1, 1, tzinfo=UTC)
    code = issued(api.database, 5000, bonus=500, rma=rma, order=order, expires_at=expires_at)
    response = api.get(f"/store-credits/{code}")
    assert response.status_code == 200
    assert response.get_json() == {
        "code": code,
        "amount": 5500,
        "currency": "GBP",
        "balance": 5500,
        "expires_at": "2099-01-01T00:00:00Z",
        "origin": "return",
        "return": rma,
        "order": order,
        "created_at": "2026-11-01T10:00:00Z",
        "movements": [
            {
                "kind": kind,
                "amount": amount,
                "reference": "R-1/grant/1",
                "at": "2026-11-01T10:00:00Z",
            }
            for kind, amount in (("issue", 5000), ("bonus", 500))
        ],
    }


def test_redeeming_answers_the_credit_as_it_is_then(api: Api) -> None:
    code = issued(api.database)
    first = redeem(api, code)
    assert first.status_code == 200
    body = first.get_json()
    assert (body["balance"], body["amount"]) == (4500, 5500)
    assert [(one["kind"], one["amount"], one["reference"]) for one in body["movements"]] == [
        ("issue", 5500, "R-1/grant/1"),
        ("redeem", -1000, "order-2001"),
    ]
    assert redeem(api, code).get_json() == body
    assert api.get(f"/store-credits/{code}").get_json() == body


def test_an_idempotency_key_repeats_the_first_answer(api: Api) -> None:
    code = issued(api.database)
    options: dict[str, Any] = {"headers": {"Idempotency-Key": "k-1"}}
    first = api.post(f"/store-credits/{code}/redeem", REDEEM, **options)
    reverse(api, code)
    again = api.post(f"/store-credits/{code}/redeem", REDEEM, **options)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.data == first.data


def test_a_code_is_read_as_people_type_it(api: Api) -> None:
    code = issued(api.database)
    for typed in (code.lower(), code.replace("-", " "), f" {code.replace('-', '')} "):
        assert api.get(f"/store-credits/{typed}").get_json()["code"] == code
        assert redeem(api, typed).get_json()["balance"] == 4500


def test_a_gift_cards_code_may_hold_any_characters(api: Api) -> None:
    with api.database.write() as session:
        order = add_order(session).order_number
    gift_card(api.database, order, "Gift 1/2 ä")
    address = "/store-credits/Gift%201/2%20%C3%A4"
    assert api.get(address).get_json()["origin"] == "gift_card"
    assert api.post(f"{address}/redeem", REDEEM).get_json()["balance"] == 1000


def test_a_reversal_gives_the_money_back_once(api: Api) -> None:
    code = issued(api.database)
    redeem(api, code)
    first = reverse(api, code)
    assert first.status_code == 200
    assert first.get_json()["balance"] == 5500
    assert reverse(api, code).get_json() == first.get_json()
    assert problem(redeem(api, code), 409)["code"] == "reversed"
    assert balance(api.database, code) == 5500


def test_an_unknown_code_is_not_found_and_not_repeated(api: Api) -> None:
    code = issued(api.database)
    slip = code[:-1] + ("2" if code[-1] != "2" else "3")
    for response in (api.get(f"/store-credits/{slip}"), redeem(api, slip), reverse(api, slip)):
        body = problem(response, 404)
        assert body["code"] == "not_found"
        assert slip not in response.text
    problem(api.get("/store-credits/%00"), 404)


def test_what_the_code_does_not_allow_is_a_conflict(api: Api) -> None:
    code = issued(api.database, 1250)
    too_much = problem(redeem(api, code, amount=2000), 409)
    assert too_much["code"] == "exceeds_balance"
    assert too_much["detail"] == "12.50 GBP is left on this credit, not 20.00."
    redeem(api, code)
    assert problem(redeem(api, code, amount=5), 409)["code"] == "reference_used"
    assert problem(reverse(api, code, "order-9"), 409)["code"] == "not_redeemed"
    past = datetime.now(UTC) - timedelta(minutes=1)
    expired = issued(api.database, source="R-2/grant/1", expires_at=past)
    assert problem(redeem(api, expired), 409)["code"] == "expired"
    assert (balance(api.database, code), balance(api.database, expired)) == (250, 5500)


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"amount": 0}, "/amount", "out_of_range"),
        ({"amount": -1}, "/amount", "out_of_range"),
        ({"amount": 10**16}, "/amount", "out_of_range"),
        ({"amount": 1.5}, "/amount", "type"),
        ({"amount": None}, "/amount", "null"),
        ({"reference": ""}, "/reference", "too_short"),
        ({"reference": "x" * 101}, "/reference", "too_long"),
        ({"reference": "a\0"}, "/reference", "not_text"),
        ({"currency": "GBP"}, "/currency", "unknown_field"),
    ],
)
def test_a_body_that_is_not_right_says_where(
    sqlite_api: Api, changes: dict[str, object], pointer: str, code: str
) -> None:
    credit = issued(sqlite_api.database)
    assert pointers(redeem(sqlite_api, credit, **changes)) == {pointer: code}
    if "amount" not in changes:
        body = {"reference": "order-2001", **changes}
        response = sqlite_api.post(f"/store-credits/{credit}/reverse", body)
        assert pointers(response) == {pointer: code}
    assert balance(sqlite_api.database, credit) == 5500


def test_reading_and_spending_are_allowed_apart(sqlite_api: Api) -> None:
    code = issued(sqlite_api.database)
    reader, till = sqlite_api.make_key(["read"]), sqlite_api.make_key(["redeem"])
    address = f"/store-credits/{code}"
    assert sqlite_api.get(address, key=reader).status_code == 200
    problem(sqlite_api.get(address, key=till), 403)
    for call, body in (("redeem", REDEEM), ("reverse", {"reference": "order-2001"})):
        problem(sqlite_api.post(f"{address}/{call}", body, key=reader), 403)
        assert sqlite_api.post(f"{address}/{call}", body, key=till).status_code == 200


def test_who_spent_it_and_when_is_kept(sqlite_api: Api) -> None:
    code = issued(sqlite_api.database)
    before = datetime.now(UTC)
    redeem(sqlite_api, code)
    with sqlite_api.database.read() as session:
        last = session.get_one(StoreCredit, code).movements[-1]
        assert last.actor.startswith("service:")
        assert before <= last.at <= datetime.now(UTC)


def test_no_code_is_ever_logged(
    sqlite_api: Api, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    code = issued(sqlite_api.database)
    sqlite_api.get(f"/store-credits/{code}")
    redeem(sqlite_api, code)
    redeem(sqlite_api, code, amount=10**9)
    redeem(sqlite_api, code, amount="many")
    reverse(sqlite_api, code)
    captured = capfd.readouterr()
    for written in (captured.out, captured.err, caplog.text):
        assert code not in written
