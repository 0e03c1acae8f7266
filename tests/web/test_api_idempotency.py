"""Idempotency-Key: a call that is repeated acts once and gives its first answer again."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from models.messages import Refusal, ReturnStatus
from models.tables import IdempotencyKey
from tests.web.api_app import Api, problem
from tests.web.staff_rows import add_return
from web import idempotency
from web.requests import NotFound, Refused, Unavailable

BODY = {"order": "1001", "lines": [{"line": "1", "quantity": 1, "reason": "too_small"}]}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0)


def ask(api: Api, body: dict[str, Any] = BODY, key: str = "k-1", **options: Any) -> TestResponse:
    return api.post("/returns", body, headers={"Idempotency-Key": key}, **options)


def prepare(api: Api) -> str:
    with api.database.write() as session:
        api.gateway.rma = add_return(session, 1, ReturnStatus.REQUESTED).rma
    return api.gateway.rma


def replayed(response: TestResponse) -> bool:
    return response.headers.get("Idempotent-Replayed") == "true"


def test_the_first_answer_is_given_again_and_nothing_is_done_twice(api: Api) -> None:
    prepare(api)
    first = ask(api)
    again = ask(api)
    assert first.status_code == again.status_code == 201
    assert not replayed(first)
    assert replayed(again)
    assert again.data == first.data
    for name in ("Location", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert len(api.gateway.calls) == 1


def test_the_same_body_in_another_spelling_is_the_same_call(api: Api) -> None:
    prepare(api)
    ask(api)
    response = api.call(
        "POST",
        "/returns",
        data='{"lines" :[{"quantity":1,"reason":"too_small", "line":"1"}],\n"order":"1001"}',
        content_type="application/json",
        headers={"Idempotency-Key": "k-1"},
    )
    assert replayed(response)


def test_another_body_or_call_with_the_key_is_refused(api: Api) -> None:
    rma = prepare(api)
    ask(api)
    assert problem(ask(api, {**BODY, "order": "1002"}), 422)["code"] == "idempotency_key_reused"
    other = api.post(f"/returns/{rma}/cancel", {}, headers={"Idempotency-Key": "k-1"})
    assert problem(other, 422)["code"] == "idempotency_key_reused"
    assert len(api.gateway.calls) == 1


def test_keys_of_different_callers_have_nothing_to_do_with_each_other(api: Api) -> None:
    prepare(api)
    ask(api)
    other = api.make_key(["all"])
    assert not replayed(api.post("/returns", BODY, key=other, headers={"Idempotency-Key": "k-1"}))
    assert len(api.gateway.calls) == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused([Refusal(code="window_passed", message="Too late.")]), 422),
        (NotFound("There is no order 1001."), 404),
    ],
)
def test_a_refusal_is_an_answer_to_keep(api: Api, error: Exception, status: int) -> None:
    api.gateway.error = error  # type: ignore[assignment]
    first = ask(api)
    api.gateway.error = None
    again = ask(api)
    assert first.status_code == again.status_code == status
    assert replayed(again)
    assert again.content_type == "application/problem+json"
    assert again.get_json()["request_id"] == first.get_json()["request_id"]


def test_an_invalid_body_is_an_answer_to_keep(api: Api) -> None:
    first = ask(api, {"order": "1001"})
    again = ask(api, {"order": "1001"})
    assert first.status_code == again.status_code == 422
    assert replayed(again)


def test_what_was_only_taken_is_asked_again_under_the_same_rma(api: Api) -> None:
    api.gateway.settled = False
    first, again = ask(api), ask(api)
    assert first.status_code == again.status_code == 202
    assert not replayed(again)
    assert first.get_json()["rma"] == again.get_json()["rma"]
    assert len({call.id for call in api.gateway.calls}) == 1
    assert ask(api, {**BODY, "order": "1002"}).status_code == 422


@pytest.mark.parametrize("failing", ["unavailable", "broken"])
def test_a_failure_is_not_kept_and_its_rma_is_used_again(api: Api, failing: str) -> None:
    def break_down() -> None:
        raise RuntimeError("broken")

    if failing == "unavailable":
        api.gateway.error = Unavailable("Try later.")
    else:
        api.gateway.meanwhile = break_down
    api.app.config["PROPAGATE_EXCEPTIONS"] = False
    assert ask(api).status_code in (500, 503)
    api.gateway.error = api.gateway.meanwhile = None
    api.gateway.rma = prepare(api)
    assert ask(api).status_code == 201
    first, second = (call.id for call in api.gateway.calls)
    assert first == second is not None


def test_every_repetition_of_a_call_has_the_same_id_for_the_gateway(api: Api) -> None:
    rma = prepare(api)
    api.gateway.settled = False
    for key in ("a", "a", "b"):
        api.post(f"/returns/{rma}/cancel", {}, headers={"Idempotency-Key": key})
    first, second, other = (call.id for call in api.gateway.calls)
    assert first == second != other
    api.post(f"/returns/{rma}/cancel", {})
    assert api.gateway.calls[-1].id is None


def test_a_call_that_still_runs_is_a_conflict_to_ask_again(api: Api) -> None:
    prepare(api)
    inside: list[TestResponse] = []

    def meanwhile() -> None:
        api.gateway.meanwhile = None
        inside.append(ask(api))

    api.gateway.meanwhile = meanwhile
    assert ask(api).status_code == 201
    [response] = inside
    assert problem(response, 409)["code"] == "still_running"
    assert response.headers["Retry-After"] == "1"
    assert replayed(ask(api))


def test_a_repeated_call_waits_for_the_first_ones_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 30)
    prepare(api)
    begun, go_on = threading.Event(), threading.Event()
    answers: list[TestResponse] = []

    def meanwhile() -> None:
        begun.set()
        assert go_on.wait(30)

    api.gateway.meanwhile = meanwhile
    first = threading.Thread(target=lambda: answers.append(ask(api)))
    first.start()
    assert begun.wait(30)
    # The second call lets the first one go on as soon as it has found it running.
    monkeypatch.setattr(idempotency.time, "sleep", lambda _seconds: go_on.set())
    again = ask(api)
    first.join(30)
    assert answers[0].status_code == 201
    assert replayed(again)
    assert len(api.gateway.calls) == 1


def test_the_row_of_a_caller_that_died_is_taken_over_with_its_rma(api: Api) -> None:
    prepare(api)
    api.gateway.settled = False
    ask(api)
    in_a_while = datetime.now(UTC) + timedelta(seconds=10)
    with api.database.write() as session:
        session.execute(update(IdempotencyKey).values(locked_until=in_a_while))
    assert ask(api).status_code == 409
    with api.database.write() as session:
        session.execute(update(IdempotencyKey).values(locked_until=datetime.now(UTC)))
    api.gateway.settled = True
    assert ask(api).status_code == 201
    assert len({call.id for call in api.gateway.calls}) == 1


def test_a_key_is_forgotten_after_thirty_days(api: Api) -> None:
    prepare(api)
    ask(api)
    old = datetime.now(UTC) - timedelta(days=30)
    with api.database.write() as session:
        session.execute(update(IdempotencyKey).values(created_at=old))
    other = {**BODY, "order": "1002"}
    assert not replayed(ask(api, other))
    assert replayed(ask(api, other))
    with api.database.read() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
def test_a_key_that_is_none_is_refused(sqlite_api: Api, key: str) -> None:
    response = sqlite_api.post("/returns", BODY, headers={"Idempotency-Key": key})
    assert problem(response, 400)["code"] == "invalid_idempotency_key"


def test_without_a_key_each_call_acts(api: Api) -> None:
    prepare(api)
    for _ in range(2):
        assert api.post("/returns", BODY).status_code == 201
    assert [call.id for call in api.gateway.calls] == [None, None]


def test_every_post_that_moves_something_takes_a_key(sqlite_api: Api) -> None:
    document = sqlite_api.client.get("/api/v1/openapi.json").get_json()
    without = {
        path.removeprefix("/api/v1")
        for path, item in document["paths"].items()
        if "post" in item
        and "Idempotency-Key"
        not in [parameter.get("name") for parameter in item["post"].get("parameters", [])]
    }
    # A quote stores nothing, an import and a webhook may be repeated as they are.
    assert without == {"/quotes", "/orders/import", "/webhooks/{provider}"}
