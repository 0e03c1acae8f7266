"""A webhook receiver in a process of its own: checks signatures, and misbehaves when told to.

What it was sent is written to a file before it answers, so that it outlives the process. Run by
itself it has a child serve, and another one soon after that died; `Receiver` starts and ends it.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

OK, FAIL, HANG, REDIRECT, DIE, FORGET = "ok", "fail", "hang", "redirect", "die", "forget"
# How it answers a first, second and third attempt; from the fourth on it behaves.
_WILD = (OK,) * 6 + (FAIL,) * 4 + (HANG, HANG, REDIRECT, REDIRECT, DIE, FORGET)
_PATIENCE = 3
# For so many seconds nobody is there after a death.
_AWAY = 0.04


def main() -> None:
    """Has a child serve until it dies by its own will, then the next one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--deaths", type=Path, required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--answer", required=True, help="a status, or a seed like wild-7")
    parser.add_argument("--hang", type=float, required=True, help="seconds")
    given = parser.parse_args()
    attempts: Counter[str] = Counter()
    given.log.touch()
    # A fork has everything loaded, so that a thousand deaths don't take minutes.
    with given.log.open() as log, given.deaths.open("a") as deaths:
        while True:
            attempts.update(json.loads(line)["id"] for line in log)
            _let_live(given, attempts)
            deaths.write("died\n")
            deaths.flush()
            time.sleep(_AWAY)


def _let_live(given: argparse.Namespace, attempts: Counter[str]) -> None:
    """Has a child serve until it is dead."""
    child = os.fork()
    if child == 0:
        _Server(given, attempts).serve_forever()
    os.waitpid(child, 0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, given: argparse.Namespace, attempts: Counter[str]) -> None:
        self.given = given
        self.signer = Webhook(given.secret)
        self.lock = threading.Lock()
        self.attempts = attempts
        super().__init__(("127.0.0.1", given.port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hung up is nothing to tell of."""

    def choose(self, id: str) -> str:
        """What to do with the next attempt of an event."""
        attempt = self.attempts[id]
        wild = self.given.answer.startswith("wild")
        if not wild or attempt >= _PATIENCE:
            return OK
        return random.Random(f"{self.given.answer}/{id}/{attempt}").choice(_WILD)

    def note(self, **entry: Any) -> None:
        """Writes it down; it outlives the process."""
        with self.given.log.open("a") as log:
            log.write(json.dumps(entry) + "\n")


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Where its redirects lead; nobody must come."""
        self.server.note(id="", action="followed", verified=False, event={})
        self._answer(200)

    def do_POST(self) -> None:
        """A webhook."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = dict(self.headers.items())
        try:
            self.server.signer.verify(body, headers)
            verified = True
        except WebhookVerificationError:
            verified = False
        name = self.headers["webhook-id"]
        with self.server.lock:
            action = self.server.choose(name)
            self.server.attempts[name] += 1
            self.server.note(
                id=name, action=action, verified=verified, event=json.loads(body), headers=headers
            )
        if action in (DIE, FORGET):
            # FORGET has taken the event and only its answer is lost.
            os._exit(1)
        if action == HANG:
            time.sleep(self.server.given.hang)
        fixed = self.server.given.answer
        status = 200 if fixed.startswith("wild") else int(fixed)
        self._answer({FAIL: 500, REDIRECT: 302}.get(action, status))

    def _answer(self, status: int) -> None:
        text = b"x" * 5000 if status >= 400 else b"thanks\0"
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"http://127.0.0.1:{self.server.given.port}/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def read_log(path: Path) -> list[dict[str, Any]]:
    """What was sent so far, in order."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")
    return [json.loads(line) for line in lines[:-1]]


@dataclass(kw_only=True)
class Receiver:
    """A receiver that comes back whenever it dies, until `stop`."""

    directory: Path
    secret: str = ""
    answer: str = "200"
    hang: float = 2.0
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it takes webhooks; before it runs, where it will."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def log(self) -> list[dict[str, Any]]:
        """What it was sent, in order."""
        return read_log(self.directory / "webhooks.jsonl")

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The events it took, in order, those whose answer was lost too."""
        good = {OK, FORGET, HANG} if self.answer.startswith("wild") else {OK}
        return [each for each in self.log if each["action"] in good]

    @property
    def deaths(self) -> int:
        """How many times it died."""
        return len((self.directory / "webhooks.deaths").read_text().splitlines())

    def start(self) -> None:
        """Serves, and again after each death."""
        assert self.url
        command = [
            *(sys.executable, "-m", "tests.contract.webhook_receiver"),
            *("--port", str(self.port), "--log", str(self.directory / "webhooks.jsonl")),
            *("--deaths", str(self.directory / "webhooks.deaths")),
            *("--secret", self.secret, "--answer", self.answer, "--hang", str(self.hang)),
        ]
        root = Path(__file__).parents[2]
        # A group of its own, so that it ends with its child.
        self._process = subprocess.Popen(command, cwd=root, start_new_session=True)
        self._until(self._listens)

    def stop(self) -> None:
        """Ends it and its child; then nobody listens there."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._until(lambda: not self._listens())
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _until(self, holds: Callable[[], bool]) -> None:
        for _ in range(2000):
            if holds():
                return
            time.sleep(0.01)
        raise AssertionError("the receiver does not come up, or does not go away")


if __name__ == "__main__":
    main()
