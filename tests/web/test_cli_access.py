"""`redress user create` and `redress apikey create`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.database import Database
from models.store import access
from models.tables import ApiKey
from tests.conftest import MakeDatabase
from web.auth import actor_of_key
from web.cli.access import apikey, user

PASSWORD = "correct horse battery"
NOW = datetime.now(UTC)


@pytest.fixture
def database(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Database:
    made = make_database("sqlite")
    monkeypatch.setenv("DATABASE_URL", str(made.url))
    monkeypatch.setenv("REDRESS_DATA_DIR", str(tmp_path))
    return made


def add_person(*arguments: str, password: str = PASSWORD) -> Result:
    command = ["create", "mara@shop.example", "--role", "agent", "--password-stdin", *arguments]
    return CliRunner().invoke(user, command, input=f"{password}\n")


def add_key(*arguments: str) -> Result:
    return CliRunner().invoke(apikey, ["create", "--name", "shop", *arguments])


def test_a_person_is_made_and_can_sign_in(database: Database) -> None:
    result = add_person("--approval-limit", "5000", "--name", "Mara Holt")
    assert result.exit_code == 0, result.output
    found = access.verify_password(database, "mara@shop.example", PASSWORD, now=NOW)
    assert found is not None
    assert (found.name, found.role, found.approval_limit) == ("Mara Holt", "agent", 5000)


def test_what_is_wrong_with_a_person_is_said(database: Database) -> None:
    assert "at least 8 characters" in add_person(password="short").output
    assert add_person("--role", "king").exit_code == 2
    assert add_person().exit_code == 0
    again = add_person()
    assert again.exit_code == 1
    assert "already a user mara@shop.example" in again.output
    assert "Traceback" not in again.output


def test_the_key_is_the_last_line_and_works(database: Database) -> None:
    result = add_key("--scopes", "read, orders", "--expires", "90d")
    assert result.exit_code == 0, result.output
    key = result.output.splitlines()[-1]
    holder = access.authenticate_key(database, key, now=NOW)
    assert holder is not None
    assert actor_of_key(holder).permissions == {"read", "orders"}
    with database.read() as session:
        expires_at = session.get_one(ApiKey, key.split("_")[1]).expires_at
    assert expires_at is not None
    assert timedelta(days=89) < expires_at - NOW < timedelta(days=91)


def test_a_persons_key_acts_as_that_person(database: Database) -> None:
    add_person()
    key = add_key("--scopes", "all", "--user", "MARA@shop.example").output.splitlines()[-1]
    holder = access.authenticate_key(database, key, now=NOW)
    assert holder is not None
    assert holder.user is not None
    assert holder.user.email == "mara@shop.example"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scopes", "everything"], "names no scopes"),
        (["--scopes", ","], "names no scopes"),
        (["--scopes", "all", "--user", "nobody@shop.example"], "There is no user"),
        (["--scopes", "all", "--expires", "soon"], "is not a duration"),
        (["--scopes", "all", "--expires", "0d"], "over before it began"),
        (["--scopes", "all", "--expires", "99999999999w"], "Invalid value"),
        (["--scopes", "all", "--name", " "], "characters"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(
    database: Database, arguments: list[str], words: str
) -> None:
    result = add_key(*arguments)
    assert result.exit_code != 0
    assert words in result.output
    assert "rk_" not in result.output


def test_a_database_without_its_tables_is_named_with_the_way_out_and_not_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    result = add_key("--scopes", "all", "--data-dir", str(tmp_path))
    assert result.exit_code == 1
    assert f"redress db upgrade --data-dir {tmp_path}" in result.output
    assert not (tmp_path / "redress.db").exists()
