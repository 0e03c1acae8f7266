"""The line to Tryton: passes calls on, and is cut, busy or dead when a test says so."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

import requests

# Method and path of a call; true: what the line does to it is done.
Which = Callable[[str, str], bool]


class Line:
    """A server on loopback between Redress and Tryton."""

    def __init__(self, address: str) -> None:
        """`address`: where Tryton's database answers."""
        self._to = urlsplit(address)
        self._lock = Lock()
        self._busy = 0
        self._after: list[tuple[Which, Callable[[], None]]] = []
        self.calls: list[tuple[str, str]] = []
        line = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self) -> None:
                line._handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = _pass_on

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """What a client is given."""
        return f"http://127.0.0.1:{self._server.server_port}{self._to.path}"

    def be_busy(self, times: int) -> None:
        """Answers so many calls with 503, as Tryton does while another holds its locks."""
        with self._lock:
            self._busy = times

    def after(self, which: Which, do: Callable[[], None]) -> None:
        """Once Tryton has answered such a call, does something, and the answer is lost; once."""
        with self._lock:
            self._after.append((which, do))

    def close(self) -> None:
        """Hangs up."""
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        path = urlsplit(asked.path).path
        with self._lock:
            self.calls.append((asked.command, path))
            busy = self._busy > 0
            self._busy -= busy
        if busy:
            _answer(asked, 503, b"database is locked", "text/plain")
            return
        try:
            answer = requests.request(
                asked.command,
                f"{self._to.scheme}://{self._to.netloc}{asked.path}",
                data=body,
                headers={
                    name: value
                    for name, value in asked.headers.items()
                    if name.lower() not in ("host", "connection", "accept-encoding")
                },
                timeout=60,
            )
        except requests.RequestException:
            asked.close_connection = True
            return
        with self._lock:
            cut = next((each for each in self._after if each[0](asked.command, path)), None)
            if cut is not None:
                self._after.remove(cut)
        if cut is not None:
            cut[1]()
            asked.close_connection = True
            return
        _answer(asked, answer.status_code, answer.content, answer.headers.get("Content-Type", ""))


def _answer(asked: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
    asked.send_response(status)
    asked.send_header("Content-Type", kind)
    asked.send_header("Content-Length", str(len(body)))
    asked.end_headers()
    asked.wfile.write(body)
