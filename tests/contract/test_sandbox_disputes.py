"""The sandbox's disputes: opened and closed by its controls, told, and in the way of refunds."""

import pytest

from activities.providers.payments.protocol import DisputeStatus, PaymentRefused
from activities.providers.payments.stripe_api import StripePayments
from tests.contract.sandbox_process import KEY, Sandbox, Shop, an_order, error, new_payment


@pytest.fixture(scope="session")
def payments(sandbox: Sandbox) -> StripePayments:
    return StripePayments(KEY, base_address=sandbox.address)


def dispute(sandbox: Sandbox, payment: str, **more: object) -> str:
    answer = sandbox.call("POST", "/_sandbox/disputes", json={"payment": payment, **more})
    answer.raise_for_status()
    return str(answer.json()["id"])


def close(sandbox: Sandbox, name: str, outcome: str) -> None:
    path = f"/_sandbox/disputes/{name}/close"
    sandbox.call("POST", path, json={"outcome": outcome}).raise_for_status()


def test_an_open_or_lost_dispute_keeps_its_payment_from_being_refunded(
    payments: StripePayments, sandbox: Sandbox
) -> None:
    order = an_order(new_payment("ok"), amount=100, captured=900)
    payments.refund(order)
    name = dispute(sandbox, order.payment_reference)
    held = payments.get_dispute(name)
    assert (held.reference, held.status, held.refundable) == (name, DisputeStatus.OPEN, False)
    assert (held.amount, held.currency, held.payment) == (900, "GBP", order.payment_reference)
    assert held.due is not None
    again = an_order(order.payment_reference, amount=100, captured=900)
    for outcome in (None, "lost"):
        if outcome:
            close(sandbox, name, outcome)
        with pytest.raises(PaymentRefused) as refused:
            payments.refund(an_order(order.payment_reference, amount=100, captured=900))
        assert refused.value.code == "charge_disputed"
    assert payments.get_dispute(name).status is DisputeStatus.LOST
    assert payments.find(order.payment_reference, again.refund_id) is None


def test_a_won_dispute_and_an_inquiry_are_in_nobodys_way(
    payments: StripePayments, sandbox: Sandbox
) -> None:
    for inquiry in (False, True):
        order = an_order(new_payment("ok"), amount=100, captured=900)
        name = dispute(sandbox, order.payment_reference, amount=900, inquiry=inquiry)
        assert payments.get_dispute(name).refundable == inquiry
        if not inquiry:
            close(sandbox, name, "won")
        payments.refund(order)
        close(sandbox, name, "won")
        assert payments.get_dispute(name).status is DisputeStatus.WON


def test_disputes_are_told_when_they_open_and_close(sandbox: Sandbox, shop: Shop) -> None:
    name = dispute(sandbox, new_payment("ok"), amount=500, reason="product_not_received")
    close(sandbox, name, "lost")
    told = shop.wait_for(2, name)
    assert [(event.kind, event.refund["status"]) for event in told] == [
        ("charge.dispute.created", "needs_response"),
        ("charge.dispute.closed", "lost"),
    ]
    assert told[0].refund["reason"] == "product_not_received"


def test_what_can_not_be_disputed_or_closed_so_is_refused(sandbox: Sandbox) -> None:
    payment = new_payment("ok")
    name = dispute(sandbox, payment, amount=500)
    inquiry = dispute(sandbox, new_payment("ok"), amount=500, inquiry=True)
    close(sandbox, name, "won")
    refusals = [
        ("", {"payment": new_payment("ok")}, "Nobody has told what this payment brought in"),
        ("", {"payment": "pi_1", "amount": 1}, "No such payment"),
        ("", {"payment": payment, "amount": -1}, "more than 0"),
        ("", {"payment": payment, "amount": "1"}, "whole number"),
        ("", {"payment": payment, "amount": 1, "inquiry": "yes"}, "true or false"),
        ("", {"payment": payment, "amount": 1, "reason": "Because!"}, "Stripe's words"),
        ("", {"amount": 1}, "reference of a payment"),
        (f"/{name}/close", {"outcome": "lost"}, "that is final"),
        (f"/{name}/close", {"outcome": "drawn"}, '"won" or "lost"'),
        (f"/{inquiry}/close", {"outcome": "lost"}, "takes no money"),
        ("/dp_unheard_of/close", {"outcome": "won"}, "No such dispute"),
    ]
    for path, body, words in refusals:
        answer = sandbox.call("POST", f"/_sandbox/disputes{path}", json=body)
        assert answer.status_code in (400, 404), words
        assert words in error(answer)["message"]
    dispute(sandbox, payment, amount=500)
    twice = sandbox.call("POST", "/_sandbox/disputes", json={"payment": payment, "amount": 1})
    assert "disputed already" in error(twice)["message"]


def test_a_dispute_nobody_knows_is_a_refusal(payments: StripePayments) -> None:
    with pytest.raises(PaymentRefused) as refused:
        payments.get_dispute("dp_unheard_of")
    assert refused.value.code == "resource_missing"
