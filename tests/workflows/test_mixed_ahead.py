"""One return, several ways, money ahead of the goods: paid once, and asked back as it was paid."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from models.messages import (
    CarrierStatus,
    EventKind,
    Resolution,
    ReturnStatus,
    TaskKind,
)
from models.rules.policy import Policy
from models.rules.policy_rules import Rule, Then, When
from models.store.policy_versions import save_policy
from models.tables import GrantedRefund, Return, StoreCredit
from tests.contract.sandbox_process import new_payment
from tests.workflows.stored import NOW
from tests.workflows.test_exchanges import exchange, order_of, product, stock
from tests.workflows.test_instant_refunds import asked_back, end_task
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import Conflict, LineRequest, ReturnRequest, WantedItem

WAYS = {"refund": Resolution.REFUND, "credit": Resolution.STORE_CREDIT}
# Two lines of 50.00, the way back at 7.95, a tenth on store credit.
TERMS: dict[str, Any] = {"return_shipping": 795, "store_credit_bonus_percent": "10"}


async def waiting(world: World, *ways: str, sku: str = "", **policy: object) -> str:
    """A return of a unit at 50.00 for each way, approved and waiting for its parcel."""
    with world.database.write() as session:
        made = replace(Policy(), **{"instant_refund": True, **policy})  # type: ignore[arg-type]
        save_policy(session, made, actor="user:1", now=NOW)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(1,) * len(ways))
    asked = ReturnRequest(
        order=number,
        lines=[
            LineRequest(
                line=str(no),
                quantity=1,
                reason="style",
                resolution=WAYS.get(way, Resolution.EXCHANGE),
            )
            for no, way in enumerate(ways, start=1)
        ],
        exchange=[
            WantedItem(line=str(no), sku=sku, quantity=1)
            for no, way in enumerate(ways, start=1)
            if way == "exchange"
        ],
    )
    rma = str((await world.call(world.gateway.request_return, asked, AGENT)).rma)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    return rma


async def moving(world: World, *ways: str, sku: str = "", **policy: object) -> str:
    """The same, with the parcel on its way."""
    rma = await waiting(world, *ways, sku=sku, **policy)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.until(rma, ReturnStatus.IN_TRANSIT)
    return rma


def granted(world: World, rma: str) -> list[tuple[str, str, int, int]]:
    with world.database.read() as session:
        rows = session.scalars(
            select(GrantedRefund).where(GrantedRefund.rma == rma).order_by(GrantedRefund.id)
        )
        found = [(row.id.removeprefix(rma), row.method, row.amount, row.bonus) for row in rows]
        return [grant for grant in found if grant[2]]


def counters(world: World, rma: str) -> list[tuple[int, int, int]]:
    """Of each line what was paid ahead, accepted and refunded."""
    with world.database.read() as session:
        lines = session.get_one(Return, rma).lines
        return [(line.ahead, line.accepted, line.refunded) for line in lines]


async def paid(world: World, rma: str, ahead: list[int]) -> None:
    """Waits until all of it has arrived."""

    def holds() -> bool:
        return [refunded for _, _, refunded in counters(world, rma)] == ahead

    await world.until_true(holds, lambda: (counters(world, rma), world.timeline(rma)))


def check_books(world: World, rma: str, *, card: int, credit: int) -> None:
    """The books, the payments, the order and the credit's balance say the same."""
    balance = world.balance(rma)
    assert balance.get("refunds_payable", 0) == 0
    assert (balance.get("clearing:card", 0), balance.get("store_credit", 0)) == (-card, -credit)
    assert sum(refund.amount for refund in world.refunds(rma)) == card
    with world.database.read() as session:
        codes = session.scalars(select(StoreCredit).where(StoreCredit.rma == rma)).all()
        assert sum(code.balance for code in codes) == credit
        order = session.get_one(Return, rma).order
        # What became store credit is taken of the payments as well, without its bonus.
        taken = sum(amount for _, _, amount, _ in granted(world, rma))
        assert sum(payment.reserved for payment in order.payments) == order.reserved == taken
        assert all(0 <= line.reserved <= line.paid for line in order.lines)


@pytest.mark.parametrize("ways", [("refund", "credit"), ("credit", "refund")])
async def test_both_ways_are_paid_at_the_first_scan_and_never_again(
    world: World, ways: tuple[str, str]
) -> None:
    rma = await moving(world, *ways, **TERMS)
    await paid(world, rma, [1, 1])
    ahead = [
        ("/grant/1", "refund", 4205, 0),
        ("/grant/1/credit", "store_credit", 5000, 500),
    ]
    assert granted(world, rma) == ahead
    assert counters(world, rma) == [(1, 0, 1), (1, 0, 1)]
    check_books(world, rma, card=4205, credit=5500)
    with pytest.raises(Conflict, match="paid ahead of the goods"):
        await world.call(world.gateway.cancel, rma, "Changed their mind", AGENT)
    await world.receive(rma, {"1": 1, "2": 1})
    await world.inspect(rma, {"1": 1})
    await world.inspect(rma, {"2": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert granted(world, rma) == ahead
    check_books(world, rma, card=4205, credit=5500)
    assert asked_back(world, rma) == []
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    mails = world.mails(rma)
    assert "refunded" not in mails
    assert mails.count("store_credit") <= 1


@pytest.mark.parametrize(
    ("refused", "back"),
    [
        # Of 97.05 that were paid, the store credit alone is worth 42.05 and a tenth of that …
        ("1", 4205 + 5500 - 4205 - 421),
        # … and the refund alone 42.05.
        ("2", 5500),
    ],
)
async def test_the_way_that_is_refused_is_asked_back_and_the_other_stays(
    world: World, refused: str, back: int
) -> None:
    rma = await moving(world, "refund", "credit", **TERMS)
    await paid(world, rma, [1, 1])
    await world.receive(rma, {"1": 1, "2": 1})
    await world.inspect(rma, {"2" if refused == "1" else "1": 1})
    await world.inspect(rma, {refused: 1}, accepted=False)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert asked_back(world, rma) == [(1, back)]
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until(rma, ReturnStatus.RESOLVED)
    check_books(world, rma, card=4205, credit=5500)


async def test_what_is_lost_of_both_ways_is_asked_back_whole(world: World) -> None:
    rma = await moving(world, "refund", "credit", **TERMS)
    await paid(world, rma, [1, 1])
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    await world.until(rma, ReturnStatus.LOST)
    await world.until_true(lambda: asked_back(world, rma) == [(2, 4205 + 5500)])
    # It comes after all, with one of the two.
    await world.scan(rma, "s-3", CarrierStatus.DELIVERED)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.skip(rma, days=15)
    await world.until_true(lambda: asked_back(world, rma)[1:] == [(1, 5500)])
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until(rma, ReturnStatus.RESOLVED)
    check_books(world, rma, card=4205, credit=5500)


async def test_a_rule_that_trusts_one_way_only_pays_neither_ahead(world: World) -> None:
    # One parcel: either all its lines are paid ahead or none.
    credit = Rule(
        name="Credit at once",
        when=When(resolutions=(Resolution.STORE_CREDIT,)),
        then=Then(instant_refund=True),
    )
    rma = await moving(world, "refund", "credit", instant_refund=False, rules=(credit,), **TERMS)
    await world.receive(rma, {"1": 1, "2": 1})
    assert granted(world, rma) == []
    await world.inspect(rma, {"1": 1, "2": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    check_books(world, rma, card=4205, credit=5500)


async def test_beside_an_exchange_nothing_is_paid_before_the_goods_come(world: World) -> None:
    sku = stock(world, "M", price=4100)
    rma = await moving(world, "refund", "credit", "exchange", sku=sku, **TERMS)
    assert granted(world, rma) == []
    assert counters(world, rma) == [(0, 0, 0)] * 3
    await world.receive(rma, {"1": 1, "2": 1, "3": 1})
    await world.inspect(rma, {"1": 1, "2": 1, "3": 1})
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.ship_exchange, rma, "TRACK-1", AGENT)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert exchange(world, rma).status == "shipped"
    assert (product(world, sku).stock, product(world, sku).reserved) == (4, 0)
    # An exchange pays no way back, so that the parcel costs nothing; its item is 9.00 cheaper.
    await world.until_true(
        lambda: sum(each.amount for each in world.refunds(rma)) == 5000 + 900,
        lambda: granted(world, rma),
    )
    await world.until_true(lambda: all(r.status == "succeeded" for r in world.refunds(rma)))
    check_books(world, rma, card=5900, credit=5500)
    order, lines, _ = order_of(world, rma)
    assert (len(lines), lines[3].paid) == (4, 4100)
    assert order.reserved == 5000 + 900 + 5000


async def test_an_exchange_that_goes_out_ahead_leaves_the_other_ways_to_the_goods(
    world: World,
) -> None:
    sku = stock(world, "M", price=5000)
    rma = await waiting(world, "refund", "exchange", sku=sku, advance_exchange=True)
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.ship_exchange, rma, "TRACK-1", AGENT)
    await world.until_true(lambda: exchange(world, rma).status == "shipped")
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.until(rma, ReturnStatus.IN_TRANSIT)
    assert granted(world, rma) == []
    # Only the refund's goods come; what went out is asked back.
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.until_true(lambda: [each.amount for each in world.refunds(rma)] == [5000])
    await world.skip(rma, days=15)
    await world.until_true(
        lambda: asked_back(world, rma) == [(1, 5000)], lambda: asked_back(world, rma)
    )
    await end_task(world, rma, TaskKind.CLAWBACK)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [each.amount for each in world.refunds(rma)] == [5000]
    assert EventKind.EXCHANGE_CANCELLED not in world.timeline(rma)
