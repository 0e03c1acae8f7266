"""Keys that are replaced and revoked: two live ones act as one account, and the old one ends."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.database import Database
from models.store import access
from models.store.api_keys import find_key, is_live, list_keys, revoke_key, rotate_key
from tests.conftest import MakeDatabase
from tests.web.api_app import Api
from tests.web.staff_app import Browser, Desk
from web.access import Role
from web.cli.access import apikey

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
KEY = re.compile(r"rk_[0-9a-z]{10}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")


def make(database: Database, expires_at: datetime | None = None) -> str:
    with database.write() as session:
        return access.create_api_key(
            session,
            name="shop",
            scopes=["read", "orders"],
            user=None,
            expires_at=expires_at,
            now=NOW,
            version="2026-11-01",
        )


def id_of(key: str) -> str:
    return key.split("_")[1]


def rotate(database: Database, key: str, now: datetime = NOW) -> str:
    with database.write() as session:
        return rotate_key(session, id_of(key), grace=WEEK, now=now)


def test_both_keys_open_the_same_until_the_time_of_grace_is_over(database: Database) -> None:
    old = make(database)
    new = rotate(database, old)
    assert new != old
    almost = NOW + WEEK - timedelta(seconds=1)
    found = [access.authenticate_key(database, key, now=almost) for key in (old, new)]
    assert all(found)
    assert {(h.account, h.scopes, h.name, h.version) for h in found if h} == {
        (id_of(old), frozenset({"read", "orders"}), "shop", "2026-11-01")
    }
    assert access.authenticate_key(database, old, now=NOW + WEEK) is None
    assert access.authenticate_key(database, new, now=NOW + WEEK) is not None


def test_an_account_has_two_live_keys_at_most(database: Database) -> None:
    old = make(database)
    new = rotate(database, old)
    for key in (old, new):
        with pytest.raises(access.AccessRefused, match="Two keys"):
            rotate(database, key)
    third = rotate(database, new, NOW + WEEK)
    assert access.authenticate_key(database, third, now=NOW + WEEK) is not None
    with pytest.raises(access.AccessRefused, match="is over"):
        rotate(database, old, NOW + WEEK)


def test_a_key_that_ends_is_replaced_by_one_that_lasts_as_long(database: Database) -> None:
    old = make(database, NOW + timedelta(days=30))
    new = rotate(database, old, NOW + timedelta(days=28))
    with database.read() as session:
        ends = [find_key(session, id_of(key)).expires_at for key in (old, new)]
    assert ends == [NOW + timedelta(days=30), NOW + timedelta(days=58)]


def test_a_revoked_key_opens_nothing_from_that_moment(database: Database) -> None:
    old = make(database)
    new = rotate(database, old)
    with database.write() as session:
        first = revoke_key(session, f"rk_{id_of(old)}", now=NOW).revoked_at
    with database.write() as session:
        assert revoke_key(session, id_of(old), now=NOW + WEEK).revoked_at == first
        assert [is_live(key, NOW) for key in list_keys(session)].count(True) == 1
        with pytest.raises(access.AccessRefused, match="no key"):
            revoke_key(session, "nothing", now=NOW)
    assert access.authenticate_key(database, old, now=NOW) is None
    assert access.authenticate_key(database, new, now=NOW) is not None


def test_a_call_repeated_with_the_new_key_is_the_same_call(api: Api) -> None:
    body = {"order": "1", "lines": [{"line": "1", "quantity": 1, "reason": "too_small"}]}
    headers = {"Idempotency-Key": "k-1"}
    first = api.post("/returns", body, headers=headers)
    with api.database.write() as session:
        new = rotate_key(session, id_of(api.key), grace=WEEK, now=datetime.now(UTC))
    again = api.post("/returns", body, headers=headers, key=new)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.gateway.calls) == 1


def test_a_key_keeps_the_version_it_was_made_with(sqlite_api: Api) -> None:
    with sqlite_api.database.write() as session:
        find_key(session, id_of(sqlite_api.key)).version = "2026-11-01"
    assert sqlite_api.get("/tasks").headers["Redress-Version"] == "2026-11-01"


@pytest.fixture
def database_of_commands(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Database:
    made = make_database("sqlite")
    monkeypatch.setenv("DATABASE_URL", str(made.url))
    monkeypatch.setenv("REDRESS_DATA_DIR", str(tmp_path))
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(apikey, list(arguments))


def test_keys_are_listed_replaced_and_revoked_by_command(database_of_commands: Database) -> None:
    key = run("create", "--name", "shop", "--scopes", "read").output.splitlines()[-1]
    listed = run("list").output
    assert f"rk_{id_of(key)}" in listed
    assert "shop" in listed
    assert "read" in listed
    assert key.split("_")[2] not in listed
    rotated = run("rotate", f"rk_{id_of(key)}", "--grace", "1d")
    assert rotated.exit_code == 0, rotated.output
    new = rotated.output.splitlines()[-1]
    now = datetime.now(UTC)
    assert access.authenticate_key(database_of_commands, new, now=now) is not None
    assert access.authenticate_key(database_of_commands, key, now=now + timedelta(days=2)) is None
    assert run("revoke", id_of(new)).exit_code == 0
    assert access.authenticate_key(database_of_commands, new, now=now) is None
    assert "revoked" in run("list").output
    for wrong in (["rotate", "nothing"], ["revoke", "nothing"], ["rotate", id_of(new)]):
        refused = run(*wrong)
        assert refused.exit_code == 1, refused.output
        assert "Traceback" not in refused.output
    assert run("rotate", id_of(key), "--grace", "soon").exit_code == 2


@pytest.fixture
def manager(database: Database, tmp_path: Path) -> Browser:
    return Desk(database, tmp_path).browser(Role.MANAGER)


def test_a_manager_makes_a_key_that_is_shown_once(database: Database, manager: Browser) -> None:
    form = {"name": "New shop", "scope": "orders", "lives": "90d"}
    page = manager.post("/keys", form)
    assert page.status_code == 200
    [key] = KEY.findall(page.text)
    holder = access.authenticate_key(database, key, now=datetime.now(UTC))
    assert holder is not None
    assert (holder.name, holder.scopes, holder.user) == ("New shop", {"orders"}, None)
    shown = manager.get("/keys").text
    assert key not in shown
    assert f"rk_{id_of(key)}_…" in shown
    assert "never" in shown
    for wrong in ({**form, "name": " "}, {**form, "scope": "king"}, {**form, "lives": "ever"}):
        assert manager.post("/keys", wrong).status_code == 422


def test_a_manager_replaces_and_revokes_keys(database: Database, manager: Browser) -> None:
    old = make(database)
    page = manager.post(f"/keys/{id_of(old)}/rotate")
    [new] = KEY.findall(page.text)
    assert manager.post(f"/keys/{id_of(old)}/rotate").status_code == 303
    assert "Two keys" in manager.get("/keys").text
    manager.post(f"/keys/{id_of(old)}/revoke")
    now = datetime.now(UTC)
    assert access.authenticate_key(database, old, now=now) is None
    assert access.authenticate_key(database, new, now=now) is not None
    manager.post("/keys/nothing/revoke")
    assert "There is no key" in manager.get("/keys").text


def test_a_manager_with_a_limit_makes_keys_that_have_it(database: Database, tmp_path: Path) -> None:
    manager = Desk(database, tmp_path).browser(Role.MANAGER, approval_limit=5000)
    [key] = KEY.findall(manager.post("/keys", {"name": "Mine", "scope": "decide"}).text)
    holder = access.authenticate_key(database, key, now=datetime.now(UTC))
    assert holder is not None
    assert holder.user is not None
    assert holder.user.approval_limit == 5000


def test_only_managers_see_keys(database: Database, tmp_path: Path) -> None:
    desk = Desk(database, tmp_path)
    for role in set(Role) - {Role.MANAGER}:
        assert desk.browser(role).get("/keys").status_code == 403
