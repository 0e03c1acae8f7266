"""Returns through the API: asking for one, finding it, following it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marshmallow import RAISE

from models.messages import (
    EventKind,
    Reason,
    RefundStatus,
    Resolution,
    ReturnKind,
    ReturnStatus,
    TaskKind,
)
from models.tables import GrantedRefund, Return, Submission
from tests.web.api_app import Api, pointers, problem
from tests.web.staff_app import counted_queries
from tests.web.staff_history import add_label, add_refund, add_scan, add_task
from tests.web.staff_rows import NOW, Item, add_event, add_return, add_user
from web.access import Role
from web.api.schemas.answers import EventSchema, OneRefundSchema, PricedQuoteSchema, ReturnSchema
from web.requests import Contact, LineRequest, ReturnRequest

BODY: dict[str, Any] = {
    "order": "1001",
    "lines": [{"line": "1", "quantity": 1, "reason": "too_small"}],
}


def full_return(api: Api, number: int = 1) -> str:
    """A return to which everything has happened."""
    with api.database.write() as session:
        item = Item(requested=1, approved=1, received=1, accepted=1, grade="A")
        row = add_return(
            session,
            number,
            ReturnStatus.RESOLVING,
            [item, Item(sku="SOCKS", name="Socks", reason=Reason.COLOUR, comment="Not the blue")],
            deadlines={"follow_up": "2026-12-01T10:00:00+00:00"},
        )
        add_label(session, row)
        add_scan(session, row, "delivered", detail="Left with reception")
        refund = add_refund(session, row, RefundStatus.FAILED, failure="lost_card")
        add_task(session, row, TaskKind.REFUND_FAILED, refund=refund)
        return row.rma


def test_a_request_reaches_the_gateway_whole(api: Api) -> None:
    rma = full_return(api)
    api.gateway.rma = rma
    body = {
        "order": "1001",
        "kind": "claim",
        "lines": [
            {
                "line": "1",
                "quantity": 2,
                "reason": "defective",
                "comment": "It tore",
                "resolution": "refund",
            },
            {"line": "2", "quantity": 1, "reason": "other", "comment": None},
        ],
        "resolution": "refund",
        "exchange": None,
        "contact": {"name": "G. Uest", "email": "g@example.com"},
        "override": {"reason": "A good customer"},
        "reference": "C-77",
    }
    response = api.post("/returns", body)
    assert response.status_code == 201
    assert response.headers["Location"] == f"{api.settings.web_url}/api/v1/returns/{rma}"
    assert response.get_json() == api.get(f"/returns/{rma}").get_json()
    [call] = api.gateway.calls
    assert call.about == (
        ReturnRequest(
            order="1001",
            kind=ReturnKind.CLAIM,
            lines=[
                LineRequest(
                    line="1",
                    quantity=2,
                    reason=Reason.DEFECTIVE,
                    comment="It tore",
                    resolution=Resolution.REFUND,
                ),
                LineRequest(line="2", quantity=1, reason=Reason.OTHER),
            ],
            resolution=Resolution.REFUND,
            contact=Contact(name="G. Uest", email="g@example.com"),
            override_reason="A good customer",
            reference="C-77",
        ),
    )
    assert call.actor.id.startswith("service:")


def test_only_a_withdrawal_needs_no_reason(api: Api) -> None:
    api.gateway.rma = full_return(api)
    lines = [{"line": "1", "quantity": 1}, {"line": "2", "quantity": 1, "reason": "other"}]
    body = {"order": "1001", "kind": "withdrawal", "lines": lines}
    assert api.post("/returns", body).status_code == 201
    [asked] = api.gateway.calls[-1].about
    assert [line.reason for line in asked.lines] == [Reason.WITHDRAWAL, Reason.OTHER]
    for kind in ("return", "claim", "gift"):
        refused = api.post("/returns", {**body, "kind": kind})
        assert pointers(refused) == {"/lines/0/reason": "required"}
    for broken in (None, 1, ["1"], []):
        assert api.post("/returns", {**body, "lines": broken}).status_code == 422


def test_a_request_that_no_worker_has_answered_is_taken(api: Api) -> None:
    api.gateway.settled = False
    response = api.post("/returns", BODY)
    assert response.status_code == 202
    body = response.get_json()
    assert body["status"] == "requested"
    assert body["links"]["self"] == response.headers["Location"]
    assert response.headers["Location"].endswith(body["rma"])


def test_a_return_that_is_taken_but_not_recorded_has_every_field_already(api: Api) -> None:
    with api.database.write() as session:
        session.add(
            Submission(
                rma="R-1",
                order_number="1001",
                actor="service:x",
                created_at=NOW,
                body={"comments": [""], "reference": "C-77"},
            )
        )
    body = api.get("/returns/R-1").get_json()
    assert (body["rma"], body["status"], body["order"]) == ("R-1", "requested", "1001")
    assert body["reference"] == "C-77"
    assert set(body) == set(api.get(f"/returns/{full_return(api)}").get_json())
    ReturnSchema(unknown=RAISE).load(body)
    assert api.get("/returns/R-1/events").get_json() == {"data": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": []}, "/lines"),
        ({"kind": "gift_card"}, "/kind"),
        ({"resolution": "money"}, "/resolution"),
        ({"exchange": [{"line": "1"}]}, "/exchange/0/sku"),
        ({"contact": {"email": "nobody"}}, "/contact/email"),
        ({"contact": "x"}, "/contact"),
        ({"override": {"reason": " "}}, "/override/reason"),
        ({"lines": [{"line": "1", "quantity": 1, "reason": "Ugly!"}]}, "/lines/0/reason"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    sqlite_api: Api, change: dict[str, object], pointer: str
) -> None:
    assert pointer in pointers(sqlite_api.post("/returns", {**BODY, **change}))
    assert pointer in pointers(sqlite_api.post("/quotes", {**BODY, **change}))
    assert sqlite_api.gateway.calls == []


def test_a_quote_explains_each_amount(sqlite_api: Api) -> None:
    body = sqlite_api.post("/quotes", BODY).get_json()
    PricedQuoteSchema(unknown=RAISE).load(body)
    assert body["total"] == sum(line["amount"] for line in body["lines"]) == 10900


def test_a_return_is_shown_as_the_contract_says(api: Api) -> None:
    rma = full_return(api)
    body = api.get(f"/returns/{rma}").get_json()
    ReturnSchema(unknown=RAISE).load(body)
    assert list(body)[:4] == ["rma", "status", "order", "reference"]
    assert body["status"] == "resolving"
    assert body["lines"][0]["line"] == "1"
    assert body["lines"][0]["accepted"] == 1
    assert body["lines"][0]["grade"] == "A"
    assert body["lines"][1]["comment"] == "Not the blue"
    assert body["quote"]["total"] == sum(line["amount"] for line in body["quote"]["lines"])
    [refund] = body["refunds"]
    assert refund["payment"] == "p-1"
    assert refund["kind"] == "card"
    assert (refund["status"], refund["failure"]) == ("failed", "lost_card")
    assert body["label"]["tracking"].startswith("RD")
    [scan] = body["tracking"]
    assert (scan["status"], scan["detail"]) == ("delivered", "Left with reception")
    [task] = body["tasks"]
    assert (task["kind"], task["status"], task["refund"]) == (
        "refund_failed",
        "open",
        refund["id"],
    )
    assert body["deadlines"] == {"follow_up": "2026-12-01T10:00:00Z"}
    assert body["created_at"].endswith("Z")
    base = f"{api.settings.web_url}/api/v1/returns/{rma}"
    assert body["links"] == {
        "self": base,
        "events": f"{base}/events",
        "label": f"{base}/label.pdf",
        "temporal_ui": f"{api.settings.temporal_ui_url}/namespaces/default/workflows/"
        f"return%2F{rma}",
        "portal": None,
    }
    one = api.get(f"/refunds/{refund['id']}").get_json()
    OneRefundSchema(unknown=RAISE).load(one)
    assert one == {**refund, "return": rma, "order": body["order"]}


def test_what_is_not_there_is_not_found(sqlite_api: Api) -> None:
    paths = ("/returns/R-1", "/returns/R-1/events", "/returns/R-1/label.pdf", "/refunds/R-1-1")
    for path in paths:
        problem(sqlite_api.get(path), 404)


def listed(api: Api, query: str) -> list[str]:
    response = api.get(f"/returns{query}")
    assert response.status_code == 200, response.text
    return [found["rma"] for found in response.get_json()["data"]]


def test_returns_are_found_by_each_filter_and_by_all_together(api: Api) -> None:
    with api.database.write() as session:
        ada = add_return(
            session, 1, ReturnStatus.APPROVED, [Item(sku="HAT")], ago=timedelta(days=3)
        )
        bob = add_return(
            session,
            2,
            ReturnStatus.REQUESTED,
            [Item(reason=Reason.DEFECTIVE)],
            ago=timedelta(days=1),
            customer="Bob Stone",
            email="bob@customer.example",
        )
        add_label(session, bob)
        one, two = ada.rma, bob.rma
        ada.reference, bob.reference = "mine-1", "mine-10"
        order, tracking = ada.order_number, f"RD{bob.order_number}00GB"
        moment = ada.created_at.isoformat().replace("+00:00", "Z")
    assert listed(api, "") == [two, one]
    assert listed(api, "?status=requested") == [two]
    assert listed(api, f"?order={order}") == [one]
    assert listed(api, "?customer=c-2") == [two]
    assert listed(api, "?reason=defective") == [two]
    assert listed(api, "?reference=mine-1") == [one]
    assert listed(api, "?reference=mine-1&status=requested") == listed(api, "?reference=") == []
    assert listed(api, f"?created_after={moment}") == [two, one]
    assert listed(api, f"?created_before={moment}") == []
    assert listed(api, "?created_before=2999-01-01T00:00:00%2B02:00&reason=too_small") == [one]
    assert listed(api, "?status=requested&reason=too_small") == []
    for q in (one, one.lower(), order, "ADA@customer.example", "okafor", "hat"):
        assert listed(api, f"?q={q}") == [one], q
    assert listed(api, f"?q={tracking}") == [two]
    assert listed(api, "?q=100%25_") == []


def test_pages_follow_each_other_without_gap_or_repeat(api: Api) -> None:
    with api.database.write() as session:
        for number in range(1, 8):
            # Several of one moment, so that the RMA has to decide.
            add_return(session, number, ReturnStatus.REQUESTED, ago=timedelta(hours=number // 3))
    whole = listed(api, "")
    seen, query = [], "?limit=2"
    while query:
        page = api.get(f"/returns{query}").get_json()
        seen.append([found["rma"] for found in page["data"]])
        cursor = page["next_cursor"]
        query = f"?limit=2&cursor={cursor}" if cursor else ""
    assert [len(page) for page in seen] == [2, 2, 2, 1]
    assert [rma for page in seen for rma in page] == whole
    assert len(set(whole)) == 7


def test_an_empty_grant_is_not_shown(sqlite_api: Api) -> None:
    with sqlite_api.database.write() as session:
        row = add_return(session, 1, ReturnStatus.RESOLVED)
        rma = row.rma
        for number, bonus in ((1, 0), (2, 50)):
            granted = GrantedRefund(
                id=f"{rma}/grant/{number}",
                kind="return",
                method="refund",
                rma=rma,
                order_number=row.order_number,
                amount=0,
                tax=0,
                short=0,
                bonus=bonus,
                currency="GBP",
                accepted=[0],
                actor="redress",
                created_at=NOW,
            )
            session.add(granted)
    shown = sqlite_api.get(f"/returns/{rma}").get_json()["grants"]
    assert [grant["id"] for grant in shown] == [f"{rma}/grant/2"]


def test_a_cursor_is_of_one_list_only(sqlite_api: Api) -> None:
    with sqlite_api.database.write() as session:
        rmas = [
            add_return(session, number, ReturnStatus.REQUESTED, ago=timedelta(days=number)).rma
            for number in (1, 2)
        ]
    cursor = sqlite_api.get("/returns?limit=1").get_json()["next_cursor"]
    assert listed(sqlite_api, f"?limit=1&cursor={cursor}") == [rmas[1]]
    for other in ("/tasks", "/events", "/stock-moves", f"/returns/{rmas[0]}/events"):
        refused = sqlite_api.get(f"{other}?cursor={cursor}")
        assert pointers(refused) == {"/cursor": "cursor"}, other


def test_a_full_last_page_has_no_next(sqlite_api: Api) -> None:
    with sqlite_api.database.write() as session:
        for number in (1, 2):
            add_return(session, number, ReturnStatus.REQUESTED)
    assert sqlite_api.get("/returns?limit=2").get_json()["next_cursor"] is None


def test_a_list_takes_as_many_queries_however_long_it_is(sqlite_api: Api) -> None:
    counts = []
    for number in (1, 2, 3):
        full_return(sqlite_api, number)
        with counted_queries(sqlite_api.database) as seen:
            assert len(listed(sqlite_api, "")) == number
        counts.append(len(seen))
    # The first call also notes that the key was used.
    assert counts[1] == counts[2]


def test_the_timeline_tells_who_did_what_in_words_and_fields(api: Api) -> None:
    rma = full_return(api)
    with api.database.write() as session:
        mara = add_user(session, Role.AGENT, name="Mara Holt")
        row = session.get_one(Return, rma)
        add_event(
            session,
            row,
            EventKind.APPROVED,
            f"user:{mara.id}",
            ago=timedelta(minutes=1),
            note="Looks fine",
            units=2,
            by_policy=0,
        )
    page = api.get(f"/returns/{rma}/events").get_json()
    for event in page["data"]:
        EventSchema(unknown=RAISE).load(event)
    first, last = page["data"][0], page["data"][-1]
    assert first["kind"] == "label_made"
    assert last["actor_name"] == "Mara Holt"
    assert last["text"] == "Approved: 2 units"
    assert last["note"] == "Looks fine"
    assert last["data"] == {"units": 2, "by_policy": 0}
    times = [event["at"] for event in page["data"]]
    assert times == sorted(times)
    seen, query = [], "?limit=1"
    while query:
        part = api.get(f"/returns/{rma}/events{query}").get_json()
        seen += part["data"]
        query = f"?limit=1&cursor={part['next_cursor']}" if part["next_cursor"] else ""
    assert seen == page["data"]


def test_the_label_is_given_as_it_was_made(api: Api) -> None:
    rma = full_return(api)
    response = api.get(f"/returns/{rma}/label.pdf")
    assert response.data == b"%PDF-1.4 a label"
    assert response.content_type == "application/pdf"
    assert f"{rma}.pdf" in response.headers["Content-Disposition"]


def test_times_are_given_in_utc(sqlite_api: Api) -> None:
    rma = full_return(sqlite_api)
    created_at = datetime.fromisoformat(sqlite_api.get(f"/returns/{rma}").json["created_at"])
    assert created_at.utcoffset() == timedelta(0)
    assert created_at < datetime.now(UTC)


def test_a_gift_brings_store_credit_unless_something_else_is_asked_for(api: Api) -> None:
    rma = full_return(api)
    api.gateway.rma = rma
    contact = {"name": "Gus Given", "email": "gus@example.org"}
    for more, expected in (
        ({}, Resolution.STORE_CREDIT),
        ({"resolution": "refund"}, Resolution.REFUND),
    ):
        body = {**BODY, "kind": "gift", "contact": contact, **more}
        assert api.post("/returns", body).status_code == 201
        [asked] = api.gateway.calls[-1].about
        assert (asked.kind, asked.resolution) == (ReturnKind.GIFT, expected)
