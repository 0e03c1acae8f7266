"""How webhooks leave: signed, to nowhere they must not go, and what each kind of answer means."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from activities.providers.webhooks import http
from activities.providers.webhooks.http import HttpWebhooks
from activities.providers.webhooks.protocol import Webhook
from models.store.webhooks import make_secret
from tests.contract.webhook_receiver import Receiver

SECRET = make_secret()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(directory=tmp_path, secret=SECRET)
    yield made
    made.stop()


def webhook(url: str, *secrets: str) -> Webhook:
    body = '{"id":"evt_1","type":"return.closed","timestamp":"2026-11-25T08:00:00Z","data":{}}'
    return Webhook(id="evt_1", url=url, body=body, secrets=secrets or (SECRET,))


def test_what_is_sent_is_signed_as_the_standard_says(receiver: Receiver) -> None:
    receiver.start()
    answer = HttpWebhooks(to_private=True).send(webhook(receiver.url))
    assert (answer.status, answer.taken, answer.problem) == (200, True, "")
    # No database keeps a NUL, which this receiver answers with.
    assert answer.body == "thanks\N{REPLACEMENT CHARACTER}"
    [got] = receiver.log
    assert got["verified"]
    assert got["headers"]["Content-Type"] == "application/json"
    sent = datetime.fromtimestamp(int(got["headers"]["webhook-timestamp"]), UTC)
    assert abs((datetime.now(UTC) - sent).total_seconds()) < 60


def test_while_a_secret_is_turned_both_of_them_verify(receiver: Receiver) -> None:
    receiver.start()
    other = make_secret()
    HttpWebhooks(to_private=True).send(webhook(receiver.url, other, SECRET))
    [got] = receiver.log
    assert got["verified"]
    assert len(got["headers"]["webhook-signature"].split()) == 2
    Verifier(other).verify(webhook("").body, got["headers"])


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("302", "a redirect; redirects are not followed"),
        ("307", "a redirect; redirects are not followed"),
        ("404", "It answered 404; only 2xx counts"),
        ("410", "It answered 410"),
        ("503", "It answered 503"),
    ],
)
def test_all_but_2xx_is_a_failure_and_its_beginning_is_kept(
    receiver: Receiver, status: str, words: str
) -> None:
    receiver.answer = status
    receiver.start()
    answer = HttpWebhooks(to_private=True).send(webhook(receiver.url))
    assert answer.status == int(status)
    assert not answer.taken
    assert words in answer.problem
    assert len(answer.body) <= http.MOST_KEPT
    assert len(receiver.log) == 1
    assert answer.gone == (status == "410")


def test_nobody_there_and_nobody_answering_are_told_apart(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 0.4)
    sender = HttpWebhooks(to_private=True)
    refused = sender.send(webhook(receiver.url))
    assert (refused.status, "connection could not be made" in refused.problem) == (None, True)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        late = sender.send(webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/"))
    assert (late.status, late.problem) == (None, "There was no answer within 0.4 seconds.")
    assert 300 < late.took < 5000
    unknown = sender.send(webhook("http://no-such-host.invalid/"))
    assert (unknown.status, unknown.problem) == (None, "The name of the receiver is not known.")


def test_an_answer_without_an_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_drip, args=(server,), daemon=True).start()
        began = time.monotonic()
        answer = HttpWebhooks(to_private=True).send(
            webhook(f"http://127.0.0.1:{server.getsockname()[1]}/")
        )
    assert answer.status == 200
    assert time.monotonic() - began < 8


def _drip(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                connection.sendall(b"c8\r\n" + b"x" * 200 + b"\r\n")
                time.sleep(0.3)
        except OSError:
            return


# --- where they must not go ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.5.5",
        "192.168.1.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "100.64.0.1",
        "224.0.0.1",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_is_sent_to_this_machine_or_a_private_network(
    receiver: Receiver, host: str, scheme: str
) -> None:
    receiver.start()
    answer = HttpWebhooks().send(webhook(f"{scheme}://{host}:{receiver.port}/"))
    assert answer.status is None
    assert answer.problem in (
        "The address is private or loopback, so nothing was sent.",
        # Where the machine has no such kind of address, the name leads nowhere at all.
        "The name of the receiver is not known.",
    )
    assert receiver.log == []


def test_a_name_that_means_another_address_a_moment_later_gains_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.start()
    monkeypatch.setattr(http, "TIMEOUT", 0.5)
    real, asked = socket.getaddrinfo, []

    def rebinding(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        asked.append(host)
        if host != "rebind.example":
            return real(host, port, *more, **named)
        address = "93.184.215.14" if asked.count(host) == 1 else "127.0.0.1"
        return real(address, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    answer = HttpWebhooks().send(webhook(f"http://rebind.example:{receiver.port}/"))
    assert answer.status is None
    assert asked.count("rebind.example") == 1, "the name is looked up once"
    assert "93.184.215.14" in asked, "and what was found is connected to"
    assert receiver.log == []


def test_a_proxy_of_the_machine_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.start()
    monkeypatch.setenv("http_proxy", receiver.url)
    monkeypatch.setattr(http, "TIMEOUT", 0.4)
    HttpWebhooks().send(webhook("http://93.184.215.14:9/"))
    assert receiver.log == []
