"""What the policy makes of a grade, from the inspection to the refund."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from models.messages import Disposition, EventKind, Grade, Reason, ReturnKind, ReturnStatus
from models.rules.grading import ALL_PAID
from models.rules.policy import Policy
from models.store.policy_versions import save_policy
from models.tables import GrantedRefund, GrantLine
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite, told
from tests.workflows.stored import NOW
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import (
    InspectionLineRequest,
    InspectionRequest,
    LineRequest,
    Refused,
    ReturnRequest,
)

pytestmark = on_sqlite


async def here(world: World, units: int, kind: ReturnKind = ReturnKind.RETURN) -> str:
    """So many units at 50.00 at the dock; grade C is paid by half, grade D refused."""
    with world.database.write() as session:
        grades = {**ALL_PAID, Grade.C: "50", Grade.D: "refuse"}
        save_policy(session, replace(Policy(), grades=grades), actor="user:1", now=NOW)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(units,))
    line = LineRequest(line="1", quantity=units, reason=Reason.STYLE)
    answer = await world.call(
        world.gateway.request_return, ReturnRequest(order=number, lines=[line], kind=kind), AGENT
    )
    rma = str(answer.rma)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma, {"1": units})
    return rma


async def grade(world: World, rma: str, grade: Grade, *, accepted: bool | None = None) -> None:
    line = InspectionLineRequest(
        line="1", quantity=1, grade=grade, disposition=Disposition.LIQUIDATE, accepted=accepted
    )
    await world.call(world.gateway.inspect, rma, InspectionRequest(lines=[line]), AGENT)


def fees(world: World, rma: str) -> list[tuple[int, str]]:
    with world.database.read() as session:
        rows = session.execute(
            select(GrantLine.amount, GrantLine.explanation)
            .join(GrantedRefund, GrantedRefund.id == GrantLine.granted_refund_id)
            .where(GrantedRefund.rma == rma, GrantLine.kind == "restocking_fee")
            .order_by(GrantedRefund.created_at)
        )
        return [(row.amount, row.explanation) for row in rows]


async def test_each_inspection_pays_what_its_grade_is_worth(world: World) -> None:
    rma = await here(world, 4)
    for found in (Grade.A, Grade.C, Grade.C, Grade.D):
        await grade(world, rma, found)
    await world.until(rma, ReturnStatus.RESOLVED)
    line = world.line(rma)
    assert (line.accepted, line.rejected, line.refunded) == (3, 1, 3)
    assert [refund.amount for refund in world.refunds(rma)] == [5000, 2500, 2500]
    assert fees(world, rma) == [
        (-2500, "Grade C: 50 % of the goods is paid"),
        (-2500, "Grade C: 50 % of the goods is paid; 25.00 GBP of it came with an earlier payment"),
    ]
    assert [said["accepted"] for said in told(world, rma, EventKind.INSPECTED)] == [1, 1, 1, 0]


async def test_what_the_policy_refuses_can_not_be_accepted(world: World) -> None:
    rma = await here(world, 1)
    with pytest.raises(Refused, match=r"refuses units of grade D \(rule “grades”\)"):
        await grade(world, rma, Grade.D, accepted=True)
    assert world.line(rma).accepted == world.line(rma).rejected == 0
    await grade(world, rma, Grade.D, accepted=False)
    await world.until_true(lambda: world.line(rma).rejected == 1)


async def test_a_claim_is_paid_whole_whatever_its_grade(world: World) -> None:
    rma = await here(world, 2, ReturnKind.CLAIM)
    await grade(world, rma, Grade.D)
    await grade(world, rma, Grade.C, accepted=True)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [5000, 5000]
