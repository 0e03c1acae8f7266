"""`StripePayments` against answers the sandbox never gives, and what it sends to Stripe."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest

from activities.providers.payments.protocol import (
    PaymentRefused,
    PaymentUnclear,
    RefundStatus,
)
from activities.providers.payments.stripe_api import API_VERSION, StripePayments
from tests.contract.sandbox_process import an_order, free_port

REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "currency": "gbp",
    "status": "succeeded",
    "payment_intent": "pi_1",
    "charge": "ch_1",
    "metadata": {},
}


@dataclass
class Provider:
    """Answers every call with one status and body; remembers the last call."""

    address: str = ""
    status: int = 200
    body: str = json.dumps(REFUND)
    path: str = ""
    sent: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def payments(self) -> StripePayments:
        return StripePayments("sk_live_1", base_address=self.address)

    def answers(self, status: int, body: object) -> None:
        self.status, self.body = status, body if isinstance(body, str) else json.dumps(body)


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            provider.path = urlsplit(self.path).path
            provider.sent = dict(parse_qsl(body or urlsplit(self.path).query))
            provider.headers = dict(self.headers.items())
            self.send_response(provider.status)
            self.end_headers()
            self.wfile.write(provider.body.encode())

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield provider
    server.shutdown()
    server.server_close()


def an_error(**fields: str) -> dict[str, object]:
    return {"error": {"type": "invalid_request_error", "message": "No.", **fields}}


UNCLEAR: dict[str, tuple[int, object]] = {
    "key in use": (409, an_error(type="idempotency_error", code="idempotency_key_in_use")),
    "too many calls": (429, an_error(code="rate_limit")),
    "a lock": (429, an_error(code="lock_timeout")),
    "an old rate limit": (400, an_error(code="rate_limit")),
    "a key that is no key": (401, an_error()),
    "a key that may not": (403, an_error()),
    "an error": (500, an_error(type="api_error")),
    "a bad gateway's page": (502, "<html>Bad gateway</html>"),
    "unavailable": (503, an_error()),
    "a page that isn't Stripe's": (404, "<html>Not here</html>"),
    "another's JSON": (400, {"detail": "no"}),
    "an unknown status": (418, an_error()),
    "a page with 200": (200, "<html>Welcome</html>"),
    "an empty 200": (200, ""),
    "half a refund": (200, {"id": "re_1", "object": "refund"}),
    "a status of the future": (200, {**REFUND, "status": "teleported"}),
    "a list": (200, []),
    "something else": (200, {"id": "cus_1", "object": "customer"}),
    "not whole krónur": (200, {**REFUND, "currency": "isk", "amount": 50}),
}


@pytest.mark.parametrize(("status", "body"), UNCLEAR.values(), ids=UNCLEAR.keys())
@pytest.mark.parametrize("method", ["refund", "get"])
def test_what_is_not_a_plain_answer_is_unclear(
    provider: Provider, status: int, body: object, method: str
) -> None:
    provider.answers(status, body)
    calls: dict[str, Callable[[], object]] = {
        "refund": lambda: provider.payments().refund(an_order("pi_1")),
        "get": lambda: provider.payments().get("re_1"),
    }
    with pytest.raises(PaymentUnclear):
        calls[method]()


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (402, an_error(type="card_error", code="card_declined"), "card_declined"),
        (402, an_error(type="card_error"), "card_error"),
        (400, an_error(code="charge_already_refunded"), "charge_already_refunded"),
        (400, an_error(), "invalid_request_error"),
        (404, an_error(code="resource_missing"), "resource_missing"),
        (400, an_error(type="idempotency_error"), "idempotency_error"),
    ],
)
def test_stripes_plain_no_is_a_refusal(
    provider: Provider, status: int, body: object, code: str
) -> None:
    provider.answers(status, body)
    with pytest.raises(PaymentRefused) as refused:
        provider.payments().refund(an_order("pi_1"))
    assert (refused.value.code, refused.value.message) == (code, "No.")
    assert str(refused.value) == f"No. ({code})"


def test_half_a_list_is_unclear_and_not_an_empty_one(provider: Provider) -> None:
    provider.answers(200, {"object": "list", "url": "/v1/refunds", "has_more": True, "data": [{}]})
    with pytest.raises(PaymentUnclear):
        provider.payments().find("pi_1", "r-1")


def test_a_closed_port_and_a_silent_one_are_unclear() -> None:
    closed = StripePayments("k", base_address=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(PaymentUnclear, match="no answer"):
        closed.refund(an_order("pi_1"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(PaymentUnclear, match="no answer"):
            StripePayments("k", base_address=address, timeout=0.1).refund(an_order("pi_1"))


@pytest.mark.parametrize(
    ("reference", "param"),
    [
        ("pi_1", "payment_intent"),
        ("sbx_ok_1", "payment_intent"),
        ("ch_1", "charge"),
        ("py_1", "charge"),
    ],
)
def test_each_kind_of_reference_goes_where_stripe_wants_it(
    provider: Provider, reference: str, param: str
) -> None:
    order = an_order(reference)
    provider.payments().refund(order)
    assert provider.path == "/v1/refunds"
    assert provider.sent == {
        param: reference,
        "amount": "500",
        "metadata[refund_id]": order.refund_id,
        "metadata[rma]": "R-7K2M-94",
        "metadata[order]": "1001",
        "metadata[captured_amount]": "900",
        "metadata[captured_currency]": "gbp",
    }
    assert provider.headers["Stripe-Version"] == API_VERSION
    assert provider.headers["Idempotency-Key"] == order.idempotency_key
    assert provider.headers["Authorization"] == "Bearer sk_live_1"
    provider.answers(200, {"object": "list", "url": "/v1/refunds", "has_more": False, "data": []})
    assert provider.payments().find(reference, "r-1") is None
    assert provider.sent == {param: reference, "limit": "100"}


@pytest.mark.parametrize(
    ("currency", "ours", "stripes"),
    [("ISK", 5, 500), ("UGX", 5, 500), ("MGA", 500, 5), ("JPY", 5, 5), ("KWD", 5120, 5120)],
)
def test_currencies_that_stripe_counts_its_own_way_are_converted(
    provider: Provider, currency: str, ours: int, stripes: int
) -> None:
    provider.answers(200, {**REFUND, "currency": currency.lower(), "amount": stripes})
    order = an_order("pi_1", amount=ours, captured=ours * 2, currency=currency)
    made = provider.payments().refund(order)
    assert provider.sent["amount"] == str(stripes)
    assert provider.sent["metadata[captured_amount]"] == str(stripes * 2)
    assert (made.amount, made.currency) == (ours, currency)


def test_an_amount_stripe_can_not_express_is_refused_without_a_call(provider: Provider) -> None:
    with pytest.raises(PaymentRefused) as refused:
        provider.payments().refund(an_order("pi_1", currency="MGA", amount=550, captured=1000))
    assert refused.value.code == "amount_not_whole"
    assert provider.path == ""


def test_a_refund_without_a_status_is_pending_and_an_expanded_payment_is_read(
    provider: Provider,
) -> None:
    expanded = {"id": "pi_1", "object": "payment_intent"}
    provider.answers(200, {**REFUND, "status": None, "payment_intent": expanded})
    assert provider.payments().get("re_1").status == RefundStatus.PENDING
