"""A whole return as other systems are told of it."""

from sqlalchemy import select

from models.messages import ReturnStatus
from models.rules.outgoing import all_types
from models.store.outgoing import event_body
from models.tables import OutgoingEvent
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import accept, on_sqlite, until_failed
from tests.workflows.world import World


def told(world: World, rma: str) -> list[OutgoingEvent]:
    with world.database.read() as session:
        rows = select(OutgoingEvent).where(OutgoingEvent.rma == rma)
        return list(session.scalars(rows.order_by(OutgoingEvent.number)))


def types(world: World, rma: str) -> list[str]:
    return [row.type for row in told(world, rma) if not row.type.startswith("return.mail_")]


async def test_a_refunded_return_is_told_step_by_step_each_once(world: World) -> None:
    rma = await accept(world, new_payment("ok"))
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.until_true(lambda: "return.resolved" in types(world, rma))
    assert types(world, rma) == [
        "return.requested",
        "task.opened",
        "return.approved",
        "task.done",
        "return.label_made",
        "return.received",
        "task.opened",
        "return.inspected",
        "task.done",
        "refund.created",
        "credit_memo.issued",
        "refund.granted",
        "refund.succeeded",
        "return.resolved",
    ]
    rows = told(world, rma)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert {row.type for row in rows} <= set(all_types())
    paid = next(row for row in rows if row.type == "refund.succeeded")
    assert paid.data["refund"]["amount"] == 5000
    text = str([event_body(row, "https://shop.example/api/v1") for row in rows])
    assert "arla" not in text  # The customer's name and address, and what she wrote.
    assert "pinches" not in text


@on_sqlite
async def test_a_refund_that_is_refused_is_told_with_its_task(world: World) -> None:
    rma = await accept(world, new_payment("decline"))
    await until_failed(world, rma)
    failed = types(world, rma)[-2:]
    assert sorted(failed) == ["refund.failed", "task.opened"]
