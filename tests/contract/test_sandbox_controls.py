"""The sandbox's own controls: looking into its book, and refusing what they can't do."""

from uuid import uuid4

import pytest
import requests

from tests.contract.sandbox_process import KEY, Sandbox, error, new_payment


def test_the_controls_list_every_refund_and_the_totals(sandbox: Sandbox) -> None:
    payment, before = new_payment("pending"), sandbox.call("GET", "/_sandbox/summary").json()
    made = sandbox.pay_back(payment, 70, currency="sek", captured=100).json()
    failed = sandbox.pay_back(payment, 30).json()
    sandbox.call("POST", f"/_sandbox/refunds/{failed['id']}/fail", json={"reason": "declined"})
    listed = sandbox.refunds(payment)
    assert listed[0] == {
        "id": made["id"],
        "payment": payment,
        "amount": 70,
        "currency": "sek",
        "status": "pending",
        "created": made["created"],
        "metadata": {"captured_amount": "100"},
        "failure_reason": None,
    }
    assert (listed[1]["status"], listed[1]["failure_reason"]) == ("failed", "declined")
    everything = sandbox.call("GET", "/_sandbox/refunds").json()["data"]
    assert everything[-2:] == listed
    after = sandbox.call("GET", "/_sandbox/summary").json()
    assert after["refunds"] == before["refunds"] + 2 == len(everything)
    assert after["amounts"] == {**before["amounts"], "sek": 70}


def test_controls_are_not_among_the_requests_but_every_call_is(sandbox: Sandbox) -> None:
    payment, key = new_payment("ok"), uuid4().hex
    made = sandbox.pay_back(payment, 5, key=key).json()["id"]
    sandbox.call("GET", f"/v1/refunds/{made}")
    requests.get(f"{sandbox.address}/v1/refunds?charge={payment}", timeout=5)
    sandbox.refunds(payment)
    assert [
        (call["method"], call["path"], call["idempotency_key"], call["status"])
        for call in sandbox.calls_about(payment)
    ] == [
        ("POST", "/v1/refunds", key, 200),
        ("GET", f"/v1/refunds/{made}", None, 200),
        ("GET", "/v1/refunds", None, 401),
    ]
    every_call = sandbox.call("GET", "/_sandbox/requests").json()["data"]
    assert all(call["path"].startswith("/v1/") for call in every_call)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", "soon"),
        ("/clock", ""),
        ("/clock", '{"advance_hours": 0}'),
        ("/clock", '{"advance_hours": -1}'),
        ("/clock", '{"advance_hours": "3"}'),
        ("/clock", '{"advance_hours": true}'),
        ("/clock", '{"advance_hours": NaN}'),
        ("/clock", '{"advance_hours": 1e300}'),
        ("/clock", '{"hours": 1}'),
        ("/refunds/{}/fail", "[]"),
        ("/refunds/{}/fail", '{"reason": ""}'),
        ("/refunds/{}/fail", '{"reason": 5}'),
        ("/refunds/{}/fail", '{"reason": "a\\nb"}'),
        ("/refunds/{}/fail", '{"reason": "\\ud800"}'),
        ("/refunds/{}/fail", '{"why": "declined"}'),
        ("/refunds/{}/settle", "{"),
    ],
)
def test_a_bad_body_is_refused_with_a_sentence_and_changes_nothing(
    sandbox: Sandbox, path: str, body: str
) -> None:
    payment = new_payment("pending")
    made = sandbox.pay_back(payment, 5).json()
    answer = requests.post(
        f"{sandbox.address}/_sandbox{path.format(made['id'])}",
        data=body,
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=5,
    )
    assert answer.status_code == 400
    assert error(answer)["message"].endswith(".")
    assert sandbox.refunds(payment)[0]["status"] == "pending"
    assert abs(sandbox.pay_back(new_payment("ok"), 1).json()["created"] - made["created"]) < 60


@pytest.mark.parametrize("action", ["settle", "fail"])
def test_a_refund_that_is_not_there_can_not_be_moved(sandbox: Sandbox, action: str) -> None:
    answer = sandbox.call("POST", f"/_sandbox/refunds/re_none/{action}", json={"reason": "x"})
    assert (answer.status_code, error(answer)["code"]) == (404, "resource_missing")


def test_a_mistyped_filter_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.call("GET", "/_sandbox/refunds?paymnt=sbx_1").status_code == 400
