"""Claims: the shop's own fault costs the customer nothing, and the shop says sorry."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from models.messages import Reason, Resolution, ReturnKind, ReturnStatus
from models.rules.policy import Policy
from models.store.policy_versions import save_policy
from models.tables import Message, QuoteLine
from tests.contract.sandbox_process import new_payment
from tests.workflows.stored import NOW
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import LineRequest, ReturnRequest


async def claim(world: World, kind: ReturnKind, resolution: Resolution) -> str:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    asked = ReturnRequest(
        order=number,
        kind=kind,
        resolution=resolution,
        lines=[LineRequest(line="1", quantity=1, reason=Reason.OTHER, comment="Not what I got")],
    )
    answer = await world.call(world.gateway.request_return, asked, AGENT)
    return str(answer.rma)


def mails(world: World, rma: str) -> dict[str, str]:
    with world.database.read() as session:
        found = session.scalars(select(Message).where(Message.rma == rma))
        return {mail.template: mail.text for mail in found}


def quoted(world: World, rma: str) -> dict[str, int]:
    with world.database.read() as session:
        found = session.scalars(select(QuoteLine).where(QuoteLine.rma == rma))
        return {line.kind: line.amount for line in found}


@pytest.mark.parametrize("resolution", [Resolution.REFUND, Resolution.STORE_CREDIT])
async def test_a_claim_costs_nothing_asks_for_a_photo_and_apologises(
    world: World, resolution: Resolution
) -> None:
    # Not even where the shop waives nothing.
    fees = replace(Policy(), return_shipping=795, restocking_percent="20", fee_waived_for=())
    with world.database.write() as session:
        save_policy(session, fees, actor="user:1", now=NOW)
    ordinary = await claim(world, ReturnKind.RETURN, resolution)
    assert set(quoted(world, ordinary)) == {"goods", "return_shipping_fee", "restocking_fee"}
    rma = await claim(world, ReturnKind.CLAIM, resolution)
    assert quoted(world, rma) == {"goods": 5000}
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    last = "refunded" if resolution is Resolution.REFUND else "store_credit"
    await world.until_true(lambda: set(mails(world, rma)) >= {"requested", "approved", last})
    told = mails(world, rma)
    assert "A photo of what is wrong" in told["requested"]
    for template in ("requested", "approved", last):
        assert "We are sorry: this order did not go the way it should have." in told[template]
    assert -world.balance(rma).get("clearing:card", 0) == (
        5000 if resolution is Resolution.REFUND else 0
    )
    await world.until_true(lambda: "requested" in mails(world, ordinary))
    assert "photo" not in mails(world, ordinary)["requested"]
