"""How often somebody may call: exact across processes, cheap, told in headers, and by address."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from models.database import Database
from models.store.rate_limits import Limit, forget_full, take
from models.tables import RateLimit
from tests.web.api_app import Api, problem
from web.limits import Limiter

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TWO = Limit(rate=2, burst=10)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(RateLimit.name)))


def test_a_bucket_gives_its_burst_and_then_its_rate(database: Database) -> None:
    assert take(database, "a", TWO, 4, NOW).granted == 4
    assert take(database, "a", TWO, 10, NOW).granted == 6
    assert take(database, "a", TWO, 1, NOW).granted == 0
    assert take(database, "b", TWO, 1, NOW).granted == 1
    later = NOW + timedelta(seconds=1.5)
    assert take(database, "a", TWO, 10, later).granted == 3
    full = take(database, "a", TWO, 1, NOW + timedelta(hours=1))
    assert (full.granted, full.left) == (1, 9)


def test_a_bucket_of_a_larger_limit_lacks_no_more_than_all_of_the_smaller(
    database: Database,
) -> None:
    take(database, "a", Limit(rate=0.001, burst=1000), 1000, NOW)
    assert take(database, "a", TWO, 1, NOW + timedelta(seconds=1)).granted == 0
    assert take(database, "a", TWO, 10, NOW + timedelta(seconds=6)).granted == 10


def test_full_buckets_are_cleared_away(database: Database) -> None:
    take(database, "old", TWO, 2, NOW)
    take(database, "new", TWO, 10, NOW)
    forget_full(database, NOW + timedelta(seconds=2))
    assert names(database) == ["new"]


def test_processes_share_a_keys_bucket(database: Database) -> None:
    """Two processes with eight threads each call for two seconds as fast as they can."""
    limit = Limit(rate=50, burst=100)
    others = [Database(database.url.render_as_string(hide_password=False)) for _ in range(2)]
    passed: list[int] = []
    begun = time.monotonic()

    def hammer(limiter: Limiter) -> None:
        count = 0
        while time.monotonic() < begun + 2:
            standing = limiter.call("shop")
            assert standing is not None
            count += not standing.wait
        passed.append(count)

    limiters = [Limiter(other, limit) for other in others]
    threads = [threading.Thread(target=hammer, args=(found,)) for found in limiters * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.dispose()
    assert len(passed) == 16
    assert 100 + 50 <= sum(passed) <= 100 + 50 * (time.monotonic() - begun)


def test_a_call_costs_a_tenth_of_a_transaction_and_a_refused_one_hardly_any(
    database: Database,
) -> None:
    limiter = Limiter(database, Limit(rate=0.1, burst=200))
    commits = []
    event.listen(database.engine, "commit", commits.append)
    standings = [limiter.call("shop") for _ in range(1000)]
    assert sum(found is not None and not found.wait for found in standings) == 200
    assert len(commits) == 21


def limited(database: Database, path: Path, monkeypatch: pytest.MonkeyPatch, **others: str) -> Api:
    for name, text in {"REDRESS_RATE_LIMIT": "0.01", "REDRESS_RATE_BURST": "2", **others}.items():
        monkeypatch.setenv(name, text)
    return Api(database, path)


def test_a_key_that_calls_too_often_is_told_when_to_come_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = limited(database, tmp_path, monkeypatch)
    first = api.get("/tasks")
    assert first.status_code == 200
    assert first.headers["RateLimit-Policy"] == '"calls";q=2;w=200'
    assert first.headers["RateLimit"] == '"calls";r=1;t=100'
    assert "Retry-After" not in first.headers
    assert api.get("/tasks").headers["RateLimit"].startswith('"calls";r=0;t=')
    refused = api.post("/returns", {})
    assert problem(refused, 429)["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 100
    assert refused.headers["RateLimit"].startswith('"calls";r=0;')
    assert api.gateway.calls == []
    other = api.make_key(["read"])
    assert api.get("/tasks", key=other).status_code == 200


def test_a_limit_of_nothing_is_none(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = limited(database, tmp_path, monkeypatch, REDRESS_RATE_LIMIT="0")
    for _ in range(5):
        answer = api.get("/tasks")
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers
    assert names(database) == []


def test_what_providers_report_is_not_limited(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = limited(database, tmp_path, monkeypatch)
    for _ in range(40):
        assert api.client.post("/api/v1/webhooks/sandbox", data=b"{}").status_code == 400


@pytest.mark.parametrize("path", ["/sign-in", "/withdraw", "/withdraw/confirm"])
def test_an_address_that_tries_too_often_at_a_public_door_has_to_wait(
    sqlite_api: Api, path: str
) -> None:
    sqlite_api.app.config["WTF_CSRF_ENABLED"] = False
    form = {"email": "", "password": "", "order": "1"}

    def knock(address: str) -> int:
        answer = sqlite_api.client.post(path, data=form, environ_base={"REMOTE_ADDR": address})
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["Retry-After"]) <= 2
            assert "Wait a minute" in answer.text
        return answer.status_code

    begun = time.monotonic()
    tries = 0
    while knock("192.0.2.7") != 429:
        tries += 1
    assert 30 <= tries <= 30 + (time.monotonic() - begun) / 2
    assert knock("192.0.2.8") != 429
    assert sqlite_api.client.get(path).status_code != 429
    assert not any("192.0.2" in name for name in names(sqlite_api.database))


def test_addresses_of_one_network_count_together_and_a_proxys_word_only_when_it_is_trusted(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buckets(proxies: str, forwarded: list[str]) -> int:
        api = limited(database, tmp_path, monkeypatch, REDRESS_PROXIES=proxies)
        api.app.config["WTF_CSRF_ENABLED"] = False
        before = len(names(database))
        for address in forwarded:
            api.client.post("/sign-in", headers={"X-Forwarded-For": address})
        return len(names(database)) - before

    assert buckets("0", ["192.0.2.1", "192.0.2.2"]) == 1
    assert buckets("1", ["192.0.2.1", "192.0.2.2", "9.9.9.9, 192.0.2.2"]) == 2
    assert buckets("1", ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"]) == 2
