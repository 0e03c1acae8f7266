"""Finance's pages: what they show, and that they are finance's."""

from pathlib import Path

import pytest

from models.messages import RefundStatus, ReturnStatus
from tests.conftest import MakeDatabase
from tests.web.staff_app import Desk
from tests.web.staff_history import add_refund
from tests.web.staff_rows import add_return
from web.access import Role

PAGES = (
    "/finance",
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


@pytest.mark.parametrize("path", PAGES)
def test_finance_is_for_finance_and_managers(desk: Desk, path: str) -> None:
    assert desk.browser(Role.MANAGER).get(path).status_code == 200
    agent = desk.browser(Role.AGENT, email="b@shop.example")
    assert agent.get(path).status_code == 403
    assert "/finance" not in agent.get("/").text
