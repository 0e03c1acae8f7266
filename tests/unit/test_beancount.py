"""The books as beancount text: bean-check accepts it, and it comes to the trial balance."""

import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from beancount import loader
from beancount.core.data import Commodity, Open, Transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from models.database import Database
from models.money import to_text
from models.rules.accounts import (
    CHART,
    FIRST_HASH,
    Account,
    BookedEntry,
    account_type,
    default_account,
)
from models.rules.beancount import beancount_account, beancount_text
from models.store.ledger import stream_entries, trial_balance
from tests.web.books import fill

AT = datetime(2026, 10, 1, 23, 30, tzinfo=UTC)
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
    lines=[("refunds_payable", 1250, 0), ("clearing:gift_card", 0, 1250)],
    previous_hash=FIRST_HASH,
    hash="a" * 64,
)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


def transactions(text: str) -> list[Transaction]:
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    return [entry for entry in entries if isinstance(entry, Transaction)]


def test_bean_check_accepts_the_books_and_their_balances_are_the_trial_balance(
    database: Database, tmp_path: Path
) -> None:
    fill(database)
    with database.read() as session:
        text = "".join(beancount_text(stream_entries(session), {}))
        expected = {
            (beancount_account(row.account), row.currency): Decimal(
                to_text(row.balance, row.currency)
            )
            for row in trial_balance(session)
        }
    file = tmp_path / "books.beancount"
    file.write_text(text, encoding="utf-8")
    check = [str(Path(sys.executable).with_name("bean-check")), "--no-cache", str(file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for transaction in transactions(text):
        for posting in transaction.postings:
            sums[posting.account, posting.units.currency] += posting.units.number
    assert dict(sums) == expected
    assert len(expected) > 8


def test_bean_check_finds_an_entry_that_does_not_balance(tmp_path: Path) -> None:
    wrong = replace(ENTRY, lines=[("refunds_payable", 1250, 0), ("clearing:card", 0, 1249)])
    file = tmp_path / "books.beancount"
    file.write_text("".join(beancount_text([wrong], {})), encoding="utf-8")
    check = [str(Path(sys.executable).with_name("bean-check")), "--no-cache", str(file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "does not balance" in done.stderr


def test_every_account_is_opened_with_its_type_and_the_shops_code() -> None:
    coded = Account(account="sales_returns", code='40"10', name="Returns \\ & co")
    text = "".join(beancount_text([], {"sales_returns": coded}))
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    opened = {entry.account: entry.meta for entry in entries if isinstance(entry, Open)}
    assert set(opened) == {beancount_account(account) for account in CHART}
    assert len(opened) == len(CHART)
    for account in CHART:
        assert beancount_account(account).startswith(f"{account_type(account)}:")
        given = coded if account == "sales_returns" else default_account(account)
        meta = opened[beancount_account(account)]
        assert (meta["code"], meta["name"]) == (given.code, given.name)
    assert beancount_account("clearing:gift_card") == "Assets:Clearing:Gift-Card"


def test_a_transaction_bears_what_leads_back_to_its_entry() -> None:
    back = replace(ENTRY, number=2, source="refund/R-1-1/failed", reverses=1, currency="JPY")
    first, second = transactions("".join(beancount_text([ENTRY, back], {})))
    assert first.date.isoformat() == "2026-10-01"
    assert first.narration == "Refund R-1-1"
    assert first.meta["number"] == 1
    assert first.meta["source"] == "refund/R-1-1"
    assert (first.meta["rma"], first.meta["order"]) == ("R-1", "1001")
    assert first.meta["hash"] == "a" * 64
    assert first.links == {"entry/1", "R-1"}
    assert second.links == {"entry/1", "entry/2", "R-1"}
    assert [str(posting.units) for posting in first.postings] == ["12.50 GBP", "-12.50 GBP"]
    assert [str(posting.units) for posting in second.postings] == ["1250 JPY", "-1250 JPY"]


def test_currencies_and_accounts_outside_the_chart_are_declared() -> None:
    odd = replace(ENTRY, lines=[("clearing:voucher", 5, 0), ("tax_payable", 0, 5)])
    text = "".join(beancount_text([odd, replace(odd, currency="KWD", number=2)], {}))
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    named = {entry.currency for entry in entries if isinstance(entry, Commodity)}
    assert named == {"GBP", "KWD"}
    assert "open Assets:Clearing:Voucher\n" in text


@settings(max_examples=60)
@given(memo=ANYTHING, source=ANYTHING, order=ANYTHING, rma=ANYTHING)
def test_whatever_text_an_entry_has_the_file_stays_valid(
    memo: str, source: str, order: str, rma: str
) -> None:
    entry = replace(ENTRY, memo=memo, source=source, order=order, rma=rma)
    [found] = transactions("".join(beancount_text([entry], {})))
    assert found.meta["source"] == source.replace("\r", " ")
    assert found.meta["order"] == order.replace("\r", " ")
