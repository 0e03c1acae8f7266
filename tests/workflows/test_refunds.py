"""Money that doesn't go back at the first try: refused, sent back, late, unclear, or by hand."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy

from models.messages import EventKind, RefundNews, RefundStatus, ReturnStatus, TaskKind
from models.rules.orders import PaymentKind
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import (
    OWED,
    PAID_BY_CARD,
    PAID_BY_HAND,
    Line,
    accept,
    control,
    entries,
    on_sqlite,
    order_row,
    pay_by_hand,
    payment_row,
    retry,
    tasks,
    tell,
    told,
    until_failed,
)
from tests.workflows.world import AGENT, World, paid
from web.requests import Conflict, Refused
from worker import payment_providers
from workflows import options
from workflows.returns import ReturnWorkflow

pytestmark = on_sqlite

PENDING, SUCCEEDED, FAILED = RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED


@pytest.fixture(autouse=True)
def _retries_come_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = RetryPolicy(
        initial_interval=timedelta(milliseconds=50), maximum_interval=timedelta(milliseconds=100)
    )
    monkeypatch.setattr(options, "PAYMENT_RETRY", soon)


# --- refused ------------------------------------------------------------------------------


async def test_a_refused_refund_is_tried_again_with_a_new_key_and_then_paid_by_hand(
    world: World,
) -> None:
    payment = new_payment("decline")
    rma = await accept(world, payment)
    await until_failed(world, rma)
    [first] = world.refunds(rma)
    assert first.status == FAILED
    assert "declined this refund" in (first.failure or "")
    assert tasks(world, rma) == {"open": 1}
    assert payment_row(world, rma).reserved == 0
    assert world.balance(rma) == OWED
    answer = await retry(world, rma, first.id)
    assert answer.status == ReturnStatus.RESOLVING
    await until_failed(world, rma, 2)
    first, second = world.refunds(rma)
    assert first.replaced_by == second.id
    assert [first.idempotency_key, second.idempotency_key] == [
        f"{rma}/refund/1",
        f"{rma}/refund/2",
    ]
    sent = [call["idempotency_key"] for call in world.sandbox.calls_about(payment)]
    assert sent == [first.idempotency_key, second.idempotency_key]
    assert tasks(world, rma) == {"done": 1, "open": 1}
    answer = await pay_by_hand(world, rma, second.id)
    assert answer.status == ReturnStatus.RESOLVED
    [_, second] = world.refunds(rma)
    assert (second.paid_by, second.paid_reference) == ("paid_by_hand", "bank transfer 4711")
    assert world.balance(rma) == PAID_BY_HAND
    assert payment_row(world, rma).reserved == 0
    assert order_row(world, rma).reserved == 5000
    assert world.line(rma).refunded == 1
    assert tasks(world, rma) == {"done": 2}
    with pytest.raises(Conflict, match="paid by hand; nothing is to be done"):
        await pay_by_hand(world, rma, second.id)
    with pytest.raises(Conflict, match="paid by hand; nothing is to be done"):
        await retry(world, rma, second.id)


async def test_a_disputed_payment_gives_nothing_back(world: World) -> None:
    rma = await accept(world, new_payment("disputed"))
    await until_failed(world, rma)
    [refund] = world.refunds(rma)
    assert "charged back" in (refund.failure or "")
    assert refund.provider_reference is None
    await world.until_true(lambda: "refund_delayed" in world.mails(rma))
    assert "refunded" not in world.mails(rma)


async def test_what_a_person_asks_of_a_refund_that_needs_nobody_is_refused(world: World) -> None:
    rma = await accept(world, new_payment("ok"))
    await world.until(rma, ReturnStatus.RESOLVED)
    [refund] = world.refunds(rma)
    for ask in (retry, pay_by_hand):
        with pytest.raises(Conflict, match="is succeeded; nothing is to be done"):
            await ask(world, rma, refund.id)
        with pytest.raises(Refused, match="no refund R-9"):
            await ask(world, rma, "R-9")
    assert world.balance(rma) == PAID_BY_CARD


async def test_without_its_provider_a_refund_waits_for_a_person_and_then_for_the_provider(
    idle_world: World,
) -> None:
    world, providers = idle_world, payment_providers(idle_world.settings)
    payment = new_payment("ok")
    async with world.working(providers):
        rma = await accept(
            world, payment, {"1": 1}, payments=(paid(payment, 10000, provider="worldly"),)
        )
        await until_failed(world, rma)
        [told_once] = told(world, rma, EventKind.REFUND_FAILED)
        assert told_once["failure"] == "No payment provider named worldly is set up."
        providers["worldly"] = providers["sandbox"]
        await retry(world, rma, world.refunds(rma)[0].id)
        await world.until(rma, ReturnStatus.RESOLVED)
    assert len(world.sandbox.refunds(payment)) == 1
    assert world.balance(rma) == PAID_BY_CARD


# --- later than the answer ------------------------------------------------------------------


async def test_a_pending_refund_is_resolving_until_the_provider_says_more(world: World) -> None:
    payment = new_payment("pending")
    rma = await accept(world, payment)
    await world.until_true(lambda: "refund_pending" in world.timeline(rma))
    assert world.status(rma) == ReturnStatus.RESOLVING
    assert world.balance(rma) == OWED
    assert payment_row(world, rma).reserved == 5000
    [refund] = world.refunds(rma)
    control(world, refund, "settle")
    await tell(world, refund, SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == PAID_BY_CARD
    await world.until_true(lambda: world.mails(rma)[-1] == "refunded")


async def test_news_with_a_time_nobody_can_read_hold_nothing_up(world: World) -> None:
    rma = await accept(world, new_payment("pending"))
    await world.until_true(lambda: "refund_pending" in world.timeline(rma))
    [refund] = world.refunds(rma)
    for at in ("today", "2026-01-01 10:00"):
        news = RefundNews(id=at, refund=refund.id, status=SUCCEEDED, at=at)
        await world.handle(rma).signal(ReturnWorkflow.refund_news, news)
        await world.handle(rma).signal(ReturnWorkflow.refund_news, replace(news, ask=True))
    control(world, refund, "settle")
    await tell(world, refund, SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)


async def test_a_pending_refund_that_fails_needs_a_person_and_was_never_booked(
    world: World,
) -> None:
    payment = new_payment("pending")
    rma = await accept(world, payment)
    await world.until_true(lambda: "refund_pending" in world.timeline(rma))
    [refund] = world.refunds(rma)
    control(world, refund, "fail")
    await tell(world, refund, FAILED, failure="lost_or_stolen_card")
    await until_failed(world, rma)
    assert entries(world, rma) == []
    assert payment_row(world, rma).reserved == 0
    assert "refunded" not in world.mails(rma)


async def test_a_refund_the_bank_sends_back_reopens_the_return_until_another_try_arrives(
    world: World,
) -> None:
    payment = new_payment("pending")
    rma = await accept(world, payment)
    await world.until_true(lambda: "refund_pending" in world.timeline(rma))
    [refund] = world.refunds(rma)
    control(world, refund, "settle")
    await tell(world, refund, SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.line(rma).refunded == 1
    control(world, refund, "fail")
    await tell(world, refund, FAILED, failure="lost_or_stolen_card")
    await until_failed(world, rma)
    assert world.balance(rma) == OWED
    assert world.line(rma).refunded == 0
    await retry(world, rma, refund.id)
    await world.until_true(lambda: world.timeline(rma).count("refund_pending") == 2)
    assert world.status(rma) == ReturnStatus.RESOLVING, "the money is on its way, not there"
    assert world.timeline(rma).count("resolved") == 1
    [_, again] = world.refunds(rma)
    control(world, again, "settle")
    await tell(world, again, SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == PAID_BY_CARD
    assert entries(world, rma) == [
        f"refund/{refund.id}",
        f"refund/{refund.id}/failed",
        f"refund/{again.id}",
    ]
    assert tasks(world, rma) == {"done": 1}
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)


async def test_the_same_news_five_times_and_in_any_order_end_the_same(world: World) -> None:
    async def news_of(order: tuple[RefundStatus, ...]) -> str:
        payment = new_payment("pending")
        rma = await accept(world, payment)
        await world.until_true(lambda: "refund_pending" in world.timeline(rma))
        [refund] = world.refunds(rma)
        control(world, refund, "settle")
        control(world, refund, "fail")
        for status in order:
            for _ in range(5):
                await tell(world, refund, status, event=f"evt_{rma}_{status}")
        await until_failed(world, rma)
        return rma

    orders = list(itertools.permutations([PENDING, SUCCEEDED, FAILED]))
    for rma in await asyncio.gather(*map(news_of, orders)):
        assert [row.status for row in world.refunds(rma)] == [FAILED]
        assert world.balance(rma) == OWED
        assert payment_row(world, rma).reserved == 0
        assert tasks(world, rma) == {"open": 1}
        assert world.timeline(rma).count("refund_pending") == 1


# --- no clear answer ------------------------------------------------------------------------


@pytest.mark.parametrize(("behaviour", "posts"), [("timeout", 1), ("error", 4)])
async def test_a_provider_that_breaks_off_pays_once(
    world: World, behaviour: str, posts: int
) -> None:
    payment = new_payment(behaviour)
    rma = await accept(world, payment)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [row["amount"] for row in world.sandbox.refunds(payment)] == [5000]
    calls = [call for call in world.sandbox.calls_about(payment) if call["method"] == "POST"]
    assert [call["idempotency_key"] for call in calls] == [f"{rma}/refund/1"] * posts
    assert [row.status for row in world.refunds(rma)] == [SUCCEEDED]
    assert entries(world, rma) == [f"refund/{rma}-1"]


@pytest.fixture
async def cut_off(
    idle_world: World, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[World, Line]]:
    """A world that loses patience with its provider soon, and the line to it."""
    monkeypatch.setattr(options, "PAYMENT_GIVES_UP_AFTER", timedelta(seconds=1))
    line = Line(payment_providers(idle_world.settings)["sandbox"])
    async with idle_world.working({"sandbox": line}):
        yield idle_world, line


@pytest.mark.parametrize("paid_already", [True, False], ids=["it had paid", "it had not"])
async def test_a_refund_without_an_answer_is_parked_and_a_retry_looks_it_up(
    cut_off: tuple[World, Line], paid_already: bool
) -> None:
    world, line = cut_off
    line.cut(after=paid_already)
    payment = new_payment("ok")
    rma = await accept(world, payment)
    await until_failed(world, rma)
    [refund] = world.refunds(rma)
    assert refund.status == PENDING
    assert payment_row(world, rma).reserved == 5000, "it may have been paid"
    with pytest.raises(Conflict, match="may still have paid this refund; retry it"):
        await pay_by_hand(world, rma, refund.id)
    assert set(line.keys) == {refund.idempotency_key}
    line.mend()
    posts = len(line.keys)
    await retry(world, rma, refund.id)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert len(line.keys) - posts == (0 if paid_already else 1)
    assert set(line.keys) == {refund.idempotency_key}
    assert len(world.sandbox.refunds(payment)) == 1
    assert [row.id for row in world.refunds(rma)] == [refund.id]
    assert world.balance(rma) == PAID_BY_CARD
    assert tasks(world, rma) == {"done": 1}


async def test_news_of_a_parked_refund_end_the_wait_for_a_person(
    cut_off: tuple[World, Line],
) -> None:
    world, line = cut_off
    line.cut(after=True)
    rma = await accept(world, new_payment("pending"))
    await until_failed(world, rma)
    [refund] = world.refunds(rma)
    await tell(world, refund, PENDING)
    await world.until(rma, ReturnStatus.RESOLVING)
    assert tasks(world, rma) == {"done": 1}
    control(world, refund, "settle")
    await tell(world, refund, SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == PAID_BY_CARD


async def test_a_parked_refund_that_turns_out_to_have_failed_keeps_its_one_task(
    cut_off: tuple[World, Line],
) -> None:
    world, line = cut_off
    line.cut(after=True)
    rma = await accept(world, new_payment("pending"))
    await until_failed(world, rma)
    control(world, world.refunds(rma)[0], "fail")
    await tell(world, world.refunds(rma)[0], FAILED, failure="declined")
    await until_failed(world, rma, 2)
    assert tasks(world, rma) == {"open": 1}
    answer = await pay_by_hand(world, rma, world.refunds(rma)[0].id)
    assert answer.status == ReturnStatus.RESOLVED


async def test_news_before_the_line_is_given_up_leave_nothing_to_give_up(
    cut_off: tuple[World, Line],
) -> None:
    world, line = cut_off
    line.hangs = True
    rma = await accept(world, new_payment("ok"))
    await world.until_true(lambda: len(line.keys) > 0)
    # It did arrive.
    line.provider.refund(line.orders[0])
    await tell(world, world.refunds(rma)[0], SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)
    async with asyncio.timeout(20):
        await world.skip(rma, days=8)
        # It ends only when the call was given up, too.
        await world.handle(rma).result()
    line.mend()
    assert "refund_failed" not in world.timeline(rma)
    assert world.balance(rma) == PAID_BY_CARD


# --- several payments -------------------------------------------------------------------------


async def test_of_two_payments_the_one_that_can_is_refunded_and_a_task_holds_the_rest(
    world: World,
) -> None:
    card = new_payment("ok")
    payments = (
        paid("gift-1", 4000, id="p-1", kind=PaymentKind.GIFT_CARD, provider="gift shop"),
        paid(card, 6000, id="p-2"),
    )
    rma = await accept(world, card, {"1": 2}, payments=payments)
    await until_failed(world, rma)
    await world.until_true(lambda: "refund_succeeded" in world.timeline(rma))
    to_card, to_gift = world.refunds(rma)
    assert (to_card.amount, to_card.status) == (6000, SUCCEEDED)
    assert (to_gift.amount, to_gift.status) == (4000, FAILED)
    [failed] = told(world, rma, EventKind.REFUND_FAILED)
    assert (failed["refund"], failed["amount"]) == (to_gift.id, 4000)
    assert world.balance(rma) == {
        "sales_returns": 10000,
        "clearing:card": -6000,
        "refunds_payable": -4000,
    }
    assert world.line(rma).refunded == 0
    await pay_by_hand(world, rma, to_gift.id)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.line(rma).refunded == 2
    assert world.balance(rma) == {
        "sales_returns": 10000,
        "clearing:card": -6000,
        "clearing:by_hand": -4000,
    }


async def test_what_can_no_longer_be_refunded_is_a_task_and_the_rest_is_paid(world: World) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment, {"1": 2})
    # The shop gives 30.00 back by itself while the parcel is on its way.
    world.put_order(
        order_row(world, rma).number,
        reference=payment,
        payments=(paid(payment, 10000, refunded=3000),),
    )
    await world.receive(rma, {"1": 2})
    await world.inspect(rma, {"1": 2})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [row.amount for row in world.refunds(rma)] == [7000]
    [granted] = told(world, rma, EventKind.REFUND_GRANTED)
    assert (granted["amount"], granted["short"]) == (7000, 3000)
    assert payment_row(world, rma).reserved == 10000
    assert world.balance(rma)["refunds_payable"] == -3000
    await world.skip(rma, days=8)
    assert world.status(rma) == ReturnStatus.RESOLVED, "it stays open for the person"
    task = world.open_tasks(rma)[TaskKind.REFUND_SHORT]
    await world.call(world.gateway.complete_task, task, "settled by voucher", AGENT)
    await world.until(rma, ReturnStatus.CLOSED)
    assert world.balance(rma) == {
        "sales_returns": 10000,
        "clearing:card": -7000,
        "write_off": -3000,
    }


async def test_what_was_refunded_before_the_request_is_a_line_of_the_quote(world: World) -> None:
    payment = new_payment("ok")
    rma = await accept(world, payment, {"1": 2}, payments=(paid(payment, 10000, refunded=3000),))
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [row.amount for row in world.refunds(rma)] == [7000]
    [granted] = told(world, rma, EventKind.REFUND_GRANTED)
    assert (granted["amount"], granted["short"]) == (7000, 0)
    assert world.open_tasks(rma) == {}
    assert world.balance(rma) == {
        "sales_returns": 10000,
        "goodwill": -3000,
        "clearing:card": -7000,
    }
