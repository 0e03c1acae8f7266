"""The life of a return on a real Temporal server, a real provider and both databases."""

from uuid import uuid4

from models.messages import ReturnStatus
from tests.contract.sandbox_process import new_payment
from tests.workflows.world import World


def order_number() -> str:
    return f"O-{uuid4().hex[:12]}"


async def test_a_return_goes_from_request_to_closed_and_pays_once(world: World) -> None:
    number, payment = order_number(), new_payment("ok")
    world.put_order(number, reference=payment)
    rma = await world.request(number)
    assert world.status(rma) == ReturnStatus.REQUESTED
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma)
    assert world.status(rma) == ReturnStatus.RECEIVED
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    result = await world.handle(rma).result()
    assert result["status"] == ReturnStatus.CLOSED
    assert [row["amount"] for row in world.sandbox.refunds(payment)] == [5000]
    assert world.mails(rma) == ["requested", "approved", "received", "refunded", "follow_up"]
