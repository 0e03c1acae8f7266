"""What events say of refunds is a hint: the provider is asked before anything is believed."""

import pytest
from temporalio.client import WorkflowFailureError

from models.messages import (
    EventKind,
    PayoutKind,
    RefundStatus,
    ReturnStatus,
    payout_workflow_id,
)
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import (
    OWED,
    PAID_BY_CARD,
    accept,
    control,
    entries,
    on_sqlite,
    pay_by_hand,
    payment_row,
    tasks,
    tell,
    until_failed,
)
from tests.workflows.world import World

PENDING, SUCCEEDED, FAILED = RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED


async def asked(world: World, payment: str, times: int = 1) -> None:
    """Waits until the provider was asked so often how a refund stands."""
    await world.until_true(
        lambda: (
            len([call for call in world.sandbox.calls_about(payment) if call["method"] == "GET"])
            >= times
        )
    )


async def test_an_old_word_changes_nothing_that_the_provider_does_not_say(world: World) -> None:
    payment = new_payment("ok")
    rma = await accept(world, payment)
    await world.until(rma, ReturnStatus.RESOLVED)
    [refund] = world.refunds(rma)
    await tell(world, refund, PENDING)
    await tell(world, refund, FAILED)
    await asked(world, payment)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    assert world.balance(rma) == PAID_BY_CARD
    assert EventKind.REFUND_FAILED not in world.timeline(rma)


async def test_what_is_known_already_is_not_asked_for(world: World) -> None:
    payment = new_payment("ok")
    rma = await accept(world, payment)
    await world.until(rma, ReturnStatus.RESOLVED)
    [refund] = world.refunds(rma)
    for _ in range(3):
        await tell(world, refund, SUCCEEDED)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    assert [call["method"] for call in world.sandbox.calls_about(payment)] == ["POST"]


@on_sqlite
async def test_another_refund_under_our_id_or_of_another_provider_moves_nothing(
    world: World,
) -> None:
    payment = new_payment("pending")
    rma = await accept(world, payment)
    await world.until_true(lambda: "refund_pending" in world.timeline(rma))
    [refund] = world.refunds(rma)
    copy = world.sandbox.pay_back(payment, 1, **{"metadata[refund_id]": refund.id}).json()["id"]
    world.sandbox.call("POST", f"/_sandbox/refunds/{copy}/settle", json={}).raise_for_status()
    taken = await world.call(
        world.gateway.refund_news, "sandbox", "evt_copy", copy, refund.id, SUCCEEDED
    )
    assert taken
    for provider, name in (("stripe", refund.id), ("sandbox", "R-0-1")):
        assert not await world.call(
            world.gateway.refund_news, provider, "evt_other", "re_1", name, SUCCEEDED
        )
    await asked(world, payment)
    control(world, refund, "fail")
    await tell(world, refund, FAILED)
    await until_failed(world, rma)
    assert [row.status for row in world.refunds(rma)] == [FAILED]


async def test_a_refund_given_up_that_a_payment_gave_back_after_all_is_paid_and_needs_nobody(
    world: World,
) -> None:
    payment = new_payment("pending")
    rma = await accept(world, new_payment("decline"))
    await until_failed(world, rma)
    [refund] = world.refunds(rma)
    assert refund.provider_reference is None
    # The shop's own people made it at the provider, under its id; it is on its way still.
    made = world.sandbox.pay_back(
        payment, 5000, captured=10000, **{"metadata[refund_id]": refund.id}
    ).json()["id"]
    await tell(world, refund, PENDING)
    await world.until(rma, ReturnStatus.RESOLVING)
    assert tasks(world, rma) == {"done": 1}
    assert payment_row(world, rma).reserved == 5000
    [refund] = world.refunds(rma)
    assert (refund.status, refund.provider_reference) == (PENDING, made)
    control(world, refund, "settle")
    await tell(world, refund, SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == PAID_BY_CARD
    assert payment_row(world, rma).reserved == 5000


@on_sqlite
async def test_that_a_payment_was_refunded_has_what_is_open_at_it_looked_up(
    world: World,
) -> None:
    payment = new_payment("pending")
    rma = await accept(world, payment)
    await world.until_true(lambda: "refund_pending" in world.timeline(rma))
    [refund] = world.refunds(rma)
    control(world, refund, "settle")
    names = ["ch_unknown", payment]
    assert await world.call(world.gateway.payment_news, "sandbox", "evt_1", names)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert not await world.call(world.gateway.payment_news, "sandbox", "evt_2", ["ch_unknown"])
    assert not await world.call(world.gateway.payment_news, "stripe", "evt_3", names)


async def test_after_the_end_a_failure_is_confirmed_before_anything_reopens(world: World) -> None:
    rma = await accept(world, new_payment("ok"))
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    await world.handle(rma).result()
    [refund] = world.refunds(rma)
    await tell(world, refund, FAILED)
    recovery = payout_workflow_id(rma, PayoutKind.RECOVERY, "1")
    with pytest.raises(WorkflowFailureError) as failed:
        await world.env.client.get_workflow_handle(recovery).result()
    assert "does not say that refund" in str(failed.value.cause)
    assert world.status(rma) == ReturnStatus.CLOSED
    assert world.balance(rma) == PAID_BY_CARD
    control(world, refund, "fail")
    await tell(world, refund, FAILED)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert world.balance(rma) == OWED
    await pay_by_hand(world, rma, refund.id)
    await world.until(rma, ReturnStatus.CLOSED)


@on_sqlite
async def test_a_failure_told_while_the_return_ends_is_followed_beside_it(
    world: World,
) -> None:
    rma = await accept(world, new_payment("ok"))
    await world.until(rma, ReturnStatus.RESOLVED)
    [refund] = world.refunds(rma)
    control(world, refund, "fail")
    # The return's last deadline passes while it is about to hear of the failure.
    await world.skip(rma, days=8)
    await tell(world, refund, FAILED)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    await world.until_true(lambda: tasks(world, rma) == {"open": 1})
    assert entries(world, rma) == [f"refund/{refund.id}", f"refund/{refund.id}/failed"]
    await pay_by_hand(world, rma, refund.id)
