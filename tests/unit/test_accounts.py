"""The chart of accounts, the hash of an entry, and the books as CSV."""

import csv
import io
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.accounts import (
    CHART,
    FIRST_HASH,
    Account,
    AccountBalance,
    AccountType,
    BookedEntry,
    EntryFacts,
    account_type,
    clearing_account,
    default_account,
    entry_hash,
)
from models.rules.ledger_csv import BALANCE_COLUMNS, ENTRY_COLUMNS, balances_csv, entries_csv
from models.rules.orders import PaymentKind

# The last four are full-width.
FORMULA = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
ENTRY = BookedEntry(
    number=1,
    source="refund/R-1-1",
    rma="R-1",
    order="1001",
    at=AT,
    recorded_at=AT,
    currency="GBP",
    memo="Refund R-1-1",
    reverses=None,
    lines=[("refunds_payable", 1250, 0), ("clearing:card", 0, 1250)],
    previous_hash=FIRST_HASH,
    hash="",
)
OTHER: dict[str, Any] = {
    "number": 2,
    "source": "refund/R-1-2",
    "rma": None,
    "order": None,
    "at": AT + timedelta(microseconds=1),
    "recorded_at": AT + timedelta(days=1),
    "currency": "USD",
    "memo": "",
    "reverses": 1,
    "lines": [("clearing:card", 0, 1250), ("refunds_payable", 1250, 0)],
    "previous_hash": "f" * 64,
}


def read(pieces: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(pieces), newline=""), strict=True))


def test_each_payment_kind_has_a_clearing_account_in_the_chart() -> None:
    for kind in PaymentKind:
        assert clearing_account(kind) in CHART
        assert account_type(clearing_account(kind)) is AccountType.ASSETS
    assert account_type("store_credit") is AccountType.LIABILITIES
    assert account_type("fee_income") is AccountType.INCOME
    assert account_type("goodwill") is AccountType.EXPENSES
    assert "fx" in CHART


def test_accounts_have_names_of_their_own_and_codes_that_fit() -> None:
    assert len(set(CHART.values())) == len(CHART)
    for account, name in CHART.items():
        assert default_account(account) == Account(account=account, code=account, name=name)
        assert len(account) <= 60


def test_a_hash_stays_what_it_was_in_books_written_long_ago() -> None:
    assert entry_hash(ENTRY) == "d4c29660e14f835eedf3b29b5a1e7072eb704b65b1b6fa4cd0ea056dabe3a91d"


@pytest.mark.parametrize("name", [field.name for field in fields(EntryFacts)])
def test_every_fact_of_an_entry_changes_its_hash(name: str) -> None:
    changed = replace(ENTRY, **{name: OTHER[name]})
    assert entry_hash(changed) != entry_hash(ENTRY)


def test_the_same_moment_in_another_zone_has_the_same_hash() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=9)))
    assert entry_hash(replace(ENTRY, at=elsewhere, recorded_at=elsewhere)) == entry_hash(ENTRY)


def test_an_entry_is_a_row_of_csv_for_each_line_with_the_shops_codes() -> None:
    accounts = {"clearing:card": Account(account="clearing:card", code="1200", name="Card, clear")}
    first, second = read(entries_csv([replace(ENTRY, reverses=7)], accounts))
    assert tuple(first) == ENTRY_COLUMNS
    assert first["at"] == "2026-10-01T12:00:00+00:00"
    assert (first["account"], first["code"]) == ("refunds_payable", "refunds_payable")
    assert (first["debit"], first["credit"], first["reverses"]) == ("12.50", "0.00", "7")
    assert (second["code"], second["name"]) == ("1200", "Card, clear")
    assert (second["debit"], second["credit"]) == ("0.00", "12.50")


def test_amounts_have_the_decimals_of_their_currency() -> None:
    rows = [
        AccountBalance(account="tax_payable", currency=currency, debit=0, credit=1250)
        for currency in ("JPY", "GBP", "KWD")
    ]
    read_rows = read(balances_csv(rows, {}))
    assert tuple(read_rows[0]) == BALANCE_COLUMNS
    assert [(row["credit"], row["balance"]) for row in read_rows] == [
        ("1250", "-1250"),
        ("12.50", "-12.50"),
        ("1.250", "-1.250"),
    ]


@given(
    start=st.sampled_from(list(FORMULA)),
    before=st.text(alphabet=" \n", max_size=3),
    rest=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
)
def test_no_cell_is_a_formula(start: str, before: str, rest: str) -> None:
    text = before + start + rest
    named = {"clearing:card": Account(account="clearing:card", code=text, name=text)}
    entry = replace(ENTRY, source=text, rma=text, order=text, memo=text)
    _, row = read(entries_csv([entry], named))
    for column in ("source", "return", "order", "memo", "code", "name"):
        assert row[column] == f"'{text}"
    balance = AccountBalance(account="clearing:card", currency="GBP", debit=0, credit=1)
    [row] = read(balances_csv([balance], named))
    assert row["code"] == row["name"] == f"'{text}"
    assert row["balance"] == "-0.01"
