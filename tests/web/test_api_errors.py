"""Bad input of every kind: a problem document that says what to do, and nothing happens."""

import io
import json

import pytest
from sqlalchemy.exc import OperationalError

from models.messages import Refusal, ReturnStatus
from tests.web.api_app import BASE, Api, pointers, problem
from web.requests import Conflict, Forbidden, GatewayError, NotFound, Refused, Unavailable

RETURN = {"order": "1001", "lines": [{"line": "1", "quantity": 1, "reason": "too_small"}]}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"order": NaN}',
        b'{"order": Infinity}',
        b'{"order": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        "\ufeff{}".encode(),
    ],
)
@pytest.mark.parametrize("key", [None, "k-1"])
def test_a_body_that_is_no_json_is_malformed(sqlite_api: Api, body: bytes, key: str | None) -> None:
    headers = {"Idempotency-Key": key} if key else {}
    response = sqlite_api.call(
        "POST", "/returns", data=body, content_type="application/json", headers=headers
    )
    assert problem(response, 400)["code"] == "malformed_json"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_type_than_json_is_refused(sqlite_api: Api, content_type: str) -> None:
    response = sqlite_api.call(
        "POST", "/returns", data=json.dumps(RETURN), content_type=content_type
    )
    problem(response, 415)


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true"])
def test_a_body_that_is_no_object_is_refused(sqlite_api: Api, body: str) -> None:
    response = sqlite_api.call("POST", "/returns", data=body, content_type="application/json")
    assert pointers(response) == {"": "type"}
    assert "must be a JSON object" in response.get_json()["detail"]


def test_a_body_over_a_megabyte_is_too_large(sqlite_api: Api) -> None:
    body = {**RETURN, "reference": "x" * 1_000_000}
    assert problem(sqlite_api.post("/returns", body), 413)["code"] == "request_entity_too_large"


def test_a_body_of_untold_length_is_not_cut_off_in_silence(sqlite_api: Api) -> None:
    body = json.dumps(RETURN).encode() + b" " * 1_000_000 + b"and more"
    response = sqlite_api.call(
        "POST",
        "/returns",
        input_stream=io.BytesIO(body),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )
    problem(response, 413)
    assert sqlite_api.gateway.calls == []


def test_unknown_addresses_and_methods_are_problems_too(sqlite_api: Api) -> None:
    problem(sqlite_api.get("/nothing"), 404)
    problem(sqlite_api.client.get("/api"), 404)
    response = sqlite_api.call("DELETE", "/returns")
    problem(response, 405)
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/returns/R%00", "/refunds/%00", "/tasks/%00/claim"])
def test_a_nul_character_in_an_address_names_nothing(api: Api, path: str) -> None:
    problem(api.call("POST" if "claim" in path else "GET", path), 404)


def test_an_unknown_field_is_refused_wherever_it_stands(sqlite_api: Api) -> None:
    line = {**RETURN["lines"][0], "qty": 1}  # type: ignore[dict-item]
    body = {"order": "1001", "lines": [line], "resolutoin": "refund", "a/b~c": 1}
    response = sqlite_api.post("/returns", body)
    assert pointers(response) == {
        "/lines/0/qty": "unknown_field",
        "/resolutoin": "unknown_field",
        "/a~1b~0c": "unknown_field",
    }
    messages = [error["message"] for error in response.get_json()["errors"]]
    assert "resolutoin is not known here; leave it out or check its spelling." in messages
    assert "a/b~c is not known here; leave it out or check its spelling." in messages
    assert sqlite_api.gateway.calls == []


@pytest.mark.parametrize("quantity", [0, -1, 1.0, 1.5, "1", True, None, 10**9 + 1, 10**30, [], {}])
def test_a_quantity_must_be_a_whole_number_from_1(sqlite_api: Api, quantity: object) -> None:
    line = {"line": "1", "quantity": quantity, "reason": "too_small"}
    response = sqlite_api.post("/returns", {"order": "1001", "lines": [line]})
    assert set(pointers(response)) == {"/lines/0/quantity"}
    [error] = response.get_json()["errors"]
    if quantity is not None:
        assert error["message"].startswith("quantity must be a whole number from 1")


@pytest.mark.parametrize("text", ["a\0b", "\ud800", 5, None, "", "   ", "x" * 101])
def test_text_that_no_database_could_keep_is_refused(api: Api, text: object) -> None:
    assert set(pointers(api.post("/returns", {**RETURN, "order": text}))) == {"/order"}
    assert api.gateway.calls == []


def test_what_is_missing_is_named(sqlite_api: Api) -> None:
    response = sqlite_api.post("/returns", {"lines": [{}]})
    assert pointers(response) == {
        "/order": "required",
        "/lines/0/line": "required",
        "/lines/0/quantity": "required",
        "/lines/0/reason": "required",
    }
    assert response.get_json()["detail"].endswith("(1 more in errors.)")


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/returns?limit=0", "/limit"),
        ("/returns?limit=101", "/limit"),
        ("/returns?limit=ten", "/limit"),
        ("/returns?limit=%C2%B2", "/limit"),
        ("/returns?status=lots", "/status"),
        ("/returns?statsu=open", "/statsu"),
        ("/returns?q=", "/q"),
        ("/returns?q=%00", "/q"),
        ("/returns?order=a%00", "/order"),
        ("/returns?created_after=2026-11-01", "/created_after"),
        ("/returns?created_after=2026-11-01T10:00:00", "/created_after"),
        ("/returns?created_before=0001-01-01T00:00:00%2B23:00", "/created_before"),
        ("/returns?cursor=abc", "/cursor"),
        ("/returns?cursor=WyJ4IiwgIngiXQ", "/cursor"),
        ("/returns?cursor=W251bGwsIDFd", "/cursor"),
        ("/returns?cursor=W251bGwsICJ4IiwgMV0", "/cursor"),
        ("/returns?cursor=%F0%9F%98%80", "/cursor"),
        ("/policy/versions?cursor=W251bGwsICJ4Il0", "/cursor"),
        ("/tasks?kind=none", "/kind"),
        ("/returns?order=1001&order=1002", "/order"),
        ("/returns?status=requested&order=1&order=1", "/order"),
        ("/tasks?limit=1&limit=2", "/limit"),
        ("/ledger/entries?order=1&order=2", "/order"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(sqlite_api: Api, path: str, pointer: str) -> None:
    assert set(pointers(sqlite_api.get(path))) == {pointer}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("There is no order 1."), 404, "not_found"),
        (Forbidden("You may not.", code="above_limit"), 403, "above_limit"),
        (Refused([Refusal(code="gone", message="It is gone.", pointer="/order")]), 422, None),
        (Conflict("Too late.", state=ReturnStatus.CLOSED), 409, "conflict"),
        (Unavailable("Try later."), 503, "unavailable"),
    ],
)
def test_what_the_gateway_refuses_is_told_in_its_words(
    sqlite_api: Api, error: GatewayError, status: int, code: str | None
) -> None:
    sqlite_api.gateway.error = error
    response = sqlite_api.post("/returns/R-1/cancel", {})
    body = problem(response, status)
    assert body["detail"] == error.detail
    assert body["code"] == (code or "not_eligible")
    assert body.get("state") == ("closed" if status == 409 else None)
    assert ("Retry-After" in response.headers) is (status == 503)
    if isinstance(error, Refused):
        assert body["errors"] == [{"pointer": "/order", "code": "gone", "message": "It is gone."}]


def test_a_fault_of_ours_tells_nothing_of_its_inside(
    sqlite_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> None:
        raise RuntimeError("a@example.com is in the trace")

    sqlite_api.gateway.meanwhile = break_down
    sqlite_api.app.config["PROPAGATE_EXCEPTIONS"] = False
    response = sqlite_api.post("/returns", RETURN)
    problem(response, 500)
    assert "example.com" not in response.text
    assert "Traceback" not in response.text


def test_a_database_that_does_not_answer_is_unavailable_not_broken(sqlite_api: Api) -> None:
    def lose_database() -> None:
        raise OperationalError("SELECT secret", {}, Exception("gone"))

    sqlite_api.gateway.meanwhile = lose_database
    response = sqlite_api.post("/returns", RETURN)
    problem(response, 503)
    assert response.headers["Retry-After"]
    assert "secret" not in response.text


def test_other_faces_keep_their_own_error_pages(sqlite_api: Api) -> None:
    response = sqlite_api.client.get("/nothing")
    assert response.status_code == 404
    assert response.content_type.startswith("text/html")
    assert sqlite_api.client.get(f"{BASE}x").content_type.startswith("text/html") is False
