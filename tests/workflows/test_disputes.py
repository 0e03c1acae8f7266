"""A payment that is disputed with the bank: nothing is paid beside it, and nothing twice."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models.messages import (
    EventKind,
    ManualMethod,
    PayoutMethod,
    RefundStatus,
    ReturnStatus,
    TaskChoice,
    TaskKind,
    dispute_workflow_id,
)
from models.tables import Dispute, JournalEntry, Task
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import (
    OWED,
    PAID_BY_CARD,
    accept,
    on_sqlite,
    order_row,
    pay_by_hand,
    payment_row,
    retry,
    told,
    until_failed,
)
from tests.workflows.world import AGENT, World, new_order_number, paid
from web.requests import Conflict, GoodwillRequest, Refused


def dispute(world: World, payment: str, **more: Any) -> str:
    """Has a customer dispute a payment at the sandbox; gives the dispute's id."""
    body = {"payment": payment, "amount": 10000, **more}
    answer = world.sandbox.call("POST", "/_sandbox/disputes", json=body)
    answer.raise_for_status()
    return str(answer.json()["id"])


def close(world: World, name: str, outcome: str) -> None:
    path = f"/_sandbox/disputes/{name}/close"
    world.sandbox.call("POST", path, json={"outcome": outcome}).raise_for_status()


async def hear(world: World, name: str, payment: str, provider: str = "sandbox") -> bool:
    """The provider's event, as its route passes it on."""
    taken: bool = await world.call(world.gateway.dispute_news, provider, name, [payment])
    return taken


async def ended(world: World, name: str) -> None:
    workflow = dispute_workflow_id("sandbox", name)
    await world.env.client.get_workflow_handle(workflow).result()


def row(world: World, name: str) -> Dispute:
    with world.database.read() as session:
        return session.get_one(Dispute, ("sandbox", name))


def done_tasks(world: World, rma: str) -> list[str]:
    with world.database.read() as session:
        query = select(Task.kind).where(Task.rma == rma, Task.status == "done")
        return sorted(session.scalars(query))


async def disputed_before_the_refund(world: World) -> tuple[str, str, str]:
    """A return whose payment was disputed on the way; its refund waits for a person."""
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    name = dispute(world, payment)
    assert await hear(world, name, payment)
    await world.until_true(lambda: TaskKind.DISPUTE in world.open_tasks(rma))
    await world.receive(rma)
    await world.inspect(rma)
    await until_failed(world, rma)
    return rma, payment, name


async def test_an_open_dispute_stops_refunds_and_asks_finance(world: World) -> None:
    rma, payment, name = await disputed_before_the_refund(world)
    assert world.sandbox.refunds(payment) == []
    assert [call["method"] for call in world.sandbox.calls_about(payment)] == [], "not even asked"
    [opened] = told(world, rma, EventKind.DISPUTE_OPENED)
    assert opened == {"dispute": name, "amount": 10000, "currency": "GBP", "payment": "p-1"}
    [failed] = told(world, rma, EventKind.REFUND_FAILED)
    assert "disputes payment p-1 with their bank" in failed["failure"]
    [refund] = world.refunds(rma)
    for ask in (retry, pay_by_hand):
        with pytest.raises(Conflict, match="refund it once that is won") as refused:
            await ask(world, rma, refund.id)
        assert refused.value.code == "payment_disputed"
    assert world.balance(rma) == OWED
    with world.database.read() as session:
        due = session.get_one(Task, world.open_tasks(rma)[TaskKind.DISPUTE]).due_at
    assert due is not None
    assert due.timestamp() > row(world, name).opened_at.timestamp() + 6 * 86400


async def test_goodwill_waits_for_the_dispute_or_goes_to_another_payment(world: World) -> None:
    first, second = new_payment("ok"), new_payment("ok")
    two = (paid(first, 7000), paid(second, 3000, id="p-2"))
    rma = await world.awaiting_parcel(first, payments=two)
    name = dispute(world, first, amount=7000)
    assert await hear(world, name, first)
    await world.until_true(lambda: TaskKind.DISPUTE in world.open_tasks(rma))
    with pytest.raises(Conflict, match=r"payments can give back 30\.00 GBP") as refused:
        await goodwill(world, rma, 3001)
    assert refused.value.code == "payment_disputed"
    assert world.refunds(rma) == []
    await goodwill(world, rma, 3000)
    await world.until_true(lambda: [row.status for row in world.refunds(rma)] == ["succeeded"])
    assert [found["amount"] for found in world.sandbox.refunds(second)] == [3000]
    await world.until_true(lambda: world.mails(rma).count("goodwill") == 1)
    with pytest.raises(Conflict, match=r"refund it once that is won\.$") as refused:
        await goodwill(world, rma, 1)
    assert refused.value.code == "payment_disputed"
    assert world.sandbox.refunds(first) == []
    close(world, name, "won")
    assert await hear(world, name, first)
    await ended(world, name)
    await goodwill(world, rma, 100)
    await world.until_true(lambda: len(world.sandbox.refunds(first)) == 1)
    await world.until_true(lambda: world.mails(rma).count("goodwill") == 2)


async def goodwill(world: World, rma: str, amount: int) -> None:
    asked = GoodwillRequest(amount=amount, currency="GBP", method=PayoutMethod.REFUND)
    await world.call(world.gateway.give_goodwill, rma, asked, AGENT)


async def test_a_won_dispute_lets_the_refund_be_tried_again(world: World) -> None:
    rma, payment, name = await disputed_before_the_refund(world)
    task = world.open_tasks(rma)[TaskKind.DISPUTE]
    await world.call(
        world.gateway.complete_task, task, "Sent the parcel's scans", AGENT, choice="contested"
    )
    assert told(world, rma, EventKind.DISPUTE_ANSWERED)[0]["outcome"] == TaskChoice.CONTESTED
    close(world, name, "won")
    assert await hear(world, name, payment)
    await ended(world, name)
    assert set(world.open_tasks(rma)) == {TaskKind.REFUND_FAILED, TaskKind.DISPUTE_WON}
    await retry(world, rma, world.refunds(rma)[0].id)
    await world.until_true(lambda: world.balance(rma) == PAID_BY_CARD)
    await world.call(
        world.gateway.complete_task, world.open_tasks(rma)[TaskKind.DISPUTE_WON], "Paid", AGENT
    )
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [found["amount"] for found in world.sandbox.refunds(payment)] == [5000]
    assert payment_row(world, rma).reserved == 5000


async def test_a_lost_dispute_counts_as_the_refund_and_nothing_is_paid_beside_it(
    world: World,
) -> None:
    rma, payment, name = await disputed_before_the_refund(world)
    close(world, name, "lost")
    for _ in range(3):
        assert await hear(world, name, payment)
    await ended(world, name)
    await world.until(rma, ReturnStatus.RESOLVED)
    [refund] = world.refunds(rma)
    assert (refund.paid_by, refund.paid_reference) == (ManualMethod.LOST_DISPUTE, name)
    assert world.balance(rma) == PAID_BY_CARD, "the bank took it off the card's clearing"
    assert world.sandbox.refunds(payment) == []
    assert set(world.open_tasks(rma)) == {TaskKind.DISPUTE_LOST}
    assert {TaskKind.DISPUTE, TaskKind.REFUND_FAILED} <= set(done_tasks(world, rma))
    assert told(world, rma, EventKind.DISPUTE_CLOSED) == [{"dispute": name, "outcome": "lost"}]
    # What was lost beyond the refund can't be paid by a later return either.
    assert (payment_row(world, rma).reserved, order_row(world, rma).reserved) == (10000, 10000)
    with world.database.read() as session:
        query = select(JournalEntry.source).where(JournalEntry.rma == rma)
        assert f"refund/{refund.id}/by_hand" in set(session.scalars(query))


async def test_of_a_refund_paid_before_the_task_says_so_and_nothing_is_paid_again(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma = await accept(world, payment)
    await world.until(rma, ReturnStatus.RESOLVED)
    name = dispute(world, payment)
    close(world, name, "lost")
    # Only its end was heard of.
    assert await hear(world, name, payment)
    await ended(world, name)
    assert set(world.open_tasks(rma)) == {TaskKind.DISPUTE_LOST}
    assert world.timeline(rma).count(EventKind.DISPUTE_OPENED) == 1
    assert world.timeline(rma).count(EventKind.DISPUTE_CLOSED) == 1
    assert world.balance(rma) == PAID_BY_CARD
    assert [found["amount"] for found in world.sandbox.refunds(payment)] == [5000]
    assert payment_row(world, rma).reserved == 10000


@on_sqlite
async def test_a_stale_event_after_the_end_changes_nothing(world: World) -> None:
    rma, payment, name = await disputed_before_the_refund(world)
    close(world, name, "lost")
    await hear(world, name, payment)
    await ended(world, name)
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.until_true(lambda: world.timeline(rma)[-1] == EventKind.MAIL_SENT)
    before = (world.timeline(rma), world.open_tasks(rma), payment_row(world, rma).reserved)
    for _ in range(2):
        assert await hear(world, name, payment)
        await ended(world, name)
    assert (world.timeline(rma), world.open_tasks(rma), payment_row(world, rma).reserved) == before


@on_sqlite
async def test_an_inquiry_holds_nothing_up(world: World) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    name = dispute(world, payment, inquiry=True)
    await hear(world, name, payment)
    await world.until_true(lambda: TaskKind.DISPUTE in world.open_tasks(rma))
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    close(world, name, "won")
    await hear(world, name, payment)
    await ended(world, name)
    assert world.open_tasks(rma) == {}, "there is nothing left to do"


@on_sqlite
async def test_a_dispute_whose_end_nobody_told_is_asked_about_each_day(world: World) -> None:
    rma, _, name = await disputed_before_the_refund(world)
    close(world, name, "won")
    handle = world.env.client.get_workflow_handle(dispute_workflow_id("sandbox", name))
    await world.env.fast_forward(handle, timedelta(days=2))
    await ended(world, name)
    assert TaskKind.DISPUTE_WON in world.open_tasks(rma)


@on_sqlite
async def test_a_dispute_of_a_payment_that_is_not_ours_or_does_not_exist_means_nothing(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    elsewhere = new_payment("ok")
    name = dispute(world, elsewhere)
    assert not await hear(world, name, elsewhere)
    assert not await hear(world, name, payment, provider="stripe")
    # Said to be about our payment; the provider says otherwise, or knows of none.
    for said in (name, f"dp_{uuid4().hex}"):
        assert await hear(world, said, payment)
        await ended(world, said)
    with world.database.read() as session:
        assert session.get(Dispute, ("sandbox", name)) is None
    assert world.open_tasks(rma) == {}


def tasks_on_order(world: World, order: str) -> dict[str, Task]:
    with world.database.read() as session:
        query = select(Task).where(Task.order_number == order).options(joinedload(Task.note))
        return {task.kind: task for task in session.scalars(query)}


async def test_of_an_order_without_a_return_finance_is_asked_all_the_same(world: World) -> None:
    payment, number = new_payment("ok"), new_order_number()
    world.put_order(number, reference=payment)
    name = dispute(world, payment)
    assert await hear(world, name, payment)
    await world.until_true(lambda: tasks_on_order(world, number) != {})
    [task] = tasks_on_order(world, number).values()
    assert (task.kind, task.rma, task.status, task.reference) == ("dispute", None, "open", name)
    said = world.sandbox.call("GET", f"/v1/disputes/{name}").json()["evidence_details"]["due_by"]
    assert task.due_at is not None
    assert task.due_at.timestamp() == said

    with pytest.raises(Refused, match="Choose one"):
        await world.call(world.gateway.complete_task, task.id, "Sent", AGENT)
    await world.call(
        world.gateway.complete_task, task.id, "Sent the scans", AGENT, choice="contested"
    )
    done = tasks_on_order(world, number)[TaskKind.DISPUTE]
    assert (done.status, done.closed_by) == ("done", AGENT.id)
    assert done.note is not None
    assert done.note.body == "Sent the scans"

    close(world, name, "lost")
    assert await hear(world, name, payment)
    await ended(world, name)
    lost = tasks_on_order(world, number)[TaskKind.DISPUTE_LOST]
    assert lost.status == "open"
    await world.call(world.gateway.complete_task, lost.id, "Written off", AGENT)
    assert tasks_on_order(world, number)[TaskKind.DISPUTE_LOST].status == "done"


@on_sqlite
async def test_its_task_ends_when_the_dispute_does(world: World) -> None:
    payment, number = new_payment("ok"), new_order_number()
    world.put_order(number, reference=payment)
    name = dispute(world, payment)
    assert await hear(world, name, payment)
    await world.until_true(lambda: tasks_on_order(world, number) != {})
    close(world, name, "won")
    assert await hear(world, name, payment)
    await ended(world, name)
    assert {kind: task.status for kind, task in tasks_on_order(world, number).items()} == {
        "dispute": "done"
    }


@on_sqlite
async def test_without_a_lost_dispute_nothing_counts_as_paid_by_one(world: World) -> None:
    rma = await accept(world, new_payment("decline"))
    await until_failed(world, rma)
    [refund] = world.refunds(rma)
    with pytest.raises(Conflict, match="No lost dispute") as refused:
        await world.call(
            world.gateway.resolve_manually,
            rma,
            refund.id,
            ManualMethod.LOST_DISPUTE,
            "",
            "",
            AGENT,
        )
    assert refused.value.code == "no_lost_dispute"
    assert world.refunds(rma)[0].status == RefundStatus.FAILED
