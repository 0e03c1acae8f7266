"""Sandbox keys: they try everything on orders of their own, and see and touch nothing else."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from models.messages import ReturnStatus
from models.store import access
from models.store.api_keys import list_keys, rotate_key, shown
from models.tables import StoreCredit
from tests.web.api_app import Api, problem
from tests.web.staff_rows import NOW, add_return

ORDER: dict[str, Any] = {
    "number": "sandbox-1",
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
ASKED = {"order": "sandbox-1", "lines": [{"line": "1", "quantity": 1, "reason": "too_small"}]}


@pytest.fixture
def key(api: Api) -> str:
    with api.database.write() as session:
        return access.create_api_key(
            session,
            name="trial",
            scopes=["all"],
            user=None,
            expires_at=None,
            now=datetime.now(UTC),
            sandbox=True,
        )


def changed(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(ORDER), **changes}


def paid(**changes: Any) -> dict[str, Any]:
    return changed(payments=[{**ORDER["payments"][0], **changes}])


def test_a_sandbox_key_says_so_and_can_be_replaced(api: Api, key: str) -> None:
    assert key.startswith("rk_test_")
    now = datetime.now(UTC)
    holder = access.authenticate_key(api.database, key, now=now)
    assert holder is not None
    assert holder.sandbox
    with api.database.write() as session:
        found = next(row for row in list_keys(session) if row.sandbox)
        assert key.startswith(shown(found))
        new = rotate_key(session, shown(found), grace=now - now, now=now)
    assert new.startswith("rk_test_")


def test_a_key_that_only_claims_to_be_of_the_other_kind_opens_nothing(api: Api, key: str) -> None:
    for text in (key.replace("rk_test_", "rk_"), api.key.replace("rk_", "rk_test_")):
        body = text.rpartition("_")[0]
        claimed = f"{body}_{access._checksum(body)}"
        assert access.authenticate_key(api.database, claimed, now=NOW) is None


def test_its_orders_are_paid_at_the_sandbox_provider_and_numbered_so(api: Api, key: str) -> None:
    assert api.put("/orders/sandbox-1", ORDER, key=key).status_code == 201
    assert api.put("/orders/sandbox-1", ORDER, key=key).status_code == 200
    for order in (
        changed(number="1001"),
        paid(provider="stripe", reference="pi_1"),
        paid(kind="gift_card"),
        paid(kind="store_credit"),
    ):
        answer = api.put(f"/orders/{order['number']}", order, key=key)
        assert problem(answer, 403)["code"] == "sandbox_key"
    assert problem(api.put("/orders/sandbox-1", ORDER), 403)["code"] == "sandbox_key"


def test_it_asks_for_returns_of_these_orders_only(api: Api, key: str) -> None:
    for path in ("/quotes", "/returns"):
        problem(api.post(path, {**ASKED, "order": "1001"}, key=key), 404)
        for resolution in ("exchange", "replacement"):
            answer = api.post(path, {**ASKED, "resolution": resolution}, key=key)
            assert problem(answer, 403)["code"] == "sandbox_key"
    assert api.gateway.calls == []
    api.post("/quotes", ASKED, key=key)
    api.post("/returns", ASKED, key=key)
    assert [call.name for call in api.gateway.calls] == ["quote", "request_return"]


def test_it_sees_and_moves_no_other_return(api: Api, key: str) -> None:
    with api.database.write() as session:
        real = add_return(session, 1, ReturnStatus.REQUESTED).rma
    assert api.get(f"/returns/{real}").status_code == 200
    for method, path in (
        ("GET", ""),
        ("GET", "/events"),
        ("GET", "/photos"),
        ("PATCH", ""),
        ("POST", "/decision"),
        ("POST", "/goodwill"),
    ):
        problem(api.call(method, f"/returns/{real}{path}", json={}, key=key), 404)
    assert len(api.get("/returns").get_json()["data"]) == 1
    assert api.get("/returns", key=key).get_json()["data"] == []
    assert api.gateway.calls == []


def test_it_sees_and_moves_those_of_its_orders(api: Api, key: str) -> None:
    api.put("/orders/sandbox-1", ORDER, key=key)
    with api.database.write() as session:
        made = add_return(session, 1, ReturnStatus.REQUESTED)
        real = add_return(session, 2, ReturnStatus.REQUESTED)
        made.order_number = "sandbox-1"
        made.reference, real.reference = "mine-1", "mine-2"
        rma = made.rma
    assert [row["rma"] for row in api.get("/returns", key=key).get_json()["data"]] == [rma]
    for reference, found in (("mine-1", [rma]), ("mine-2", [])):
        rows = api.get(f"/returns?reference={reference}", key=key).get_json()["data"]
        assert [row["rma"] for row in rows] == found
    assert api.get(f"/returns/{rma}/events", key=key).status_code == 200
    api.post(f"/returns/{rma}/decision", {"decision": "approve"}, key=key)
    change = {"resolution": "exchange"}
    refused = api.call("PATCH", f"/returns/{rma}", json=change, key=key)
    assert problem(refused, 403)["code"] == "sandbox_key"
    assert [call.name for call in api.gateway.calls] == ["decide"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tasks"),
        ("GET", "/ledger/entries"),
        ("PUT", "/products/TEE"),
        ("PUT", "/policy"),
        ("POST", "/orders/import"),
        ("POST", "/receipts"),
        ("POST", "/reconciliations"),
        ("GET", "/customers/c-1/export"),
        ("POST", "/store-credits/SC-1/redeem"),
    ],
)
def test_everything_else_takes_a_live_key(api: Api, key: str, method: str, path: str) -> None:
    refused = problem(api.call(method, path, json={}, key=key), 403)
    assert refused["code"] == "sandbox_key"
    assert "live key" in refused["detail"]


def test_it_reads_the_policy(api: Api, key: str) -> None:
    assert api.get("/policy", key=key).status_code == 200


def test_store_credit_of_such_an_order_buys_nothing(api: Api, key: str) -> None:
    api.put("/orders/sandbox-1", ORDER, key=key)
    with api.database.write() as session:
        session.add(
            StoreCredit(
                code="SC-TRIAL",
                origin="return",
                currency="GBP",
                amount=500,
                balance=500,
                order_number="sandbox-1",
                source="trial",
                created_at=NOW,
            )
        )
    spent = api.post("/store-credits/SC-TRIAL/redeem", {"amount": 100, "reference": "x"})
    assert problem(spent, 409)["code"] == "sandbox_credit"
