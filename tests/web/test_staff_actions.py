"""What the forms of a return's page ask of the gateway, once per form."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from models.messages import (
    Condition,
    CountedLine,
    DecisionKind,
    Disposition,
    Grade,
    PayoutMethod,
    RefundStatus,
    Resolution,
    ReturnStatus,
    TaskKind,
)
from models.rules.orders import address_value
from models.tables import Return
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk
from tests.web.staff_history import add_exchange, add_refund, add_task
from tests.web.staff_rows import Item, add_return
from web.access import Role
from web.requests import (
    DecisionRequest,
    GoodwillRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineDecisionRequest,
    ReceiptRequest,
    UnexpectedRequest,
)


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


@pytest.fixture
def browser(desk: Desk) -> Browser:
    return desk.browser(Role.MANAGER)


def make(desk: Desk, status: ReturnStatus = ReturnStatus.REQUESTED, *items: Item) -> str:
    with desk.database.write() as session:
        return add_return(session, 1, status, items).rma


def asked(desk: Desk) -> tuple[str, tuple[Any, ...]]:
    [call] = desk.gateway.calls
    return call.name, call.about


def test_approving_asks_once_with_the_forms_id_and_goes_back_to_the_page(
    desk: Desk, browser: Browser
) -> None:
    rma, call_id = make(desk), str(uuid4())
    form = {"decision": "approve", "note": " fine \r\n by me\0 ", "call": call_id}
    answer = browser.post(f"/returns/{rma}/decision", form)
    assert answer.status_code == 303
    assert answer.location == f"/returns/{rma}"
    [call] = desk.gateway.calls
    assert call.about == (
        rma,
        DecisionRequest(decision=DecisionKind.APPROVE, note="fine \n by me"),
    )
    assert call.id == call_id
    assert call.actor.id.startswith("user:")
    page = browser.get(answer.location).text
    assert "Your approval is recorded." in page
    assert 'href="/next"' in page


def test_a_double_click_sends_the_same_id_twice(desk: Desk, browser: Browser) -> None:
    rma = make(desk)
    page = browser.get(f"/returns/{rma}").text
    form = page[page.index('/decision"') :]
    call = re.search(r'name="call" value="([^"]+)"', form)
    assert call is not None
    for _ in range(2):
        browser.post(f"/returns/{rma}/decision", {"decision": "decline", "call": call[1]})
    assert [made.id for made in desk.gateway.calls] == [call[1], call[1]]


def test_every_form_of_a_page_has_an_id_of_its_own(desk: Desk, browser: Browser) -> None:
    rma = make(desk, ReturnStatus.IN_TRANSIT, Item(approved=1))
    calls = re.findall(r'name="call" value="([^"]+)"', browser.get(f"/returns/{rma}").text)
    assert len(calls) == 6
    assert len(set(calls)) == 6


def test_some_lines_can_be_declined_with_a_note(desk: Desk, browser: Browser) -> None:
    rma = make(desk, ReturnStatus.REQUESTED, Item(), Item(name="Belt"), Item(name="Scarf"))
    form = {
        "decision": "approve",
        "note": "",
        "line-0": "1",
        "verdict-0": "approve",
        "note-0": "",
        "line-1": "2",
        "verdict-1": "decline",
        "note-1": "Worn",
        "line-2": "3",
        "verdict-2": "approve",
        "note-2": "As a courtesy",
    }
    browser.post(f"/returns/{rma}/decision", form)
    assert asked(desk)[1][1] == DecisionRequest(
        decision=DecisionKind.APPROVE,
        lines=[
            LineDecisionRequest(line="2", decision=DecisionKind.DECLINE, note="Worn"),
            LineDecisionRequest(line="3", decision=DecisionKind.APPROVE, note="As a courtesy"),
        ],
    )


def test_declining_everything_declines_lines_marked_to_approve_too(
    desk: Desk, browser: Browser
) -> None:
    rma = make(desk)
    form = {"decision": "decline", "line-0": "1", "verdict-0": "approve", "note-0": "Worn"}
    browser.post(f"/returns/{rma}/decision", form)
    assert asked(desk)[1][1] == DecisionRequest(
        decision=DecisionKind.DECLINE,
        lines=[LineDecisionRequest(line="1", decision=DecisionKind.DECLINE, note="Worn")],
    )


def test_a_count_takes_lines_and_unexpected_things(desk: Desk, browser: Browser) -> None:
    rma = make(desk, ReturnStatus.IN_TRANSIT, Item(approved=1), Item(approved=1))
    form = {
        "line-0": "1",
        "quantity-0": "0",
        "line-1": "2",
        "quantity-1": "1",
        "sku-0": "MUG",
        "more-0": "2",
        "about-0": "Blue",
        "sku-1": "",
        "more-1": "",
        "about-1": "",
    }
    browser.post(f"/returns/{rma}/receipt", form)
    assert asked(desk) == (
        "receive",
        (
            rma,
            ReceiptRequest(
                lines=[CountedLine(line="2", quantity=1)],
                unexpected=[UnexpectedRequest(sku="MUG", quantity=2, note="Blue")],
            ),
        ),
    )


def test_the_page_of_a_return_takes_damage_and_what_came_instead(
    desk: Desk, browser: Browser
) -> None:
    rma = make(desk, ReturnStatus.IN_TRANSIT, Item(bought=3, requested=3, approved=3))
    page = browser.get(f"/returns/{rma}").text
    assert "Some arrived damaged" in page
    assert "Instead of Linen shirt" in page
    form = {
        "line-0": "1",
        "quantity-0": "2",
        "damaged-0": "1",
        "found-0": "Torn box",
        "more-0": "1",
        "sku-0": "MUG",
        "instead-0": "1",
    }
    browser.post(f"/returns/{rma}/receipt", form)
    damaged = CountedLine(line="1", quantity=1, condition=Condition.DAMAGED, note="Torn box")
    counted = [CountedLine(line="1", quantity=1), damaged]
    mug = UnexpectedRequest(sku="MUG", quantity=1, instead_of="1")
    assert asked(desk) == ("receive", (rma, ReceiptRequest(lines=counted, unexpected=[mug])))


def test_what_a_dearer_exchange_costs_is_said_as_what_the_customer_owes(
    desk: Desk, browser: Browser
) -> None:
    rma = make(desk)
    with desk.database.write() as session:
        row = session.get_one(Return, rma)
        row.quote_total = -1250
        row.resolution = Resolution.EXCHANGE
        add_exchange(session, row, difference=1250, variant={"size": "L", "colour": "rust"})
    page = browser.get(f"/returns/{rma}").text
    assert "customer owes £12.50" in page
    assert "The customer owes" in page
    assert "L, rust" in page
    assert "-£12.50" not in page
    for address in ("/returns", "/"):
        assert "-£12.50" not in browser.get(address).text


def test_an_inspection_takes_different_verdicts_on_one_line(desk: Desk, browser: Browser) -> None:
    item = Item(bought=3, requested=3, approved=3, received=3)
    rma = make(desk, ReturnStatus.RECEIVED, item)
    form = {
        "line-0": "1",
        "quantity-0": "2",
        "grade-0": "A",
        "disposition-0": "restock",
        "verdict-0": "accept",
        "note-0": "",
        "line-1": "1",
        "quantity-1": "1",
        "grade-1": "D",
        "disposition-1": "return_to_customer",
        "verdict-1": "refuse",
        "note-1": "Burnt",
        "line-2": "2",
        "quantity-2": "0",
    }
    browser.post(f"/returns/{rma}/inspection", form)
    assert asked(desk) == (
        "inspect",
        (
            rma,
            InspectionRequest(
                lines=[
                    InspectionLineRequest(
                        line="1", quantity=2, grade=Grade.A, disposition=Disposition.RESTOCK
                    ),
                    InspectionLineRequest(
                        line="1",
                        quantity=1,
                        grade=Grade.D,
                        disposition=Disposition.RETURN_TO_CUSTOMER,
                        accepted=False,
                        note="Burnt",
                    ),
                ]
            ),
        ),
    )


def test_a_failed_refund_is_retried_or_settled_by_hand(desk: Desk, browser: Browser) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.NEEDS_ATTENTION)
        refund = add_refund(session, row, RefundStatus.FAILED)
    form = {"method": "paid_by_hand", "reference": " BT-1 ", "note": "By bank"}
    assert browser.post(f"/returns/{row.rma}/refunds/{refund.id}/retry").status_code == 303
    for fields in (
        form,
        {"method": "store_credit"},
        {"method": "other_payment", "reference": "p-2"},
    ):
        answer = browser.post(f"/returns/{row.rma}/refunds/{refund.id}/resolve", fields)
        assert answer.status_code == 303
    assert [(call.name, call.about) for call in desk.gateway.calls] == [
        ("retry_refund", (row.rma, refund.id)),
        ("resolve_manually", (row.rma, refund.id, "paid_by_hand", "BT-1", "By bank")),
        ("resolve_manually", (row.rma, refund.id, "store_credit", "", "")),
        ("resolve_manually", (row.rma, refund.id, "other_payment", "p-2", "")),
    ]


def test_goodwill_is_given_in_the_orders_currency(desk: Desk, browser: Browser) -> None:
    rma = make(desk, ReturnStatus.IN_TRANSIT, Item(approved=1))
    form = {"amount": " 12.50 ", "method": "store_credit", "note": "It came so late"}
    assert browser.post(f"/returns/{rma}/goodwill", form).status_code == 303
    [call] = desk.gateway.calls
    assert call.about == (
        rma,
        GoodwillRequest(
            amount=1250,
            currency="GBP",
            method=PayoutMethod.STORE_CREDIT,
            note="It came so late",
        ),
    )


def test_the_other_forms_ask_for_what_they_say(desk: Desk, browser: Browser) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.LOST, [Item(approved=1)])
        task = add_task(session, row, TaskKind.PARCEL_LOST)
    for path, form in (
        ("label", {}),
        ("cancel", {"note": "They changed their mind"}),
        (f"tasks/{task.id}/claim", {}),
        (f"tasks/{task.id}/release", {}),
        (f"tasks/{task.id}/complete", {"note": "Found at the depot"}),
    ):
        answer = browser.post(f"/returns/{row.rma}/{path}", form)
        assert answer.location == f"/returns/{row.rma}", path
    assert [(call.name, call.about) for call in desk.gateway.calls] == [
        ("make_label", (row.rma,)),
        ("cancel", (row.rma, "They changed their mind")),
        ("claim_task", (task.id,)),
        ("release_task", (task.id,)),
        ("complete_task", (task.id, "Found at the depot")),
    ]


def test_a_label_is_made_from_the_address_that_was_typed(desk: Desk, browser: Browser) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.NEEDS_ATTENTION, [Item(approved=1)])
        add_task(session, row, TaskKind.LABEL_FAILED)
    typed = {"sender-line1": "5 Mill Lane", "sender-city": "York"}
    refused = browser.post(f"/returns/{row.rma}/label", typed | {"sender-country": "England"})
    assert "country in two letters" in refused.text
    assert "5 Mill Lane" in refused.text
    assert desk.gateway.calls == []
    browser.post(f"/returns/{row.rma}/label", typed | {"sender-country": "gb"})
    [call] = desk.gateway.calls
    rma, sender = call.about
    assert (rma, address_value(sender)) == (
        row.rma,
        {"line1": "5 Mill Lane", "city": "York", "country": "GB"},
    )


def test_an_unexpected_parcel_of_a_closed_return_may_be_kept_sent_back_or_paid_for(
    desk: Desk, browser: Browser
) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.CLOSED, [Item(approved=1)])
        page = browser.get(f"/returns/{row.rma}").text
        assert "Give goodwill" not in page
        task = add_task(session, row, TaskKind.UNEXPECTED_PARCEL)
    page = browser.get(f"/returns/{row.rma}").text
    for words in ("We keep it", "It is sent back", "It is paid for", "Give goodwill"):
        assert words in page
    browser.post(f"/returns/{row.rma}/tasks/{task.id}/complete", {"note": "x", "choice": "kept"})
    assert [call.name for call in desk.gateway.calls] == ["complete_task"]


@pytest.mark.parametrize("action", ["claim", "release", "complete"])
def test_a_task_is_only_for_those_who_may_do_such_work(desk: Desk, action: str) -> None:
    with desk.database.write() as session:
        row = add_return(session, 1, ReturnStatus.NEEDS_ATTENTION)
        task = add_task(session, row, TaskKind.REFUND_SHORT)
        other = add_return(session, 2, ReturnStatus.NEEDS_ATTENTION)
    agent = desk.browser(Role.AGENT)
    path = f"tasks/{task.id}/{action}"
    assert agent.post(f"/returns/{row.rma}/{path}", {"note": "Done"}).status_code == 403
    assert agent.post(f"/returns/{other.rma}/{path}", {"note": "Done"}).status_code == 404
    assert desk.gateway.calls == []
    finance = desk.browser(Role.FINANCE)
    assert finance.post(f"/returns/{row.rma}/{path}", {"note": "Done"}).status_code == 303
