"""Signing in to the staff pages, staying in, and getting out."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.tables import User
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk
from tests.web.staff_rows import add_user
from web.access import Role

EMAIL = "mara@shop.example"


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    made = Desk(make_database("sqlite"), tmp_path)
    with made.database.write() as session:
        add_user(session, Role.AGENT, email=EMAIL)
    return made


def change_user(desk: Desk, change: Callable[[User], None]) -> None:
    with desk.database.write() as session:
        change(session.query(User).filter_by(email=EMAIL).one())


def is_in(browser: Browser) -> bool:
    return browser.get("/").status_code == 200


def test_a_stranger_is_sent_to_sign_in_and_then_to_the_page_they_wanted(desk: Desk) -> None:
    browser = desk.browser()
    sent = browser.get("/returns?status=closed")
    assert sent.status_code == 303
    assert sent.location == "/sign-in?next=/returns?status%3Dclosed"
    arrived = browser.sign_in(EMAIL, next="/returns?status=closed")
    assert arrived.location == "/returns?status=closed"
    assert is_in(browser)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\t//evil.example",
        "///evil.example",
        "evil.example",
        "",
    ],
)
def test_signing_in_never_leads_to_another_site(desk: Desk, elsewhere: str) -> None:
    assert desk.browser().sign_in(EMAIL, next=elsewhere).location == "/"


def test_a_wrong_password_is_refused_and_the_address_kept(desk: Desk) -> None:
    browser = desk.browser()
    answer = browser.sign_in(EMAIL, "not the password")
    assert answer.status_code == 401
    assert "go together" in answer.text
    assert f'value="{EMAIL}"' in answer.text
    assert not is_in(browser)


def test_an_unknown_address_gets_the_same_answer(desk: Desk) -> None:
    def told(email: str) -> str:
        page = desk.browser().sign_in(email, "not the password").text
        return page.split('role="alert"')[1].split("</div>")[0]

    assert told("nobody@shop.example") == told(EMAIL)


def test_after_five_wrong_tries_the_right_password_has_to_wait(desk: Desk) -> None:
    browser = desk.browser()
    for _ in range(5):
        browser.sign_in(EMAIL, "not the password")
    assert browser.sign_in(EMAIL).status_code == 401


def test_nothing_of_the_session_before_survives_signing_in(desk: Desk) -> None:
    browser = desk.browser()
    with browser.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    before = browser.token()
    assert browser.sign_in(EMAIL).status_code == 303
    with browser.client.session_transaction() as session:
        assert "planted" not in session
        assert "csrf_token" not in session
    refused = browser.client.post("/sign-out", data={"csrf_token": before})
    assert refused.status_code == 400


def test_changing_the_salt_signs_a_person_out_everywhere(desk: Desk) -> None:
    browser = desk.browser()
    browser.sign_in(EMAIL)
    change_user(desk, lambda user: setattr(user, "session_salt", "another"))
    assert not is_in(browser)


def test_a_disabled_person_is_out_at_once(desk: Desk) -> None:
    browser = desk.browser()
    browser.sign_in(EMAIL)
    change_user(desk, lambda user: setattr(user, "disabled_at", datetime.now(UTC)))
    assert not is_in(browser)


@pytest.mark.parametrize(
    ("idle", "still_in"), [(timedelta(hours=13), False), (timedelta(hours=11), True)]
)
def test_twelve_idle_hours_end_a_session(desk: Desk, idle: timedelta, still_in: bool) -> None:
    browser = desk.browser()
    browser.sign_in(EMAIL)
    with browser.client.session_transaction() as session:
        session["seen"] = int((datetime.now(UTC) - idle).timestamp())
    assert is_in(browser) is still_in
    assert is_in(browser) is still_in


def test_a_session_that_was_tampered_with_is_nobody(desk: Desk) -> None:
    browser = desk.browser()
    with browser.client.session_transaction() as session:
        session.update(user="1", salt=7, seen="now")
    assert not is_in(browser)


def test_a_sign_in_without_its_token_is_refused_in_words(desk: Desk) -> None:
    browser = desk.browser()
    answer = browser.client.post("/sign-in", data={"email": EMAIL, "password": "x"})
    assert answer.status_code == 400
    assert "open for too long" in answer.text
    assert not is_in(browser)


def test_signing_out_ends_the_session(desk: Desk) -> None:
    browser = desk.browser()
    browser.sign_in(EMAIL)
    assert browser.post("/sign-out").location == "/sign-in"
    assert not is_in(browser)


def test_who_is_in_already_goes_straight_on(desk: Desk) -> None:
    browser = desk.browser()
    browser.sign_in(EMAIL)
    assert browser.get("/sign-in?next=/returns").location == "/returns"


def test_a_form_sent_after_the_session_ended_leads_back_to_its_return(desk: Desk) -> None:
    browser = desk.browser()
    answer = browser.post("/returns/R-1/cancel")
    assert answer.location == "/sign-in?next=/returns/R-1"
    assert "send the form again" in browser.get(answer.location).text
    assert desk.gateway.calls == []


def test_demo_sign_ins_are_shown_only_where_the_demo_left_them(desk: Desk, tmp_path: Path) -> None:
    assert "This is a demo" not in desk.browser().get("/sign-in").text
    account = {"email": "demo@shop.example", "password": "demo-password", "role": "warehouse"}
    (tmp_path / "demo.json").write_text(json.dumps([account]))
    page = desk.browser().get("/sign-in").text
    assert "demo@shop.example" in page
    assert "demo-password" in page
    assert "Warehouse" in page


@pytest.mark.parametrize("broken", ["", "{}", "[1]", '[{"email": "a"}]', "null"])
def test_a_broken_demo_file_hurts_nobody(desk: Desk, tmp_path: Path, broken: str) -> None:
    (tmp_path / "demo.json").write_text(broken)
    assert desk.browser().get("/sign-in").status_code == 200
