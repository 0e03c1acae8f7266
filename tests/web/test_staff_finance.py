"""Finance's pages: what they show, and that they are finance's."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.messages import RefundStatus, ReturnStatus
from models.rules.reconciliation import DifferenceKind, Found
from models.store.reconciliations import begin_run, end_run, save_found
from models.store.store_credits import issue
from tests.conftest import MakeDatabase
from tests.web.staff_app import Desk
from tests.web.staff_history import add_refund
from tests.web.staff_rows import add_return
from web.access import Role
from web.requests import Unavailable

PAGES = (
    "/finance",
    "/finance?since=2026-01-01&until=2026-01-31",
    "/finance/reconciliations",
    "/finance/store-credit",
    "/finance/refunds/failed",
    "/finance/memos",
    "/finance/check",
    "/finance/journal.csv",
    "/finance/journal.beancount",
)


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def shop(desk: Desk) -> str:
    """One refund that was paid and one that failed; gives the return of the second."""
    with desk.database.write() as session:
        add_refund(session, add_return(session, 1, ReturnStatus.RESOLVED), RefundStatus.SUCCEEDED)
        row = add_return(session, 2, ReturnStatus.NEEDS_ATTENTION)
        add_refund(session, row, RefundStatus.FAILED, failure="charge disputed")
        return row.rma


def test_refunds_are_added_up_by_state_and_the_books_balance(desk: Desk) -> None:
    rma = shop(desk)
    browser = desk.browser(Role.FINANCE)
    page = browser.get("/finance").text
    assert page.count("£56.70") >= 4
    assert "Refunds payable" in page
    assert "Clearing, card" in page
    failed = browser.get("/finance/refunds/failed").text
    assert rma in failed
    assert "charge disputed" in failed
    assert rma not in browser.get("/finance/refunds/succeeded").text
    assert browser.get("/finance/refunds/lost").status_code == 404


def test_the_check_says_that_nobody_changed_the_books(desk: Desk) -> None:
    shop(desk)
    assert (
        "All 2 entries are as they were written"
        in desk.browser(Role.FINANCE).get("/finance/check").text
    )


def test_the_journal_is_downloaded_as_csv_and_as_beancount(desk: Desk) -> None:
    shop(desk)
    browser = desk.browser(Role.FINANCE)
    rows = browser.get("/finance/journal.csv").text.splitlines()
    assert rows[0].startswith("number,at,")
    assert len(rows) == 6
    assert "Liabilities" in browser.get("/finance/journal.beancount").text
    assert browser.get("/finance/journal.xlsx").status_code == 404


def test_the_trial_balance_and_the_journal_are_those_of_a_period(desk: Desk) -> None:
    shop(desk)
    browser = desk.browser(Role.FINANCE)
    assert "Clearing, card" in browser.get("/finance?since=2020-01-01").text
    empty = browser.get("/finance?until=2020-01-01").text
    assert "Nothing was booked in this time" in empty
    assert "/finance/journal.csv?until=2020-01-01" in empty
    assert len(browser.get("/finance/journal.csv?until=2020-01-01").text.splitlines()) == 1
    assert browser.get("/finance?since=yesterday").status_code == 200


def test_a_code_is_looked_up_without_standing_in_an_address(desk: Desk) -> None:
    shop(desk)
    with desk.database.write() as session:
        credit = issue(
            session,
            source="grant/R-1/grant/9",
            origin="goodwill",
            amount=1500,
            bonus=0,
            currency="GBP",
            rma=None,
            order=None,
            at=datetime(2026, 3, 1, tzinfo=UTC),
            expires_at=None,
            actor="user:1",
        )
        code = credit.code
    browser = desk.browser(Role.FINANCE)
    found = browser.post("/finance/store-credit", {"code": code.lower()})
    assert "£15.00 left" in found.text
    assert "Issued" in found.text
    for wrong in ("SC-NONE", "a\0b"):
        assert "no store credit" in browser.post("/finance/store-credit", {"code": wrong}).text


def add_run(desk: Desk) -> None:
    with desk.database.write() as session:
        begin_run(session, "run-1", "user:1", datetime(2026, 3, 1, 3, 30, tzinfo=UTC))
        found = [
            Found(
                kind=DifferenceKind.UNKNOWN_REFUND,
                amount=amount,
                currency="GBP",
                explanation="A refund was made at the provider.",
                order="1001",
                provider="stripe",
                provider_reference=f"re_{amount}",
            )
            for amount in (700, 900)
        ]
        counts = {"refunds": 4, "provider_refunds": 5, "entries": 8}
        save_found(session, "run-1", found, {0}, counts)
        end_run(session, "run-1", datetime(2026, 3, 1, 3, 31, tzinfo=UTC), told=[], problem=None)


def test_a_reconciliation_is_started_read_and_downloaded(desk: Desk) -> None:
    browser = desk.browser(Role.FINANCE)
    assert "Nothing was compared yet" in browser.get("/finance").text
    add_run(desk)
    started = browser.post("/finance/reconciliations")
    assert started.headers["Location"].endswith("/finance/reconciliations/run-1")
    assert desk.gateway.calls[-1].name == "reconcile"
    assert "<strong>1</strong> difference waits" in browser.get("/finance").text
    page = browser.get("/finance/reconciliations/run-1").text
    assert page.index("£9.00") < page.index("£7.00"), "what is open comes first"
    assert "5 at the providers" in page
    rows = browser.get("/finance/reconciliations/run-1.csv").text.splitlines()
    assert rows[1].startswith("unknown_refund,open,9.00,GBP")
    assert "run-1" in browser.get("/finance/reconciliations").text
    for missing in ("run-2", "run-2.csv"):
        assert browser.get(f"/finance/reconciliations/{missing}").status_code == 404
    assert browser.get("/finance/reconciliations?after=x").status_code == 404


def test_a_reconciliation_that_can_not_be_started_is_told(desk: Desk) -> None:
    browser = desk.browser(Role.FINANCE)
    desk.gateway.error = Unavailable("The return service can't be reached; try again in a moment.")
    answer = browser.post("/finance/reconciliations")
    assert answer.status_code == 303
    assert "can&#39;t be reached" in browser.get(answer.headers["Location"]).text
    agent = desk.browser(Role.AGENT, email="c@shop.example")
    assert agent.post("/finance/reconciliations").status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_finance_is_for_finance_and_managers(desk: Desk, path: str) -> None:
    assert desk.browser(Role.MANAGER).get(path).status_code == 200
    agent = desk.browser(Role.AGENT, email="b@shop.example")
    assert agent.get(path).status_code == 403
    assert "/finance" not in agent.get("/").text
