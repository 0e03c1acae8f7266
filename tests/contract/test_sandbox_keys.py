"""What the sandbox promises of idempotency keys: Stripe's rules, on a clock of its own."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.contract.sandbox_process import Sandbox, error, new_payment


def test_the_same_key_gives_the_same_answer_and_pays_once(sandbox: Sandbox) -> None:
    payment, key = new_payment("ok"), uuid4().hex
    first = sandbox.pay_back(payment, 5, key=key)
    again = sandbox.pay_back(payment, 5, key=key)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert len(sandbox.refunds(payment)) == 1


def test_a_refusal_is_kept_under_its_key_too(sandbox: Sandbox) -> None:
    payment, key = new_payment("pending"), uuid4().hex
    held = sandbox.pay_back(payment, 10, captured=10).json()["id"]
    assert sandbox.pay_back(payment, 10, key=key).status_code == 400
    sandbox.call("POST", f"/_sandbox/refunds/{held}/fail")
    again = sandbox.pay_back(payment, 10, key=key)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (400, "true")
    assert sandbox.pay_back(payment, 10, key=uuid4().hex).status_code == 200


def test_a_key_is_for_one_request_only(sandbox: Sandbox) -> None:
    payment, key = new_payment("ok"), uuid4().hex
    sandbox.pay_back(payment, 5, key=key)
    other = sandbox.pay_back(payment, 6, key=key)
    assert (other.status_code, error(other)["type"]) == (400, "idempotency_error")
    assert [refund["amount"] for refund in sandbox.refunds(payment)] == [5]


def test_a_key_can_not_be_endless(sandbox: Sandbox) -> None:
    answer = sandbox.pay_back(new_payment("ok"), 5, key="k" * 256)
    assert (answer.status_code, error(answer)["type"]) == (400, "idempotency_error")


def test_identical_calls_at_the_same_time_pay_once(sandbox: Sandbox) -> None:
    payment, key = new_payment("ok"), uuid4().hex
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: sandbox.pay_back(payment, 5, key=key), range(30)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.json()["id"] for answer in answers if answer.ok}) == 1
    assert len(sandbox.refunds(payment)) == 1


def test_a_slow_answer_takes_three_seconds_and_holds_its_key_meanwhile(sandbox: Sandbox) -> None:
    payment, key = new_payment("slow"), uuid4().hex
    with ThreadPoolExecutor(1) as threads:
        began = time.monotonic()
        slow = threads.submit(sandbox.pay_back, payment, 5, key=key)
        while not sandbox.refunds(payment):
            assert time.monotonic() - began < 3
        meanwhile = sandbox.pay_back(payment, 5, key=key)
        assert (meanwhile.status_code, error(meanwhile)["code"]) == (409, "idempotency_key_in_use")
        answer = slow.result()
        assert 3 <= time.monotonic() - began < 5
    again = sandbox.pay_back(payment, 5, key=key)
    assert (again.headers["Idempotent-Replayed"], again.content) == ("true", answer.content)
    assert len(sandbox.refunds(payment)) == 1


def test_a_key_is_forgotten_after_24_hours_and_then_pays_again(sandbox: Sandbox) -> None:
    payment, key = new_payment("ok"), uuid4().hex
    first = sandbox.pay_back(payment, 5, key=key, captured=100).json()["id"]
    sandbox.advance(23.5)
    assert sandbox.pay_back(payment, 5, key=key, captured=100).json()["id"] == first
    sandbox.advance(0.6)
    again = sandbox.pay_back(payment, 5, key=key, captured=100)
    assert "Idempotent-Replayed" not in again.headers
    assert [refund["id"] for refund in sandbox.refunds(payment)] == [first, again.json()["id"]]
