"""A running `redress up` to test from outside, and what a caller does with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

REDRESS = str(Path(sys.executable).with_name("redress"))
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
ORDER = {
    "currency": "GBP",
    "placed_at": "2026-11-01T10:00:00Z",
    "tax_mode": "inclusive",
    "customer": {"id": "c-1", "email": "carla@example.com", "name": "Carla Customer"},
    "lines": [
        {"id": "1", "sku": "TEE", "name": "Tee", "quantity": 2, "unit_price": 2500, "tax": 0}
    ],
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(holds: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Up:
    """A running `redress up` and a key to it."""

    process: subprocess.Popen[str]
    directory: Path
    key: str

    @property
    def endpoints(self) -> dict[str, Any]:
        found = json.loads((self.directory / "endpoints.json").read_text())
        assert isinstance(found, dict)
        return found

    def call(
        self, method: str, path: str, body: object = None, *, key: str = ""
    ) -> requests.Response:
        """A call of the API, made again for as long as it came too often. `key`: its
        Idempotency-Key.
        """
        headers = {"Authorization": f"Bearer {self.key}"}
        if key:
            headers["Idempotency-Key"] = key
        while True:
            answer = requests.request(
                method, self.endpoints["api"] + path, json=body, headers=headers, timeout=30
            )
            if answer.status_code != 429:
                return answer
            time.sleep(int(answer.headers["Retry-After"]))

    def do(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self.call(method, path, body)
        assert answer.ok, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found

    def until(self, rma: str, status: str) -> None:
        wait_for(
            lambda: self.do("GET", f"/returns/{rma}")["status"] == status, f"{rma} to be {status}"
        )

    def request(self, number: str) -> str:
        payment = {"id": "p-1", "kind": "card", "provider": "sandbox", "currency": "GBP"}
        payment |= {"reference": f"sbx_ok_{number}", "amount": 5000}  # type: ignore[dict-item]
        self.do("PUT", f"/orders/{number}", {**ORDER, "number": number, "payments": [payment]})
        asked = {
            "order": number,
            "lines": [{"line": "1", "quantity": 1, "reason": "too_small"}],
            "resolution": "refund",
        }
        return str(self.do("POST", "/returns", asked)["rma"])

    def finish(self, rma: str) -> None:
        """From waiting for the parcel to closed."""
        self.until(rma, "awaiting_parcel")
        self.do("POST", f"/returns/{rma}/receipts", {"lines": [{"line": "1", "quantity": 1}]})
        verdict = {"line": "1", "quantity": 1, "grade": "A", "disposition": "restock"}
        self.do("POST", f"/returns/{rma}/inspections", {"lines": [{**verdict, "accepted": True}]})
        self.until(rma, "closed")

    def paid_back(self, number: str) -> list[int]:
        """What the provider's own book says was paid back for an order."""
        payment = f"sbx_ok_{number}"
        return [row["amount"] for row in self.provider_book() if row["payment"] == payment]

    def provider_book(self) -> list[dict[str, Any]]:
        answer = requests.get(
            f"{self.endpoints['sandbox']}/_sandbox/refunds",
            headers={"Authorization": f"Bearer {self.endpoints['sandbox_key']}"},
            timeout=10,
        )
        found = answer.json()["data"]
        assert isinstance(found, list)
        return found


@contextmanager
def running(directory: Path, port: int, **settings: str) -> Iterator[Up]:
    """Starts `redress up` and ends it by a signal to its whole group."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("REDRESS_", "TEMPORAL_", "DATABASE_"))
    }
    environment |= {"REDRESS_FOLLOW_UP_AFTER": "1s", **settings}
    process = subprocess.Popen(
        [REDRESS, "up", "--data-dir", str(directory), "--port", str(port), "--no-demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        endpoints = directory / "endpoints.json"
        wait_for(lambda: endpoints.exists() or process.poll() is not None, "endpoints.json")
        assert process.poll() is None, process.communicate()[0]
        made = subprocess.run(
            [
                REDRESS,
                "apikey",
                "create",
                "--data-dir",
                str(directory),
                "--name",
                "test",
                "--scopes",
                "all",
            ],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        yield Up(process, directory, made.stdout.strip().splitlines()[-1])
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
