"""The list of returns and the quick field."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.database import Database
from models.messages import Reason, ReturnStatus
from models.store.desk import Filters, Mark, list_returns
from models.store.desk_search import find_return
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk, counted_queries
from tests.web.staff_history import add_label
from tests.web.staff_rows import NOW, Item, add_return
from web.access import Role


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def shown(page: str) -> list[str]:
    return re.findall(r'href="/returns/([^"/]+)" data-row-link', page)


def three_returns(database: Database) -> dict[str, str]:
    """Three different returns by short names."""
    with database.write() as session:
        ada = add_return(
            session, 1, ReturnStatus.REQUESTED, ago=timedelta(days=1), reference="CN-77"
        )
        mei = add_return(
            session,
            2,
            ReturnStatus.CLOSED,
            [Item(sku="SNKR-42", name="Canvas sneakers", reason=Reason.DEFECTIVE)],
            customer="Mei-Ling Tan",
            email="Mei@Customer.example",
            ago=timedelta(days=9),
        )
        gift = add_return(
            session,
            3,
            ReturnStatus.IN_TRANSIT,
            [Item(sku="BELT-90")],
            customer="Owen Griffiths",
            email="owen@customer.example",
            contact_name="Nia Griffiths",
            contact_email="nia@customer.example",
            ago=timedelta(days=20),
        )
        add_label(session, gift)
        return {"ada": ada.rma, "mei": mei.rma, "gift": gift.rma}


def test_returns_stand_newest_first_with_what_they_are_about(desk: Desk) -> None:
    rmas = three_returns(desk.database)
    page = desk.browser(Role.VIEWER).get("/returns").text
    assert shown(page) == [rmas["ada"], rmas["mei"], rmas["gift"]]
    for words in ("Requested", "Closed", "In transit", "Nia Griffiths", "Defective", "£56.70"):
        assert words in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=closed", ["mei"]),
        ("reason=defective", ["mei"]),
        ("order=10003", ["gift"]),
        ("q=10001", ["ada"]),
        ("q=SNKR-42", ["mei"]),
        ("q=snkr-42", ["mei"]),
        ("q=ada@customer.example", ["ada"]),
        ("q=NIA@customer.example", ["gift"]),
        ("q=okafor", ["ada"]),
        ("q=griffiths", ["gift"]),
        ("q=nia+gri", ["gift"]),
        ("q=RD1000300GB", ["gift"]),
        ("q=rd1000300gb", ["gift"]),
        ("q=%25", []),
        ("q=nobody", []),
        ("status=closed&reason=too_small", []),
        ("status=&reason=&order=&since=&until=&q=", ["ada", "mei", "gift"]),
    ],
)
def test_filters_and_search_find_what_they_say(desk: Desk, query: str, expected: list[str]) -> None:
    rmas = three_returns(desk.database)
    page = desk.browser(Role.VIEWER).get(f"/returns?{query}").text
    assert shown(page) == [rmas[name] for name in expected]


def test_dates_are_whole_days_of_the_shop(desk: Desk) -> None:
    rmas = three_returns(desk.database)
    day = (NOW - timedelta(days=9)).date()
    browser = desk.browser(Role.VIEWER)
    assert shown(browser.get(f"/returns?since={day}&until={day}").text) == [rmas["mei"]]
    assert shown(browser.get(f"/returns?until={day - timedelta(days=1)}").text) == [rmas["gift"]]


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "until=9999-12-31", "status=gone", "reason=none", "since=0001-01-01"],
)
def test_a_filter_that_makes_no_sense_says_so_and_keeps_the_rest(desk: Desk, query: str) -> None:
    answer = desk.browser(Role.VIEWER).get(f"/returns?q=shirt&{query}")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert 'value="shirt"' in answer.text


@pytest.mark.parametrize("query", ["before=x", "after=2026-01-01~R-1", "before=2026-01-01T00:00"])
def test_a_page_that_is_none_is_not_found(desk: Desk, query: str) -> None:
    assert desk.browser(Role.VIEWER).get(f"/returns?{query}").status_code == 404


def walk(browser: Browser, path: str, link: str) -> list[list[str]]:
    pages = []
    while path:
        page = browser.get(path).text
        pages.append(shown(page))
        found = re.search(rf'rel="{link}" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    return pages


def test_older_and_newer_walk_the_same_pages(desk: Desk) -> None:
    with desk.database.write() as session:
        for number in range(1, 121):
            # Some were created in the same moment.
            add_return(session, number, ReturnStatus.CLOSED, ago=timedelta(hours=number // 3))
    browser = desk.browser(Role.VIEWER)
    down = walk(browser, "/returns?status=closed", "next")
    assert [len(page) for page in down] == [50, 50, 20]
    assert len({rma for page in down for rma in page}) == 120
    last = browser.get("/returns?status=closed").text
    for _ in range(2):
        found = re.search(r'rel="next" href="([^"]+)"', last)
        assert found is not None
        last = browser.get(found[1].replace("&amp;", "&")).text
    up = re.search(r'rel="prev" href="([^"]+)"', last)
    assert up is not None
    assert walk(browser, up[1].replace("&amp;", "&"), "prev") == [down[1], down[0]]


def test_the_list_takes_as_many_queries_for_forty_returns_as_for_one(desk: Desk) -> None:
    browser = desk.browser(Role.VIEWER)
    counts = []
    for numbers in (range(1, 2), range(2, 41)):
        with desk.database.write() as session:
            for number in numbers:
                add_return(session, number, ReturnStatus.CLOSED, [Item(), Item(name="Belt")])
        with counted_queries(desk.database) as queries:
            assert len(shown(browser.get("/returns").text)) == numbers.stop - 1
        counts.append(len([query for query in queries if query.startswith("SELECT")]))
    assert counts == [4, 4]


@pytest.mark.parametrize("typed", ["{rma}", "{lower}", "{bare}", "10003", "RD1000300GB", " 10003 "])
def test_the_quick_field_goes_to_the_one_return(desk: Desk, typed: str) -> None:
    rma = three_returns(desk.database)["gift"]
    text = typed.format(rma=rma, lower=rma.lower(), bare=rma.replace("-", ""))
    answer = desk.browser(Role.VIEWER).client.get("/find", query_string={"q": text})
    assert answer.location == f"/returns/{rma}"


def test_the_quick_field_leads_to_the_list_for_anything_else(desk: Desk) -> None:
    three_returns(desk.database)
    browser = desk.browser(Role.VIEWER)
    assert browser.get("/find?q=okafor").location == "/returns?q=okafor"
    assert browser.get("/find?q=").location == "/returns"
    with desk.database.write() as session:
        add_return(session, 4, ReturnStatus.CLOSED).order_number = "10001"
    assert browser.get("/find?q=10001").location == "/returns?q=10001"


def test_the_queries_mean_the_same_on_every_database(database: Database) -> None:
    rmas = three_returns(database)
    with database.read() as session:
        everything = list_returns(session, Filters(), limit=2)
        assert [row.rma for row in everything.rows] == [rmas["ada"], rmas["mei"]]
        assert everything.newer is None
        assert everything.older is not None
        rest = list_returns(session, Filters(), before=everything.older, limit=2)
        assert [row.rma for row in rest.rows] == [rmas["gift"]]
        assert rest.newer is not None
        back = list_returns(session, Filters(), after=rest.newer, limit=2)
        assert [row.rma for row in back.rows] == [rmas["ada"], rmas["mei"]]
        assert back.newer is None
        for text, name in (("okafor", "ada"), ("BELT-90", "gift"), ("Mei@Customer.example", "mei")):
            found = [row.rma for row in list_returns(session, Filters(q=text)).rows]
            assert found == [rmas[name]], text
        assert find_return(session, rmas["mei"].lower()) == rmas["mei"]
        assert find_return(session, "nothing") is None


def test_a_mark_reads_what_it_wrote() -> None:
    mark = Mark(at=datetime(2026, 12, 1, 10, tzinfo=UTC), id="R-7K2M-9QX4")
    assert Mark.parse(str(mark)) == mark
