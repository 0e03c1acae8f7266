"""Webhook endpoints by API: registered, turned, switched, tried out; deliveries and resending."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.messages import EventKind, ReturnStatus
from models.rules import webhooks as rules
from models.rules.webhooks import Answer
from models.store import sending, webhooks
from models.store.outgoing import events_after
from models.tables import IdempotencyKey, Return, WebhookDelivery, WebhookEndpoint
from tests.web.api_app import Api, pointers, problem
from tests.web.staff_rows import add_event, add_return
from web.services import EXTENSION

URL = "https://erp.shop.example/redress"
NOW = datetime.now(UTC)
OK, DOWN = Answer(status=204, took=3), Answer(status=None, problem="Nobody is there.", took=3)
FAILED = Answer(status=500, body="oops", problem="It answered 500.", took=3)


def register(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.post("/webhook-endpoints", {"url": URL, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def happen(api: Api, number: int, *kinds: EventKind) -> str:
    with api.database.write() as session:
        row = add_return(session, number, ReturnStatus.RECEIVED)
        for kind in kinds:
            add_event(session, row, kind)
        return row.rma


def due(api: Api, endpoint: str, at: datetime = NOW, busy: tuple[str, ...] = ()) -> sending.Due:
    with api.database.write() as session:
        return sending.plan(session, endpoint, at=at, busy=busy, free=6)


def answered(
    api: Api, endpoint: str, stream: str, answer: Answer, at: datetime = NOW
) -> sending.Outcome:
    """The first event of a stream is sent, and this comes of it."""
    with api.database.read() as session:
        row = sending.first_due(session, endpoint, stream, at)
    assert row is not None
    with api.database.write() as session:
        return sending.note_answer(session, endpoint, row.number, answer, at=at)


def test_an_endpoint_is_registered_listed_read_and_removed(api: Api) -> None:
    made = register(api, description="ERP", types=["refund.succeeded", "refund.failed"])
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["enabled"], made["pending"], made["failed"]) == (True, 0, 0)
    assert made["types"] == ["refund.failed", "refund.succeeded"]
    assert api.get("/webhook-endpoints").get_json() == {"data": [made], "next_cursor": None}
    path = f"/webhook-endpoints/{made['id']}"
    assert api.get(path).get_json() == made
    assert made["links"]["self"].endswith(path)
    assert secret not in api.get(path).text + api.get("/webhook-endpoints").text
    assert api.call("DELETE", path).get_json() == made
    problem(api.call("DELETE", path), 404)
    problem(api.get(path), 404)


def test_repeating_a_registration_with_its_key_makes_one_endpoint(api: Api) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = (
        api.post("/webhook-endpoints", {"url": URL}, headers=headers).get_json() for _ in range(2)
    )
    assert first == second
    assert len(api.get("/webhook-endpoints").get_json()["data"]) == 1
    with api.database.read() as session:
        assert len(session.scalars(select(IdempotencyKey)).all()) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.shop.example/",
        "ftp://erp.shop.example/",
        "https://",
        "not an address",
        "https://user:password@erp.shop.example/",
        "https://erp.shop.example/#part",
        "https://erp.shop.example:99999/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/",
        "https://db.internal/",
        "https://[bad/",
        "https://0x7f000001/",
        "https://\uff11\uff12\uff17.0.0.1/",
        "https://[2002:7f00:1::]/",
        "https://0X7F.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://10.258/",
        "https://LOCALHOST./",
        "https://0.0.0.0/",
        "https://0/",
        "https://[::]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://224.0.0.1/",
        "https://[ff0e::1]/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://100.64.0.1/",
    ],
)
def test_an_address_that_cannot_be_told_is_refused(sqlite_api: Api, url: str) -> None:
    refused = sqlite_api.post("/webhook-endpoints", {"url": url})
    assert pointers(refused) == {"/url": "webhook_url"}
    assert sqlite_api.get("/webhook-endpoints").get_json()["data"] == []


@pytest.mark.parametrize(
    "url",
    ["https://8.8.8.8/", "https://[2606:4700::1111]/", "https://1e100.example/", "https://4.gg/"],
)
def test_an_address_that_all_reach_is_taken(sqlite_api: Api, url: str) -> None:
    register(sqlite_api, url=url)


def test_inside_addresses_are_taken_where_the_setting_allows_them(sqlite_api: Api) -> None:
    held = sqlite_api.app.extensions[EXTENSION]
    settings = replace(held.settings, webhooks_to_private=True)
    sqlite_api.app.extensions[EXTENSION] = replace(held, settings=settings)
    register(sqlite_api, url="http://127.0.0.1:9999/hooks")
    refused = sqlite_api.post("/webhook-endpoints", {"url": "ftp://127.0.0.1/"})
    assert pointers(refused) == {"/url": "webhook_url"}


def test_unknown_types_and_too_many_endpoints_are_refused(
    sqlite_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = sqlite_api.post("/webhook-endpoints", {"url": URL, "types": ["refund.lost"]})
    assert list(pointers(refused).values()) == ["event_type"]
    monkeypatch.setattr(webhooks, "MOST_ENDPOINTS", 1)
    register(sqlite_api)
    body = problem(sqlite_api.post("/webhook-endpoints", {"url": URL}), 409)
    assert body["code"] == "too_many_endpoints"


def test_only_who_looks_after_webhooks_may(sqlite_api: Api) -> None:
    key = sqlite_api.make_key(["read", "refund", "policy"])
    problem(sqlite_api.get("/webhook-endpoints", key=key), 403)
    problem(sqlite_api.post("/webhook-endpoints", {"url": URL}, key=key), 403)


def test_a_turned_secret_signs_beside_the_new_one_for_a_while(api: Api) -> None:
    made = register(api)
    path = f"/webhook-endpoints/{made['id']}"
    turned = api.post(f"{path}/rotate", {"overlap_hours": 2}).get_json()
    assert turned["secret"] != made["secret"]
    until = datetime.fromisoformat(turned["previous_secret_until"])
    assert timedelta(hours=1.9) < until - datetime.now(UTC) < timedelta(hours=2.1)
    with api.database.read() as session:
        row = session.get_one(WebhookEndpoint, made["id"])
        assert (row.secret, row.previous_secret) == (turned["secret"], made["secret"])
    at_once = api.post(f"{path}/rotate", {"overlap_hours": 0}).get_json()
    assert at_once["previous_secret_until"] is None
    problem(api.post("/webhook-endpoints/ep_none/rotate"), 404)
    assert pointers(api.post(f"{path}/rotate", {"overlap_hours": 1000})) == {
        "/overlap_hours": "out_of_range"
    }


# --- what is sent, and when ----------------------------------------------------------------------


def test_an_endpoint_is_told_of_what_happens_from_now_on_and_of_its_types(api: Api) -> None:
    happen(api, 1, EventKind.CLOSED)
    all_, few = register(api)["id"], register(api, types=["return.closed"])["id"]
    first, second = happen(api, 2, EventKind.CLOSED), happen(api, 3)
    assert list(due(api, all_).streams) == [first, second]
    assert list(due(api, few).streams) == [first]
    page = api.get(f"/webhook-endpoints/{few}/deliveries").get_json()
    [row] = page["data"]
    assert (row["type"], row["return"], row["sequence"]) == ("return.closed", first, 2)
    assert (row["status"], row["attempts"], row["response_status"]) == ("pending", 0, None)


def test_of_a_return_only_the_first_that_waits_is_sent_and_others_go_on(api: Api) -> None:
    endpoint = register(api)["id"]
    stuck, other = happen(api, 1, EventKind.APPROVED), happen(api, 2)
    due(api, endpoint)
    assert answered(api, endpoint, stuck, FAILED).status == "pending"
    later = due(api, endpoint)
    assert list(later.streams) == [other]
    assert later.next_at == NOW + rules.RETRY_AFTER[0]
    assert answered(api, endpoint, other, OK).status == "delivered"
    again = due(api, endpoint, NOW + timedelta(seconds=5))
    assert (list(again.streams), again.next_at) == ([stuck], None)
    deliveries = api.get(f"/webhook-endpoints/{endpoint}/deliveries").get_json()["data"]
    first = next(row for row in deliveries if row["return"] == stuck and row["sequence"] == 1)
    assert (first["response_status"], first["response_body"], first["problem"]) == (
        500,
        "oops",
        "It answered 500.",
    )
    busy = due(api, endpoint, NOW + timedelta(seconds=5), busy=(stuck,))
    assert list(busy.streams) == []


def test_attempts_come_ever_later_and_end_after_three_days(api: Api) -> None:
    endpoint, rma = register(api)["id"], happen(api, 1, EventKind.CLOSED)
    due(api, endpoint)
    at, pauses = NOW, []
    while (outcome := answered(api, endpoint, rma, FAILED, at)).status == "pending":
        wait = due(api, endpoint, at)
        assert wait.next_at is not None
        pauses.append(wait.next_at - at)
        at = wait.next_at
    assert at == NOW + timedelta(days=3)
    assert pauses[:8] == list(rules.RETRY_AFTER)
    assert sorted(pauses[:-1]) == pauses[:-1]
    assert outcome == sending.Outcome(status="failed", tell="failed")
    # The next of the return waited as long: it is tried, and given up at once, without a mail.
    [task] = api.get("/tasks?kind=webhook_failed").get_json()["data"]
    assert (task["webhook_endpoint"], task["return"], task["order"]) == (endpoint, None, None)
    assert list(due(api, endpoint, at).streams) == [rma, f"task/{task['id']}"]
    assert answered(api, endpoint, rma, FAILED, at) == sending.Outcome(status="failed")
    assert api.get(f"/webhook-endpoints/{endpoint}").get_json()["failed"] == 2
    assert api.get("/tasks?kind=webhook_failed").get_json()["data"] == [task], "still the one"


def test_where_nobody_answers_everything_pauses_and_one_attempt_asks_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "PAUSE_AFTER", (timedelta(0), timedelta(hours=1)))
    endpoint = register(api)["id"]
    rmas = [happen(api, number) for number in range(1, 5)]
    due(api, endpoint)
    answered(api, endpoint, rmas[0], DOWN)
    assert list(due(api, endpoint).streams) == [rmas[1]]
    answered(api, endpoint, rmas[1], DOWN)
    paused = due(api, endpoint)
    assert (list(paused.streams), paused.next_at) == ([], NOW + rules.PAUSE_AFTER[1])
    shown = api.get(f"/webhook-endpoints/{endpoint}").get_json()
    assert shown["paused_until"] is not None
    at = NOW + rules.PAUSE_AFTER[1]
    [probe] = due(api, endpoint, at).streams
    answered(api, endpoint, probe, OK, at)
    assert len(due(api, endpoint, at).streams) == 3


def test_an_endpoint_that_is_off_is_sent_nothing_and_gets_it_all_later(api: Api) -> None:
    endpoint = register(api)["id"]
    path = f"/webhook-endpoints/{endpoint}"
    off = api.post(f"{path}/disable").get_json()
    assert (off["enabled"], off["disabled_because"]) == (False, "switched_off")
    rma = happen(api, 1)
    assert list(due(api, endpoint).streams) == []
    assert api.post(f"{path}/enable").get_json()["enabled"] is True
    assert api.gateway.nudged == [endpoint]
    assert list(due(api, endpoint).streams) == [rma]


def test_410_switches_it_off_and_a_person_can_switch_it_on(api: Api) -> None:
    endpoint, rma = register(api)["id"], happen(api, 1)
    due(api, endpoint)
    gone = answered(api, endpoint, rma, Answer(status=410, problem="It answered 410."))
    assert gone == sending.Outcome(status="pending", tell="gone")
    shown = api.get(f"/webhook-endpoints/{endpoint}").get_json()
    assert (shown["enabled"], shown["disabled_because"], shown["pending"]) == (False, "gone", 1)
    [task] = api.get("/tasks?kind=webhook_failed").get_json()["data"]
    assert (task["status"], task["webhook_endpoint"]) == ("open", endpoint)
    api.post(f"/webhook-endpoints/{endpoint}/enable")
    assert api.get("/tasks?kind=webhook_failed").get_json()["data"] == []
    assert list(due(api, endpoint, datetime.now(UTC)).streams) == [rma, f"task/{task['id']}"]


def test_an_event_is_sent_again_under_its_id_before_what_waits(api: Api) -> None:
    endpoint, rma = register(api)["id"], happen(api, 1, EventKind.CLOSED)
    other = register(api, types=["refund.failed"])["id"]
    due(api, endpoint)
    answered(api, endpoint, rma, OK)
    event = api.get("/events").get_json()["data"][0]["id"]
    answer = api.post(f"/events/{event}/resend")
    assert answer.status_code == 202
    [row] = answer.get_json()["data"]
    assert (row["endpoint"], row["event"], row["status"]) == (endpoint, event, "pending")
    with api.database.read() as session:
        head = sending.first_due(session, endpoint, rma, datetime.now(UTC))
        assert head is not None
        assert head.event.id == event
    to_other = api.post(f"/events/{event}/resend", {"endpoint": other}).get_json()["data"]
    assert [row["endpoint"] for row in to_other] == [other]
    problem(api.post("/events/evt_none/resend"), 404)
    problem(api.post(f"/events/{event}/resend", {"endpoint": "ep_none"}), 404)


def test_a_test_event_is_for_one_endpoint(api: Api) -> None:
    one, other = register(api, types=["refund.failed"])["id"], register(api)["id"]
    answer = api.post(f"/webhook-endpoints/{one}/test")
    assert answer.status_code == 202
    event = answer.get_json()["event"]
    assert list(due(api, one).streams) == [f"webhook/{one}"]
    assert list(due(api, other).streams) == []
    told = api.get("/events", query_string={"type": "webhook.test"}).get_json()["data"]
    assert [each["id"] for each in told] == [event]
    problem(api.post("/webhook-endpoints/ep_none/test"), 404)


def test_deliveries_are_paged_filtered_and_forgotten_once_they_are_old(api: Api) -> None:
    endpoint = register(api)["id"]
    rma = happen(api, 1, EventKind.APPROVED, EventKind.RECEIVED, EventKind.CLOSED)
    due(api, endpoint)
    answered(api, endpoint, rma, OK)
    path = f"/webhook-endpoints/{endpoint}/deliveries"
    page = api.get(path, query_string={"limit": 3}).get_json()
    assert [row["sequence"] for row in page["data"]] == [4, 3, 2]
    rest = api.get(path, query_string={"limit": 3, "cursor": page["next_cursor"]}).get_json()
    assert ([row["sequence"] for row in rest["data"]], rest["next_cursor"]) == ([1], None)
    done = api.get(path, query_string={"status": "delivered"}).get_json()["data"]
    assert [row["sequence"] for row in done] == [1]
    assert pointers(api.get(path, query_string={"status": "lost"})) == {"/status": "choice"}
    problem(api.get("/webhook-endpoints/ep_none/deliveries"), 404)
    with api.database.write() as session:
        webhooks.forget_delivered(session, NOW + timedelta(seconds=1))
    with api.database.read() as session:
        assert len(session.scalars(select(WebhookDelivery)).all()) == 3
        assert len(events_after(session, 0, limit=9)) == 4
        assert session.get(Return, rma) is not None


def test_who_waits_is_found_by_the_sweep_and_who_is_behind_by_the_bell(api: Api) -> None:
    endpoint, off = register(api)["id"], register(api)["id"]
    api.post(f"/webhook-endpoints/{off}/disable")
    with api.database.read() as session:
        assert sending.endpoints_waiting(session) == []
    rma = happen(api, 1)
    with api.database.read() as session:
        assert sending.endpoints_behind(session) == sending.endpoints_waiting(session) == [endpoint]
    due(api, endpoint)
    with api.database.read() as session:
        assert sending.endpoints_behind(session) == []
        assert sending.endpoints_waiting(session) == [endpoint]
    answered(api, endpoint, rma, OK)
    with api.database.read() as session:
        assert sending.endpoints_waiting(session) == []
