"""Photos through the API: sent as a form, listed, served."""

import io
from typing import Any

import pytest
from PIL import Image

from models.messages import EventKind, ReturnStatus
from models.store.photos import MOST_PHOTOS
from tests.web.api_app import Api, pointers, problem
from tests.web.staff_rows import add_return


def png(colour: str = "red") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(made, "PNG")
    return made.getvalue()


def send(
    api: Api, rma: str, data: bytes | None = None, *, key: str | None = None, **fields: str
) -> Any:
    form: dict[str, Any] = {"photo": (io.BytesIO(data or png()), "IMG_1.png"), **fields}
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.call("POST", f"/returns/{rma}/photos", data=form, headers=headers)


@pytest.fixture
def rma(api: Api) -> str:
    with api.database.write() as session:
        return add_return(session, 1, ReturnStatus.RECEIVED).rma


def test_a_photo_is_kept_listed_told_and_served(api: Api, rma: str) -> None:
    answer = send(api, rma, kind="inspection", line="1")
    assert answer.status_code == 201, answer.text
    body = answer.get_json()
    assert (body["kind"], body["line"], body["width"], body["height"]) == (
        "inspection",
        "1",
        40,
        30,
    )
    assert answer.headers["Location"] == body["links"]["self"]
    assert api.get(f"/returns/{rma}/photos").get_json() == {"data": [body]}
    served = api.get(f"/returns/{rma}/photos/{body['id']}")
    assert served.content_type == "image/jpeg"
    assert len(served.data) == body["size"]
    assert Image.open(io.BytesIO(served.data)).format == "JPEG"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Content-Disposition"].startswith("inline")
    assert served.headers["Cache-Control"].startswith("private")
    *_, event = api.get(f"/returns/{rma}/events").get_json()["data"]
    assert event["kind"] == EventKind.PHOTO_ADDED
    assert event["data"] == {"photo": body["id"], "kind": "inspection", "line": "1"}
    assert event["text"] == "Photo added, in the inspection: Linen shirt"


def test_repeating_a_call_with_its_key_keeps_one_photo(api: Api, rma: str) -> None:
    first = send(api, rma, key="photo-1")
    again = send(api, rma, key="photo-1")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.get_json() == first.get_json()
    assert len(api.get(f"/returns/{rma}/photos").get_json()["data"]) == 1
    other = send(api, rma, png("blue"), key="photo-1")
    assert problem(other, 422)["code"] == "idempotency_key_reused"


def test_a_return_has_so_many_photos_and_no_more(sqlite_api: Api) -> None:
    with sqlite_api.database.write() as session:
        rma = add_return(session, 1, ReturnStatus.CLOSED).rma
    for _ in range(MOST_PHOTOS):
        assert send(sqlite_api, rma).status_code == 201
    assert pointers(send(sqlite_api, rma)) == {"/photo": "too_many_photos"}


def test_what_is_no_photo_is_refused(api: Api, rma: str) -> None:
    assert pointers(send(api, rma, b"GIF89a...")) == {"/photo": "photo"}
    assert pointers(send(api, rma, line="9")) == {"/line": "unknown_line"}
    assert pointers(send(api, rma, kind="selfie")) == {"/kind": "choice"}
    assert pointers(send(api, rma, colour="red")) == {"/colour": "unknown_field"}
    assert pointers(api.call("POST", f"/returns/{rma}/photos")) == {"/photo": "photo"}
    assert pointers(api.post(f"/returns/{rma}/photos", {"photo": "x"})) == {"/photo": "photo"}
    problem(send(api, "R-1"), 404)
    problem(api.get("/returns/R-1/photos"), 404)
    problem(api.get(f"/returns/{rma}/photos/x"), 404)
    assert api.get(f"/returns/{rma}/photos").get_json() == {"data": []}


def test_a_photo_of_another_return_is_not_shown(api: Api, rma: str) -> None:
    with api.database.write() as session:
        other = add_return(session, 2, ReturnStatus.RECEIVED).rma
    photo = send(api, rma).get_json()["id"]
    problem(api.get(f"/returns/{other}/photos/{photo}"), 404)


def send_raw(api: Api, rma: str, data: bytes) -> Any:
    """As one piece: the test client leaves its own temporary files open."""
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
    return api.call(
        "POST",
        f"/returns/{rma}/photos",
        data=head + data + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
    )


def test_a_photo_may_be_larger_than_other_bodies_but_not_endless(sqlite_api: Api) -> None:
    with sqlite_api.database.write() as session:
        rma = add_return(session, 1, ReturnStatus.RECEIVED).rma
    large = send_raw(sqlite_api, rma, png() + b"\0" * 5_000_000)
    assert large.status_code == 201
    too_large = send_raw(sqlite_api, rma, png() + b"\0" * (10 * 1024 * 1024))
    assert "at most 10 MB" in problem(too_large, 422)["detail"]
    endless = problem(send_raw(sqlite_api, rma, b"\0" * 13_000_000), 413)
    assert "12 MB" in endless["detail"]
