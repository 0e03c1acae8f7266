"""Every staff page is closed unless it says for whom it is open."""

from pathlib import Path

import pytest
from werkzeug.exceptions import HTTPException

from models.messages import ReturnStatus
from tests.conftest import MakeDatabase
from tests.web.staff_app import CONTENT_POLICY, Desk
from tests.web.staff_rows import add_return
from web.access import Permission, Role
from web.staff import error_page
from web.staff.guard import ANYONE, GUARDED_BY

OPEN_TO_ANYONE = {"staff.sign_in", "staff.sign_out"}


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


def test_every_staff_route_says_who_may_open_it(desk: Desk) -> None:
    guards = {
        rule.endpoint: getattr(desk.app.view_functions[rule.endpoint], GUARDED_BY, None)
        for rule in desk.app.url_map.iter_rules()
        if rule.endpoint.startswith("staff.")
    }
    assert len(guards) > 15
    assert [endpoint for endpoint, guard in guards.items() if guard is None] == []
    assert {endpoint for endpoint, guard in guards.items() if guard == ANYONE} == OPEN_TO_ANYONE


def test_every_guarded_route_turns_a_stranger_away(desk: Desk) -> None:
    browser = desk.browser()
    tried = 0
    for rule in desk.app.url_map.iter_rules():
        if not rule.endpoint.startswith("staff.") or rule.endpoint in OPEN_TO_ANYONE:
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", "x").replace(f"<path:{argument}>", "x")
        answer = browser.post(path) if "POST" in (rule.methods or ()) else browser.get(path)
        assert answer.status_code == 303, path
        assert answer.location.startswith("/sign-in"), path
        tried += 1
    assert tried > 13
    assert desk.gateway.calls == []


FORBIDDEN = {
    Role.VIEWER: [
        "decision",
        "cancel",
        "change",
        "receipt",
        "inspection",
        "label",
        "refunds/x/retry",
    ],
    Role.AGENT: ["receipt", "inspection", "refunds/x/retry", "refunds/x/resolve"],
    Role.WAREHOUSE: [
        "decision",
        "cancel",
        "change",
        "refunds/x/retry",
        "refunds/x/resolve",
        "goodwill",
    ],
    Role.FINANCE: ["receipt", "inspection", "label"],
}


@pytest.mark.parametrize("role", list(FORBIDDEN))
def test_a_role_can_do_no_more_than_its_permissions(desk: Desk, role: Role) -> None:
    with desk.database.write() as session:
        rma = add_return(session, 1, ReturnStatus.REQUESTED).rma
    browser = desk.browser(role)
    for action in FORBIDDEN[role]:
        answer = browser.post(f"/returns/{rma}/{action}")
        assert answer.status_code == 403, action
        assert "Ask a manager" in answer.text
    assert desk.gateway.calls == []


def test_all_permissions_that_staff_pages_ask_for_are_real(desk: Desk) -> None:
    asked = {
        getattr(view, GUARDED_BY)
        for endpoint, view in desk.app.view_functions.items()
        if endpoint.startswith("staff.") and endpoint not in OPEN_TO_ANYONE
    }
    assert asked <= set(Permission)


def test_pages_are_not_kept_by_the_browser_and_carry_the_applications_policy(desk: Desk) -> None:
    answer = desk.browser(Role.VIEWER).get("/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == CONTENT_POLICY


def test_a_post_without_its_token_changes_nothing(desk: Desk) -> None:
    with desk.database.write() as session:
        rma = add_return(session, 1, ReturnStatus.REQUESTED).rma
    browser = desk.browser(Role.MANAGER)
    answer = browser.client.post(f"/returns/{rma}/decision", data={"decision": "approve"})
    assert answer.status_code == 400
    assert "send it again" in answer.text
    assert desk.gateway.calls == []


@pytest.mark.parametrize(
    "path", ["/returns/R%00", "/find?q=%00", "/returns?q=a%00b", "/returns/x/mails/%00"]
)
def test_a_nul_character_is_not_found(desk: Desk, path: str) -> None:
    assert desk.browser(Role.VIEWER).get(path).status_code == 404


def test_a_failure_of_ours_is_told_without_its_traces(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.database.write() as session:
        rma = add_return(session, 1, ReturnStatus.REQUESTED).rma
    browser = desk.browser(Role.MANAGER)
    monkeypatch.setitem(desk.app.config, "PROPAGATE_EXCEPTIONS", False)
    desk.gateway.error = RuntimeError("secret detail")  # type: ignore[assignment]
    answer = browser.post(f"/returns/{rma}/cancel")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "secret detail" not in answer.text


def test_an_address_of_no_page_gets_the_same_kind_of_page(desk: Desk) -> None:
    desk.app.register_error_handler(HTTPException, error_page)
    answer = desk.browser().get("/no-such-page")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    wrong_method = desk.browser(Role.MANAGER).get("/returns/R-1/decision")
    assert wrong_method.status_code == 405
    assert "only takes a form" in wrong_method.text
