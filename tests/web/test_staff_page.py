"""The page of one return: all there is to know, in a fixed number of queries."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.messages import (
    EventKind,
    Reason,
    RefundStatus,
    ReturnKind,
    ReturnStatus,
    TaskKind,
)
from models.tables import Return
from tests.conftest import MakeDatabase
from tests.web.staff_app import Desk, counted_queries
from tests.web.staff_history import add_label, add_mail, add_refund, add_scan, add_task
from tests.web.staff_rows import NOW, Item, add_event, add_return, add_user
from web.access import Role


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def make(desk: Desk, status: ReturnStatus, *items: Item, task: TaskKind | None = None) -> str:
    with desk.database.write() as session:
        row = add_return(session, 1, status, items)
        if task is not None:
            add_task(session, row, task)
        return row.rma


def test_the_page_tells_everything_about_a_return(desk: Desk) -> None:
    with desk.database.write() as session:
        mara = add_user(session, Role.AGENT, name="Mara Holt")
        item = Item(
            bought=2,
            requested=2,
            approved=2,
            received=2,
            accepted=1,
            rejected=1,
            refunded=1,
            grade="B",
            disposition="refurbish",
            reason=Reason.NOT_AS_DESCRIBED,
            comment="The <colour> is off",
        )
        row = add_return(
            session,
            1,
            ReturnStatus.RESOLVED,
            [item],
            kind=ReturnKind.CLAIM,
            reference="CN-77",
            deadlines={"parcel": (NOW + timedelta(days=9)).isoformat()},
        )
        add_event(
            session, row, EventKind.APPROVED, f"user:{mara.id}", note="Good customer", units=2
        )
        add_label(session, row)
        add_scan(session, row, "in_transit", detail="Departed Leeds")
        refund = add_refund(session, row, RefundStatus.SUCCEEDED)
        add_event(
            session,
            row,
            EventKind.REFUND_SUCCEEDED,
            refund=refund.id,
            amount=refund.amount,
            currency="GBP",
        )
        add_mail(session, row, "refunded", "Your refund", "<p>Hello</p>")
        other = add_return(session, 2, ReturnStatus.CLOSED)
        other.order_number = row.order_number
    page = desk.browser(Role.FINANCE).get(f"/returns/{row.rma}").text
    for words in (
        row.rma,
        "Resolved",
        "Claim",
        "CN-77",
        "Ada Okafor",
        "ada@customer.example",
        "by the customer",
        "SHIRT-LIN-M",
        "M, sand",
        "Not as described",
        "The &lt;colour&gt; is off",
        "Grade B, opened · refurbish",
        "1 refused",
        "2 of 2 × Linen shirt",
        "The customer gets",
        "Paid",
        refund.provider_reference,
        "sales_returns",
        "clearing:card",
        "Refund of £56.70 paid to the card",
        "Mara Holt",
        "Good customer",
        "Departed Leeds",
        "RD1000100GB",
        "/label.pdf",
        "Your refund",
        "Waits for the parcel until",
        "Can still be refunded",
        f'href="/returns/{other.rma}"',
        f"/namespaces/default/workflows/return%2F{row.rma}",
    ):
        assert words is not None
        assert words in page, words


def test_the_timeline_stands_newest_first(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.CANCELLED)
        add_event(session, row, EventKind.CANCELLED, "customer")
    page = desk.browser(Role.VIEWER).get(f"/returns/{row.rma}").text
    assert page.index("Return cancelled") < page.index("Return of 1 unit requested")


def test_a_guest_without_an_address_has_a_page(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.REQUESTED, customer=None, email=None)
        row.order.customer = None
    page = desk.browser(Role.VIEWER).get(f"/returns/{row.rma}").text
    assert "Guest" in page
    assert "No e-mail address" in page


def test_an_unknown_return_is_not_found_in_words(desk: Desk) -> None:
    answer = desk.browser(Role.VIEWER).get("/returns/R-0000-0000")
    assert answer.status_code == 404
    assert "There is no return R-0000-0000" in answer.text


def test_an_rma_in_another_spelling_leads_to_the_return(desk: Desk) -> None:
    rma = make(desk, ReturnStatus.REQUESTED)
    answer = desk.browser(Role.VIEWER).get(f"/returns/{rma.lower().replace('-', '')}")
    assert answer.location == f"/returns/{rma}"


def test_the_label_is_a_pdf_when_there_is_one(desk: Desk) -> None:
    rma = make(desk, ReturnStatus.APPROVED)
    browser = desk.browser(Role.VIEWER)
    assert browser.get(f"/returns/{rma}/label.pdf").status_code == 404
    with desk.database.write() as session:
        add_label(session, session.get_one(Return, rma))
    answer = browser.get(f"/returns/{rma}/label.pdf")
    assert answer.data.startswith(b"%PDF")
    assert answer.content_type == "application/pdf"


def test_a_page_takes_the_same_queries_whatever_the_return_holds(desk: Desk) -> None:
    browser = desk.browser(Role.VIEWER)
    counts = []
    for number, size in ((1, 1), (2, 30)):
        with desk.database.write() as session:
            items = [Item(name=f"Item {line}") for line in range(size)]
            row = add_return(session, number, ReturnStatus.RESOLVED, items)
            for refund in range(1, size + 1):
                status = RefundStatus.SUCCEEDED if refund == 1 else RefundStatus.FAILED
                add_refund(session, row, status, number=refund)
            for event in range(size):
                add_event(session, row, EventKind.SCANNED, "user:1", note=f"Note {event}")
            add_task(session, row, TaskKind.INSPECT)
            add_label(session, row)
            add_mail(session, row, "refunded", "Your refund", "")
        with counted_queries(desk.database) as queries:
            assert browser.get(f"/returns/{row.rma}").status_code == 200
        counts.append(len([query for query in queries if query.startswith("SELECT")]))
    assert counts[0] == counts[1]
    assert counts[1] <= 26


def test_a_gift_says_whom_to_write_to(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.REQUESTED, [Item()], kind=ReturnKind.GIFT)
        row.contact_name, row.contact_email = "Gus Given", "gus@example.org"
        rma = row.rma
    page = desk.browser(Role.AGENT).get(f"/returns/{rma}").text
    assert "Gift: write to the recipient only." in page
    assert "mailto:gus@example.org" in page
    assert page.count("mailto:") == 1


def test_a_return_of_which_less_came_says_what_was_granted_of_what(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.RESOLVED, [Item()])
        add_refund(session, row, RefundStatus.SUCCEEDED)
        rma = row.rma
    head = "£56.70 <small>of</small>"
    browser = desk.browser(Role.AGENT)
    assert head not in browser.get(f"/returns/{rma}").text
    with desk.database.write() as session:
        session.get_one(Return, rma).quote_total = 9000
    assert f"{head} £90.00" in browser.get(f"/returns/{rma}").text
    # An even exchange that became a refund.
    with desk.database.write() as session:
        session.get_one(Return, rma).quote_total = 0
    assert '<span class="total">£56.70 <small>refund' in browser.get(f"/returns/{rma}").text
