"""No worker runs: what was asked for is taken, told so, and carried out once when one starts."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models.messages import CarrierStatus, DecisionKind, EventKind, Reason, ReturnStatus, TaskKind
from models.tables import Return, Submission
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import OWED, on_sqlite, retry, told, until_failed
from tests.workflows.world import AGENT, World, new_order_number
from web.access import Permission
from web.gateway import new_rma
from web.requests import (
    Answer,
    Conflict,
    DecisionRequest,
    LineRequest,
    NotFound,
    Refused,
    ReturnRequest,
)

pytestmark = on_sqlite


@pytest.fixture
def world(idle_world: World) -> World:
    """Nobody works until a test says so."""
    return idle_world


@contextmanager
def impatient() -> Iterator[None]:
    """Nobody works, so nobody has to wait for long to see it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web.delivery._TIMEOUT", timedelta(seconds=0.4))
        yield


def asked(world: World, **more: str) -> ReturnRequest:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    return ReturnRequest(
        order=number, lines=[LineRequest(line="1", quantity=1, reason=Reason.STYLE)], **more
    )


async def test_a_request_is_taken_soon_and_there_when_a_worker_starts(world: World) -> None:
    request, rma = asked(world), new_rma()
    began = time.monotonic()
    with impatient():
        for _ in range(2):
            answer = await world.call(world.gateway.request_return, request, AGENT, rma=rma)
            assert answer == Answer(rma=rma, status=ReturnStatus.REQUESTED, settled=False)
    assert time.monotonic() - began < 5
    with pytest.raises(Conflict, match="still being recorded") as caught:
        await world.approve(rma)
    assert caught.value.state == ReturnStatus.REQUESTED
    async with world.working():
        await world.until_true(lambda: world.timeline(rma) != [])
        answer = await world.call(world.gateway.request_return, request, AGENT, rma=rma)
        assert answer == Answer(rma=rma, status=ReturnStatus.REQUESTED)
        await world.approve(rma)
        await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert returns(world) == [rma]
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 0
    assert world.free_units(rma) == 1


async def test_decisions_are_carried_out_once_and_in_order_when_a_worker_starts(
    world: World,
) -> None:
    async with world.working():
        request = asked(world)
        answer = await world.call(world.gateway.request_return, request, AGENT)
        rma = answer.rma
    approve = DecisionRequest(decision=DecisionKind.APPROVE)
    with impatient():
        for _ in range(2):
            answer = await world.call(world.gateway.decide, rma, approve, AGENT, id="d-1")
            assert answer == Answer(rma=rma, status=ReturnStatus.REQUESTED, settled=False)
        assert (await world.receive(rma)).settled is False
    async with world.working():
        await world.until(rma, ReturnStatus.RECEIVED)
        answer = await world.call(world.gateway.decide, rma, approve, AGENT, id="d-1")
        assert answer == Answer(rma=rma, status=ReturnStatus.APPROVED), "its first answer"
    kinds = world.timeline(rma)
    assert [kinds.count(kind) for kind in ("approved", "received")] == [1, 1]
    assert EventKind.DECISION_IGNORED not in kinds


async def test_a_decision_that_came_second_while_nobody_worked_is_told(world: World) -> None:
    async with world.working():
        rma = (await world.call(world.gateway.request_return, asked(world), AGENT)).rma
    with impatient():
        for kind in (DecisionKind.DECLINE, DecisionKind.APPROVE):
            decision = DecisionRequest(decision=kind)
            assert not (await world.call(world.gateway.decide, rma, decision, AGENT)).settled
    async with world.working():
        await world.until(rma, ReturnStatus.DECLINED)
        await world.handle(rma).result()
    [ignored] = told(world, rma, EventKind.DECISION_IGNORED)
    assert ignored["what"] == "Decision"


async def test_a_request_that_became_impossible_meanwhile_ends_as_if_it_had_never_been(
    world: World,
) -> None:
    request = asked(world)
    first, second = new_rma(), new_rma()
    both = ReturnRequest(
        order=request.order, lines=[LineRequest(line="1", quantity=2, reason=Reason.STYLE)]
    )
    with impatient():
        for rma in (first, second):
            answer = await world.call(world.gateway.request_return, both, AGENT, rma=rma)
            assert not answer.settled
    async with world.working():
        await world.until_true(lambda: len(returns(world)) == 1)
        [lost] = {first, second} - set(returns(world))
        await world.handle(lost).result()
        with pytest.raises(Refused, match="All units of Thing 1 are already in a return"):
            await world.call(world.gateway.request_return, both, AGENT, rma=lost)
        with pytest.raises(NotFound):
            await world.approve(lost)
    assert len(returns(world)) == 1


def returns(world: World) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(Return.rma)))


async def test_two_returns_can_not_have_one_reference(world: World) -> None:
    async with world.working():
        answer = await world.call(
            world.gateway.request_return, asked(world, reference="CN-1"), AGENT
        )
        again = asked(world, reference="CN-1")
        with pytest.raises(Refused) as caught:
            await world.call(world.gateway.request_return, again, AGENT)
        assert [refusal.pointer for refusal in caught.value.refusals] == ["/reference"]
        assert caught.value.refusals[0].code == "reference_taken"
        assert answer.rma in caught.value.detail
        for stranger in (
            replace(AGENT, permissions=AGENT.permissions - {Permission.READ}),
            replace(AGENT, sandbox=True),
        ):
            with pytest.raises(Refused, match="with this reference exists already;"):
                await world.call(world.gateway.request_return, again, stranger)
        await world.approve(answer.rma)


async def test_of_two_that_ask_at_once_for_one_reference_one_gets_it(world: World) -> None:
    requests = [asked(world, reference="CN-2") for _ in range(2)]
    rmas = [new_rma(), new_rma()]
    with impatient():
        for request, rma in zip(requests, rmas, strict=True):
            answer = await world.call(world.gateway.request_return, request, AGENT, rma=rma)
            assert not answer.settled
    async with world.working():
        for rma in rmas:
            await world.until_true(lambda rma=rma: not waiting(world, rma))
    assert len(returns(world)) == 1


def waiting(world: World, rma: str) -> bool:
    with world.database.read() as session:
        return session.get(Submission, rma) is not None and session.get(Return, rma) is None


async def test_news_and_retries_wait_for_a_worker_too(world: World) -> None:
    async with world.working():
        payment = new_payment("decline")
        rma = await world.awaiting_parcel(payment)
        await world.receive(rma)
        await world.inspect(rma)
        await until_failed(world, rma)
    [refund] = world.refunds(rma)
    with impatient():
        answer = await retry(world, rma, refund.id)
        assert answer == Answer(rma=rma, status=ReturnStatus.NEEDS_ATTENTION, settled=False)
        await world.scan(rma, "s-1", CarrierStatus.DELIVERED)
    async with world.working():
        await until_failed(world, rma, 2)
    assert len(world.refunds(rma)) == 2
    assert world.timeline(rma).count("scanned") == 1
    assert list(world.open_tasks(rma)) == [TaskKind.REFUND_FAILED]
    assert world.balance(rma) == OWED


async def test_what_was_taken_before_counts_for_what_comes_with_it(world: World) -> None:
    async with world.working():
        rma = await world.awaiting_parcel(new_payment("ok"))
    with impatient():
        assert (await world.receive(rma)).settled is False
    # The worker that starts finds both at once: the receipt by Signal, the inspection by Update.
    inspecting = asyncio.create_task(world.inspect(rma))
    await asyncio.sleep(0.5)
    async with world.working():
        assert (await inspecting).settled
        await world.until(rma, ReturnStatus.RESOLVED)
