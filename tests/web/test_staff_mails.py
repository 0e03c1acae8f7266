"""Reading a mail as it was sent, without trusting what stands in it."""

from pathlib import Path

import pytest

from models.messages import ReturnStatus
from tests.conftest import MakeDatabase
from tests.web.staff_app import Desk
from tests.web.staff_history import add_mail
from tests.web.staff_rows import add_return
from web.access import Role

HTML = "<html><body><p>Hello Ada</p><script>steal()</script></body></html>"


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    made = Desk(make_database("sqlite"), tmp_path)
    with made.database.write() as session:
        row = add_return(session, 1, ReturnStatus.APPROVED)
        mail = add_mail(session, row, "approved", "Your return is <b>approved</b>", HTML)
        made.rma, made.key = row.rma, mail.key  # type: ignore[attr-defined]
        add_return(session, 2, ReturnStatus.APPROVED)
    return made


def paths(desk: Desk) -> tuple[str, str]:
    rma, key = desk.rma, desk.key  # type: ignore[attr-defined]
    return f"/returns/{rma}/mails/{key}", f"/returns/{rma}/mail-bodies/{key}"


def test_the_mail_shows_its_head_and_both_its_bodies(desk: Desk) -> None:
    page, body = paths(desk)
    text = desk.browser(Role.VIEWER).get(page).text
    assert "Your return is &lt;b&gt;approved&lt;/b&gt;" in text
    assert "To ada@customer.example" in text
    assert "your return is approved." in text
    assert f'<iframe class="mail-frame" sandbox src="{body}"' in text
    assert "steal()" not in text


def test_the_body_can_run_nothing_and_load_nothing(desk: Desk) -> None:
    answer = desk.browser(Role.VIEWER).get(paths(desk)[1])
    assert answer.text == HTML
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy.split("; ")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy


def test_the_timeline_links_the_mail(desk: Desk) -> None:
    page, _ = paths(desk)
    text = desk.browser(Role.VIEWER).get(page.split("/mails/")[0]).text
    assert text.count(f'href="{page}"') == 2


def test_a_mail_of_another_return_is_not_found(desk: Desk) -> None:
    browser = desk.browser(Role.VIEWER)
    for path in paths(desk):
        head, _, tail = path.partition("/mail")
        assert browser.get(f"/returns/R-0000-0000/mail{tail}").status_code == 404
        assert browser.get(f"{head}/mails/none").status_code == 404
