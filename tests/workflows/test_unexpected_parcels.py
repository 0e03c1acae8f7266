"""What becomes of a parcel that came after the end: kept, sent back, or paid for."""

import pytest

from models.messages import EventKind, PayoutMethod, ReturnStatus, TaskKind
from models.timeline import sentence
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite, told
from tests.workflows.world import AGENT, World
from web.requests import (
    Conflict,
    GoodwillRequest,
    ReceiptRequest,
    Refused,
    UnexpectedRequest,
)


async def came_after_cancel(world: World) -> str:
    """A cancelled return whose goods came all the same."""
    rma = await world.awaiting_parcel(new_payment("ok"))
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.handle(rma).result()
    await world.receive(rma)
    return rma


async def end(world: World, rma: str, choice: str) -> None:
    task = world.open_tasks(rma)[TaskKind.UNEXPECTED_PARCEL]
    await world.call(world.gateway.complete_task, task, "Seen", AGENT, choice=choice)


def last_words(world: World, rma: str) -> str:
    return sentence(EventKind.TASK_COMPLETED, told(world, rma, EventKind.TASK_COMPLETED)[-1])


@on_sqlite
@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("kept", "The unexpected parcel is kept"),
        ("sent_back", "The unexpected parcel went back to the customer"),
        ("", "Task done: deal with the unexpected parcel"),
    ],
)
async def test_a_parcel_after_the_end_ends_in_the_words_of_who_dealt_with_it(
    world: World, choice: str, words: str
) -> None:
    rma = await came_after_cancel(world)
    with pytest.raises(Refused, match="kept, sent_back, refund") as caught:
        await end(world, rma, "written_off")
    assert caught.value.refusals[0].code == "unknown_choice"
    assert TaskKind.UNEXPECTED_PARCEL in world.open_tasks(rma)
    await end(world, rma, choice)
    assert world.open_tasks(rma) == {}
    assert last_words(world, rma) == words
    assert world.refunds(rma) == []


async def test_a_parcel_after_the_end_is_paid_for_by_goodwill_while_it_waits(
    world: World,
) -> None:
    rma = await came_after_cancel(world)
    with pytest.raises(Conflict, match="goodwill first") as caught:
        await end(world, rma, "refund")
    assert caught.value.code == "not_paid"
    goodwill = GoodwillRequest(
        amount=500, currency="GBP", method=PayoutMethod.REFUND, note="It came after all"
    )
    await world.call(world.gateway.give_goodwill, rma, goodwill, AGENT)
    await world.until_true(lambda: [each.status for each in world.refunds(rma)] == ["succeeded"])
    await end(world, rma, "refund")
    assert last_words(world, rma) == "The unexpected parcel is kept, and was paid for as goodwill"
    assert world.balance(rma) == {"goodwill": 500, "clearing:card": -500}
    assert world.status(rma) == ReturnStatus.CANCELLED
    with pytest.raises(Conflict) as caught:
        await world.call(world.gateway.give_goodwill, rma, goodwill, AGENT)
    assert caught.value.code == "no_goodwill"


@on_sqlite
async def test_a_thing_in_the_parcel_of_a_running_return_is_sent_back(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    asked = ReceiptRequest(lines=[], unexpected=[UnexpectedRequest(sku="HAT", quantity=1)])
    await world.call(world.gateway.receive, rma, asked, AGENT)
    with pytest.raises(Conflict) as caught:
        await end(world, rma, "refund")
    assert caught.value.code == "not_paid"
    await end(world, rma, "sent_back")
    assert last_words(world, rma) == "The unexpected parcel went back to the customer"
    assert world.status(rma) == ReturnStatus.AWAITING_PARCEL
