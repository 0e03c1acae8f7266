"""The books stay gapless under many hands, keep closed periods closed, and are read as asked."""

import threading
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.database import Database
from models.rules.accounts import (
    REFUNDS_PAYABLE,
    SALES_RETURNS,
    WRITE_OFF,
    Account,
    default_account,
)
from models.store.ledger import EntryFilter, list_entries, stream_entries, trial_balance
from models.store.ledger_periods import (
    PeriodClosed,
    PeriodNotOver,
    close_period,
    closed_until,
    list_accounts,
    replace_accounts,
)
from models.store.ledger_verify import verify
from tests.conftest import MakeDatabase
from tests.web.books import FIRST_DAY, book, fill

ENTRIES = 9
TODAY = date(2026, 11, 20)


def sale(session: Session, source: str, at: datetime = FIRST_DAY) -> None:
    book(session, source, {SALES_RETURNS: 100, REFUNDS_PAYABLE: -100}, at=at)


def test_two_threads_that_post_at_once_keep_the_chain_gapless(database: Database) -> None:
    together = threading.Barrier(2)
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            together.wait(timeout=30)
            for turn in range(20):
                with database.write() as session:
                    sale(session, f"refund/{name}-{turn}")
                    sale(session, f"refund/both-{turn}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []
    with database.read() as session:
        assert verify(session).bad == []
        entries = list(stream_entries(session))
    assert [entry.number for entry in entries] == list(range(1, 61))


def test_who_waits_for_the_lock_sees_what_was_booked_meanwhile(
    make_database: MakeDatabase,
) -> None:
    database = make_database("postgres")
    failures: list[BaseException] = []

    def again() -> None:
        try:
            with database.write() as session:
                sale(session, "refund/same")
        except BaseException as error:
            failures.append(error)

    waiting = select(text("count(*)")).select_from(text("pg_stat_activity"))
    waiting = waiting.where(text("wait_event_type = 'Lock' AND datname = current_database()"))
    second = threading.Thread(target=again)
    with database.write() as session:
        sale(session, "refund/same")
        second.start()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with database.read() as looking:
                if looking.scalar(waiting):
                    break
    second.join(timeout=30)
    assert failures == []
    with database.read() as session:
        assert [entry.source for entry in stream_entries(session)] == ["refund/same"]


def test_an_entry_is_written_once_and_only_balanced(database: Database) -> None:
    with database.write() as session:
        sale(session, "refund/1")
        sale(session, "refund/1")
        book(session, "refund/0", {SALES_RETURNS: 0})
        with pytest.raises(ValueError, match="unbalanced"):
            book(session, "refund/2", {SALES_RETURNS: 1})
    with database.read() as session:
        assert [entry.source for entry in stream_entries(session)] == ["refund/1"]


def test_what_happened_in_a_closed_period_counts_on_the_first_day_after_it(
    database: Database,
) -> None:
    with database.write() as session:
        close_period(session, date(2026, 10, 31), today=TODAY)
        sale(session, "refund/late", datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
        sale(session, "refund/open", datetime(2026, 11, 2, 9, tzinfo=UTC))
    with database.read() as session:
        assert closed_until(session) == date(2026, 10, 31)
        late, after = stream_entries(session)
        assert verify(session).bad == []
    assert late.at == datetime(2026, 11, 1, tzinfo=UTC)
    assert after.at == datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_a_period_is_closed_when_it_is_over_and_stays_closed(database: Database) -> None:
    for too_late in (TODAY, TODAY + timedelta(days=1)):
        with pytest.raises(PeriodNotOver, match="not over"), database.write() as session:
            close_period(session, too_late, today=TODAY)
    with database.write() as session:
        close_period(session, date(2026, 10, 31), today=TODAY)
        close_period(session, date(2026, 10, 31), today=TODAY)
    with pytest.raises(PeriodClosed, match="2026-10-31"), database.write() as session:
        close_period(session, date(2026, 9, 30), today=TODAY)
    with database.write() as session:
        close_period(session, TODAY - timedelta(days=1), today=TODAY)
    with database.read() as session:
        assert closed_until(session) == TODAY - timedelta(days=1)


def test_accounts_bear_the_shops_codes_and_get_their_defaults_back(database: Database) -> None:
    returns = Account(account=SALES_RETURNS, code="4010", name="Returns")
    with database.write() as session:
        replace_accounts(session, [returns, default_account(WRITE_OFF)])
    with database.read() as session:
        found = {given.account: given for given in list_accounts(session)}
    assert found[SALES_RETURNS] == returns
    assert found[WRITE_OFF] == Account(account=WRITE_OFF, code=WRITE_OFF, name="Write-offs")
    with database.write() as session:
        replace_accounts(session, [])
    with database.read() as session:
        assert list_accounts(session) == [default_account(account) for account in found]
    with pytest.raises(ValueError, match="chart"), database.write() as session:
        replace_accounts(session, [default_account("pocket")])


def test_entries_are_read_by_page_and_by_filter(database: Database) -> None:
    rmas = fill(database)
    with database.read() as session:
        everything = list(stream_entries(session))
        assert [entry.number for entry in everything] == list(range(1, ENTRIES + 1))
        seen, after = [], None
        while True:
            page = list_entries(session, EntryFilter(), limit=4, after=after)
            seen += page.entries
            after = page.next
            if after is None:
                break
        assert seen == everything
        mine = [entry for entry in everything if entry.rma == rmas[1]]
        assert list(stream_entries(session, EntryFilter(rma=rmas[1]))) == mine
        assert list(stream_entries(session, EntryFilter(order=mine[0].order))) == mine
        second = FIRST_DAY.date() + timedelta(days=1)
        days = EntryFilter(first_day=second, last_day=second)
        assert list(stream_entries(session, days)) == mine
        assert list(stream_entries(session, EntryFilter(last_day=date.max))) == everything
    assert everything[8].reverses == 8


def test_a_trial_balance_adds_up_in_each_currency(database: Database) -> None:
    rmas = fill(database)
    with database.read() as session:
        rows = trial_balance(session)
        some = trial_balance(session, EntryFilter(rma=rmas[0]))
    for currency in ("GBP", "JPY", "KWD"):
        same = [row for row in rows if row.currency == currency]
        assert sum(row.debit for row in same) == sum(row.credit for row in same) > 0
        assert sum(row.balance for row in same) == 0
    owed = [row for row in rows if row.account == REFUNDS_PAYABLE and row.currency == "GBP"]
    assert [(row.debit, row.credit, row.balance) for row in owed] == [(16725, 21450, -4725)]
    assert [(row.account, row.debit, row.credit) for row in some] == [
        ("sales_returns", 10000, 0),
        ("tax_payable", 2000, 0),
        ("refunds_payable", 12000, 12000),
        ("clearing:card", 0, 12000),
    ]


def test_books_are_read_as_of_one_moment(database: Database) -> None:
    fill(database)
    with database.read() as session:
        assert verify(session).entries == ENTRIES
        with database.write() as other:
            sale(other, "refund/later")
        assert len(list(stream_entries(session))) == ENTRIES
    with database.read() as session:
        assert verify(session).entries == ENTRIES + 1
