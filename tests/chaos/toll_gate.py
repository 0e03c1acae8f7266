"""A gate on the way to the payment provider: it stops a refund, or its answer, on command."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs

# The host, too: the provider names addresses of its own as it was called, through the gate.
_PASSED_ON = ("Host", "Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version")


@dataclass
class TollGate:
    """Passes everything on to the provider, but stops what it is told to, by payment."""

    port_behind: int
    # Payments whose refund is stopped before it arrives, and those whose answer is.
    stop_asking: set[str] = field(default_factory=set)
    stop_answers: set[str] = field(default_factory=set)
    stopped: dict[str, Event] = field(default_factory=dict)
    _opened: Event = field(default_factory=Event)
    _server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def watch(self, payment: str, *, before: bool) -> Event:
        """Stops the next refund of a payment; the event says that it stands at the gate."""
        (self.stop_asking if before else self.stop_answers).add(payment)
        self.stopped[payment] = Event()
        return self.stopped[payment]

    def open(self) -> None:
        """Stops nothing any more; what stands at the gate is turned away."""
        self.stop_asking.clear()
        self.stop_answers.clear()
        self._opened.set()

    def wait_here(self, payment: str) -> None:
        self.stopped[payment].set()
        self._opened.wait(60)

    @contextmanager
    def standing(self) -> Iterator["TollGate"]:
        """Serves for as long as the block runs."""
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._pass_on("")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                payment = parse_qs(body).get("payment_intent", [""])[0]
                if payment in gate.stop_asking:
                    gate.wait_here(payment)
                    return
                self._pass_on(body, payment)

            def _pass_on(self, body: str, payment: str = "") -> None:
                behind = HTTPConnection("127.0.0.1", gate.port_behind, timeout=10)
                headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
                behind.request(self.command, self.path, body, headers)
                answer = behind.getresponse()
                content = answer.read()
                behind.close()
                if payment in gate.stop_answers:
                    gate.wait_here(payment)
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        serving = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield self
        finally:
            self.open()
            self._server.shutdown()
            self._server.server_close()
            serving.join()
