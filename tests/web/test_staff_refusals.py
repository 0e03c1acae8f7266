"""What a form's sender reads when it can't be used, or when the gateway refuses."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from models.messages import Refusal, ReturnStatus, TaskKind
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk
from tests.web.staff_history import add_task
from tests.web.staff_rows import Item, add_return
from web.access import Role
from web.requests import Conflict, Forbidden, GatewayError, NotFound, Refused, Unavailable


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


@pytest.fixture
def browser(desk: Desk) -> Browser:
    return desk.browser(Role.MANAGER)


def make(desk: Desk, status: ReturnStatus = ReturnStatus.REQUESTED, *items: Item) -> str:
    with desk.database.write() as session:
        return add_return(session, 1, status, items).rma


UNUSABLE = [
    ("decision", {}, "Choose whether to approve"),
    ("decision", {"decision": "perhaps"}, "Choose whether to approve"),
    ("decision", {"decision": "decline", "note": "x" * 2001}, "yours has 2,001"),
    (
        "decision",
        {"decision": "approve", "line-0": "1", "verdict-0": "perhaps"},
        "approve or decline for each line",
    ),
    ("receipt", {"line-0": "1", "quantity-0": "0"}, "Nothing is counted yet"),
    ("receipt", {"line-0": "1", "quantity-0": "two"}, "“two” is not a number of units"),
    ("receipt", {"line-0": "1", "quantity-0": "-1"}, "“-1” is not a number of units"),
    ("receipt", {"line-0": "1", "quantity-0": "9" * 30}, "is not a number of units"),
    ("receipt", {"sku-0": "MUG", "more-0": ""}, "Say how many of MUG"),
    ("receipt", {"sku-0": "", "more-0": "2"}, "Give the SKU"),
    ("inspection", {"line-0": "1", "quantity-0": "0"}, "Nothing is inspected yet"),
    ("inspection", {"line-0": "1", "quantity-0": "1"}, "where the goods go"),
    (
        "inspection",
        {"line-0": "1", "quantity-0": "1", "disposition-0": "restock", "grade-0": "E"},
        "a grade from A to D",
    ),
    (
        "inspection",
        {
            "line-0": "1",
            "quantity-0": "1",
            "disposition-0": "restock",
            "grade-0": "A",
            "verdict-0": "refuse",
        },
        "Refused goods can&#39;t go back to stock",
    ),
    ("refunds/x/resolve", {"method": "paid_by_hand", "reference": " "}, "Give a reference"),
    ("refunds/x/resolve", {"method": "other_payment"}, "Choose the payment"),
    ("refunds/x/resolve", {"method": "by pigeon"}, "Choose one of the ways"),
    ("goodwill", {"amount": "much", "method": "refund", "note": "x"}, "is not an amount"),
    ("goodwill", {"amount": "0", "method": "refund", "note": "x"}, "Give an amount above 0"),
    ("goodwill", {"amount": "1.005", "method": "refund", "note": "x"}, "more decimals than GBP"),
    ("goodwill", {"amount": "1", "method": "refund"}, "what the goodwill is for"),
    (
        "refunds/x/resolve",
        {"method": "paid_by_hand", "reference": "x" * 201},
        "at most 200 characters",
    ),
    ("tasks/{task}/complete", {"note": " "}, "what you did"),
]


@pytest.mark.parametrize(("action", "form", "words"), UNUSABLE)
def test_a_form_that_can_not_be_used_says_what_to_change(
    desk: Desk, browser: Browser, action: str, form: dict[str, str], words: str
) -> None:
    with desk.database.write() as session:
        items = [Item(bought=2, requested=2, approved=2, received=1)]
        row = add_return(session, 1, ReturnStatus.PARTIALLY_RECEIVED, items)
        task = add_task(session, row, TaskKind.PARCEL_LOST)
    answer = browser.post(f"/returns/{row.rma}/{action.format(task=task.id)}", form)
    assert answer.status_code == 422
    alert = answer.text.split('role="alert"')[1].split("</div>")[0]
    assert words in alert
    assert desk.gateway.calls == []


REFUSALS = [
    (Conflict("This return was already decided.", state=ReturnStatus.APPROVED), 409),
    (Forbidden("You may approve up to 50.00 GBP."), 403),
    (NotFound("There is no return."), 404),
    (Unavailable("Temporal does not answer now."), 503),
]


@pytest.mark.parametrize(("error", "status"), REFUSALS)
def test_a_refusal_of_the_gateway_is_shown_in_its_words_with_the_form_kept(
    desk: Desk, browser: Browser, error: GatewayError, status: int
) -> None:
    rma = make(desk, ReturnStatus.REQUESTED, Item(), Item(name="Belt"))
    desk.gateway.error = error
    form = {
        "decision": "approve",
        "note": "Please <keep> this",
        "line-1": "2",
        "verdict-1": "decline",
        "note-1": "Worn",
    }
    answer = browser.post(f"/returns/{rma}/decision", form)
    assert answer.status_code == status
    assert error.detail in answer.text.split('role="alert"')[1].split("</div>")[0]
    assert "Please &lt;keep&gt; this</textarea>" in answer.text
    assert re.search(r'id="verdict-1-decline" value="decline" checked', answer.text)
    assert 'name="note-1" value="Worn"' in answer.text


def test_all_that_is_wrong_is_listed(desk: Desk, browser: Browser) -> None:
    rma = make(desk)
    desk.gateway.error = Refused(
        [Refusal(code="a", message="First thing."), Refusal(code="b", message="Second thing.")]
    )
    answer = browser.post(f"/returns/{rma}/decision", {"decision": "approve"})
    assert answer.status_code == 422
    assert "<li>First thing.</li><li>Second thing.</li>" in answer.text


@pytest.mark.parametrize(
    ("error", "kept"), [(Unavailable("No answer."), True), (Conflict("Decided."), False)]
)
def test_only_a_form_that_may_have_acted_keeps_its_id(
    desk: Desk, browser: Browser, error: GatewayError, kept: bool
) -> None:
    rma, call_id = make(desk), str(uuid4())
    desk.gateway.error = error
    answer = browser.post(f"/returns/{rma}/decision", {"decision": "approve", "call": call_id})
    assert (f'name="call" value="{call_id}"' in answer.text) is kept


def test_what_is_taken_but_not_yet_done_is_told_so(desk: Desk, browser: Browser) -> None:
    rma = make(desk)
    desk.gateway.settled = False
    browser.post(f"/returns/{rma}/decision", {"decision": "approve"})
    page = browser.get(f"/returns/{rma}").text
    assert "taken and will be carried out soon" in page
    assert "Your approval is recorded" not in page


def test_an_id_that_is_none_is_replaced(desk: Desk, browser: Browser) -> None:
    browser.post(f"/returns/{make(desk)}/cancel", {"call": "not an id"})
    [call] = desk.gateway.calls
    assert re.fullmatch(r"[0-9a-f-]{36}", call.id or "")


def test_an_unknown_return_is_not_found_after_a_refusal(desk: Desk, browser: Browser) -> None:
    desk.gateway.error = NotFound("There is no return R-0000-0000.")
    assert browser.post("/returns/R-0000-0000/cancel").status_code == 404
