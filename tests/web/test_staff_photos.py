"""Photos on the page of a return and in the inspection's form."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from models.messages import ReturnStatus
from models.tables import Photo
from tests.conftest import MakeDatabase
from tests.web.staff_app import Browser, Desk
from tests.web.staff_rows import Item, add_return
from web.access import Role
from web.requests import Conflict


@pytest.fixture
def desk(make_database: MakeDatabase, tmp_path: Path) -> Desk:
    return Desk(make_database("sqlite"), tmp_path)


@pytest.fixture
def rma(desk: Desk) -> str:
    with desk.database.write() as session:
        items = [Item(name="Linen shirt", approved=1, received=1)]
        return add_return(session, 1, ReturnStatus.RECEIVED, items).rma


def file(data: bytes | None = None) -> tuple[io.BytesIO, str]:
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(made, "PNG")
    return io.BytesIO(made.getvalue() if data is None else data), "IMG_1.png"


def send(browser: Browser, path: str, **form: Any) -> Any:
    return browser.client.post(path, data={**form, "csrf_token": browser.token()})


def kept(desk: Desk) -> list[tuple[str, str | None]]:
    with desk.database.read() as session:
        return [(row.kind, row.line) for row in session.scalars(select(Photo))]


def test_a_photo_is_added_and_shown(desk: Desk, rma: str) -> None:
    browser = desk.browser(Role.WAREHOUSE)
    answer = send(browser, f"/returns/{rma}/photos", photo=file(), kind="receipt", line="1")
    assert answer.location == f"/returns/{rma}"
    page = browser.get(answer.location).text
    assert 'alt="Photo: At the dock, Linen shirt"' in page
    assert "Photo added, at the dock: Linen shirt" in page
    with desk.database.read() as session:
        photo = session.scalars(select(Photo.id)).one()
    assert f'href="/returns/{rma}/photos/{photo}"' in page
    assert f'src="/returns/{rma}/photos/{photo}/preview"' in page
    small = browser.get(f"/returns/{rma}/photos/{photo}/preview")
    assert (small.status_code, small.content_type) == (200, "image/jpeg")
    assert browser.get(f"/returns/{rma}/photos/x/preview").status_code == 404
    with desk.database.write() as session:
        session.get_one(Photo, photo).preview = None
    assert browser.get(f"/returns/{rma}/photos/{photo}/preview").data == small.data
    picture = desk.browser(Role.VIEWER, email="v@shop.example").get(
        f"/returns/{rma}/photos/{photo}"
    )
    assert picture.content_type == "image/jpeg"
    assert picture.headers["Cache-Control"].startswith("private")
    assert browser.get(f"/returns/{rma}/photos/x").status_code == 404


def test_a_form_sent_twice_adds_one_photo(desk: Desk, rma: str) -> None:
    browser = desk.browser(Role.AGENT)
    call = "0b7c8a54-6f0e-4a5e-9d8e-3a8a5a4d2f10"
    for _ in range(2):
        send(browser, f"/returns/{rma}/photos", photo=file(), kind="request", call=call)
    assert kept(desk) == [("request", None)]


def test_what_is_no_photo_and_who_may_not_is_told(desk: Desk, rma: str) -> None:
    browser = desk.browser(Role.WAREHOUSE)
    wrong = send(browser, f"/returns/{rma}/photos", photo=file(b"%PDF"), kind="receipt")
    assert (wrong.status_code, "no JPEG, PNG or WebP" in wrong.text) == (422, True)
    viewer = desk.browser(Role.VIEWER)
    assert "Add a photo" not in viewer.get(f"/returns/{rma}").text
    refused = send(viewer, f"/returns/{rma}/photos", photo=file(), kind="receipt")
    assert refused.status_code == 403
    assert kept(desk) == []


INSPECTED = {
    "line-0": "1",
    "quantity-0": "1",
    "grade-0": "C",
    "disposition-0": "destroy",
    "verdict-0": "accept",
}


def test_an_inspection_takes_photos_of_its_lines_along(desk: Desk, rma: str) -> None:
    browser = desk.browser(Role.WAREHOUSE)
    form = {**INSPECTED, "photo-0": file(), "photo-1": (io.BytesIO(), "")}
    assert send(browser, f"/returns/{rma}/inspection", **form).status_code == 303
    assert kept(desk) == [("inspection", "1")]


def test_an_inspection_that_is_refused_or_has_a_wrong_file_keeps_no_photo(
    desk: Desk, rma: str
) -> None:
    browser = desk.browser(Role.WAREHOUSE)
    wrong = send(browser, f"/returns/{rma}/inspection", **INSPECTED, **{"photo-0": file(b"x")})
    assert wrong.status_code == 422
    assert desk.gateway.calls == []
    desk.gateway.error = Conflict("It has ended.")
    send(browser, f"/returns/{rma}/inspection", **INSPECTED, **{"photo-0": file()})
    assert kept(desk) == []
