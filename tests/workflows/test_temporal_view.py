"""What Temporal holds of a return: enough for ops to see where it is, and nothing personal."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.common import SearchAttributePair

from models.messages import (
    CarrierStatus,
    CountedLine,
    DecisionKind,
    Disposition,
    Grade,
    Reason,
    ReturnStatus,
    TaskKind,
)
from models.tables import Customer, Message, Note, Refund, Return, ReturnLine, Scan
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import accept, on_sqlite, until_failed
from tests.workflows.world import AGENT, SECOND, World, new_order_number
from web.requests import (
    Contact,
    DecisionRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineDecisionRequest,
    LineRequest,
    ReceiptRequest,
    ReturnRequest,
    ScanRequest,
    UnexpectedRequest,
)
from workflows import search_attributes

pytestmark = on_sqlite

TIMERS_AND_ACTIVITIES = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    # How local activities are recorded.
    EventType.EVENT_TYPE_MARKER_RECORDED,
}


async def events(world: World, rma: str) -> list[HistoryEvent]:
    return list((await world.handle(rma).fetch_history()).events)


async def current_details(world: World, rma: str) -> str:
    metadata: WorkflowMetadata = await world.handle(rma).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return metadata.current_details


async def everything(world: World, rma: str) -> bytes:
    """All that Temporal holds of a return, as bytes; payloads are plain JSON in them."""
    description = await world.handle(rma).describe()
    parts = [
        *(event.SerializeToString() for event in await events(world, rma)),
        description.raw_description.SerializeToString(),
        (await current_details(world, rma)).encode(),
    ]
    return b"\n".join(parts)


# --- for ops -----------------------------------------------------------------------------------


async def test_an_open_return_is_found_by_typed_search_attributes(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    rma = await world.request(number)
    description = await world.handle(rma).describe()
    wanted: list[SearchAttributePair[Any]] = [
        SearchAttributePair(search_attributes.RMA, rma),
        SearchAttributePair(search_attributes.STATUS, "requested"),
        SearchAttributePair(search_attributes.ORDER, number),
        SearchAttributePair(search_attributes.RESOLUTION, "refund"),
        SearchAttributePair(search_attributes.NEEDS_ATTENTION, False),
    ]
    held = description.typed_search_attributes.search_attributes
    assert [pair for pair in wanted if pair not in held] == []
    assert await description.static_summary() == f"Return {rma} of order {number}"
    assert await description.static_details() == (
        f"Order {number}, return\n- line 1: 1, too_small, refund"
    )


async def test_a_return_that_needs_attention_is_found_by_it(world: World) -> None:
    rma = await accept(world, new_payment("decline"))
    await until_failed(world, rma)

    async def found() -> list[str]:
        query = f"RedressNeedsAttention = true AND RedressRma = '{rma}'"
        return [each.id async for each in world.env.client.list_workflows(query)]

    async with asyncio.timeout(10):
        while not await found():
            """Temporal's list is a moment behind."""
    assert await found() == [f"return/{rma}"]
    description = await world.handle(rma).describe()
    status = description.typed_search_attributes[search_attributes.STATUS]
    assert status == ReturnStatus.NEEDS_ATTENTION
    details = await current_details(world, rma)
    assert details.startswith("**needs_attention**\n- line 1: 1 requested")
    assert details.endswith("Waits for:\n- a person: refund_failed")


async def test_current_details_say_what_a_return_waits_for(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    details = (await current_details(world, rma)).splitlines()
    assert details[:2] == [
        "**awaiting_parcel**",
        "- line 1: 1 requested, 1 approved, 0 received, 0 accepted, 0 refunded",
    ]
    assert [line.partition(":")[0] for line in details[3:]] == [
        "Waits for",
        "- parcel",
        "- reminder",
    ]
    await world.receive(rma)
    await world.until_true(lambda: TaskKind.INSPECT in world.open_tasks(rma))
    details = (await current_details(world, rma)).splitlines()
    assert details[0] == "**received**"
    assert [line.partition(":")[0] for line in details[3:]] == [
        "Waits for",
        "- a person",
        "- inspection",
    ]


async def test_every_activity_and_timer_says_what_it_is_for(world: World) -> None:
    rma = await accept(world, new_payment("decline"))
    await until_failed(world, rma)
    scheduled = [
        each for each in await events(world, rma) if each.event_type in TIMERS_AND_ACTIVITIES
    ]
    said = [each.user_metadata.summary.data.decode().strip('"') for each in scheduled]
    assert all(said)
    assert {
        "Judge the request and record the return",
        "Make the return label",
        "Mail: approved",
        "Record: received",
        "Grant what is due for accepted units: 1",
        f"Pay refund {rma}-1",
        "Deadline: reminder",
        "Deadline: inspection",
    } <= set(said)


# --- nothing personal ----------------------------------------------------------------------------

MARKERS = {
    what: f"Zq{what}Marker"
    for what in (
        *("Name", "Street", "Contact", "Comment", "Override", "Decision", "LineDecision"),
        *("Scan", "Unexpected", "Inspection", "Manual", "Reference", "Completion", "Cancellation"),
    )
}


def requested_by(number: str) -> ReturnRequest:
    return ReturnRequest(
        order=number,
        lines=[
            LineRequest(line=line, quantity=1, reason=Reason.OTHER, comment=MARKERS["Comment"])
            for line in ("1", "2")
        ],
        contact=Contact(name=MARKERS["Contact"], email=f"{MARKERS['Contact']}@example.com"),
        override_reason=MARKERS["Override"],
    )


async def test_no_name_no_address_and_no_free_text_reaches_temporal(world: World) -> None:
    payment, number = new_payment("decline"), new_order_number()
    world.put_order(
        number,
        reference=payment,
        quantities=(2, 2),
        email=f"{MARKERS['Street']}@example.com",
        name=MARKERS["Name"],
    )
    asked = requested_by(number)
    rma = (await world.call(world.gateway.request_return, asked, AGENT)).rma
    decision = DecisionRequest(
        decision=DecisionKind.APPROVE,
        note=MARKERS["Decision"],
        lines=[
            LineDecisionRequest(
                line="1", decision=DecisionKind.APPROVE, note=MARKERS["LineDecision"]
            )
        ],
    )
    await world.call(world.gateway.decide, rma, decision, AGENT)
    scanned = ScanRequest(
        event_id="s-1",
        status=CarrierStatus.EXCEPTION,
        at=datetime.now(UTC),
        detail=MARKERS["Scan"],
    )
    await world.call(world.gateway.scan, rma, scanned, AGENT)
    received = ReceiptRequest(
        lines=[CountedLine(line="1", quantity=1), CountedLine(line="2", quantity=1)],
        unexpected=[UnexpectedRequest(sku="HAT", quantity=1, note=MARKERS["Unexpected"])],
    )
    await world.call(world.gateway.receive, rma, received, AGENT)
    inspected = InspectionRequest(
        lines=[
            InspectionLineRequest(
                line=line,
                quantity=1,
                grade=Grade.C,
                disposition=Disposition.DONATE,
                accepted=line == "1",
                note=MARKERS["Inspection"],
            )
            for line in ("1", "2")
        ]
    )
    await world.call(world.gateway.inspect, rma, inspected, AGENT)
    await until_failed(world, rma)
    await world.call(
        world.gateway.resolve_manually,
        rma,
        f"{rma}-1",
        "paid_by_hand",
        MARKERS["Reference"],
        MARKERS["Manual"],
        AGENT,
    )
    task = world.open_tasks(rma)[TaskKind.SEND_BACK]
    await world.call(world.gateway.complete_task, task, MARKERS["Completion"], SECOND)
    other = (await world.call(world.gateway.request_return, asked, AGENT)).rma
    await world.call(world.gateway.cancel, other, MARKERS["Cancellation"], AGENT)
    await world.until_true(lambda: "refunded" in world.mails(rma))
    held = await everything(world, rma) + await everything(world, other)
    for expected in (rma, number, "HAT", "paid_by_hand", "decline"):
        assert expected.encode() in held, "the search itself must find what is there"
    assert [marker for marker in MARKERS.values() if marker.encode() in held] == []
    assert kept_here(world) >= set(MARKERS.values())


def kept_here(world: World) -> set[str]:
    """Which markers our own database holds, so that none was simply lost on the way."""
    with world.database.read() as session:
        texts = [
            *session.scalars(select(Note.body)),
            *session.scalars(select(Scan.detail)),
            *session.scalars(select(Refund.paid_reference)),
            *session.scalars(select(ReturnLine.comment)),
            *session.scalars(select(Message.text)),
            *session.scalars(select(Message.recipient)),
        ]
        columns = (Return.contact_name, Return.contact_email, Return.override_reason)
        texts += [text for row in session.execute(select(*columns)) for text in row]
        texts += [
            text for row in session.execute(select(Customer.name, Customer.email)) for text in row
        ]
    return {marker for marker in MARKERS.values() if any(marker in str(text) for text in texts)}
