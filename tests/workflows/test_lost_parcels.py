"""Parcels that get lost: refunded anyway, claimed from the carrier, and what comes after all."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models.messages import CarrierStatus, EventKind, ReturnStatus
from models.tables import CarrierClaim, PolicyVersion, Return
from models.timeline import sentence
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import PAID_BY_CARD, on_sqlite, told
from tests.workflows.world import AGENT, World
from web.requests import Refused

pytestmark = on_sqlite


def claims(world: World, rma: str) -> list[str]:
    """The states of a return's claims; each is about what the return is worth."""
    with world.database.read() as session:
        total = session.get_one(Return, rma).quote_total
        rows = session.scalars(select(CarrierClaim).where(CarrierClaim.rma == rma)).all()
        assert all(row.amount == total and row.carrier and row.tracking for row in rows)
        assert all((row.closed_at is None) == (row.status == "open") for row in rows)
        return [row.status for row in rows]


async def lost(world: World, payment: str) -> str:
    rma = await world.awaiting_parcel(payment)
    await world.scan(rma, "s-1", CarrierStatus.LOST)
    return rma


async def refund_anyway(world: World, rma: str) -> None:
    task = world.open_tasks(rma)["parcel_lost"]
    await world.call(world.gateway.complete_task, task, "Gone", AGENT, choice="refund")


async def test_a_lost_parcel_is_refunded_once_and_what_comes_later_moves_no_money(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma = await lost(world, payment)
    assert set(world.open_tasks(rma)) == {"parcel_lost", "carrier_claim"}
    await refund_anyway(world, rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    line = world.line(rma)
    assert (line.received, line.accepted, line.forgone, line.refunded) == (0, 1, 1, 1)
    assert line.reception == "lost"
    assert world.balance(rma) == PAID_BY_CARD
    assert claims(world, rma) == ["open"]

    await world.receive(rma)
    assert "came_after_refund" in world.timeline(rma)
    assert set(world.open_tasks(rma)) == {"unexpected_parcel", "carrier_claim"}
    line = world.line(rma)
    assert (line.received, line.accepted, line.reception) == (0, 1, "lost")
    with pytest.raises(Refused, match="0 of line 1"):
        await world.receive(rma)
    assert len(world.sandbox.refunds(payment)) == 1
    assert claims(world, rma) == ["open"], "it was paid for, so a person says how the claim ends"


async def test_the_return_closes_before_the_carrier_answers(world: World) -> None:
    rma = await lost(world, new_payment("ok"))
    await refund_anyway(world, rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    await world.handle(rma).result()
    task = world.open_tasks(rma)["carrier_claim"]
    for wrong in ("", "wait"):
        with pytest.raises(Refused, match="paid, refused"):
            await world.call(world.gateway.complete_task, task, "", AGENT, choice=wrong)
    await world.call(world.gateway.complete_task, task, "They paid", AGENT, choice="paid")
    assert claims(world, rma) == ["paid"]
    assert world.open_tasks(rma) == {}
    assert world.timeline(rma)[-1] == "carrier_claim_settled"


async def test_a_carrier_refuses_and_a_person_goes_on_waiting(world: World) -> None:
    rma = await lost(world, new_payment("ok"))
    tasks = world.open_tasks(rma)
    with pytest.raises(Refused, match="wait, refund"):
        await world.call(
            world.gateway.complete_task, tasks["parcel_lost"], "", AGENT, choice="paid"
        )
    await world.call(
        world.gateway.complete_task, tasks["carrier_claim"], "", AGENT, choice="refused"
    )
    await world.call(world.gateway.complete_task, tasks["parcel_lost"], "", AGENT, choice="wait")
    ended = told(world, rma, EventKind.TASK_COMPLETED)[-1]
    assert sentence(EventKind.TASK_COMPLETED, ended).startswith("Still waiting for the parcel")
    assert claims(world, rma) == ["refused"]
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    assert set(world.open_tasks(rma)) == {"parcel_lost"}, "the carrier is asked once"


async def test_a_scan_that_is_dated_ahead_hides_no_later_one(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    ahead = datetime.now(UTC) + timedelta(days=3650)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT, ahead)
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    assert world.status(rma) == ReturnStatus.LOST
    assert set(world.open_tasks(rma)) == {"parcel_lost", "carrier_claim"}


async def test_a_parcel_that_turns_up_withdraws_the_claim(world: World) -> None:
    rma = await lost(world, new_payment("ok"))
    await world.receive(rma)
    assert claims(world, rma) == ["withdrawn"]
    assert set(world.open_tasks(rma)) == {"inspect"}


async def test_the_policy_can_refund_lost_parcels_without_asking(world: World) -> None:
    with world.database.write() as session:
        session.add(
            PolicyVersion(
                version=99,
                body={"lost_parcel": "refund"},
                actor="user:1",
                created_at=datetime.now(UTC),
            )
        )
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.skip(rma, days=11)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert set(world.open_tasks(rma)) == {"carrier_claim"}
    assert "lost_refunded" in world.timeline(rma)
    assert claims(world, rma) == ["open"]
