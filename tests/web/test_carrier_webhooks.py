"""What carriers report: proven by EasyPost's signature, told of once, whatever it holds."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from activities.providers.carriers.sandbox.webhooks import parcel_signature
from models.messages import CarrierStatus
from models.tables import ProviderEvent
from tests.web.api_app import BASE, Api, problem
from web.requests import ScanRequest, Unavailable
from web.services import EXTENSION

SCANNED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def tracker(status: str = "in_transit", **other: Any) -> dict[str, Any]:
    return {
        "id": "trk_1",
        "object": "Tracker",
        "tracking_code": "SBX1",
        "status": status,
        "updated_at": "2026-11-21T00:00:00Z",
        "tracking_details": [
            {"message": "Handed in", "status": "pre_transit", "datetime": "2026-11-19T08:00:00Z"},
            {"message": "At the depot", "status": status, "datetime": "2026-11-20T09:30:00Z"},
        ],
        **other,
    }


def event(result: object = None, *, kind: str = "tracker.updated", name: str = "evt_1") -> str:
    found = tracker() if result is None else result
    return json.dumps({"id": name, "object": "Event", "description": kind, "result": found})


def send(
    api: Api,
    body: str,
    *,
    secret: str | None = None,
    header: str | None = None,
    provider: str = "sandbox-carrier",
) -> TestResponse:
    secret = secret or api.settings.sandbox_webhook_secret
    if header is None:
        header = parcel_signature(body.encode(), secret)
    return api.client.post(
        f"{BASE}/webhooks/{provider}", data=body, headers={"X-Hmac-Signature": header}
    )


def kept(api: Api) -> list[tuple[str, str, bool]]:
    with api.database.read() as session:
        rows = session.scalars(select(ProviderEvent).order_by(ProviderEvent.event))
        return [(row.event, row.about, row.taken) for row in rows]


def test_a_scan_reaches_the_gateway_once_however_often_it_comes(api: Api) -> None:
    for _ in range(3):
        assert send(api, event()).get_json() == {"received": True}
    asked = ScanRequest(
        event_id="evt_1", status=CarrierStatus.IN_TRANSIT, at=SCANNED_AT, detail="At the depot"
    )
    assert api.gateway.parcels == [("SBX1", asked)]
    assert kept(api) == [("evt_1", "trk_1", True)]


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", "hmac-sha256-hex=00", "hmac-sha256-hex=é", None],
)
def test_a_forged_scan_has_no_effect(api: Api, header: str | None) -> None:
    other: dict[str, Any] = {"secret": "somebody else's"} if header is None else {"header": header}
    body = problem(send(api, event(), **other), 400)
    assert body["code"] == "invalid_signature"
    assert "X-Hmac-Signature" in body["detail"]
    assert (api.gateway.parcels, kept(api)) == ([], [])


def test_a_changed_body_and_a_missing_header_are_forged(sqlite_api: Api) -> None:
    header = parcel_signature(event().encode(), sqlite_api.settings.sandbox_webhook_secret)
    problem(send(sqlite_api, event().replace("SBX1", "SBX2"), header=header), 400)
    problem(sqlite_api.client.post(f"{BASE}/webhooks/sandbox-carrier", data=event()), 400)
    assert sqlite_api.gateway.parcels == []


@pytest.mark.parametrize(
    ("status", "detail", "means"),
    [
        ("in_transit", "arrived_at_facility", CarrierStatus.IN_TRANSIT),
        ("out_for_delivery", "out_for_delivery", CarrierStatus.IN_TRANSIT),
        ("available_for_pickup", "arrived_at_pickup_location", CarrierStatus.IN_TRANSIT),
        ("delivered", "arrived_at_destination", CarrierStatus.DELIVERED),
        ("return_to_sender", "return", CarrierStatus.EXCEPTION),
        ("failure", "damaged", CarrierStatus.EXCEPTION),
        ("failure", "lost", CarrierStatus.LOST),
    ],
)
def test_each_of_easyposts_words_has_one_of_ours(
    sqlite_api: Api, status: str, detail: str, means: CarrierStatus
) -> None:
    send(sqlite_api, event(tracker(status, status_detail=detail)))
    assert [asked.status for _, asked in sqlite_api.gateway.parcels] == [means]


@pytest.mark.parametrize(
    "body",
    [
        event(tracker("pre_transit")),
        event(tracker("unknown")),
        event(tracker("cancelled")),
        event(tracker("flying")),
        event(tracker(status_detail=["lost"]) | {"status": ["failure"]}),
        event(tracker(tracking_code=None)),
        event(tracker(tracking_code="x" * 61)),
        event(tracker(tracking_code="a\0")),
        event("text"),
        event([]),
        event(kind="batch.created"),
    ],
)
def test_what_means_nothing_here_is_kept_and_ignored(sqlite_api: Api, body: str) -> None:
    assert send(sqlite_api, body).status_code == 200
    assert sqlite_api.gateway.parcels == []
    assert [taken for _, _, taken in kept(sqlite_api)] == [False]


def test_a_parcel_of_somebody_else_is_kept_and_ignored(sqlite_api: Api) -> None:
    assert send(sqlite_api, event(tracker(tracking_code="1Z999"))).status_code == 200
    assert kept(sqlite_api) == [("evt_1", "trk_1", False)]


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, "[]", "{}", '{"id": "evt_1"}'])
def test_a_signed_body_that_is_no_event_is_refused(sqlite_api: Api, body: str) -> None:
    assert problem(send(sqlite_api, body), 400)["code"] == "not_an_event"


def in_future(at: datetime) -> bool:
    return at > datetime.now(UTC)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tracking_details": []}, lambda at: at == datetime(2026, 11, 21, tzinfo=UTC)),
        ({"tracking_details": "text"}, lambda at: at == datetime(2026, 11, 21, tzinfo=UTC)),
        ({"tracking_details": [7]}, lambda at: at == datetime(2026, 11, 21, tzinfo=UTC)),
        (
            {"tracking_details": [{"datetime": "yesterday"}], "updated_at": None},
            lambda at: not in_future(at) and datetime.now(UTC) - at < timedelta(minutes=1),
        ),
        (
            {"tracking_details": [{"datetime": "2999-01-01T00:00:00Z"}]},
            lambda at: not in_future(at),
        ),
    ],
)
def test_a_scan_has_a_time_that_is_never_in_the_future(
    sqlite_api: Api, changes: dict[str, Any], expected: Callable[[datetime], bool]
) -> None:
    send(sqlite_api, event(tracker(**changes)))
    [(_, asked)] = sqlite_api.gateway.parcels
    assert expected(asked.at)


def test_a_carriers_sentence_is_kept_on_one_line(sqlite_api: Api) -> None:
    said = [{"message": f"Left\n at\0 {'door ' * 200}", "datetime": "2026-11-20T09:30:00Z"}]
    send(sqlite_api, event(tracker(tracking_details=said)))
    [(_, asked)] = sqlite_api.gateway.parcels
    assert asked.detail.startswith("Left at door door")
    assert len(asked.detail) == 500


def test_a_scan_that_could_not_take_effect_comes_again(api: Api) -> None:
    api.gateway.error = Unavailable("Try later.")
    problem(send(api, event()), 503)
    assert kept(api) == []
    api.gateway.error = None
    assert send(api, event()).status_code == 200
    assert len(api.gateway.parcels) == 1


def test_easypost_is_heard_once_its_secret_is_set_and_two_count_in_between(
    sqlite_api: Api,
) -> None:
    problem(send(sqlite_api, event(), provider="easypost"), 404)
    made: Any = sqlite_api.app.extensions[EXTENSION]
    chosen = replace(made.settings.carrier, webhook_secrets=("new", "old"))
    settings = replace(made.settings, carrier=chosen)
    sqlite_api.app.extensions[EXTENSION] = replace(made, settings=settings)
    for secret in ("old", "new"):
        sent = send(sqlite_api, event(name=f"evt_{secret}"), provider="easypost", secret=secret)
        assert sent.status_code == 200
    problem(send(sqlite_api, event(name="evt_3"), provider="easypost"), 400)
    assert len(sqlite_api.gateway.parcels) == 2
