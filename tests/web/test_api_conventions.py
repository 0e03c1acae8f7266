"""What every answer of the API keeps to: tags, packing, versions, and names of requests."""

import gzip
import json

import pytest
from sqlalchemy.exc import OperationalError

from tests.web.api_app import BASE, Api, problem

ORDER = {
    "number": "1001",
    "currency": "GBP",
    "placed_at": "2026-11-01T10:00:00Z",
    "lines": [{"id": "1", "sku": "TEE", "name": "Tee", "quantity": 1, "unit_price": 500}],
    "payments": [
        {
            "id": "p",
            "kind": "card",
            "provider": "sandbox",
            "reference": "sbx_ok_1",
            "amount": 500,
            "currency": "GBP",
        }
    ],
}
GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}


def put_products(api: Api, count: int) -> None:
    for number in range(count):
        sku = f"TEE-{number}"
        assert api.put(f"/products/{sku}", product(sku)).status_code in (200, 201)


def product(sku: str) -> dict[str, object]:
    return {"sku": sku, "product": "TEE", "name": "Tee" * 30, "price": 5000, "currency": "GBP"}


@pytest.mark.parametrize("path", ["/policy", "/products", "/returns", "/tasks", "/openapi.json"])
def test_what_has_not_changed_is_not_sent_again(api: Api, path: str) -> None:
    first = api.get(path)
    tag = first.headers["ETag"]
    assert not tag.startswith("W/")
    again = api.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert api.get(path, headers={"If-None-Match": '"other"'}).data == first.data


def test_what_has_changed_has_another_tag(api: Api) -> None:
    tag = api.get("/products").headers["ETag"]
    put_products(api, 1)
    changed = api.get("/products", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_a_policy_is_put_in_force_only_over_the_one_that_was_seen(api: Api) -> None:
    seen = api.get("/policy")
    tag = seen.headers["ETag"]
    policy = seen.get_json()
    mine = {**policy, "auto_approve_up_to": 100}
    theirs = {**policy, "auto_approve_up_to": 200}
    assert api.put("/policy", theirs, headers={"If-Match": tag}).status_code == 200
    refused = api.put("/policy", mine, headers={"If-Match": tag})
    assert problem(refused, 412)["code"] == "precondition_failed"
    assert api.get("/policy").get_json()["auto_approve_up_to"] == 200
    problem(api.put("/policy", mine, headers={"If-Match": ""}), 412)
    assert api.put("/policy", mine, headers={"If-Match": "*"}).status_code == 200
    packed = f'{api.get("/policy").headers["ETag"][:-1]}-gzip"'
    assert api.put("/policy", theirs, headers={"If-Match": packed}).status_code == 200


def test_answers_are_packed_for_who_can_unpack_them(sqlite_api: Api) -> None:
    put_products(sqlite_api, 20)
    plain = sqlite_api.get("/products")
    packed = sqlite_api.get("/products", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 4
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    assert "Accept-Encoding" in packed.headers["Vary"]
    tag = packed.headers["ETag"]
    assert tag != plain.headers["ETag"]
    again = sqlite_api.get("/products", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Encoding" not in again.headers
    for refusal in ("gzip;q=0", "br", "identity, gzip;q=0.5", ""):
        answer = sqlite_api.get("/products", headers={"Accept-Encoding": refusal})
        assert answer.data == plain.data, refusal


def test_small_answers_and_pages_of_the_staff_stay_as_they_are(sqlite_api: Api) -> None:
    headers = {"Accept-Encoding": "gzip"}
    assert "Content-Encoding" not in sqlite_api.get("/tasks", headers=headers).headers
    assert "Content-Encoding" not in sqlite_api.client.get("/sign-in", headers=headers).headers


def test_a_packed_body_is_the_same_call_as_the_plain_one(api: Api) -> None:
    packed = gzip.compress(json.dumps(ORDER).encode())
    assert api.call("PUT", "/orders/1001", data=packed, headers=GZIP).status_code == 201
    assert api.put("/orders/1001", ORDER).status_code == 200


def test_a_packed_file_of_orders_may_say_so(api: Api) -> None:
    packed = gzip.compress(json.dumps(ORDER).encode() + b"\n")
    headers = {**GZIP, "Content-Type": "application/x-ndjson"}
    taken = api.call("POST", "/orders/import", data=packed, headers=headers)
    assert taken.status_code == 200, taken.text
    assert taken.get_json()["created"] == 1


def test_a_body_that_unpacks_to_too_much_is_refused_before_it_does(sqlite_api: Api) -> None:
    bomb = gzip.compress(b" " * 200_000_000, 1)
    assert len(bomb) < 1_000_000
    refused = sqlite_api.call("PUT", "/orders/1", data=bomb, headers=GZIP)
    assert problem(refused, 413)["code"] == "request_entity_too_large"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", gzip.compress(b"{}")[:-3], gzip.compress(b"{}") + b"x", gzip.compress(b"{}") * 2],
)
def test_what_is_not_one_gzip_stream_is_malformed(sqlite_api: Api, body: bytes) -> None:
    refused = sqlite_api.call("PUT", "/orders/1", data=body, headers=GZIP)
    assert problem(refused, 400)["code"] == "malformed_gzip"


@pytest.mark.parametrize("packing", ["br", "deflate", "gzip, gzip", "zstd"])
@pytest.mark.parametrize("path", ["/returns", "/orders/import"])
def test_other_packings_are_refused(sqlite_api: Api, packing: str, path: str) -> None:
    headers = {**GZIP, "Content-Encoding": packing}
    refused = sqlite_api.call("POST", path, data=b"x", headers=headers)
    assert problem(refused, 415)["code"] == "unsupported_encoding"
    assert refused.headers["Accept-Encoding"] == "gzip"


def test_an_answer_tells_its_version_and_an_unknown_one_is_refused(sqlite_api: Api) -> None:
    assert sqlite_api.get("/tasks").headers["Redress-Version"] == "2026-11-01"
    asked = {"Redress-Version": "2026-11-01"}
    assert sqlite_api.get("/tasks", headers=asked).headers["Redress-Version"] == "2026-11-01"
    for unknown in ("2026-11-02", "1", ""):
        refused = sqlite_api.post("/returns", {}, headers={"Redress-Version": unknown})
        body = problem(refused, 400)
        assert body["code"] == "unknown_version"
        assert "2026-11-01" in body["detail"]
        assert refused.headers["Redress-Version"] == "2026-11-01"
        assert refused.headers["RateLimit"]
    assert sqlite_api.gateway.calls == []


def test_what_no_key_came_with_and_what_there_is_not_tell_the_version_too(
    sqlite_api: Api,
) -> None:
    for method, path, status in (
        ("GET", f"{BASE}/tasks", 401),
        ("GET", f"{BASE}/nothing", 404),
        ("DELETE", f"{BASE}/tasks", 405),
        ("GET", f"{BASE}/openapi.json", 200),
    ):
        answer = sqlite_api.client.open(path, method=method)
        assert answer.status_code == status
        assert answer.headers["Redress-Version"] == "2026-11-01", path


def test_the_name_of_a_request_stands_in_what_is_logged(
    sqlite_api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    def lose_database() -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    sqlite_api.gateway.meanwhile = lose_database
    body = {"order": "1", "lines": [{"line": "1", "quantity": 1, "reason": "too_small"}]}
    answer = sqlite_api.post("/returns", body, headers={"X-Request-Id": "shop-17"})
    assert problem(answer, 503)["request_id"] == "shop-17"
    assert "request_id=shop-17" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/api", "/api/nothing", f"{BASE}/nothing", f"{BASE}/returns/"])
def test_an_unknown_address_is_a_problem_whatever_is_accepted(sqlite_api: Api, path: str) -> None:
    answer = sqlite_api.client.get(path, headers={"Accept": "text/html"})
    assert problem(answer, 404)["code"] == "not_found"


def test_another_method_is_told_which_ones_there_are(sqlite_api: Api) -> None:
    answer = sqlite_api.call("PUT", "/returns")
    assert problem(answer, 405)["code"] == "method_not_allowed"
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    problem(sqlite_api.client.post("/api/docs"), 405)
