"""One call sent fifty times at once, or again after its web process died, makes one return."""

import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import requests

from tests.e2e.running_up import Up, free_port, running, wait_for

TIMES = 50
# 202, "still running" and the like are no answers to keep: a caller asks again.
PASSING = (202, 409, 502, 503)


def send(up: Up, number: str, key: str) -> requests.Response | None:
    """The call; None when there was no answer."""
    line = {"line": "1", "quantity": 1, "reason": "too_small", "comment": "Tight."}
    headers = {"Authorization": f"Bearer {up.key}", "Idempotency-Key": key}
    try:
        return requests.post(
            f"{up.endpoints['api']}/returns",
            json={"order": number, "lines": [line]},
            headers=headers,
            timeout=30,
        )
    except (requests.ConnectionError, KeyError, FileNotFoundError):
        return None


def answered(up: Up, number: str, key: str) -> requests.Response:
    """Sends the call until it has its answer, as a client should."""

    def settled() -> requests.Response | None:
        answer = send(up, number, key)
        return None if answer is None or answer.status_code in PASSING else answer

    found = wait_for(settled, "an answer")
    assert isinstance(found, requests.Response)
    return found


def returns_of(up: Up, number: str) -> list[str]:
    return [row["rma"] for row in up.do("GET", f"/returns?order={number}")["data"]]


def put_order(up: Up, number: str) -> None:
    payment = {"id": "p-1", "kind": "card", "provider": "sandbox", "currency": "GBP"}
    lines = [{"id": "1", "sku": "TEE", "name": "Tee", "quantity": 9, "unit_price": 1000}]
    order = {
        "number": number,
        "currency": "GBP",
        "placed_at": "2026-11-01T10:00:00Z",
        "lines": lines,
        "payments": [{**payment, "reference": f"sbx_ok_{number}", "amount": 9000}],
    }
    up.do("PUT", f"/orders/{number}", order)


def begun(directory: Path, key: str) -> bool:
    """Whether a web process has taken the call and stored what was asked for."""
    with closing(sqlite3.connect(directory / "redress.db")) as database:
        found = database.execute(
            "SELECT COUNT(*) FROM idempotency_keys k JOIN submissions s ON s.rma = k.rma"
            " WHERE k.key = ? AND k.status IS NULL",
            (key,),
        ).fetchone()
    return bool(found[0])


def test_a_repeated_call_makes_one_return_also_when_its_web_process_dies(tmp_path: Path) -> None:
    with running(tmp_path, free_port()) as up, ThreadPoolExecutor(TIMES) as callers:
        put_order(up, "1001")
        answers = list(callers.map(lambda _: answered(up, "1001", "fifty"), range(TIMES)))
        assert {answer.status_code for answer in answers} == {201}
        [body] = {answer.content for answer in answers}
        [location] = {answer.headers["Location"] for answer in answers}
        replayed = [answer.headers.get("Idempotent-Replayed") for answer in answers]
        assert sorted(replayed, key=str) == [None, *["true"] * (TIMES - 1)]
        assert returns_of(up, "1001") == [answers[0].json()["rma"]]
        assert location.endswith(returns_of(up, "1001")[0])
        assert body == answered(up, "1001", "fifty").content

        put_order(up, "1002")
        worker, web = up.endpoints["pids"]["worker"], up.endpoints["pids"]["web"]
        os.kill(worker, signal.SIGSTOP)  # So that the call hangs half-way.
        try:
            hanging = callers.submit(send, up, "1002", "killed")
            wait_for(lambda: begun(tmp_path, "killed"), "the call to begin")
            os.kill(web, signal.SIGKILL)
            assert hanging.result(timeout=30) is None
        finally:
            os.kill(worker, signal.SIGCONT)
        wait_for(lambda: up.endpoints["pids"]["web"] != web, "another web server")
        answer = answered(up, "1002", "killed")
        assert answer.status_code == 201, answer.text
        assert returns_of(up, "1002") == [answer.json()["rma"]]
        assert answered(up, "1002", "killed").content == answer.content
