"""`redress policy`: show, check, put, versions and diff."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.database import Database
from models.rules.policy import Policy
from models.store.policies import current_policy
from tests.conftest import MakeDatabase
from web.cli import redress
from web.policy_yaml import read_policy


@pytest.fixture
def database(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Database:
    made = make_database("sqlite")
    monkeypatch.setenv("DATABASE_URL", str(made.url))
    monkeypatch.setenv("REDRESS_DATA_DIR", str(tmp_path))
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "policy.yaml"
    made.write_text("auto_approve_up_to: 5000  # fifty pounds\n")
    return made


def run(*arguments: object, given: str | None = None) -> Result:
    return CliRunner().invoke(redress, ["policy", *map(str, arguments)], input=given)


def in_force(database: Database) -> Policy:
    with database.read() as session:
        return current_policy(session)


def test_a_policy_is_shown_changed_and_put_in_force(database: Database, file: Path) -> None:
    shown = run("show")
    assert read_policy(shown.output) == Policy()
    assert run("check", file).output == "This policy can be put in force; it has 0 rules.\n"
    assert in_force(database) == Policy()
    assert run("put", file).output == "Version 2 is in force.\n"
    assert in_force(database) == Policy(version=2, auto_approve_up_to=5000)
    assert run("put", file).output == "Nothing changes: version 2 says the same.\n"
    assert "auto_approve_up_to: 5000" in run("show").output
    assert "auto_approve_up_to: 0" in run("show", 1).output


def test_what_is_shown_may_be_put_back(database: Database) -> None:
    assert "says the same" in run("put", "-", given=run("show").output).output
    assert in_force(database) == Policy()


def test_problems_are_told_and_change_nothing(database: Database, file: Path) -> None:
    file.write_text("window:\n  days: NO\n  anchor: paid\n")
    for command in ("check", "put"):
        result = run(command, file)
        assert result.exit_code == 1
        assert "Line 2 (/window/days): days must be a whole number from 0." in result.output
        assert "Line 3 (/window/anchor)" in result.output
        assert "2 problems in" in result.output
    file.write_bytes(b"\xff\xfe")
    assert "is not text in UTF-8" in run("put", file).output
    assert run("put", "nowhere.yaml").exit_code == 2
    assert in_force(database) == Policy()


def test_versions_are_listed_and_compared(database: Database, file: Path) -> None:
    run("put", file)
    listed = run("versions").output
    assert "the beginning" in listed
    assert "cli" in listed
    lines = run("diff", 1, 2).output.splitlines()
    assert lines[:2] == ["--- version 1", "+++ version 2"]
    assert "+auto_approve_up_to: 5000" in lines
    assert run("diff", 2, file).output == "They say the same.\n"


def test_a_version_that_is_none_is_said_to_be(database: Database) -> None:
    for arguments in (("show", 9), ("diff", 1, 9)):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "There is no version 9" in result.output
    assert "neither a version" in run("diff", 1, "nine").output
