"""How the sandbox delivers its webhooks, and how it starts, ends and is killed."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from activities.providers.payments.sandbox.desk import Desk
from activities.providers.payments.sandbox.storage import Storage
from activities.providers.payments.sandbox.webhooks import Courier, Outbox
from tests.contract.sandbox_process import ROOT, SECRET, Sandbox, Shop, new_payment

OwnSandbox = Callable[[str | None], Sandbox]


def test_a_refund_that_is_final_at_once_has_no_event(sandbox: Sandbox, shop: Shop) -> None:
    final = sandbox.pay_back(new_payment("ok"), 1).json()["id"]
    marker = sandbox.pay_back(new_payment("pending"), 1).json()["id"]
    shop.wait_for(1, marker)
    assert shop.taken(final) == []


def test_an_event_that_is_not_taken_comes_again_and_holds_up_no_other(
    sandbox: Sandbox, shop: Shop
) -> None:
    first, second = (sandbox.pay_back(new_payment("pending"), 1).json()["id"] for _ in range(2))
    shop.wait_for(2, first, second)
    turned_away: list[str] = []

    def once(event: Any) -> bool:
        if event.refund["id"] != first or turned_away:
            return False
        turned_away.append(event.id)
        return True

    shop.turn_away = once
    for refund in (first, second):
        sandbox.call("POST", f"/_sandbox/refunds/{refund}/settle")
    assert [event.refund["id"] for event in shop.wait_for(4, first, second)[2:]] == [second, first]
    assert turned_away == [shop.taken(first)[-1].id]


def test_events_wait_in_order_while_nobody_listens_even_through_sigkill(
    own_sandbox: OwnSandbox, closed_shop: Shop
) -> None:
    sandbox = own_sandbox(closed_shop.url)
    made = [sandbox.pay_back(new_payment("pending"), 1).json()["id"] for _ in range(3)]
    for refund in reversed(made):
        sandbox.call("POST", f"/_sandbox/refunds/{refund}/settle")
    sandbox.kill()
    sandbox.start()
    closed_shop.open()
    events = closed_shop.wait_for(6, *made)
    assert [event.refund["id"] for event in events] == [*made, *reversed(made)]
    assert [event.kind for event in events] == ["refund.created"] * 3 + ["refund.updated"] * 3


def test_an_older_event_is_not_overtaken_because_nobody_listened(
    tmp_path: Path, closed_shop: Shop
) -> None:
    storage = Storage(tmp_path)
    outbox = Outbox(storage, wanted=True)
    desk = Desk(storage, outbox)
    courier = Courier(outbox, closed_shop.url, SECRET)

    def pay() -> str:
        fields = [("payment_intent", new_payment("pending")), ("amount", "1")]
        made = json.loads(desk.refund(None, "/v1/refunds", fields).answer.body)
        return str(made["id"])

    older = pay()
    courier.deliver()
    newer = pay()
    closed_shop.open()
    while len(events := closed_shop.wait_for(2, older, newer, seconds=0.05)) < 2:
        courier.deliver()
    storage.close()
    assert [event.refund["id"] for event in events] == [older, newer]


# The process


def test_it_needs_nothing_of_redress_or_of_stripe() -> None:
    program = (
        "import sys, activities.providers.payments.sandbox.__main__\n"
        "strangers = {'models', 'web', 'workflows', 'worker', 'stripe', 'temporalio'}\n"
        "print(sorted(strangers & {name.partition('.')[0] for name in sys.modules}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"


def test_every_acknowledged_refund_survives_sigkill_and_no_retry_pays_twice(
    own_sandbox: OwnSandbox,
) -> None:
    sandbox = own_sandbox(None)
    payment = new_payment("ok")
    acknowledged: dict[str, str] = {}

    def pay(number: int) -> None:
        for attempt in range(60):
            key = f"{payment}-{number}-{attempt}"
            try:
                acknowledged[key] = sandbox.pay_back(payment, 1, key=key).json()["id"]
            except requests.ConnectionError:
                return
            if len(acknowledged) == 80 and sandbox.process is not None:
                sandbox.process.kill()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(pay, range(4)))
    sandbox.kill()
    sandbox.start()
    kept = {refund["id"] for refund in sandbox.refunds(payment)}
    assert len(acknowledged) >= 80
    assert kept >= set(acknowledged.values())
    for key, refund in acknowledged.items():
        assert sandbox.pay_back(payment, 1, key=key).json()["id"] == refund
    assert len(sandbox.refunds(payment)) == len(kept)


def test_a_restart_keeps_the_clock_the_captured_amounts_and_the_time_outs(
    own_sandbox: OwnSandbox,
) -> None:
    sandbox = own_sandbox(None)
    payment = new_payment("timeout")
    ahead = sandbox.advance(1000)
    with pytest.raises(requests.ConnectionError):
        sandbox.pay_back(payment, 60, key=payment, captured=100)
    sandbox.kill()
    sandbox.start()
    with pytest.raises(requests.ConnectionError):
        sandbox.pay_back(payment, 60, key=payment, captured=100)
    assert sandbox.pay_back(payment, 60, key=payment, captured=100).status_code == 200
    assert sandbox.call("GET", f"/v1/payment_intents/{payment}").json()["amount"] == 100
    later = sandbox.pay_back(new_payment("ok"), 1).json()
    assert 0 <= later["created"] - ahead < 60


def test_sigkill_ends_all_of_it_at_once_so_that_the_next_one_gets_the_port(
    own_sandbox: OwnSandbox,
) -> None:
    sandbox = own_sandbox(None)
    with requests.Session() as session:
        session.get(f"{sandbox.address}/health", timeout=5)
        began = time.monotonic()
        sandbox.kill()  # Waits until no process has its standard error open.
        assert time.monotonic() - began < 0.5
    sandbox.start()


def test_sigterm_ends_it_with_0_within_two_seconds_even_with_open_connections(
    own_sandbox: OwnSandbox,
) -> None:
    sandbox = own_sandbox(None)
    with requests.Session() as session:
        session.get(f"{sandbox.address}/health", timeout=5)
        began = time.monotonic()
        code, errors = sandbox.stop()
    assert (code, errors) == (0, "")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", ""),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("KEY", ""),
        ("DIR", "/proc/no/such/place"),
        ("WEBHOOK_URL", "localhost:1/x"),
        ("WEBHOOK_SECRET", ""),
    ],
)
def test_it_does_not_start_half_set_up(sandbox: Sandbox, name: str, value: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "activities.providers.payments.sandbox"],
        cwd=ROOT,
        env={**sandbox.environment(), f"REDRESS_SANDBOX_{name}": value},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("The sandbox payment provider can't start: ")
    assert ended.stderr.count("\n") == 1
