"""The books over the API: entries, balances, exports, accounts, periods and their check."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from beancount import loader
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.rules.accounts import CHART, SALES_RETURNS
from models.store.ledger_verify import verify
from tests.web.api_app import Api, pointers, problem
from tests.web.books import book, fill, unguard
from web.access import Permission

CSV = {"Accept": "text/csv"}
ADDRESSES = [
    "/ledger/entries",
    "/ledger/trial-balance",
    "/ledger/export.beancount",
    "/ledger/accounts",
    "/ledger/periods",
    "/ledger/verify",
]


def numbers(api: Api, query: str) -> list[int]:
    response = api.get(f"/ledger/entries{query}")
    assert response.status_code == 200, response.text
    return [entry["number"] for entry in response.get_json()["data"]]


def table(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert response.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.text, newline=""), strict=True))


def test_an_entry_is_shown_with_its_lines_and_its_place_in_the_chain(api: Api) -> None:
    rmas = fill(api.database)
    first, second, *_ = api.get("/ledger/entries").get_json()["data"]
    assert list(first) == [
        "number",
        "source",
        "return",
        "order",
        "at",
        "recorded_at",
        "currency",
        "memo",
        "reverses",
        "hash",
        "previous_hash",
        "lines",
    ]
    assert (first["number"], first["source"]) == (1, f"grant/{rmas[0]}/grant/1")
    assert (first["return"], first["order"], first["currency"]) == (rmas[0], "1000", "GBP")
    assert first["at"] == "2026-10-01T12:00:00Z"
    assert first["lines"] == [
        {"account": "sales_returns", "code": "sales_returns", "debit": 10000, "credit": 0},
        {"account": "tax_payable", "code": "tax_payable", "debit": 2000, "credit": 0},
        {"account": "refunds_payable", "code": "refunds_payable", "debit": 0, "credit": 12000},
    ]
    assert second["previous_hash"] == first["hash"]


def test_entries_come_page_by_page_and_by_filter(api: Api) -> None:
    rmas = fill(api.database)
    seen, query = [], "?limit=4"
    while query:
        page = api.get(f"/ledger/entries{query}").get_json()
        seen += [entry["number"] for entry in page["data"]]
        query = f"?limit=4&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == list(range(1, 10))
    assert numbers(api, f"?return={rmas[1]}") == [3, 4]
    assert numbers(api, "?order=1002") == [5, 6]
    assert numbers(api, "?from=2026-10-02&to=2026-10-03") == [3, 4, 5, 6]
    assert numbers(api, "?from=2026-10-05") == [9]
    assert numbers(api, "?to=2026-09-30") == []
    assert numbers(api, "?to=9999-12-31&return=nobody") == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=yesterday", "/from"),
        ("from=2026-02-30", "/from"),
        ("to=2026-10-01T00:00:00Z", "/to"),
        ("to=20261001", "/to"),
        ("limit=0", "/limit"),
        ("cursor=x", "/cursor"),
        # A place in another list: [null, "R-1"].
        ("cursor=W251bGwsICJSLTEiXQ", "/cursor"),
        ("account=fx", "/account"),
    ],
)
def test_a_query_that_means_nothing_is_refused(sqlite_api: Api, query: str, pointer: str) -> None:
    assert set(pointers(sqlite_api.get(f"/ledger/entries?{query}"))) == {pointer}


def test_all_entries_that_match_are_one_csv_file(api: Api) -> None:
    rmas = fill(api.database)
    rows = table(api.get("/ledger/entries?limit=1", headers=CSV))
    assert {row["number"] for row in rows} == {str(number) for number in range(1, 10)}
    assert len(rows) == sum(
        len(entry["lines"]) for entry in api.get("/ledger/entries").get_json()["data"]
    )
    rows = table(api.get(f"/ledger/entries?return={rmas[1]}", headers=CSV))
    assert [(row["account"], row["debit"], row["credit"]) for row in rows][:2] == [
        ("sales_returns", "9000", "0"),
        ("tax_payable", "800", "0"),
    ]
    # Who takes anything gets JSON.
    anything = api.get("/ledger/entries", headers={"Accept": "*/*"})
    assert anything.content_type == "application/json"


def test_a_file_longer_than_a_block_is_whole(sqlite_api: Api) -> None:
    with sqlite_api.database.write() as session:
        for number in range(450):
            book(session, f"refund/{number}", {SALES_RETURNS: 1, "clearing:card": -1})
    rows = table(sqlite_api.get("/ledger/entries", headers=CSV))
    assert [int(row["number"]) for row in rows[::2]] == list(range(1, 451))


def test_the_trial_balance_adds_up(api: Api) -> None:
    rmas = fill(api.database)
    body = api.get("/ledger/trial-balance").get_json()
    assert list(body["data"][0]) == [
        "account",
        "code",
        "name",
        "currency",
        "debit",
        "credit",
        "balance",
    ]
    for total in body["totals"]:
        assert total["debit"] == total["credit"] > 0
    assert [total["currency"] for total in body["totals"]] == ["GBP", "JPY", "KWD"]
    assert sum(row["balance"] for row in body["data"]) == 0
    one = api.get(f"/ledger/trial-balance?return={rmas[0]}&to=2026-10-31").get_json()
    assert one["totals"] == [{"currency": "GBP", "debit": 24000, "credit": 24000}]
    rows = table(api.get("/ledger/trial-balance", headers=CSV))
    assert len(rows) == len(body["data"])
    assert rows[0]["balance"] == "137.80"


def test_the_beancount_file_is_one(api: Api) -> None:
    rmas = fill(api.database)
    response = api.get("/ledger/export.beancount")
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="redress.beancount"'
    entries, errors, _ = loader.load_string(response.text)
    assert errors == []
    assert sum(type(entry).__name__ == "Transaction" for entry in entries) == 9
    some = api.get(f"/ledger/export.beancount?return={rmas[0]}").text
    assert some.count("  source:") == 2


def test_accounts_are_named_and_what_get_gives_may_be_put_back(api: Api) -> None:
    fill(api.database)
    body = api.get("/ledger/accounts").get_json()
    assert [given["account"] for given in body["data"]] == list(CHART)
    assert body["data"][0] == {
        "account": "sales_returns",
        "code": "sales_returns",
        "name": "Sales returns",
        "type": "Income",
    }
    assert api.put("/ledger/accounts", body).get_json() == body
    body["data"][0] |= {"code": "4010", "name": "=Returns"}
    assert api.put("/ledger/accounts", body).get_json() == body
    assert api.get("/ledger/entries").get_json()["data"][0]["lines"][0]["code"] == "4010"
    assert api.get("/ledger/trial-balance").get_json()["data"][0]["name"] == "=Returns"
    assert table(api.get("/ledger/trial-balance", headers=CSV))[0]["name"] == "'=Returns"
    assert '  code: "4010"' in api.get("/ledger/export.beancount").text
    back = api.put("/ledger/accounts", {"data": []}).get_json()
    assert back["data"][0]["code"] == "sales_returns"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"account": "pocket", "code": "1", "name": "n"}], {"/data/0/account": "choice"}),
        ([{"account": "fx", "code": " ", "name": "n"}], {"/data/0/code": "too_short"}),
        ([{"account": "fx", "code": "1"}], {"/data/0/name": "required"}),
        ([{"account": "fx", "code": "1", "name": "n" * 121}], {"/data/0/name": "too_long"}),
        ([{"account": "fx", "code": "1", "name": "n"}] * 2, {"/data/1/account": "twice"}),
        (None, {"/data": "null"}),
    ],
)
def test_accounts_that_make_no_chart_are_refused(
    sqlite_api: Api, rows: object, expected: dict[str, str]
) -> None:
    assert pointers(sqlite_api.put("/ledger/accounts", {"data": rows})) == expected


def test_a_period_is_closed_for_good(api: Api) -> None:
    assert api.get("/ledger/periods").get_json() == {"closed_until": None}
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    before = {"closed_until": (yesterday - timedelta(days=30)).isoformat()}
    body = {"closed_until": yesterday.isoformat()}
    assert api.post("/ledger/periods", body).get_json() == body
    assert api.post("/ledger/periods", body).status_code == 200
    assert problem(api.post("/ledger/periods", before), 409)["code"] == "period_closed"
    tomorrow = {"closed_until": (yesterday + timedelta(days=2)).isoformat()}
    assert pointers(api.post("/ledger/periods", tomorrow)) == {"/closed_until": "not_over"}
    assert pointers(api.post("/ledger/periods", {})) == {"/closed_until": "required"}
    assert pointers(api.post("/ledger/periods", {"closed_until": 1})) == {"/closed_until": "day"}
    assert api.get("/ledger/periods").get_json() == body


def test_verify_names_the_bad_rows(api: Api) -> None:
    fill(api.database)
    body = api.get("/ledger/verify").get_json()
    newest = api.get("/ledger/entries").get_json()["data"][-1]
    assert body == {
        "ok": True,
        "entries": 9,
        "last_hash": newest["hash"],
        "bad_rows": 0,
        "bad": [],
    }
    with Session(api.database.engine) as session:
        unguard(session)
        session.execute(text("UPDATE journal_entries SET memo = 'x' WHERE id IN (3, 7)"))
        assert verify(session).first_bad is not None
        session.commit()
    body = api.get("/ledger/verify").get_json()
    assert (body["ok"], body["bad_rows"]) == (False, 2)
    assert [row["number"] for row in body["bad"]] == [3, 7]
    assert "changed" in body["bad"][0]["problem"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_who_may_see_the_books_sees_them(sqlite_api: Api, address: str) -> None:
    scopes = [scope for scope in Permission if scope is not Permission.BOOKS]
    key = sqlite_api.make_key(scopes)
    assert problem(sqlite_api.get(address, key=key), 403)["code"] == "forbidden"
    assert sqlite_api.get(address, key=sqlite_api.make_key(["books"])).status_code == 200


def test_only_who_may_see_the_books_changes_them(sqlite_api: Api) -> None:
    key = sqlite_api.make_key([scope for scope in Permission if scope is not Permission.BOOKS])
    problem(sqlite_api.put("/ledger/accounts", {"data": []}, key=key), 403)
    problem(sqlite_api.post("/ledger/periods", {"closed_until": "2026-01-01"}, key=key), 403)
