"""What people do after others did something: a second approval, a cancellation with goods here."""

from datetime import UTC, datetime

from sqlalchemy import select

from models.messages import DecisionKind, EventKind, ReturnStatus, TaskKind
from models.tables import Event, Note, PolicyVersion
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite, told
from tests.workflows.world import AGENT, SECOND, World, new_order_number
from web.requests import DecisionRequest, LineDecisionRequest

pytestmark = on_sqlite


async def test_what_the_first_of_two_declined_the_second_does_not_bring_back(
    world: World,
) -> None:
    policy = PolicyVersion(
        version=2,
        body={"second_approval_above": 1},
        actor="user:1",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    with world.database.write() as session:
        session.add(policy)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(1, 1))
    rma = await world.request(number, {"1": 1, "2": 1})
    first = DecisionRequest(
        decision=DecisionKind.APPROVE,
        lines=[LineDecisionRequest(line="1", decision=DecisionKind.DECLINE, note="Worn at length")],
    )
    await world.call(world.gateway.decide, rma, first, AGENT)
    await world.approve(rma, SECOND)
    assert world.free_units(rma) == 1
    assert told(world, rma, EventKind.LINE_DECLINED) == [{"line": "1", "units": 1}]
    with world.database.read() as session:
        notes = select(Note.body).join(Event, Event.note_id == Note.id)
        declined = session.scalars(notes.where(Event.kind == EventKind.LINE_DECLINED))
        assert list(declined) == ["Worn at length"]


async def test_goods_that_came_before_the_cancellation_are_sent_back(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.receive(rma)
    await world.call(world.gateway.cancel, rma, "Keeps it after all", AGENT)
    assert world.status(rma) == ReturnStatus.CANCELLED
    assert told(world, rma, EventKind.SEND_BACK_NEEDED) == [{"units": 1}]
    [(kind, task)] = world.open_tasks(rma).items()
    assert kind == TaskKind.SEND_BACK
    await world.handle(rma).result()
    await world.call(world.gateway.complete_task, task, "", AGENT)
    assert world.open_tasks(rma) == {}
    assert world.timeline(rma)[-1] == EventKind.SENT_BACK


async def test_the_answer_to_an_inspection_comes_when_its_money_is_reserved(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("slow"))
    await world.receive(rma)
    answer = await world.inspect(rma)
    assert answer.status == ReturnStatus.RESOLVING, "the provider is not waited for"
    assert [row.amount for row in world.refunds(rma)] == [5000]
    await world.until(rma, ReturnStatus.RESOLVED)
