"""Credit memos: numbered without gaps, one per grant, and shown by the API."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from models.database import Database
from models.store import credit_memos
from models.tables import CreditMemo, GrantedRefund
from tests.web.api_app import Api, problem
from tests.workflows.stored import NOW, grant, open_return, store_order
from tests.workflows.world import paid


def granted(database: Database, *, price: int = 5000) -> str:
    """A return with one granted refund; gives its RMA."""
    number = store_order(database, paid("card-1", 2 * price), price=price)
    rma, _ = open_return(database, number, 1)
    grant(database, rma, 1)
    return rma


def test_numbers_have_no_gaps_however_many_grant_at_once(database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: granted(database), range(24)))
    with database.read() as session:
        numbers = sorted(session.scalars(select(CreditMemo.number)))
    assert numbers == list(range(1, 25))


def test_a_grant_has_one_memo_and_the_database_keeps_it(database: Database) -> None:
    rma = granted(database)
    with database.write() as session:
        made = session.scalars(select(GrantedRefund).where(GrantedRefund.rma == rma)).one()
        assert credit_memos.issue(session, made, NOW).number == 1
    with pytest.raises(DBAPIError), database.write() as session:
        session.connection().execute(update(CreditMemo).values(amount=1))


def test_a_memo_is_shown_listed_and_printed(api: Api) -> None:
    first, second = granted(api.database), granted(api.database, price=700)
    shown = api.get("/credit-memos/CM-000001").get_json()
    assert (shown["return"], shown["amount"], shown["kind"]) == (first, 5000, "return")
    assert [line["amount"] for line in shown["lines"]] == [5000]
    assert shown["refunds"] == [f"{first}-1"]
    assert api.get("/credit-memos/1").get_json() == shown
    page = api.get("/credit-memos?limit=1").get_json()
    assert [memo["return"] for memo in page["data"]] == [second]
    rest = api.get(f"/credit-memos?limit=1&cursor={page['next_cursor']}").get_json()
    assert ([memo["return"] for memo in rest["data"]], rest["next_cursor"]) == ([first], None)
    assert [
        memo["number"] for memo in api.get(f"/credit-memos?return={first}").get_json()["data"]
    ] == ["CM-000001"]
    assert api.get("/credit-memos?from=2030-01-01").get_json()["data"] == []
    document = api.get("/credit-memos/CM-000001.pdf")
    assert document.content_type == "application/pdf"
    assert document.data.startswith(b"%PDF")
    assert "CM-000001.pdf" in document.headers["Content-Disposition"]


def test_all_memos_come_as_one_file(sqlite_api: Api) -> None:
    rma = granted(sqlite_api.database)
    answer = sqlite_api.call("GET", "/credit-memos", headers={"Accept": "text/csv"})
    head, row = answer.get_data(as_text=True).splitlines()
    assert head.startswith("number,issued_at,return,order")
    assert row.startswith("CM-000001,")
    assert f",{rma}," in row
    assert row.endswith(",GBP,50.00,0.00")


@pytest.mark.parametrize("number", ["CM-000009", "9", "CM-", "x", "CM-99999999999", "1.pdf.pdf"])
def test_a_memo_that_is_not_there_is_not_found(sqlite_api: Api, number: str) -> None:
    problem(sqlite_api.get(f"/credit-memos/{number}"), 404)
    problem(sqlite_api.get(f"/credit-memos/{number}.pdf"), 404)
