"""Exchanges: dearer, even, cheaper, called off; sent out or refunded, never both, never neither."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from models.messages import (
    DecisionKind,
    EventKind,
    Reason,
    Resolution,
    ReturnKind,
    ReturnStatus,
    TaskKind,
)
from models.store.products import ProductInput, put_product
from models.tables import Exchange, Order, OrderLine, Payment, PolicyVersion, Product, Return
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import told
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import (
    Conflict,
    DecisionRequest,
    LineRequest,
    Refused,
    ReturnRequest,
    WantedItem,
)
from workflows import options


def stock(world: World, sku: str, *, price: int, units: int | None = 5, product: str = "") -> str:
    """An item that can go out."""
    sku = f"{sku}-{new_order_number()}"
    with world.database.write() as session:
        put_product(
            session,
            ProductInput(
                sku=sku,
                product=product or sku,
                name=f"New {sku}",
                price=price,
                currency="GBP",
                tax_rate="0.20",
                stock=units,
            ),
            datetime.now(UTC),
        )
    return sku


async def ask(
    world: World,
    sku: str,
    units: int = 1,
    *,
    kind: ReturnKind = ReturnKind.RETURN,
    resolution: Resolution = Resolution.EXCHANGE,
) -> str:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(2,), price=5000)
    asked = ReturnRequest(
        order=number,
        kind=kind,
        resolution=resolution,
        lines=[LineRequest(line="1", quantity=units, reason=Reason.TOO_SMALL)],
        exchange=[WantedItem(line="1", sku=sku, quantity=units)],
    )
    answer = await world.call(world.gateway.request_return, asked, AGENT)
    rma = str(answer.rma)
    await world.approve(rma)
    await world.until_true(lambda: EventKind.EXCHANGE_RESERVED in world.timeline(rma))
    return rma


def exchange(world: World, rma: str) -> Exchange:
    with world.database.read() as session:
        return session.get_one(Exchange, rma)


def product(world: World, sku: str) -> Product:
    with world.database.read() as session:
        return session.get_one(Product, sku)


def order_of(world: World, rma: str) -> tuple[Order, list[OrderLine], list[Payment]]:
    with world.database.read() as session:
        order = session.get_one(Order, session.get_one(Return, rma).order_number)
        return order, list(order.lines), list(order.payments)


async def goods_accepted(world: World, rma: str, units: int = 1) -> None:
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma, {"1": units})
    await world.inspect(rma, {"1": units})


async def sent(world: World, rma: str) -> None:
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.ship_exchange, rma, "TRACK-1", AGENT)
    await world.until(rma, ReturnStatus.RESOLVED)


async def test_an_even_exchange_moves_no_money_and_becomes_a_line_of_the_order(
    world: World,
) -> None:
    sku = stock(world, "M", price=5000)
    rma = await ask(world, sku)
    assert (product(world, sku).stock, product(world, sku).reserved) == (5, 1)
    with pytest.raises(Conflict, match="not been accepted yet"):
        await world.call(world.gateway.ship_exchange, rma, "T", AGENT)
    await goods_accepted(world, rma)
    await sent(world, rma)
    assert world.refunds(rma) == []
    assert EventKind.REFUND_GRANTED not in world.timeline(rma)
    assert (product(world, sku).stock, product(world, sku).reserved) == (4, 0)
    order, lines, payments = order_of(world, rma)
    [old, new] = lines
    assert (new.sku, new.quantity, new.paid, new.origin) == (sku, 1, 5000, rma)
    assert (old.reserved, order.reserved, len(payments)) == (5000, 0, 1)
    [asked] = told(world, rma, EventKind.REQUESTED)
    assert asked["instead"] == f"1 × {sku}"
    assert exchange(world, rma).status == "shipped"
    assert world.balance(rma) == {"sales_returns": 5000, "exchange_sales": -5000}
    with pytest.raises(Conflict, match="This exchange is shipped"):
        await world.call(world.gateway.cancel_exchange, rma, "", AGENT)


async def test_a_dearer_item_goes_out_once_its_difference_is_paid_and_can_come_back_whole(
    world: World,
) -> None:
    sku = stock(world, "L", price=6200)
    rma = await ask(world, sku)
    assert exchange(world, rma).status == "awaiting_payment"
    with pytest.raises(Refused, match=r"12\.00 GBP"):
        await world.call(world.gateway.pay_exchange, rma, "sbx_ok_diff", 1100, AGENT)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await goods_accepted(world, rma)
    await sent(world, rma)
    order, lines, payments = order_of(world, rma)
    assert (order.paid, order.reserved, payments[1].reserved) == (11200, 0, 0)
    assert lines[1].paid == 6200
    await world.until_true(lambda: "exchange_shipped" in world.mails(rma))
    again = ReturnRequest(
        order=order.number,
        lines=[LineRequest(line=lines[1].line, quantity=1, reason=Reason.TOO_LARGE)],
    )
    back = str((await world.call(world.gateway.request_return, again, AGENT)).rma)
    await world.approve(back)
    await world.until(back, ReturnStatus.AWAITING_PARCEL)
    await world.receive(back, {lines[1].line: 1})
    await world.inspect(back, {lines[1].line: 1})
    await world.until(back, ReturnStatus.RESOLVED)
    assert sum(refund.amount for refund in world.refunds(back)) == 6200


async def test_a_cheaper_item_brings_its_difference_back(world: World) -> None:
    sku = stock(world, "S", price=4100)
    rma = await ask(world, sku)
    await goods_accepted(world, rma)
    await sent(world, rma)
    assert [refund.amount for refund in world.refunds(rma)] == [900]
    order, lines, _ = order_of(world, rma)
    assert (order.reserved, lines[1].paid) == (900, 4100)


async def test_an_exchange_that_is_called_off_is_refunded_whole_with_its_difference(
    world: World,
) -> None:
    sku = stock(world, "L", price=6200)
    rma = await ask(world, sku)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await goods_accepted(world, rma)
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.cancel_exchange, rma, "Changed her mind", AGENT)
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.until_true(lambda: len(world.refunds(rma)) == 2)
    await world.until_true(
        lambda: all(refund.status == "succeeded" for refund in world.refunds(rma))
    )
    assert sorted(refund.amount for refund in world.refunds(rma)) == [1200, 5000]
    assert (product(world, sku).stock, product(world, sku).reserved) == (5, 0)
    order, lines, _ = order_of(world, rma)
    assert (len(lines), order.reserved) == (1, 6200)
    with pytest.raises(Conflict, match="cancelled"):
        await world.call(world.gateway.ship_exchange, rma, "T", AGENT)


async def test_what_is_not_paid_for_in_two_weeks_is_refunded(world: World) -> None:
    sku = stock(world, "L", price=6200)
    rma = await ask(world, sku)
    await goods_accepted(world, rma)
    handle = world.env.client.get_workflow_handle(f"return/{rma}/exchange/1")
    await world.env.fast_forward(handle, options.EXCHANGE_PAID_WITHIN)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [5000]
    assert exchange(world, rma).status == "cancelled"


async def test_refused_goods_are_not_exchanged_and_the_difference_goes_back(world: World) -> None:
    sku = stock(world, "L", price=6200)
    rma = await ask(world, sku)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma)
    await world.inspect(rma, accepted=False)
    await world.until_true(lambda: [each.amount for each in world.refunds(rma)] == [1200])
    await world.until_true(lambda: world.refunds(rma)[0].status == "succeeded")
    assert exchange(world, rma).status == "cancelled"
    assert product(world, sku).reserved == 0


async def test_with_fewer_units_accepted_fewer_go_out_and_the_rest_of_the_payment_goes_back(
    world: World,
) -> None:
    sku = stock(world, "L", price=6200)
    rma = await ask(world, sku, 2)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 2400, AGENT)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma, {"1": 2})
    await world.inspect(rma, {"1": 1})
    await world.inspect(rma, {"1": 1}, accepted=False)
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.ship_exchange, rma, "T", AGENT)
    await world.until_true(lambda: [each.amount for each in world.refunds(rma)] == [1200])
    assert (product(world, sku).stock, product(world, sku).reserved) == (4, 0)
    assert order_of(world, rma)[1][1].quantity == 1


@pytest.mark.parametrize("how", ["declined", "cancelled"])
async def test_a_return_that_ends_gives_the_stock_free(world: World, how: str) -> None:
    sku = stock(world, "M", price=5000, units=1)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    asked = ReturnRequest(
        order=number,
        resolution=Resolution.EXCHANGE,
        lines=[LineRequest(line="1", quantity=1, reason=Reason.TOO_SMALL)],
        exchange=[WantedItem(line="1", sku=sku, quantity=1)],
    )
    rma = str((await world.call(world.gateway.request_return, asked, AGENT)).rma)
    with pytest.raises(Refused, match="0 of New"):
        await world.call(world.gateway.request_return, asked, AGENT)
    if how == "declined":
        decline = DecisionRequest(decision=DecisionKind.DECLINE)
        await world.call(world.gateway.decide, rma, decline, AGENT)
    else:
        await world.approve(rma)
        await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.until_true(lambda: product(world, sku).reserved == 0)
    await world.until_true(lambda: exchange(world, rma).status == "cancelled")


async def test_a_replacement_is_for_claims_and_always_even(world: World) -> None:
    sku = stock(world, "M", price=9900)
    with world.database.write() as session:
        put_product(
            session,
            ProductInput(
                sku="SKU-1",
                product=session.get_one(Product, sku).product,
                name="Thing 1",
                price=4000,
                currency="GBP",
            ),
            datetime.now(UTC),
        )
    with pytest.raises(Refused, match="does not offer replacement"):
        await ask(world, sku, resolution=Resolution.REPLACEMENT)
    rma = await ask(world, sku, kind=ReturnKind.CLAIM, resolution=Resolution.REPLACEMENT)
    assert exchange(world, rma).difference == 0
    await goods_accepted(world, rma)
    await sent(world, rma)
    assert world.refunds(rma) == []


async def test_an_advance_exchange_goes_out_before_the_goods_come(world: World) -> None:
    with world.database.write() as session:
        session.add(
            PolicyVersion(
                version=2,
                body={"advance_exchange": True},
                actor="user:1",
                created_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )
    sku = stock(world, "M", price=5000)
    rma = await ask(world, sku)
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.ship_exchange, rma, "T", AGENT)
    await world.until_true(lambda: exchange(world, rma).status == "shipped")
    assert world.status(rma) in (ReturnStatus.APPROVED, ReturnStatus.AWAITING_PARCEL)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    with pytest.raises(Conflict, match="can't be cancelled"):
        await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.skip(rma, days=31)
    await world.until_true(lambda: TaskKind.CLAWBACK in world.open_tasks(rma))
    assert world.status(rma) != ReturnStatus.EXPIRED


async def test_what_an_exchange_added_stays_when_the_shop_sends_its_order_again(
    world: World,
) -> None:
    sku = stock(world, "L", price=6200)
    rma = await ask(world, sku)
    payment = new_payment("ok")
    await world.call(world.gateway.pay_exchange, rma, payment, 1200, AGENT)
    await goods_accepted(world, rma)
    await sent(world, rma)
    order, lines, payments = order_of(world, rma)
    world.put_order(order.number, reference=payments[0].reference, quantities=(2,), price=5000)
    again, lines_again, payments_again = order_of(world, rma)
    assert again.paid == order.paid
    assert [line.line for line in lines_again] == [line.line for line in lines]
    assert len(payments_again) == 2
    with world.database.read() as session:
        rows = session.scalars(select(OrderLine).where(OrderLine.origin == rma)).all()
    assert len(rows) == 1
