"""A webhook receiver in a process of its own: checks signatures, and misbehaves when told to.

What it was sent is written to a file before it answers, so that it outlives the process. Run by
itself it serves; `Receiver` starts it, and starts it again whenever it dies.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

OK, FAIL, HANG, REDIRECT, DIE, FORGET = "ok", "fail", "hang", "redirect", "die", "forget"
# How it answers a first, second and third attempt; from the fourth on it behaves.
_WILD = (OK,) * 6 + (FAIL,) * 4 + (HANG, HANG, REDIRECT, REDIRECT, DIE, FORGET)
_PATIENCE = 3


def main() -> None:
    """Serves until it is killed, or dies by its own will."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--answer", required=True, help="a status, or a seed like wild-7")
    parser.add_argument("--hang", type=float, required=True, help="seconds")
    given = parser.parse_args()
    _Server(given).serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.signer = Webhook(given.secret)
        self.lock = threading.Lock()
        self.attempts = Counter(each["id"] for each in read_log(given.log))
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
        """Writes it down, for good."""
        with self.given.log.open("a") as log:
            log.write(json.dumps(entry) + "\n")
            log.flush()
            os.fsync(log.fileno())


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
    """A receiver that is started again whenever it dies, until `stop`."""

    directory: Path
    secret: str = ""
    answer: str = "200"
    hang: float = 2.0
    port: int = 0
    deaths: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None

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

    def start(self) -> None:
        """Serves, and again after each death."""
        self._stopping.clear()
        self._begin()
        self._keeper = threading.Thread(target=self._keep)
        self._keeper.start()

    def stop(self) -> None:
        """Ends it."""
        self._stopping.set()
        if self._process is not None:
            self._process.kill()
        if self._keeper is not None:
            self._keeper.join()

    def _keep(self) -> None:
        while self._process is not None:
            self._process.wait()
            if self._stopping.is_set():
                return
            self.deaths += 1
            self._begin()

    def _begin(self) -> None:
        assert self.url
        command = [
            *(sys.executable, "-m", "tests.contract.webhook_receiver"),
            *("--port", str(self.port), "--log", str(self.directory / "webhooks.jsonl")),
            *("--secret", self.secret, "--answer", self.answer, "--hang", str(self.hang)),
        ]
        self._process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        for _ in range(400):
            with socket.socket() as probe:
                # It may be called, and die of that, before it is seen here.
                gone = self._process.poll() is not None or self._stopping.is_set()
                if gone or probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the receiver does not come up")


if __name__ == "__main__":
    main()
