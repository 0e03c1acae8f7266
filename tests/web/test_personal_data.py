"""A copy of all that is held about a person, and its erasure; nothing is left in any table."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.database import Database
from models.messages import EventKind, ReturnKind, ReturnStatus
from models.outbox import mail_file
from models.store import webhooks
from models.tables import (
    Base,
    IdempotencyKey,
    JournalEntry,
    Label,
    Message,
    Note,
    Order,
    OutgoingEvent,
    Parcel,
    ParcelItem,
    Photo,
    Return,
    Scan,
    Submission,
    Task,
)
from tests.web.api_app import Api, problem
from tests.web.staff_rows import NOW, Item, add_event, add_return

# Stands in every name, address, mail, comment and note of hers.
SECRET = "Zephyrine"
OTHER = "Balthasar"


def add_person(
    database: Database,
    number: int,
    word: str,
    status: ReturnStatus = ReturnStatus.CLOSED,
    kind: ReturnKind = ReturnKind.RETURN,
) -> str:
    """A customer `c-<number>` with one return, and all that may tell of them."""
    with database.write() as session:
        row = add_return(
            session,
            number,
            status,
            [Item(comment=f"{word} said so")],
            customer=word,
            email=f"{word}@example.com".lower(),
            kind=kind,
            contact_name=f"{word} at work",
            contact_email=f"work-{word}@example.com".lower(),
            override_reason=f"{word} is ill",
        )
        add_event(session, row, EventKind.APPROVED, "user:1", note=f"Called {word}", decision="x")
        rma = row.rma
        row.sender_address = {"line1": f"{word} Lane", "city": "York", "country": "GB"}
        order = session.get_one(Order, row.order_number)
        order.shipping_address = {"name": word, "line1": "1 Way", "city": "York", "country": "GB"}
        session.add(
            Message(
                key=f"{rma}/received+1",
                rma=rma,
                template="received",
                recipient=f"{word}@example.com".lower(),
                subject=f"Dear {word}",
                text=f"Dear {word}",
                html=f"<p>Dear {word}</p>",
                transport="outbox",
                sent_at=NOW,
            )
        )
        session.add(
            Photo(
                id=f"photo-{number}",
                rma=rma,
                line=None,
                kind="request",
                actor="customer",
                width=1,
                height=1,
                size=1,
                jpeg=word.encode(),
                created_at=NOW,
            )
        )
        session.add(
            Label(
                key=f"label-{number}",
                rma=rma,
                carrier="sandbox",
                tracking=f"SBX{number}",
                pdf=word.encode(),
                created_at=NOW,
            )
        )
        session.add(
            Scan(rma=rma, event="e-1", status="delivered", at=NOW, detail=f"Left with {word}")
        )
        session.add(
            Parcel(
                id=f"parcel-{number}",
                status="matched",
                name=word,
                note=f"From {word}",
                actor="user:1",
                created_at=NOW,
                items=[
                    ParcelItem(no=1, sku="SHIRT", quantity=1, note=f"{word}'s", rma=rma, line="1")
                ],
            )
        )
        said = f"note-{number}"
        session.add(Note(id=said, rma="", actor="user:1", body=f"{word} lies", created_at=NOW))
        session.flush()
        session.add(
            Task(
                id=f"task-{number}",
                order_number=row.order_number,
                kind="dispute",
                status="done",
                opened_at=NOW,
                note_id=said,
            )
        )
        session.add(
            IdempotencyKey(
                caller="service:shop",
                key=f"k-{number}",
                request_hash="x",
                rma=rma,
                status=201,
                headers={"Content-Type": "application/json"},
                body=json.dumps({"rma": rma, "comment": word}),
                created_at=NOW,
                locked_until=NOW,
            )
        )
    with database.write() as session:
        event = session.scalars(select(OutgoingEvent).where(OutgoingEvent.rma == rma)).first()
        assert event is not None
        endpoint = webhooks.add_endpoint(
            session, url="https://x.example", description="", types=[], actor="user:1", at=NOW
        )
        sent = webhooks.new_delivery(endpoint.id, event, NOW)
        sent.response_status, sent.response_body = 200, f"Thanks, {word} is one of ours"
        session.add(sent)
    return rma


def everything(database: Database) -> str:
    """All that stands in the database."""
    with database.read() as session:
        rows = [
            [bytes(value) if isinstance(value, memoryview) else value for value in row]
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        ]
    return str(rows).lower()


def erase(api: Api, name: str) -> Any:
    return api.call("DELETE", f"/customers/{name}/personal-data")


def test_nothing_that_tells_of_a_person_is_left_and_others_keep_theirs(api: Api) -> None:
    rma, other = add_person(api.database, 1, SECRET), add_person(api.database, 2, OTHER)
    before = everything(api.database)
    assert before.count(SECRET.lower()) >= 18
    mails = api.settings.data_dir / "mail"
    mails.mkdir()
    files = [mail_file(mails, f"{each}/received+1") for each in (rma, other)]
    for file in files:
        file.write_text("Dear somebody")
    answer = erase(api, "c-1")
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert (told["customer"], told["orders"], told["returns"]) == ("c-1", ["10001"], [rma])
    assert told["erased_by"] == f"service:{api.key.split('_')[1]}"
    after = everything(api.database)
    assert SECRET.lower() not in after
    assert after.count(OTHER.lower()) == before.count(OTHER.lower())
    assert [file.exists() for file in files] == [False, True]
    kept = api.get(f"/returns/{rma}").get_json()
    assert kept["quote"]["total"] == 4725 + 945
    assert kept["lines"][0]["comment"] == "(erased)"
    problem(api.get(f"/returns/{rma}/label.pdf"), 404)
    again = erase(api, "c-1")
    assert again.status_code == 200
    erasures = api.get("/customers/c-1/export").get_json()["erasures"]
    assert [row["actor"] for row in erasures] == [told["erased_by"]] * 2


def test_no_file_of_the_database_tells_of_them_either(sqlite_api: Api) -> None:
    add_person(sqlite_api.database, 1, SECRET)
    files = [Path(f"{sqlite_api.database.url.database}{end}") for end in ("", "-wal")]
    found = [SECRET.encode() in file.read_bytes() for file in files]
    assert any(found)
    assert erase(sqlite_api, "c-1").status_code == 200
    assert not any(SECRET.encode() in file.read_bytes() for file in files)


@pytest.mark.parametrize(
    "status", [ReturnStatus.REQUESTED, ReturnStatus.IN_TRANSIT, ReturnStatus.NEEDS_ATTENTION]
)
def test_while_a_return_is_open_nothing_is_erased(api: Api, status: ReturnStatus) -> None:
    rma = add_person(api.database, 1, SECRET, status)
    before = everything(api.database)
    refused = problem(erase(api, "c-1"), 409)
    assert refused["code"] == "open_returns"
    assert rma in refused["detail"]
    assert everything(api.database).count(SECRET.lower()) == before.count(SECRET.lower())


def test_a_request_that_is_not_recorded_yet_is_open_too(api: Api) -> None:
    add_person(api.database, 1, SECRET)
    with api.database.write() as session:
        session.add(
            Submission(rma="R-NEW", order_number="10001", actor="customer", created_at=NOW, body={})
        )
    assert "R-NEW" in problem(erase(api, "c-1"), 409)["detail"]


def test_the_export_holds_all_of_it_and_nothing_of_others(api: Api) -> None:
    rma = add_person(api.database, 1, SECRET)
    add_person(api.database, 2, OTHER)
    answer = api.get("/customers/c-1/export")
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert found["person"][0]["email"] == f"{SECRET}@example.com".lower()
    [order], [returned] = found["orders"], found["returns"]
    assert order["number"] == "10001"
    assert order["payments"][0]["reference"] == "sbx_ok_1"
    assert (returned["rma"], returned["lines"][0]["comment"]) == (rma, f"{SECRET} said so")
    assert order["notes"][0]["body"] == f"{SECRET} lies"
    assert returned["notes"][0]["body"] == f"Called {SECRET}"
    assert returned["mails"][0]["subject"] == f"Dear {SECRET}"
    assert returned["scans"][0]["detail"] == f"Left with {SECRET}"
    picture = returned["photos"][0]["address"].partition("/api/v1")[2]
    assert api.get(picture).data == SECRET.encode()
    assert found["parcels"][0]["name"] == SECRET
    assert OTHER not in answer.text


def test_a_gifts_return_is_not_its_buyers_to_read_and_is_erased_with_either(api: Api) -> None:
    rma = add_person(api.database, 1, SECRET, kind=ReturnKind.GIFT)
    assert api.get("/customers/c-1/export").get_json()["returns"] == []
    theirs = api.get(f"/customers/return:{rma}/export")
    [returned] = theirs.get_json()["returns"]
    assert returned["contact_name"] == f"{SECRET} at work"
    assert not {"quote", "quote_total", "refunds"} & set(returned)
    assert theirs.get_json()["orders"] == []
    assert erase(api, f"return:{rma}").status_code == 200
    left = everything(api.database)
    # The buyer, who is somebody else, is still known: by address, name, where the order went and
    # what was said of its dispute.
    assert left.count(SECRET.lower()) == 4
    assert erase(api, "c-1").status_code == 200
    assert SECRET.lower() not in everything(api.database)


def test_a_guest_is_named_by_their_order_and_somebody_with_an_id_is_not(api: Api) -> None:
    add_person(api.database, 1, SECRET)
    problem(erase(api, "order:10001"), 404)
    with api.database.write() as session:
        row = session.scalars(select(Return)).one()
        assert row.order.customer is not None
        row.order.customer.external_id = None
    assert api.get("/customers/order:10001/export").get_json()["orders"][0]["number"] == "10001"
    assert erase(api, "order:10001").status_code == 200
    assert SECRET.lower() not in everything(api.database)


def test_an_erased_answer_is_not_given_again_and_not_carried_out_again(api: Api) -> None:
    add_person(api.database, 1, SECRET)
    caller = f"service:{api.key.split('_')[1]}"
    body = {"order": "10001", "lines": [{"line": "1", "quantity": 1, "reason": "too_small"}]}
    headers = {"Idempotency-Key": "mine"}
    api.post("/returns", body, headers=headers)
    with api.database.write() as session:
        row = session.get_one(IdempotencyKey, (caller, "mine"))
        row.rma = session.scalars(select(Return.rma)).one()
        row.created_at -= timedelta(days=1)
    calls = len(api.gateway.calls)
    assert erase(api, "c-1").status_code == 200
    assert problem_of_the_past(api.post("/returns", body, headers=headers)) == "erased"
    assert len(api.gateway.calls) == calls


def problem_of_the_past(answer: Any) -> str:
    assert answer.status_code == 410
    assert answer.content_type == "application/problem+json"
    return str(answer.get_json()["code"])


def test_the_books_stay_as_they_were(api: Api) -> None:
    add_person(api.database, 1, SECRET)

    def books() -> list[Any]:
        with api.database.read() as session:
            return [*session.execute(select(JournalEntry.__table__))]

    before = books()
    assert erase(api, "c-1").status_code == 200
    assert books() == before


@pytest.mark.parametrize("name", ["nobody", "order:nothing", "return:R-0", "order:", "a/b"])
def test_nobody_is_not_found(api: Api, name: str) -> None:
    problem(erase(api, name), 404)
    problem(api.get(f"/customers/{name}/export"), 404)


def test_only_who_may_sees_and_erases(sqlite_api: Api) -> None:
    key = sqlite_api.make_key(["read", "policy"])
    problem(sqlite_api.get("/customers/c-1/export", key=key), 403)
    problem(sqlite_api.call("DELETE", "/customers/c-1/personal-data", key=key), 403)
