"""The inbox: what waits, for whom, and since when."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from models.messages import Reason, RefundStatus, ReturnStatus, TaskKind
from models.tables import Task, User
from tests.conftest import MakeDatabase
from tests.web.staff_app import Desk, counted_queries
from tests.web.staff_history import add_refund, add_task
from tests.web.staff_rows import NOW, Item, add_return, add_user
from web.access import Role


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def add_open_task(
    desk: Desk, number: int, kind: TaskKind, due_in: timedelta | None = timedelta(hours=5)
) -> str:
    with desk.database.write() as session:
        row = add_return(session, number, ReturnStatus.REQUESTED)
        add_task(session, row, kind, due_in=due_in)
        return row.rma


def shown(page: str) -> list[str]:
    """The returns on the page, from the top."""
    return re.findall(r'href="/returns/([^"/]+)" data-row-link', page)


def test_tasks_stand_by_due_time_and_those_without_one_last(desk: Desk) -> None:
    later = add_open_task(desk, 1, TaskKind.DECIDE, timedelta(hours=9))
    never = add_open_task(desk, 2, TaskKind.DECIDE, None)
    late = add_open_task(desk, 3, TaskKind.DECIDE, timedelta(hours=-3))
    page = desk.browser(Role.AGENT).get("/").text
    assert shown(page) == [late, later, never]
    assert "3 hours overdue" in page
    assert "due in 9 hours" in page
    assert "3 tasks wait" in page
    assert "1 overdue" in page


def test_a_row_tells_what_to_do_for_whom_and_about_what(desk: Desk) -> None:
    with desk.database.write() as session:
        items = [
            Item(requested=2, bought=2, reason=Reason.TOO_SMALL),
            Item(name="Leather belt", reason=Reason.COLOUR),
            Item(name="Scarf", reason=Reason.STYLE),
        ]
        row = add_return(session, 1, ReturnStatus.REQUESTED, items, customer="Ada Okafor")
        owner = add_user(session, Role.MANAGER, name="Sam Whitfield")
        add_task(session, row, TaskKind.DECIDE, owner=owner)
    page = desk.browser(Role.AGENT).get("/").text
    for words in (
        "Decide on the request",
        row.rma,
        "order 10001",
        "Ada Okafor",
        "2 × Linen shirt, 1 × Leather belt and 1 more",
        "Too small, Colour and 1 more",
        "£170.10",
        "opened",
        "Sam Whitfield",
    ):
        assert words in page


def test_a_failed_refund_shows_its_own_amount(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.NEEDS_ATTENTION)
        refund = add_refund(session, row, RefundStatus.FAILED)
        refund.amount = 1234
        add_task(session, row, TaskKind.REFUND_FAILED, refund=refund)
    assert "£12.34" in desk.browser(Role.FINANCE).get("/").text


def test_everyone_starts_with_the_kinds_they_may_act_on(desk: Desk) -> None:
    decide = add_open_task(desk, 1, TaskKind.DECIDE)
    inspect = add_open_task(desk, 2, TaskKind.INSPECT)
    refund = add_open_task(desk, 3, TaskKind.REFUND_FAILED)
    assert shown(desk.browser(Role.AGENT).get("/").text) == [decide]
    assert shown(desk.browser(Role.WAREHOUSE).get("/").text) == [inspect]
    assert set(shown(desk.browser(Role.FINANCE).get("/").text)) == {decide, refund}
    assert len(shown(desk.browser(Role.VIEWER).get("/").text)) == 3


def test_a_tab_shows_one_kind_and_counts_all(desk: Desk) -> None:
    add_open_task(desk, 1, TaskKind.DECIDE)
    inspect = add_open_task(desk, 2, TaskKind.INSPECT)
    page = desk.browser(Role.AGENT).get("/?show=inspect").text
    assert shown(page) == [inspect]
    assert "1 task waits" in page
    assert 'action="/returns' not in page, "an agent can't claim an inspection"
    assert re.search(r"<span>Everything</span>\s*<span[^>]*>2<", page)


def test_claimed_by_you_shows_only_that(desk: Desk) -> None:
    add_open_task(desk, 1, TaskKind.DECIDE)
    browser = desk.browser(Role.AGENT)
    assert "Nothing waits here" in browser.get("/?show=mine").text
    with desk.database.write() as session:
        row = add_return(session, 2, ReturnStatus.REQUESTED)
        add_task(session, row, TaskKind.DECIDE, owner=session.query(User).one())
    page = browser.get("/?show=mine").text
    assert shown(page) == [row.rma]
    assert "You" in page


def test_done_tasks_are_gone(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.APPROVED)
        add_task(session, row, TaskKind.DECIDE).status = "done"
    assert "Nothing waits for you" in desk.browser(Role.AGENT).get("/").text


@pytest.mark.parametrize("query", ["?show=nonsense", "?after=nonsense", "?after=2026-01-01~"])
def test_an_address_that_means_nothing_is_not_found(desk: Desk, query: str) -> None:
    assert desk.browser(Role.AGENT).get(f"/{query}").status_code == 404


def test_a_long_inbox_turns_pages_without_losing_a_task(desk: Desk) -> None:
    with desk.database.write() as session:
        for number in range(1, 121):
            row = add_return(session, number, ReturnStatus.REQUESTED)
            # Many share a due time, and some have none.
            due = None if number > 100 else timedelta(hours=number // 30)
            add_task(session, row, TaskKind.DECIDE, due_in=due)
    browser = desk.browser(Role.AGENT)
    seen, path = [], "/"
    while path:
        page = browser.get(path).text
        seen += shown(page)
        found = re.search(r'href="([^"]+)">Next page', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == 120
    assert len(set(seen)) == 120


def test_the_inbox_takes_as_many_queries_for_fifty_tasks_as_for_two(desk: Desk) -> None:
    browser = desk.browser(Role.AGENT)
    counts = []
    for numbers in (range(1, 3), range(3, 50)):
        for number in numbers:
            add_open_task(desk, number, TaskKind.DECIDE)
        with counted_queries(desk.database) as queries:
            assert len(shown(browser.get("/").text)) == numbers.stop - 1
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= 4 + 3  # BEGIN of each session is counted by the driver's cursor, too.


def test_next_goes_to_the_most_urgent_task_that_nobody_else_has(desk: Desk) -> None:
    browser = desk.browser(Role.AGENT)
    assert browser.get("/next").location == "/"
    assert "Nothing else waits for you" in browser.get("/").text
    add_open_task(desk, 1, TaskKind.DECIDE, timedelta(hours=9))
    urgent = add_open_task(desk, 2, TaskKind.DECIDE, timedelta(hours=2))
    add_open_task(desk, 4, TaskKind.INSPECT, timedelta(hours=1))
    with desk.database.write() as session:
        row = add_return(session, 3, ReturnStatus.REQUESTED)
        add_task(
            session,
            row,
            TaskKind.DECIDE,
            owner=add_user(session, Role.MANAGER),
            due_in=timedelta(hours=1),
        )
    assert browser.get("/next").location == f"/returns/{urgent}"


def test_claiming_in_the_inbox_comes_back_to_the_same_tab(desk: Desk) -> None:
    rma = add_open_task(desk, 1, TaskKind.DECIDE)
    browser = desk.browser(Role.AGENT)
    action = re.search(r'action="(/returns/[^"]+/claim)"', browser.get("/?show=decide").text)
    assert action is not None
    answer = browser.post(action[1], {"show": "decide"})
    assert answer.status_code == 303
    assert answer.location == "/?show=decide"
    assert [(call.name, call.about) for call in desk.gateway.calls] == [
        ("claim_task", (f"{rma}-decide",))
    ]


def test_escalated_tasks_stand_first_and_are_marked(desk: Desk) -> None:
    late = add_open_task(desk, 1, TaskKind.DECIDE, timedelta(hours=-9))
    rmas = [add_open_task(desk, number, TaskKind.DECIDE) for number in range(2, 54)]
    with desk.database.write() as session:
        for rma in rmas[1:]:
            task = session.get_one(Task, f"{rma}-decide")
            task.escalated_at = NOW
    browser = desk.browser(Role.AGENT)
    page = browser.get("/").text
    assert page.count("Escalated") == 50
    after = re.search(r'href="([^"]+)">Next page', page)
    assert after is not None
    rest = browser.get(after[1].replace("&amp;", "&")).text
    assert rest.count("Escalated") == 1
    assert shown(rest)[1:] == [late, rmas[0]]
    assert set(shown(page)) | set(shown(rest)) == {late, *rmas}


def test_a_claim_is_given_back_by_its_owner_or_a_manager(desk: Desk) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.REQUESTED)
        owner = add_user(session, Role.MANAGER, email="sam@shop.example")
        add_task(session, row, TaskKind.DECIDE, owner=owner)
    assert "Give back" not in desk.browser(Role.AGENT).get(f"/returns/{row.rma}").text
    assert "Give back" in desk.browser(Role.MANAGER).get(f"/returns/{row.rma}").text
