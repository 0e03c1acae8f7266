"""`redress ledger`: verify, export, trial-balance and close."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from beancount import loader
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.database import Database
from models.store.ledger_periods import closed_until
from tests.conftest import MakeDatabase
from tests.web.books import fill, unguard
from web.cli import redress


@pytest.fixture
def database(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Database:
    made = make_database("sqlite")
    monkeypatch.setenv("DATABASE_URL", str(made.url))
    monkeypatch.setenv("REDRESS_DATA_DIR", str(tmp_path))
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(redress, ["ledger", *arguments])


def test_books_in_order_are_said_to_be(database: Database) -> None:
    assert "0 entries" in run("verify").output
    fill(database)
    result = run("verify")
    assert result.exit_code == 0, result.output
    assert "9 entries are as they were written" in result.output


def test_verify_names_the_bad_rows_and_fails(database: Database) -> None:
    fill(database)
    with Session(database.engine) as session:
        unguard(session)
        session.execute(text("UPDATE journal_lines SET debit = 1 WHERE entry_id = 4 AND debit > 0"))
        session.execute(text("UPDATE ledger_head SET last_entry = 11"))
        session.commit()
    result = run("verify")
    assert result.exit_code == 1
    assert "Entry 4: Its debits are 1 and its credits 9500." in result.output
    assert "Entry 10: Entries 10 to 11 are missing." in result.output
    assert "The first bad entry is 4." in result.output


def test_the_books_are_exported_as_csv(database: Database, tmp_path: Path) -> None:
    fill(database)
    output = tmp_path / "books.csv"
    result = run("export", "--format", "csv", "--output", str(output))
    assert result.exit_code == 0, result.output
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert {row["number"] for row in rows} == {str(number) for number in range(1, 10)}
    assert not list(tmp_path.glob("*.part"))


def test_the_books_are_exported_for_beancount(database: Database, tmp_path: Path) -> None:
    fill(database)
    output = tmp_path / "books.beancount"
    assert run("export", "--format", "beancount", "--output", str(output)).exit_code == 0
    _, errors, _ = loader.load_file(str(output))
    assert errors == []
    printed = run("export", "--format", "beancount", "--output", "-")
    assert printed.output == output.read_text(encoding="utf-8")


def test_what_can_not_be_exported_leaves_no_file(database: Database, tmp_path: Path) -> None:
    assert run("export", "--format", "xml", "--output", str(tmp_path / "x")).exit_code == 2
    missing = tmp_path / "nowhere" / "books.csv"
    assert run("export", "--format", "csv", "--output", str(missing)).exit_code == 1
    assert not missing.exists()


def test_the_trial_balance_is_shown(database: Database) -> None:
    fill(database)
    result = run("trial-balance")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert any("All" in line and "JPY" in line and "19300" in line for line in lines)
    assert any("Tax payable" in line and "29.45" in line for line in lines)


def test_a_period_is_closed(database: Database) -> None:
    assert run("close", "2026-10-31").exit_code == 0
    with database.read() as session:
        assert closed_until(session) == date(2026, 10, 31)
    back = run("close", "2026-09-30")
    assert back.exit_code == 1
    assert "closed until 2026-10-31" in back.output
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert "not over" in run("close", tomorrow.isoformat()).output
    assert run("close", "soon").exit_code == 2
