"""The page of the policy: who sees it, who changes it, and what a wrong document says."""

from pathlib import Path

import pytest

from models.rules.policy import Policy
from models.store.policies import current_policy
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk
from web.access import Role


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


@pytest.fixture
def manager(desk: Desk) -> Browser:
    return desk.browser(Role.MANAGER)


def in_force(desk: Desk) -> Policy:
    with desk.database.read() as session:
        return current_policy(session)


def draft(text: str, basis: int = 1) -> dict[str, str]:
    return {"policy": text, "basis": str(basis)}


def test_everybody_reads_it_and_managers_change_it(desk: Desk) -> None:
    viewer = desk.browser(Role.VIEWER)
    page = viewer.get("/policy").text
    assert "auto_approve_up_to: 0" in page
    assert "readonly" in page
    assert "Put in force" not in page
    for path in ("/policy", "/policy/check"):
        assert viewer.post(path, draft("auto_approve_up_to: 1")).status_code == 403
    assert in_force(desk) == Policy()
    page = desk.browser(Role.MANAGER).get("/policy").text
    assert "Put in force" in page
    assert "readonly" not in page


def test_a_draft_is_checked_without_changing_anything(desk: Desk, manager: Browser) -> None:
    answer = manager.post("/policy/check", draft("auto_approve_up_to: 5000 # mine"))
    assert answer.status_code == 200
    assert "This can be put in force. It changes" in answer.text
    assert "+auto_approve_up_to: 5000" in answer.text
    assert "# mine" in answer.text
    assert in_force(desk) == Policy()
    same = manager.post("/policy/check", draft("auto_approve_up_to: 0"))
    assert "says the same as version 1" in same.text


@pytest.mark.parametrize("path", ["/policy", "/policy/check"])
def test_a_wrong_draft_comes_back_with_its_lines(desk: Desk, manager: Browser, path: str) -> None:
    answer = manager.post(path, draft("window:\r\n  days: <b>\r\nrules: 3"))
    assert answer.status_code == 422
    assert "Line 2 (/window/days): days must be a whole number" in answer.text
    assert "Line 3 (/rules)" in answer.text
    assert "2 things are not right yet" in answer.text
    assert "&lt;b&gt;" in answer.text
    assert in_force(desk) == Policy()


def test_a_policy_is_put_in_force_and_kept_as_a_version(desk: Desk, manager: Browser) -> None:
    assert manager.post("/policy", draft("auto_approve_up_to: 5000")).location == "/policy"
    assert in_force(desk) == Policy(version=2, auto_approve_up_to=5000)
    page = manager.get("/policy").text
    assert "Version 2 is in force. Returns keep" in page
    assert "The beginning" in page
    version = manager.get("/policy/versions/2").text
    assert "+auto_approve_up_to: 5000" in version
    assert "What a shop begins with" in manager.get("/policy/versions/1").text
    assert manager.get("/policy/versions/3").status_code == 404
    manager.post("/policy", draft("auto_approve_up_to: 5000", basis=2))
    assert "Nothing changes: version 2" in manager.get("/policy").text


def test_what_somebody_else_changed_meanwhile_is_not_lost(desk: Desk, manager: Browser) -> None:
    manager.post("/policy", draft("auto_approve_up_to: 5000"))
    answer = manager.post("/policy", draft("auto_approve_up_to: 700"))
    assert answer.status_code == 409
    assert "Somebody put version 2 in force" in answer.text
    assert "auto_approve_up_to: 700" in answer.text
    assert 'name="basis" value="2"' in answer.text
    assert in_force(desk).auto_approve_up_to == 5000
