"""Never too much: constraints that hold by themselves, and many hands on one order at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from models.database import Database
from models.messages import Reason, RefundStatus, ReturnStatus
from models.rules.positions import Span
from models.store.refunds import RefundNotPossible, settle
from models.store.refunds import retry as prepare_retry
from models.tables import (
    GrantedRefund,
    JournalLine,
    Order,
    OrderLine,
    Payment,
    Refund,
    Return,
    ReturnLine,
    UnitRange,
)
from tests.contract.sandbox_process import new_payment
from tests.workflows.stored import NOW, grant, open_return, store_order
from tests.workflows.world import AGENT, World, new_order_number, paid
from web.requests import Answer, LineRequest, Refused, ReturnRequest

Result = TypeVar("Result")
HANDS = 8


def all_at_once(calls: list[Callable[[], Result]]) -> list[Result]:
    """Runs the calls in threads that start together."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


# --- what the database refuses by itself --------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (Payment, "reserved", 10001),
        (Payment, "reserved", -1),
        (Order, "reserved", 10001),
        (Order, "reserved", -1),
        (OrderLine, "reserved", 10001),
        (OrderLine, "reserved", -1),
        (OrderLine, "reserved_units", 3),
        (OrderLine, "reserved_units", -1),
        (Refund, "amount", 0),
        (Refund, "idempotency_key", "taken"),
        (ReturnLine, "refunded", 1),
        (ReturnLine, "approved", 2),
        (ReturnLine, "received", 1),
        (ReturnLine, "accepted", 1),
        (UnitRange, "first", 0),
        (UnitRange, "last", 0),
        (JournalLine, "debit", -1),
        (JournalLine, "credit", 1),
    ],
)
def test_a_caller_that_forgot_every_rule_is_stopped_by_a_constraint(
    database: Database, table: type[Any], column: str, value: object
) -> None:
    number = store_order(database, paid(new_payment("ok"), 10000))
    for _ in range(2):
        rma, _ = open_return(database, number, 1)
        [refund] = grant(database, rma, 1).refunds
        with database.write() as session:
            settle(session, refund.refund, status=RefundStatus.SUCCEEDED, at=NOW)
    with database.write() as session:
        session.get_one(Refund, refund.refund).idempotency_key = "taken"
    with pytest.raises(DBAPIError), database.write() as session:
        setattr(session.scalars(select(table)).first(), column, value)


# --- many hands on one order ------------------------------------------------------------------


def test_returns_granted_at_once_never_take_more_than_the_payments_hold(
    database: Database,
) -> None:
    card, gift = paid("card-1", 20000, refunded=5000), paid("gift-1", 20000, id="p-2")
    number = store_order(database, card, gift, quantity=HANDS)
    returns = [open_return(database, number, 1)[0] for _ in range(HANDS)]
    granted = all_at_once([lambda rma=rma: grant(database, rma, 1) for rma in returns])
    assert sum(each.amount for each in granted) == 35000
    assert sum(each.short for each in granted) == 5000
    with database.read() as session:
        order = session.get_one(Order, number)
        assert order.reserved == 40000
        assert [payment.reserved for payment in order.payments] == [20000, 20000]
        # The line counts what came back of it, also what could no longer be refunded.
        assert order.lines[0].reserved == 40000
        assert session.scalar(select(func.sum(Refund.amount))) == 35000


def test_one_grant_asked_for_by_many_reserves_once(database: Database) -> None:
    number = store_order(database, paid("card-1", 10000))
    rma, _ = open_return(database, number, 2)
    granted = all_at_once([lambda: grant(database, rma, 2)] * HANDS)
    assert len({each.refunds[0].refund for each in granted}) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(GrantedRefund)) == 1
        assert session.get_one(Order, number).reserved == 10000


def test_one_failed_refund_tried_again_by_many_is_tried_once(database: Database) -> None:
    number = store_order(database, paid("card-1", 10000))
    rma, _ = open_return(database, number, 2)
    [refund] = grant(database, rma, 2).refunds

    def fail() -> None:
        with database.write() as session:
            settle(session, refund.refund, status=RefundStatus.FAILED, at=NOW, failure="no")

    def retry() -> str:
        with database.write() as session:
            return prepare_retry(session, refund.refund, NOW).refund

    all_at_once([fail] * HANDS)
    assert set(all_at_once([retry] * HANDS)) == {f"{rma}-2"}
    with database.read() as session:
        assert session.get_one(Order, number).payments[0].reserved == 10000


def test_another_try_is_refused_when_others_took_the_payments_money_meanwhile(
    database: Database,
) -> None:
    number = store_order(database, paid("card-1", 4000), paid("card-2", 6000, id="p-2"))
    rma, _ = open_return(database, number, 1)
    first, _ = grant(database, rma, 1).refunds
    with database.write() as session:
        settle(session, first.refund, status=RefundStatus.FAILED, at=NOW, failure="no")
    other, _ = open_return(database, number, 1)
    assert [part.amount for part in grant(database, other, 1).refunds] == [4000, 1000]
    with (
        pytest.raises(RefundNotPossible, match=r"0\.00 can still be refunded"),
        database.write() as session,
    ):
        prepare_retry(session, first.refund, NOW)


def test_requests_for_the_same_units_at_once_never_share_a_position(database: Database) -> None:
    number = store_order(database, paid("card-1", 15000), quantity=3)
    opened = all_at_once([lambda: open_return(database, number, 1)] * HANDS)
    refusals = [each.refusals[0].message for _, each in opened if each.refusals]
    assert refusals == ["All units of Thing 1 are already in a return."] * (HANDS - 3)
    with database.read() as session:
        spans = [Span(row.first, row.last) for row in session.scalars(select(UnitRange))]
        assert sorted(spans) == [Span(1, 1), Span(2, 2), Span(3, 3)]
        assert session.get_one(Order, number).lines[0].reserved_units == 3


async def test_of_many_who_ask_for_the_last_unit_one_gets_it_and_the_others_read_why(
    world: World,
) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(1,))
    asked = ReturnRequest(
        order=number, lines=[LineRequest(line="1", quantity=1, reason=Reason.STYLE)]
    )

    async def ask() -> Answer | str:
        try:
            answer: Answer = await world.call(world.gateway.request_return, asked, AGENT)
        except Refused as refused:
            return refused.detail
        return answer

    answers = await asyncio.gather(*(ask() for _ in range(4)))
    won = [each for each in answers if isinstance(each, Answer)]
    lost = [each for each in answers if isinstance(each, str)]
    assert [each.status for each in won] == [ReturnStatus.REQUESTED]
    assert lost == ["All units of Thing 1 are already in a return."] * 3


# --- positions --------------------------------------------------------------------------------


def test_a_short_grant_books_the_whole_tax_and_leaves_the_rest_owed(database: Database) -> None:
    number = store_order(database, paid("card-1", 10000), quantity=4, price=2500)
    with database.write() as session:
        session.get_one(Order, number).lines[0].tax = 1000
    rma, _ = open_return(database, number, 4)
    assert grant(database, rma, 2).amount == 5000
    with database.write() as session:
        order = session.get_one(Order, number)
        order.payments[0].reserved += 2500
    granted = grant(database, rma, 4, id=f"{rma}/grant/2")
    assert (granted.amount, granted.short) == (2500, 2500)
    with database.read() as session:
        taxes = select(GrantedRefund.tax).order_by(GrantedRefund.id)
        assert list(session.scalars(taxes)) == [500, 500]


async def quoted(world: World, number: str, *quantities: int) -> str:
    """A return of line 1, asked for in parts; gives its RMA."""
    asked = ReturnRequest(
        order=number,
        lines=[
            LineRequest(line="1", quantity=quantity, reason=Reason.STYLE, comment=f"part {no}")
            for no, quantity in enumerate(quantities)
        ],
    )
    answer: Answer = await world.call(world.gateway.request_return, asked, AGENT)
    return answer.rma


def quote_total(world: World, rma: str) -> int:
    with world.database.read() as session:
        return session.get_one(Return, rma).quote_total


async def test_a_cancelled_return_gives_its_positions_back_and_an_open_quote_does_not_move(
    world: World,
) -> None:
    number, payment = new_order_number(), new_payment("ok")
    # Three units paid 10.00 together are worth 3.33, 3.34 and 3.33.
    world.put_order(number, reference=payment, quantities=(3,), price=334, discount=2)
    first, second = await quoted(world, number, 1), await quoted(world, number, 1)
    assert [quote_total(world, rma) for rma in (first, second)] == [333, 334]
    await world.call(world.gateway.cancel, first, "", AGENT)
    assert quote_total(world, second) == 334
    third, fourth = await quoted(world, number, 1), await quoted(world, number, 1)
    assert [quote_total(world, rma) for rma in (third, fourth)] == [333, 333]
    for rma in (second, third, fourth):
        await world.approve(rma)
        await world.receive(rma)
        await world.inspect(rma)
        await world.until(rma, ReturnStatus.RESOLVED)
    assert [world.refunds(rma)[0].amount for rma in (second, third, fourth)] == [334, 333, 333]
    assert sum(row["amount"] for row in world.sandbox.refunds(payment)) == 1000


async def test_a_line_named_twice_is_counted_together_and_paid_like_the_whole(
    world: World,
) -> None:
    number, payment = new_order_number(), new_payment("ok")
    world.put_order(number, reference=payment, quantities=(3,), price=334, discount=2)
    with pytest.raises(Refused, match="1 of Thing 1 can still be returned, not 2"):
        await quoted(world, number, 2, 2)
    rma = await quoted(world, number, 1, 2)
    assert quote_total(world, rma) == 1000
    await world.approve(rma)
    await world.receive(rma, {"1": 3})
    await world.inspect(rma, {"1": 2})
    await world.until_true(lambda: [row.amount for row in world.refunds(rma)] == [667])
    await world.inspect(rma, {"1": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [row.amount for row in world.refunds(rma)] == [667, 333]
    with world.database.read() as session:
        counters = session.execute(
            select(ReturnLine.requested, ReturnLine.refunded)
            .where(ReturnLine.rma == rma)
            .order_by(ReturnLine.no)
        )
        assert [tuple(row) for row in counters] == [(1, 1), (2, 2)]


async def test_refused_units_free_the_highest_positions_and_what_stays_keeps_its_price(
    world: World,
) -> None:
    number, payment = new_order_number(), new_payment("ok")
    world.put_order(number, reference=payment, quantities=(3,), price=334, discount=2)
    rma = await quoted(world, number, 3)
    await world.approve(rma)
    await world.receive(rma, {"1": 3})
    await world.inspect(rma, {"1": 1}, accepted=False)
    await world.inspect(rma, {"1": 2})
    await world.until_true(lambda: [row.amount for row in world.refunds(rma)] == [667])
    again = await quoted(world, number, 1)
    assert quote_total(world, again) == 333
