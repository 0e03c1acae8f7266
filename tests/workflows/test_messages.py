"""How messages reach a return: an Update and its Signal count once, and stored ones still load."""

import dataclasses
import inspect
import json
import subprocess
import typing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.converter import DataConverter

from models.messages import (
    Cancellation,
    CarrierEvent,
    CarrierStatus,
    CountedLine,
    Deadlines,
    Decision,
    DecisionKind,
    Disposition,
    EventKind,
    Grade,
    InspectedLine,
    Inspection,
    LabelRequest,
    ManualResolution,
    Receipt,
    RefundNews,
    RefundRetry,
    RefundStatus,
    ReturnStart,
    ReturnState,
    ReturnStatus,
    TaskCompletion,
    TaskKind,
    workflow_id,
)
from tests.contract.sandbox_process import new_payment
from tests.workflows.conftest import temporal_binary
from tests.workflows.refunding import PAID_BY_HAND, on_sqlite, told, until_failed
from tests.workflows.world import AGENT, World, new_order_number
from web.gateway import new_rma
from web.requests import DecisionRequest
from workflows.doors import Doors
from workflows.returns import ReturnWorkflow

SAMPLES = Path(__file__).with_name("messages")
WHO = "user:1"


def approval(id: str = "d-1") -> Decision:
    return Decision(id=id, actor=WHO, decision=DecisionKind.APPROVE)


def receipt(id: str = "r-1") -> Receipt:
    return Receipt(id=id, actor=WHO, lines=[CountedLine(line="1", quantity=1)])


def inspection(id: str = "i-1", *, accepted: bool = True) -> Inspection:
    verdict = InspectedLine(
        line="1",
        quantity=1,
        grade=Grade.A if accepted else Grade.D,
        disposition=Disposition.RESTOCK if accepted else Disposition.RETURN_TO_CUSTOMER,
        accepted=accepted,
    )
    return Inspection(id=id, actor=WHO, lines=[verdict])


def scan(id: str) -> CarrierEvent:
    return CarrierEvent(
        id=id, status=CarrierStatus.IN_TRANSIT, at=datetime.now(UTC).isoformat(), actor="carrier"
    )


async def requested(world: World, payment: str | None = None) -> str:
    number = new_order_number()
    world.put_order(number, reference=payment or new_payment("ok"))
    return await world.request(number)


async def signal(world: World, rma: str, door: Any, message: Any) -> None:
    await world.handle(rma).signal(door, message)


async def update(world: World, rma: str, door: Any, message: Any) -> ReturnState:
    state: ReturnState = await world.handle(rma).execute_update(door, message)
    return state


# --- the second path ---------------------------------------------------------------------------

DOORS: list[tuple[Any, Any]] = [
    (ReturnWorkflow.decide, ReturnWorkflow.submit_decision),
    (ReturnWorkflow.scan, ReturnWorkflow.carrier_event),
    (ReturnWorkflow.receive, ReturnWorkflow.submit_receipt),
    (ReturnWorkflow.inspect, ReturnWorkflow.submit_inspection),
    (ReturnWorkflow.make_label, ReturnWorkflow.submit_label_request),
    (ReturnWorkflow.retry_refund, ReturnWorkflow.submit_retry),
    (ReturnWorkflow.resolve_manually, ReturnWorkflow.submit_resolution),
    (ReturnWorkflow.complete_task, ReturnWorkflow.submit_completion),
]
SIGNAL_OF = dict(DOORS)


async def both_ways(world: World, rma: str, door: Any, message: Any) -> ReturnState:
    """Says the same by Update, twice by Signal and by another Update; gives the last answer.

    Handlers take their turns in order, so the last answer comes when all were heard.
    """
    await update(world, rma, door, message)
    for _ in range(2):
        await signal(world, rma, SIGNAL_OF[door], message)
    return await update(world, rma, door, message)


@on_sqlite
async def test_a_whole_return_said_by_update_and_by_signal_happens_once(world: World) -> None:
    payment = new_payment("decline")
    rma = await requested(world, payment)
    await both_ways(world, rma, ReturnWorkflow.decide, approval())
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    asked = LabelRequest(id="l-1", actor=WHO)
    await both_ways(world, rma, ReturnWorkflow.make_label, asked)
    await both_ways(world, rma, ReturnWorkflow.scan, scan("s-1"))
    await both_ways(world, rma, ReturnWorkflow.receive, receipt())
    await both_ways(world, rma, ReturnWorkflow.inspect, inspection())
    await until_failed(world, rma)
    retry = RefundRetry(id="t-1", actor=WHO, refund=f"{rma}-1")
    await both_ways(world, rma, ReturnWorkflow.retry_refund, retry)
    await until_failed(world, rma, 2)
    paid = ManualResolution(
        id="m-1", actor=WHO, refund=f"{rma}-2", method="paid_by_hand", reference="4711"
    )
    state = await both_ways(world, rma, ReturnWorkflow.resolve_manually, paid)
    assert state.status == ReturnStatus.RESOLVED
    kinds = world.timeline(rma)
    for kind in ("approved", "scanned", "received", "inspected", "refund_retried"):
        assert kinds.count(kind) == 1, kind
    assert kinds.count("label_made") == 2, "the first, and the one that was asked for"
    assert kinds.count("refund_paid_by_hand") == 1
    assert EventKind.DECISION_IGNORED not in kinds
    assert len(world.refunds(rma)) == 2
    assert world.balance(rma) == PAID_BY_HAND


@on_sqlite
async def test_a_return_goes_its_whole_way_by_signals_alone(world: World) -> None:
    rma = await requested(world)
    await signal(world, rma, ReturnWorkflow.submit_decision, approval())
    await signal(world, rma, ReturnWorkflow.submit_receipt, receipt())
    await signal(world, rma, ReturnWorkflow.submit_inspection, inspection(accepted=False))
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    task = world.open_tasks(rma)[TaskKind.SEND_BACK]
    done = TaskCompletion(id="c-1", actor=WHO, task=task)
    await signal(world, rma, ReturnWorkflow.submit_completion, done)
    await world.handle(rma).result()
    assert world.status(rma) == ReturnStatus.REJECTED
    assert world.timeline(rma).count("sent_back") == 1


@on_sqlite
async def test_a_cancellation_by_signal_ends_the_return(world: World) -> None:
    rma = await requested(world)
    message = Cancellation(id="x-1", actor=WHO)
    await signal(world, rma, ReturnWorkflow.submit_cancellation, message)
    await world.handle(rma).result()
    assert world.status(rma) == ReturnStatus.CANCELLED
    assert world.free_units(rma) == 2


@on_sqlite
async def test_a_signal_that_comes_too_late_is_told_and_changes_nothing(world: World) -> None:
    rma = await requested(world)
    await update(world, rma, ReturnWorkflow.decide, approval())
    late = Decision(id="d-2", actor="user:2", decision=DecisionKind.DECLINE)
    await signal(world, rma, ReturnWorkflow.submit_decision, late)
    await signal(world, rma, ReturnWorkflow.submit_inspection, inspection())
    await world.until_true(lambda: len(told(world, rma, EventKind.DECISION_IGNORED)) == 2)
    ignored = told(world, rma, EventKind.DECISION_IGNORED)
    assert [fact["what"] for fact in ignored] == ["Decision", "Inspection"]
    assert "already decided" in ignored[0]["why"]
    assert "Nothing of this return was received" in ignored[1]["why"]
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)


@on_sqlite
async def test_two_kinds_of_message_may_share_an_id(world: World) -> None:
    rma = await requested(world)
    asked = DecisionRequest(decision=DecisionKind.APPROVE)
    await world.call(world.gateway.decide, rma, asked, AGENT, id="request")
    await world.scan(rma, "request", CarrierStatus.IN_TRANSIT)
    assert world.status(rma) == ReturnStatus.IN_TRANSIT


# --- what should never come --------------------------------------------------------------------


@on_sqlite
async def test_what_nobody_understands_does_no_harm(world: World) -> None:
    rma = await requested(world)
    handle = world.handle(rma)
    for nonsense in ({"id": "d-1"}, "approve", {"id": "d-1", "decision": "perhaps"}, None):
        await handle.signal("submit_decision", nonsense)
        await handle.signal("refund_news", nonsense)
    for when in ("yesterday", "2026-01-01T00:00:00"):
        event = {"id": f"s-{when}", "status": "in_transit", "at": when}
        await handle.signal("carrier_event", event)
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update("scan", event)
    for nonsense in ({"id": "d-1"}, None):
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update("decide", nonsense)
    strange = RefundNews(
        id="evt_1", refund="R-9-1", status=RefundStatus.SUCCEEDED, at="2026-01-01T00:00:00+00:00"
    )
    await handle.signal(ReturnWorkflow.refund_news, strange)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)


@on_sqlite
async def test_a_signal_to_a_request_that_was_refused_lets_it_end(idle_world: World) -> None:
    world = idle_world
    start = ReturnStart(
        rma=new_rma(), order="no such order", lines=[], actor=WHO, deadlines=Deadlines()
    )
    handle = await world.env.client.start_workflow(
        ReturnWorkflow.run, start, id=workflow_id(start.rma), task_queue=world.settings.task_queue
    )
    await handle.signal(ReturnWorkflow.submit_decision, approval())
    async with world.working():
        assert (await handle.result()).status == ReturnStatus.DECLINED


# --- by hand, from a terminal ------------------------------------------------------------------


@on_sqlite
async def test_an_operator_signals_with_plain_json_and_leaves_optional_fields_out(
    world: World,
) -> None:
    rma = await requested(world)

    def temporal(name: str, body: dict[str, Any]) -> None:
        command = [
            *(temporal_binary(), "workflow", "signal", "--workflow-id", workflow_id(rma)),
            *("--address", world.env.client.service_client.config.target_host),
            *("--name", name, "--input", json.dumps(body)),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    approve = {"id": "d", "actor": WHO, "decision": "approve", "note": "the customer called"}
    await world.call(temporal, "submit_decision", approve)
    counted = {"id": "r", "actor": WHO, "lines": [{"line": "1", "quantity": 1}]}
    await world.call(temporal, "submit_receipt", counted)
    verdict = {"line": "1", "quantity": 1, "grade": "A", "disposition": "restock"}
    await world.call(temporal, "submit_inspection", {"id": "i", "actor": WHO, "lines": [verdict]})
    await world.until(rma, ReturnStatus.RESOLVED)


# --- stored samples ----------------------------------------------------------------------------


def _message_classes() -> set[type[Any]]:
    """What the handlers of Signals and Updates take, and what starts a return."""
    found: set[type[Any]] = {ReturnStart}
    for name, method in inspect.getmembers(Doors, inspect.isfunction):
        if not name.startswith("_"):
            hints = typing.get_type_hints(method)
            found |= {hint for key, hint in hints.items() if key != "return"}
    return found


CLASSES = {each.__name__: each for each in _message_classes()}


def test_every_message_has_a_stored_sample() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(CLASSES)
    assert all(dataclasses.is_dataclass(each) for each in CLASSES.values())
    assert len(CLASSES) == 15


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_stored_message_loads_and_keeps_what_it_said(name: str) -> None:
    converter = DataConverter.default.payload_converter
    stored = (SAMPLES / f"{name}.json").read_bytes()
    payload = Payload(metadata={"encoding": b"json/plain"}, data=stored)
    [message] = converter.from_payloads([payload], [CLASSES[name]])
    [written] = converter.to_payloads([message])
    assert holds(json.loads(written.data), json.loads(stored))


def holds(now: Any, stored: Any) -> bool:
    """Everything that was stored is still there; fields may have been added since."""
    if isinstance(stored, dict):
        return all(key in now and holds(now[key], value) for key, value in stored.items())
    if isinstance(stored, list):
        return len(now) == len(stored) and all(map(holds, now, stored))
    return bool(now == stored)
