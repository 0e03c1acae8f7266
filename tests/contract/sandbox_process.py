"""The real sandbox in a process of its own, and a shop that listens to its webhooks."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any
from uuid import uuid4

import requests
import stripe
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from activities.providers.payments.protocol import RefundOrder

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk_sandbox_test"
SECRET = "whsec_sandbox_test"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def error(answer: requests.Response) -> dict[str, str]:
    """What Stripe's error shape holds."""
    fields = answer.json()["error"]
    assert isinstance(fields, dict)
    return fields


def new_payment(behaviour: str) -> str:
    """A reference no other test uses."""
    return f"sbx_{behaviour}_{uuid4().hex}"


@dataclass
class Sandbox:
    """A sandbox on a port and a directory of its own, which can be ended and started again."""

    directory: Path
    webhook_url: str | None = None
    carrier_url: str | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        settings = {
            "REDRESS_SANDBOX_PORT": str(self.port),
            "REDRESS_SANDBOX_DIR": str(self.directory),
            "REDRESS_SANDBOX_KEY": KEY,
        }
        if self.webhook_url:
            settings["REDRESS_SANDBOX_WEBHOOK_URL"] = self.webhook_url
            settings["REDRESS_SANDBOX_WEBHOOK_SECRET"] = SECRET
        if self.carrier_url:
            settings["REDRESS_SANDBOX_CARRIER_URL"] = self.carrier_url
            settings["REDRESS_SANDBOX_WEBHOOK_SECRET"] = SECRET
        return {**os.environ, **settings}

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "activities.providers.payments.sandbox"],
            cwd=ROOT,
            env=self.environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        # A minute: on a busy machine a process takes its time to begin.
        patience = Retry(total=1200, backoff_factor=0.01, backoff_max=0.05)
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=patience))
            answer = session.get(
                f"{self.address}/health", headers={"Connection": "close"}, timeout=5
            )
            answer.raise_for_status()

    def kill(self) -> None:
        """SIGKILL of the process that was started, and of nothing else."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=5)

    def stop(self) -> tuple[int, str]:
        """SIGTERM; gives the exit code and what was written to standard error."""
        assert self.process is not None
        self.process.terminate()
        _, errors = self.process.communicate(timeout=5)
        return self.process.returncode, errors

    def call(
        self,
        method: str,
        path: str,
        data: Mapping[str, str | int] | str | None = None,
        *,
        json: dict[str, Any] | None = None,
        key: str | None = None,
        bearer: str | None = KEY,
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        if key:
            headers["Idempotency-Key"] = key
        if isinstance(data, str):
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return requests.request(
            method, self.address + path, data=data, json=json, headers=headers, timeout=10
        )

    def pay_back(
        self, payment: str, amount: int | None = None, *, key: str | None = None, **other: str | int
    ) -> requests.Response:
        """`POST /v1/refunds`; `captured` among the others becomes its metadata."""
        captured = other.pop("captured", None)
        data: dict[str, str | int] = {"payment_intent": payment, **other}
        if amount is not None:
            data["amount"] = amount
        if captured is not None:
            data["metadata[captured_amount]"] = captured
        return self.call("POST", "/v1/refunds", data, key=key)

    def refunds(self, payment: str) -> list[dict[str, Any]]:
        listed = self.call("GET", f"/_sandbox/refunds?payment={payment}").json()["data"]
        assert isinstance(listed, list)
        return listed

    def calls_about(self, payment: str) -> list[dict[str, Any]]:
        calls = self.call("GET", "/_sandbox/requests").json()["data"]
        return [call for call in calls if call["payment"] == payment]

    def advance(self, hours: float) -> int:
        answer = self.call("POST", "/_sandbox/clock", json={"advance_hours": hours})
        return int(answer.json()["now"])


@dataclass(frozen=True)
class Arrival:
    """An event that arrived with a good signature; `taken` is False when it was turned away."""

    id: str
    kind: str
    refund: dict[str, Any]
    created: int
    taken: bool


class Shop:
    """Takes webhooks; turns away what it is told to."""

    def __init__(self) -> None:
        self.port = free_port()
        self.arrivals: list[Arrival] = []
        self.turn_away: Callable[[Arrival], bool] = lambda _: False
        self._changed = Condition()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/sandbox?from=sandbox"

    def open(self) -> None:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken = shop.take(body, self.headers["Stripe-Signature"], self.path)
                self.send_response(200 if taken else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def take(self, body: bytes, signature: str, path: str) -> bool:
        assert path == "/webhooks/sandbox?from=sandbox"
        event = stripe.Webhook.construct_event(body, signature, SECRET)
        arrival = Arrival(
            event.id, event.type, event.data.object.to_dict(), event.created, taken=True
        )
        taken = not self.turn_away(arrival)
        with self._changed:
            self.arrivals.append(
                Arrival(arrival.id, arrival.kind, arrival.refund, arrival.created, taken)
            )
            self._changed.notify_all()
        return taken

    def taken(self, *refunds: str) -> list[Arrival]:
        return [
            arrival
            for arrival in self.arrivals
            if arrival.taken and arrival.refund["id"] in refunds
        ]

    def wait_for(self, count: int, *refunds: str, seconds: float = 8) -> list[Arrival]:
        """Waits until so many events about these refunds were taken, and gives them."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.taken(*refunds)) >= count, seconds)
            return self.taken(*refunds)


def an_order(payment: str, **other: Any) -> RefundOrder:
    order = RefundOrder(
        refund_id=uuid4().hex,
        idempotency_key=f"R-7K2M-94/refund/{uuid4().hex}",
        payment_reference=payment,
        amount=500,
        currency="GBP",
        captured=900,
        rma="R-7K2M-94",
        order_number="1001",
    )
    return replace(order, **other)
