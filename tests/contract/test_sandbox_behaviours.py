"""What each kind of `sbx_...` reference makes the sandbox do."""

from uuid import uuid4

import pytest
import requests
import stripe

from tests.contract.sandbox_process import Sandbox, Shop, error, new_payment


def test_a_declined_refund_is_declined_under_every_key(sandbox: Sandbox) -> None:
    payment = new_payment("decline")
    for key in ("one", "one", "two"):
        answer = sandbox.pay_back(payment, 5, key=payment + key)
        assert answer.status_code == 402
        assert (error(answer)["type"], error(answer)["code"]) == ("card_error", "card_declined")
    assert sandbox.refunds(payment) == []


def test_a_disputed_payment_is_not_refunded(sandbox: Sandbox) -> None:
    payment = new_payment("disputed")
    answer = sandbox.pay_back(payment, 5)
    assert (answer.status_code, error(answer)["code"]) == (400, "charge_disputed")
    assert sandbox.refunds(payment) == []


def test_a_time_out_acts_and_drops_twice_and_then_answers(sandbox: Sandbox) -> None:
    payment, key = new_payment("timeout"), uuid4().hex
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            sandbox.pay_back(payment, 5, key=key)
        # A look-up is never dropped.
        looked_up = sandbox.call("GET", f"/v1/refunds?payment_intent={payment}").json()["data"]
        assert len(looked_up) == 1
    answer = sandbox.pay_back(payment, 5, key=key)
    assert (answer.json()["id"], answer.headers["Idempotent-Replayed"]) == (
        looked_up[0]["id"],
        "true",
    )
    assert [
        (call["method"], call["outcome"], call["status"], call["replayed"])
        for call in sandbox.calls_about(payment)
    ] == [
        ("POST", "dropped", None, False),
        ("GET", "answered", 200, False),
        ("POST", "dropped", None, True),
        ("GET", "answered", 200, False),
        ("POST", "answered", 200, True),
    ]


def test_each_key_has_time_outs_of_its_own(sandbox: Sandbox) -> None:
    payment = new_payment("timeout")
    for key in (payment + "a", payment + "b"):
        for _ in range(2):
            with pytest.raises(requests.ConnectionError):
                sandbox.pay_back(payment, 5, key=key)
        assert sandbox.pay_back(payment, 5, key=key).status_code == 200
    assert len(sandbox.refunds(payment)) == 2


def test_an_error_is_answered_three_times_before_anything_is_done(sandbox: Sandbox) -> None:
    payment, key = new_payment("error"), uuid4().hex
    for _ in range(3):
        answer = sandbox.pay_back(payment, 5, key=key)
        assert (answer.status_code, error(answer)["type"]) == (500, "api_error")
        assert sandbox.refunds(payment) == []
    answer = sandbox.pay_back(payment, 5, key=key)
    assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (200, None)
    assert sandbox.pay_back(payment, 5, key=key).headers["Idempotent-Replayed"] == "true"


def test_any_other_reference_is_paid_back(sandbox: Sandbox) -> None:
    for payment in (new_payment("whatever"), "sbx_1", "sbx_declined"):
        assert sandbox.pay_back(payment, 5).json()["status"] == "succeeded"


def test_a_pending_refund_waits_until_it_is_settled(sandbox: Sandbox, shop: Shop) -> None:
    payment = new_payment("pending")
    made = sandbox.pay_back(payment, 10, captured=10).json()
    assert made["status"] == "pending"
    # It counts against what is left.
    assert error(sandbox.pay_back(payment, 1))["code"] == "charge_already_refunded"
    settled = sandbox.call("POST", f"/_sandbox/refunds/{made['id']}/settle")
    assert settled.json()["status"] == "succeeded"
    again = sandbox.call("POST", f"/_sandbox/refunds/{made['id']}/settle", json={"reason": "x"})
    assert again.json() == settled.json()
    assert [(event.kind, event.refund["status"]) for event in shop.wait_for(3, made["id"])] == [
        ("refund.created", "pending"),
        ("refund.updated", "succeeded"),
        ("refund.updated", "succeeded"),
    ]


def test_a_refund_can_fail_after_it_succeeded_and_is_told_each_time(
    sandbox: Sandbox, shop: Shop
) -> None:
    payment = new_payment("ok")
    made = sandbox.pay_back(payment, 10, captured=10).json()["id"]
    for reason in ("lost_or_stolen_card", "declined"):
        answer = sandbox.call("POST", f"/_sandbox/refunds/{made}/fail", json={"reason": reason})
        assert (answer.json()["status"], answer.json()["failure_reason"]) == ("failed", reason)
    events = shop.wait_for(4, made)
    assert [(event.kind, event.refund["failure_reason"]) for event in events] == [
        ("refund.updated", "lost_or_stolen_card"),
        ("refund.failed", "lost_or_stolen_card"),
        ("refund.updated", "declined"),
        ("refund.failed", "declined"),
    ]
    assert len({event.id for event in events}) == 4
    # What came back can be refunded again, so a failed refund can't succeed after all.
    assert sandbox.pay_back(payment, 10).status_code == 200
    assert sandbox.call("POST", f"/_sandbox/refunds/{made}/settle").status_code == 400


def test_a_refund_that_fails_later_does_so_after_72_hours(sandbox: Sandbox, shop: Shop) -> None:
    payment = new_payment("fails_later")
    made = sandbox.pay_back(payment, 10).json()
    assert made["status"] == "succeeded"
    sandbox.advance(71)
    assert sandbox.refunds(payment)[0]["status"] == "succeeded"
    now = sandbox.advance(1.1)
    assert sandbox.refunds(payment)[0]["status"] == "failed"
    events = shop.wait_for(2, made["id"])
    assert [event.kind for event in events] == ["refund.updated", "refund.failed"]
    assert events[0].refund["failure_reason"] == "expired_or_canceled_card"
    assert 0 <= events[0].created - now < 5
    assert now - made["created"] >= 72 * 3600
    # And only once.
    sandbox.advance(100)
    marker = sandbox.pay_back(new_payment("pending"), 1).json()["id"]
    shop.wait_for(1, marker)
    assert len(shop.taken(made["id"])) == 2


def test_a_refund_on_its_way_can_be_cancelled_and_frees_its_amount(
    sandbox: Sandbox, client: stripe.StripeClient, shop: Shop
) -> None:
    payment = new_payment("pending")
    made = sandbox.pay_back(payment, 10, captured=10).json()["id"]
    assert client.v1.refunds.cancel(made).status == "canceled"
    assert [event.kind for event in shop.wait_for(2, made)] == ["refund.created", "refund.updated"]
    with pytest.raises(stripe.InvalidRequestError, match="can't become canceled"):
        client.v1.refunds.cancel(made)
    assert sandbox.pay_back(payment, 10).status_code == 200
