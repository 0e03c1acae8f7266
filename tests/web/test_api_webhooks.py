"""Incoming webhooks: proven by their signature, acted on once."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from stripe import WebhookSignature
from werkzeug.test import TestResponse

from models.messages import RefundStatus
from models.tables import ProviderEvent
from tests.web.api_app import BASE, Api, problem
from tests.web.fakes import News
from web.requests import Unavailable
from web.services import EXTENSION

REFUND = {
    "id": "re_1",
    "object": "refund",
    "status": "failed",
    "failure_reason": "lost_or_stolen_card",
    "metadata": {"refund_id": "R-1-1", "rma": "R-1"},
}


def event(kind: str = "refund.failed", refund: object = REFUND, name: str = "evt_1") -> str:
    return json.dumps({"id": name, "type": kind, "data": {"object": refund}})


def send(
    api: Api,
    body: str | bytes,
    *,
    secret: str | None = None,
    header: str | None = None,
    provider: str = "sandbox",
    at: int | None = None,
) -> TestResponse:
    secret = secret or api.settings.sandbox_webhook_secret
    if header is None:
        text = body if isinstance(body, str) else ""
        header = WebhookSignature.generate_signature_header(text, secret, at)
    return api.client.post(
        f"{BASE}/webhooks/{provider}", data=body, headers={"Stripe-Signature": header}
    )


def kept(api: Api) -> list[tuple[str, str, str]]:
    with api.database.read() as session:
        rows = session.scalars(select(ProviderEvent).order_by(ProviderEvent.event))
        return [(row.provider, row.event, row.type) for row in rows]


def test_news_of_a_refund_reaches_the_gateway_once_however_often_it_comes(api: Api) -> None:
    for _ in range(2):
        assert send(api, event()).get_json() == {"received": True}
    assert api.gateway.news == [
        News(
            provider="sandbox",
            event_id="evt_1",
            provider_reference="re_1",
            refund="R-1-1",
            status=RefundStatus.FAILED,
            failure="lost_or_stolen_card",
        )
    ]
    assert kept(api) == [("sandbox", "evt_1", "refund.failed")]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1,v1=00",
        "nonsense",
        "t=x,v1=y",
        "t=1",
        f"t={10**30},v1=00",
        "t=1,v1=é",
        None,
    ],
)
def test_a_forged_event_has_no_effect(api: Api, header: str | None) -> None:
    other_secret = {"secret": "of somebody else"} if header is None else {"header": header}
    body = problem(send(api, event(), **other_secret), 400)  # type: ignore[arg-type]
    assert body["code"] == "invalid_signature"
    assert api.gateway.news == []
    assert kept(api) == []


def test_a_changed_body_is_forged(sqlite_api: Api) -> None:
    secret = sqlite_api.settings.sandbox_webhook_secret
    header = WebhookSignature.generate_signature_header(event(), secret)
    problem(send(sqlite_api, event().replace("R-1-1", "R-2-1"), header=header), 400)
    assert sqlite_api.gateway.news == []


def test_an_event_recorded_long_ago_is_refused(sqlite_api: Api) -> None:
    problem(send(sqlite_api, event(), at=int(time.time()) - 301), 400)
    assert send(sqlite_api, event(), at=int(time.time()) - 200).status_code == 200


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\0"])
def test_a_body_that_is_no_text_is_refused(sqlite_api: Api, body: bytes) -> None:
    problem(send(sqlite_api, body), 400)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "1",
        "{}",
        "[" * 100_000,
        json.dumps({"id": 1, "type": "refund.failed"}),
        json.dumps({"id": "evt_\0", "type": "refund.failed"}),
        json.dumps({"id": "\ud800", "type": "refund.failed"}),
        json.dumps({"id": "x" * 121, "type": "refund.failed"}),
        json.dumps({"id": "evt_1", "type": ""}),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(api: Api, body: str) -> None:
    assert problem(send(api, body), 400)["code"] == "not_an_event"
    assert kept(api) == []


@pytest.mark.parametrize(
    ("kind", "refund"),
    [
        ("charge.succeeded", REFUND),
        ("refund.updated", {**REFUND, "metadata": {}}),
        ("refund.updated", {**REFUND, "metadata": None}),
        ("refund.updated", {**REFUND, "metadata": {"refund_id": "a\0"}}),
        ("refund.updated", {**REFUND, "status": "on_its_way"}),
        ("refund.updated", {**REFUND, "status": ["failed"]}),
        ("refund.updated", {**REFUND, "id": None}),
        ("refund.updated", "text"),
        ("refund.updated", None),
    ],
)
def test_an_event_that_means_nothing_here_is_kept_and_ignored(
    api: Api, kind: str, refund: object
) -> None:
    assert send(api, event(kind, refund)).status_code == 200
    assert api.gateway.news == []
    assert kept(api) == [("sandbox", "evt_1", kind)]


def test_a_refund_without_a_status_or_reason_is_under_way(sqlite_api: Api) -> None:
    send(sqlite_api, event("refund.created", {**REFUND, "status": None, "failure_reason": 5}))
    [news] = sqlite_api.gateway.news
    assert (news.status, news.failure) == (RefundStatus.PENDING, None)


def test_that_a_charge_was_refunded_is_passed_on_by_both_names_of_the_payment(api: Api) -> None:
    charge = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1"}
    send(api, event("charge.refunded", charge))
    send(api, event("charge.refunded", {"id": "ch_2", "payment_intent": None}, name="evt_2"))
    for no, broken in enumerate([{"id": 5}, "ch_3", None, {"id": "a\0"}]):
        assert send(api, event("charge.refunded", broken, name=f"evt_x{no}")).status_code == 200
    assert api.gateway.refunded == [
        ("sandbox", "evt_1", ["ch_1", "pi_1"]),
        ("sandbox", "evt_2", ["ch_2"]),
    ]


def test_the_older_name_of_a_refunds_event_counts_too(sqlite_api: Api) -> None:
    send(sqlite_api, event("charge.refund.updated"))
    assert [news.refund for news in sqlite_api.gateway.news] == ["R-1-1"]


def test_that_a_payment_is_disputed_is_passed_on_whatever_has_changed(api: Api) -> None:
    dispute = {"id": "dp_1", "object": "dispute", "charge": "ch_1", "payment_intent": "pi_1"}
    kinds = ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"]
    for no, kind in enumerate(kinds):
        send(api, event(f"charge.dispute.{kind}", dispute, name=f"evt_{no}"))
    for no, broken in enumerate([{"id": "dp_2"}, {"charge": "ch_1"}, None, "text"]):
        assert send(api, event("charge.dispute.created", broken, f"evt_x{no}")).status_code == 200
    assert api.gateway.disputed == [("sandbox", "dp_1", ["ch_1", "pi_1"])] * len(kinds)


def test_an_event_that_could_not_take_effect_comes_again(api: Api) -> None:
    api.gateway.error = Unavailable("Try later.")
    problem(send(api, event()), 503)
    assert kept(api) == []
    api.gateway.error = None
    assert send(api, event()).status_code == 200
    assert len(api.gateway.news) == 1


def with_stripe(api: Api, *secrets: str, key: str | None = None) -> None:
    made: Any = api.app.extensions[EXTENSION]
    settings = replace(made.settings, stripe_webhook_secrets=secrets, stripe_api_key=key)
    api.app.extensions[EXTENSION] = replace(made, settings=settings)


def test_each_provider_has_its_own_secret_and_its_own_events(sqlite_api: Api) -> None:
    with_stripe(sqlite_api, "whsec_1")
    problem(send(sqlite_api, event(), provider="stripe"), 400)
    assert send(sqlite_api, event(), provider="stripe", secret="whsec_1").status_code == 200
    assert send(sqlite_api, event()).status_code == 200
    assert {provider for provider, _, _ in kept(sqlite_api)} == {"sandbox", "stripe"}


def test_two_secrets_count_while_one_replaces_the_other(sqlite_api: Api) -> None:
    with_stripe(sqlite_api, "whsec_new", "whsec_old")
    for no, secret in enumerate(["whsec_old", "whsec_new"]):
        sent = send(sqlite_api, event(name=f"evt_{no}"), provider="stripe", secret=secret)
        assert sent.status_code == 200
    problem(send(sqlite_api, event(name="evt_3"), provider="stripe", secret="whsec_older"), 400)
    assert len(sqlite_api.gateway.news) == 2


@pytest.mark.parametrize(
    ("key", "livemode", "counts"),
    [
        ("sk_live_1", True, True),
        ("sk_live_1", False, False),
        ("rk_live_1", False, False),
        ("rk_live_1", None, False),
        ("sk_test_1", True, False),
        ("rk_test_1", False, True),
        (None, False, True),
    ],
)
def test_an_event_of_test_mode_never_touches_live_money_nor_the_reverse(
    sqlite_api: Api, key: str | None, livemode: bool | None, counts: bool
) -> None:
    with_stripe(sqlite_api, "whsec_1", key=key)
    body = json.dumps({**json.loads(event()), "livemode": livemode})
    assert send(sqlite_api, body, provider="stripe", secret="whsec_1").status_code == 200
    assert bool(sqlite_api.gateway.news) == counts
    with sqlite_api.database.read() as session:
        assert session.get_one(ProviderEvent, ("stripe", "evt_1")).taken == counts


def test_of_an_event_only_its_names_are_kept(api: Api) -> None:
    refund = {**REFUND, "instructions_email": "carla@example.com"}
    send(api, event(refund=refund))
    send(api, event("customer.updated", {"name": "Carla"}, name="evt_2"))
    with api.database.read() as session:
        rows = session.scalars(select(ProviderEvent).order_by(ProviderEvent.event)).all()
    columns = {column.name for column in ProviderEvent.__table__.columns}
    assert columns == {"provider", "event", "type", "about", "taken", "received_at"}
    assert [(row.about, row.taken) for row in rows] == [("re_1", True), ("", False)]


def test_a_provider_that_is_not_set_up_is_not_found(sqlite_api: Api) -> None:
    with_stripe(sqlite_api)
    problem(send(sqlite_api, event(), provider="stripe"), 404)
    problem(send(sqlite_api, event(), provider="paypal"), 404)
