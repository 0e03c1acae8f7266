"""`StripePayments` against the sandbox, through the official SDK."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from activities.providers.payments.protocol import (
    PaymentProvider,
    PaymentRefused,
    PaymentUnclear,
    ProviderRefund,
    RefundOrder,
    RefundStatus,
)
from activities.providers.payments.stripe_api import StripePayments
from tests.contract.sandbox_process import KEY, Sandbox, an_order, free_port, new_payment


@pytest.fixture(scope="session")
def payments(sandbox: Sandbox) -> PaymentProvider:
    return StripePayments(KEY, base_address=sandbox.address + "/")


def test_a_refund_is_made_with_all_that_is_needed_to_find_it(
    payments: PaymentProvider, sandbox: Sandbox
) -> None:
    order = an_order(new_payment("ok"), currency="KWD")
    made = payments.refund(order)
    assert made == ProviderRefund(
        reference=made.reference,
        status=RefundStatus.SUCCEEDED,
        amount=500,
        currency="KWD",
        payment=order.payment_reference,
        charge=order.payment_reference,
        refund_id=order.refund_id,
    )
    (kept,) = sandbox.refunds(order.payment_reference)
    assert (kept["id"], kept["currency"]) == (made.reference, "kwd")
    assert kept["metadata"] == {
        "refund_id": order.refund_id,
        "rma": "R-7K2M-94",
        "order": "1001",
        "captured_amount": "900",
        "captured_currency": "kwd",
    }
    (call,) = sandbox.calls_about(order.payment_reference)
    assert call["idempotency_key"] == order.idempotency_key
    assert payments.get(made.reference) == made
    assert payments.find(order.payment_reference, order.refund_id) == made
    assert payments.refund(order) == made


def test_all_refunds_since_a_moment_are_listed_whoever_made_them(
    payments: PaymentProvider, sandbox: Sandbox
) -> None:
    made = payments.refund(an_order(new_payment("ok")))
    ours = replace(made, settled=made.amount, settled_in=made.currency)
    abroad = payments.refund(an_order(new_payment("fx"), currency="GBP"))
    by_hand = [sandbox.pay_back(new_payment("ok"), 1).json()["id"] for _ in range(101)]
    listed = list(payments.list_refunds(datetime.now(UTC) - timedelta(minutes=5)))
    assert ours in listed
    assert replace(abroad, settled=585, settled_in="EUR") in listed
    assert {refund.reference for refund in listed if refund.refund_id is None} >= set(by_hand)
    later = datetime.now(UTC) + timedelta(days=400)
    assert list(payments.list_refunds(later)) == []


def test_one_refund_is_found_among_more_than_a_page_of_others(
    payments: PaymentProvider, sandbox: Sandbox
) -> None:
    payment = new_payment("ok")
    ours = an_order(payment, amount=1)
    made = payments.refund(ours)
    for _ in range(105):
        sandbox.pay_back(payment, 1)
    assert payments.find(payment, ours.refund_id) == made
    assert payments.find(payment, "another") is None
    assert payments.find(new_payment("ok"), ours.refund_id) is None
    lists = [call for call in sandbox.calls_about(payment) if call["method"] == "GET"]
    assert len(lists) == 4


def test_a_lost_answer_is_unclear_and_the_look_up_finds_the_one_refund(
    payments: PaymentProvider, sandbox: Sandbox
) -> None:
    order = an_order(new_payment("timeout"))
    for _ in range(2):
        with pytest.raises(PaymentUnclear):
            payments.refund(order)
        found = payments.find(order.payment_reference, order.refund_id)
    assert found == payments.refund(order)
    assert len(sandbox.refunds(order.payment_reference)) == 1


def test_a_server_error_is_unclear_until_it_passes(payments: PaymentProvider) -> None:
    order = an_order(new_payment("error"))
    for _ in range(3):
        with pytest.raises(PaymentUnclear, match="HTTP 500"):
            payments.refund(order)
        assert payments.find(order.payment_reference, order.refund_id) is None
    assert payments.refund(order).status == RefundStatus.SUCCEEDED


def test_an_answer_that_comes_too_late_is_unclear(sandbox: Sandbox) -> None:
    hasty = StripePayments(KEY, base_address=sandbox.address, timeout=0.2)
    order = an_order(new_payment("slow"))
    with pytest.raises(PaymentUnclear, match="no answer"):
        hasty.refund(order)
    # Still under way: also unclear, and never a refusal.
    with pytest.raises(PaymentUnclear, match="HTTP 409"):
        hasty.refund(order)
    assert hasty.find(order.payment_reference, order.refund_id) is not None


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (an_order(new_payment("decline")), "card_declined"),
        (an_order(new_payment("disputed")), "charge_disputed"),
        (an_order(new_payment("ok"), amount=901), "amount_too_large"),
        (an_order(new_payment("ok"), amount=0), "parameter_invalid_integer"),
        (an_order("pi_3NotOfTheSandbox"), "resource_missing"),
        (an_order("ch_3NotOfTheSandbox"), "resource_missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_retry_can_cure_is_refused(
    payments: PaymentProvider, sandbox: Sandbox, order: RefundOrder, code: str
) -> None:
    for _ in range(2):
        with pytest.raises(PaymentRefused) as refused:
            payments.refund(order)
        assert refused.value.code == code
        assert refused.value.message
    assert sandbox.refunds(order.payment_reference) == []


def test_a_used_key_with_other_parameters_is_refused(payments: PaymentProvider) -> None:
    order = an_order(new_payment("ok"))
    payments.refund(order)
    with pytest.raises(PaymentRefused) as refused:
        payments.refund(replace(order, amount=1))
    assert refused.value.code == "idempotency_error"


def test_a_payment_that_was_paid_back_before_is_refused(payments: PaymentProvider) -> None:
    order = an_order(new_payment("ok"), amount=900)
    payments.refund(order)
    with pytest.raises(PaymentRefused) as refused:
        payments.refund(an_order(order.payment_reference, amount=1))
    assert refused.value.code == "charge_already_refunded"


def test_unknown_payments_and_refunds_can_not_be_looked_up(payments: PaymentProvider) -> None:
    with pytest.raises(PaymentRefused, match="resource_missing"):
        payments.find("pi_none", "r")
    with pytest.raises(PaymentRefused, match="resource_missing"):
        payments.get("re_none")


def test_a_pending_refund_is_followed_to_its_end(
    payments: PaymentProvider, sandbox: Sandbox
) -> None:
    made = payments.refund(an_order(new_payment("pending")))
    assert (made.status, made.failure) == (RefundStatus.PENDING, None)
    sandbox.call("POST", f"/_sandbox/refunds/{made.reference}/settle")
    assert payments.get(made.reference).status == RefundStatus.SUCCEEDED
    sandbox.call("POST", f"/_sandbox/refunds/{made.reference}/fail", json={"reason": "declined"})
    assert payments.get(made.reference) == replace(
        made, status=RefundStatus.FAILED, failure="declined"
    )


def test_of_two_refunds_with_one_id_the_one_that_stands_is_found(
    payments: PaymentProvider, sandbox: Sandbox
) -> None:
    order = an_order(new_payment("ok"), amount=100)
    first = payments.refund(order)
    sandbox.advance(24.1)
    second = payments.refund(order)
    assert second.reference != first.reference
    assert payments.find(order.payment_reference, order.refund_id) == second
    sandbox.call("POST", f"/_sandbox/refunds/{second.reference}/fail")
    assert payments.find(order.payment_reference, order.refund_id) == first


def test_a_proxy_of_the_environment_is_not_asked_for_an_address_of_ones_own(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    payments = StripePayments(KEY, base_address=sandbox.address)
    assert payments.refund(an_order(new_payment("ok"))).status == RefundStatus.SUCCEEDED


def test_a_wrong_api_key_says_nothing_about_the_refund(sandbox: Sandbox) -> None:
    wrong = StripePayments("sk_wrong", base_address=sandbox.address)
    with pytest.raises(PaymentUnclear, match="API key"):
        wrong.refund(an_order(new_payment("ok")))


def test_the_sandbox_counts_every_currency_as_redress_does(
    payments: PaymentProvider, sandbox: Sandbox
) -> None:
    order = an_order(new_payment("ok"), currency="ISK", amount=5, captured=7)
    assert payments.refund(order).amount == 5
    assert sandbox.refunds(order.payment_reference)[0]["amount"] == 5
