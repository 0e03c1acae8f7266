"""The real Tryton in a process of its own, on a copy of a database that is made once."""

import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from activities.providers.tryton.values import dump, load

DATABASE = "shop"
_MODULES = ("sale", "account_invoice_stock", "sale_complaint")
_PASSWORD = "password of the administrator"
_TOOLS = Path(sys.executable).parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class TrytonProcess:
    """A server on a port and a directory of its own, which can be ended and started again."""

    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """What a client is given: the database is part of it."""
        return f"http://127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [_TOOLS / "trytond", "-c", self._settings(), "-d", DATABASE],
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        patience = Retry(total=400, backoff_factor=0.01, backoff_max=0.1)
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=patience))
            session.get(f"http://127.0.0.1:{self.port}/", timeout=30)

    def kill(self) -> None:
        """SIGKILL of the process that was started, and of nothing else."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=10)

    @property
    def runs(self) -> bool:
        """Whether it was started and lives."""
        return self.process is not None and self.process.poll() is None

    def restore(self, template: Path) -> None:
        """Makes its database what the template is, in one transaction, while it may run.

        What Tryton keeps in memory is of what the template holds, too.
        """
        name = f"{DATABASE}.sqlite"
        with (
            closing(sqlite3.connect(template / name)) as kept,
            closing(sqlite3.connect(self.directory / name)) as used,
        ):
            kept.backup(used)

    def stop(self) -> None:
        """Ends it, if it runs."""
        if self.process is not None and self.runs:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.kill()

    def make(self) -> None:
        """Makes an empty database of the modules that the tests need; takes half a minute."""
        secret = self.directory / "password"
        secret.write_text(_PASSWORD)
        (self.directory / f"{DATABASE}.sqlite").touch()
        subprocess.run(
            [
                _TOOLS / "trytond-admin",
                *("-c", self._settings(), "-d", DATABASE, "-u", *_MODULES),
                *("--activate-dependencies", "--email", "admin@shop.example"),
            ],
            env={**_environment(), "TRYTONPASSFILE": str(secret)},
            check=True,
            capture_output=True,
        )

    def _settings(self) -> Path:
        path = self.directory / "trytond.conf"
        path.write_text(
            # It gives up a locked database after five seconds, and isn't to try again by itself.
            "[database]\nuri = sqlite://\nretry = 0\n"
            f"path = {self.directory}\n"
            f"[web]\nlisten = 127.0.0.1:{self.port}\n"
        )
        return path


class Desk:
    """The administrator at Tryton's own client: for what is set up before Redress comes."""

    def __init__(self, tryton: TrytonProcess) -> None:
        self._url = f"{tryton.address}/rpc/"
        self._headers = {"Content-Type": "application/json"}
        self.context: dict[str, object] = {}
        self.user, token, *_ = self._post(
            "common.db.login", ["admin", {"password": _PASSWORD}, "en"]
        )
        session = b64encode(f"admin:{self.user}:{token}".encode()).decode()
        self._headers["Authorization"] = f"Session {session}"

    def __call__(self, method: str, *parameters: object) -> Any:
        """Calls a method like `model.party.party.create`."""
        return self._post(method, [*parameters, self.context])

    def create(self, model: str, **values: object) -> int:
        """Makes a record and gives its id."""
        (made,) = self(f"model.{model}.create", [values])
        return int(made)

    def find(self, model: str, *domain: object) -> int:
        """The id of the one record that matches."""
        (found,) = self(f"model.{model}.search", list(domain))
        return int(found)

    def read(self, model: str, domain: Sequence[object], *fields: str) -> list[dict[str, Any]]:
        """Records that match, oldest first."""
        order = [("id", "ASC")]
        found = self(f"model.{model}.search_read", domain, 0, None, order, list(fields))
        assert isinstance(found, list)
        return found

    def _post(self, method: str, parameters: list[object]) -> Any:
        answer = requests.post(
            self._url,
            data=dump({"id": 0, "method": method, "params": parameters}),
            headers=self._headers,
            timeout=60,
        )
        answer.raise_for_status()
        told = load(answer.text)
        assert "error" not in told, f"{method}: {told['error']}"
        return told["result"]


def copy_of(template: Path, directory: Path) -> TrytonProcess:
    """A server, not started yet, on a copy of a database."""
    for part in template.glob(f"{DATABASE}.sqlite*"):  # With what is in the write-ahead log.
        shutil.copy(part, directory)
    return TrytonProcess(directory)


def template_name(furnishing: Path) -> str:
    """Names the database that these versions and this furnishing make."""
    names = ("trytond", *(f"trytond_{module}" for module in _MODULES))
    told = [f"{name} {version(name)}" for name in names]
    made_of = "\n".join(told).encode() + furnishing.read_bytes()
    return hashlib.sha256(made_of).hexdigest()[:16]


def _environment() -> dict[str, str]:
    """The environment, without what would lead Tryton elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TRYTON")}
