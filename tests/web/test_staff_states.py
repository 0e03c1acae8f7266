"""The page of one return offers what its state allows, to those who may do it."""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models.messages import (
    EventKind,
    RefundStatus,
    ReturnStatus,
    TaskKind,
)
from models.tables import Return, User
from tests.conftest import MakeDatabase
from tests.web.staff_app import Desk
from tests.web.staff_history import add_refund, add_task
from tests.web.staff_rows import Item, add_event, add_return
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


def actions(page: str) -> set[str]:
    """What the page's forms do, by the last part of where they are sent."""
    found = re.findall(r'<form method="post" action="/returns/[^/]+/([^"]+)"', page)
    # Photos can be added in every state.
    return {action.rpartition("/")[2] for action in found} - {"photos"}


APPROVED = Item(approved=1)
RECEIVED = Item(approved=1, received=1)
ACCEPTED = Item(approved=1, received=1, accepted=1)
REFUSED = Item(approved=1, received=1, rejected=1)
PART = Item(bought=3, requested=3, approved=3, received=2)

CASES = [
    (ReturnStatus.REQUESTED, Item(), TaskKind.DECIDE, {"goodwill", "decision", "cancel", "claim"}),
    (ReturnStatus.REQUESTED, Item(), None, {"goodwill", "decision", "cancel"}),
    (ReturnStatus.APPROVED, APPROVED, None, {"goodwill", "receipt", "label", "cancel"}),
    (ReturnStatus.AWAITING_PARCEL, APPROVED, None, {"goodwill", "receipt", "label", "cancel"}),
    (ReturnStatus.IN_TRANSIT, APPROVED, None, {"goodwill", "receipt", "label", "cancel"}),
    (
        ReturnStatus.LOST,
        APPROVED,
        TaskKind.PARCEL_LOST,
        {"claim", "complete", "receipt", "label", "cancel", "goodwill"},
    ),
    (
        ReturnStatus.NEEDS_ATTENTION,
        APPROVED,
        TaskKind.LABEL_FAILED,
        {"claim", "label", "receipt", "cancel", "goodwill"},
    ),
    (
        ReturnStatus.PARTIALLY_RECEIVED,
        PART,
        TaskKind.INSPECT,
        {"claim", "inspection", "receipt", "cancel", "goodwill"},
    ),
    (ReturnStatus.RECEIVED, RECEIVED, None, {"goodwill", "inspection", "cancel"}),
    (ReturnStatus.RESOLVING, ACCEPTED, None, {"goodwill"}),
    (ReturnStatus.RESOLVED, ACCEPTED, TaskKind.REFUND_SHORT, {"goodwill", "claim", "complete"}),
    (ReturnStatus.RESOLVED, REFUSED, TaskKind.SEND_BACK, {"goodwill", "claim", "complete"}),
    (ReturnStatus.CLOSED, ACCEPTED, None, {"receipt"}),
    (ReturnStatus.DECLINED, Item(), None, {"receipt", "reopen"}),
    (
        ReturnStatus.CANCELLED,
        Item(),
        TaskKind.UNEXPECTED_PARCEL,
        # The goods are here, so they may be paid for.
        {"claim", "complete", "goodwill", "receipt", "reopen"},
    ),
    (ReturnStatus.EXPIRED, APPROVED, None, {"goodwill", "receipt", "reopen"}),
]


@pytest.mark.parametrize(("status", "item", "task", "expected"), CASES)
def test_a_page_offers_what_the_state_allows(
    desk: Desk, status: ReturnStatus, item: Item, task: TaskKind | None, expected: set[str]
) -> None:
    rma = make(desk, status, item, task=task)
    answer = desk.browser(Role.MANAGER).get(f"/returns/{rma}")
    assert answer.status_code == 200
    # As long as a return can be cancelled, it can be changed.
    changes = {"change"} if "cancel" in expected else set()
    assert actions(answer.text) == expected | changes


@pytest.mark.parametrize("status", list(ReturnStatus))
def test_every_status_has_a_page(desk: Desk, status: ReturnStatus) -> None:
    assert desk.browser(Role.VIEWER).get(f"/returns/{make(desk, status)}").status_code == 200


@pytest.mark.parametrize("kind", sorted(set(TaskKind) - {TaskKind.UNMATCHED_PARCEL}))
def test_every_kind_of_task_is_shown_to_everyone_but_offered_only_to_some(
    desk: Desk, kind: TaskKind
) -> None:
    status = {
        TaskKind.DECIDE: ReturnStatus.REQUESTED,
        TaskKind.SECOND_APPROVAL: ReturnStatus.REQUESTED,
        TaskKind.PHOTO_AWAITED: ReturnStatus.REQUESTED,
    }.get(kind, ReturnStatus.NEEDS_ATTENTION)
    rma = make(desk, status, Item() if status == ReturnStatus.REQUESTED else RECEIVED, task=kind)
    viewer = desk.browser(Role.VIEWER).get(f"/returns/{rma}").text
    assert "due in 20 hours" in viewer
    assert "Waits for somebody who may" in viewer
    assert actions(viewer) == set()
    assert actions(desk.browser(Role.MANAGER).get(f"/returns/{rma}").text) >= {"claim"}


def second_approval(session: Session, first: User) -> Return:
    row = add_return(session, 1, ReturnStatus.REQUESTED)
    add_event(
        session,
        row,
        EventKind.SECOND_APPROVAL_NEEDED,
        f"user:{first.id}",
        total=row.quote_total,
        currency="GBP",
    )
    add_task(session, row, TaskKind.SECOND_APPROVAL)
    return row


def test_who_gave_the_first_approval_can_not_give_the_second(desk: Desk) -> None:
    browser = desk.browser(Role.AGENT, name="Mara Holt")
    with desk.database.write() as session:
        rma = second_approval(session, session.query(User).one()).rma
    page = browser.get(f"/returns/{rma}").text
    assert "You gave the first approval" in page
    assert 'value="approve"' not in page
    assert 'value="decline"' in page
    other = desk.browser(Role.MANAGER).get(f"/returns/{rma}").text
    assert "Mara Holt gave the first approval" in other
    assert 'value="approve"' in other


def test_above_their_limit_a_person_is_told_who_can_approve(desk: Desk) -> None:
    rma = make(desk, ReturnStatus.REQUESTED)
    page = desk.browser(Role.AGENT, approval_limit=5669).get(f"/returns/{rma}").text
    assert "You may approve up to £56.69 alone" in page
    assert 'value="approve"' not in page
    at_limit = desk.browser(Role.AGENT, email="b@shop.example", approval_limit=5670)
    assert 'value="approve"' in at_limit.get(f"/returns/{rma}").text


def test_a_policy_that_was_set_aside_is_pointed_out(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.REQUESTED, override_reason="Parcel was late")
    page = desk.browser(Role.AGENT).get(f"/returns/{row.rma}").text
    assert "The policy was set aside for this return: Parcel was late" in page


def test_one_line_is_decided_as_a_whole_and_several_line_by_line(desk: Desk) -> None:
    one = make(desk, ReturnStatus.REQUESTED)
    with desk.database.write() as session:
        two = add_return(session, 2, ReturnStatus.REQUESTED, [Item(), Item(name="Belt")]).rma
    browser = desk.browser(Role.AGENT)
    assert "verdict-" not in browser.get(f"/returns/{one}").text
    assert 'name="verdict-1"' in browser.get(f"/returns/{two}").text


def test_the_dock_starts_with_what_is_outstanding(desk: Desk) -> None:
    rma = make(desk, ReturnStatus.PARTIALLY_RECEIVED, PART, Item(approved=1, received=1))
    page = desk.browser(Role.WAREHOUSE).get(f"/returns/{rma}").text
    receipt = page[page.index('/receipt"') :]
    assert re.findall(r'name="quantity-\d+"[^>]* value="(\d+)"', receipt) == ["1"]
    inspection = page[page.index('/inspection"') : page.index('/receipt"')]
    assert re.findall(r'name="quantity-(\d+)"[^>]* value="(\d+)"', inspection) == [
        ("0", "2"),
        ("1", "0"),
        ("2", "1"),
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (RefundStatus.FAILED, {"claim", "retry", "resolve", "goodwill"}),
        (RefundStatus.PENDING, {"claim", "retry", "goodwill"}),
    ],
)
def test_a_refund_is_paid_by_hand_only_when_it_surely_failed(
    desk: Desk, status: RefundStatus, expected: set[str]
) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.NEEDS_ATTENTION, [ACCEPTED])
        refund = add_refund(session, row, status, failure="charge disputed")
        add_task(session, row, TaskKind.REFUND_FAILED, refund=refund)
    page = desk.browser(Role.FINANCE).get(f"/returns/{row.rma}").text
    assert actions(page) == expected
    assert "charge disputed" in page


def test_a_refund_that_failed_after_the_end_is_paid_by_hand_and_not_waved_away(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.CLOSED, [ACCEPTED])
        refund = add_refund(session, row, RefundStatus.FAILED)
        add_task(session, row, TaskKind.REFUND_FAILED, refund=refund)
    page = desk.browser(Role.FINANCE).get(f"/returns/{row.rma}").text
    assert actions(page) == {"claim", "retry", "resolve"}


def test_what_was_paid_ahead_is_shown_with_the_task_that_asks_it_back(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.NEEDS_ATTENTION, [REFUSED])
        row.lines[0].ahead = 1
        task = add_task(session, row, TaskKind.CLAWBACK)
        add_event(
            session,
            row,
            EventKind.CLAWBACK_NEEDED,
            units=1,
            amount=4500,
            currency="GBP",
            task=task.id,
        )
    page = desk.browser(Role.FINANCE).get(f"/returns/{row.rma}").text
    work = page[page.index("Get back what was paid ahead") :]
    work = work[: work.index("</section>")]
    assert "£45.00 was paid ahead for 1 unit that never came or had to be refused." in work
    assert f"/tasks/{task.id}/complete" in work
    assert "1 paid ahead" in page
    assert "/cancel" not in page
