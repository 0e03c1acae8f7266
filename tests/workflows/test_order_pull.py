"""Orders pulled from the real Tryton: each once, whole, and none of them skipped."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from temporalio.client import WorkflowFailureError

from models.messages import OrderPullStart, OrdersPulled
from models.store.order_pulls import read_cursor, refused_orders
from models.tables import Order
from tests.tryton.process import TrytonProcess
from tests.tryton.sales import SalesDesk, systems_of
from tests.workflows.world import World
from web.cli.orders import orders
from workflows.order_pull import OrderPullWorkflow


@pytest.fixture
def sales(tryton: TrytonProcess, tryton_template: Path) -> SalesDesk:
    return SalesDesk(tryton, tryton_template)


@pytest.fixture
async def shop(idle_world: World, tryton: TrytonProcess) -> AsyncIterator[World]:
    """A world that pulls its orders from this Tryton."""
    idle_world.settings = replace(idle_world.settings, systems=systems_of(tryton, orders="tryton"))
    async with idle_world.working():
        yield idle_world


def begin_pull(world: World, start: OrderPullStart | None = None):
    return world.env.client.start_workflow(
        OrderPullWorkflow.run,
        start or OrderPullStart(),
        id=f"order-pull/{uuid4()}",
        task_queue=world.settings.task_queue,
    )


async def command(world: World, *options: str) -> Result:
    """`redress orders pull`."""
    systems = world.settings.systems
    return await asyncio.to_thread(
        CliRunner().invoke,
        orders,
        ["pull", "--data-dir", str(world.settings.data_dir), *options],
        env={
            "DATABASE_URL": world.database.url.render_as_string(hide_password=False),
            "TEMPORAL_ADDRESS": world.env.client.service_client.config.target_host,
            "REDRESS_TASK_QUEUE": world.settings.task_queue,
            "REDRESS_ORDER_SOURCE": systems.orders,
            "COLUMNS": "200",
        },
    )


async def pull(world: World, start: OrderPullStart | None = None) -> OrdersPulled:
    return await (await begin_pull(world, start)).result()


def order(world: World, number: str) -> Order:
    with world.database.read() as session:
        row = session.get_one(Order, number)
        assert row.lines
        assert row.payments
        assert row.customer is not None
        return row


def refused(world: World) -> dict[str, str]:
    with world.database.read() as session:
        return {row.number: row.problem for row in refused_orders(session, 10)}


async def test_a_confirmed_sale_is_an_order_with_prices_that_include_tax(
    shop: World, sales: SalesDesk
) -> None:
    # 3 for 10.0002, tax 2.00; a reduction of 1.00 and its tax of 0.20.
    sales.sell(["W-1"], (3, "3.3334"), (-1, "1.00"))
    assert await pull(shop) == OrdersPulled(created=1)

    row = order(shop, "W-1")
    [line] = row.lines
    assert (line.sku, line.name, line.quantity) == ("TEE-RED-M", "Tee", 3)
    assert (line.unit_price, line.discount, line.order_discount) == (400, 0, 120)
    assert (line.paid, line.tax, line.tax_rate) == (1080, 180, "0.2")
    assert (row.paid, row.currency, row.tax_mode) == (1080, "GBP", "inclusive")
    assert row.placed_at == datetime(2026, 11, 2, tzinfo=UTC)
    assert (row.shipped_at, row.delivered_at) == (None, None)
    assert row.customer is not None
    assert row.customer.name == "A. Customer"
    [payment] = row.payments
    assert (payment.provider, payment.reference, payment.amount) == ("tryton", "W-1", 1080)


async def test_a_pull_again_changes_nothing_and_the_next_brings_what_is_new(
    shop: World, sales: SalesDesk
) -> None:
    first, _ = sales.sell(["W-1", "W-2"], (1, "10.00"))
    assert await pull(shop) == OrdersPulled(created=2)
    with shop.database.read() as session:
        cursor = read_cursor(session, "tryton")
    assert cursor is not None
    assert await pull(shop) == OrdersPulled(unchanged=2)

    sales.ship(first, date(2026, 11, 5))
    assert await pull(shop, OrderPullStart(since="2000-01-01T00:00:00+00:00")) == OrdersPulled(
        updated=1, unchanged=1
    )
    assert order(shop, "W-1").shipped_at == datetime(2026, 11, 5, tzinfo=UTC)
    with shop.database.read() as session:
        assert read_cursor(session, "tryton") == cursor, "a moment that was named moves no cursor"
    await pull(shop)
    with shop.database.read() as session:
        moved = read_cursor(session, "tryton")
    assert moved is not None
    assert moved > cursor


async def test_what_the_source_does_not_know_stays_as_the_shop_sent_it(
    shop: World, sales: SalesDesk
) -> None:
    sales.sell(["W-1"], (1, "10.00"), tax=False)
    shop.put_order("W-1", reference="pi_known", price=1000, quantities=(1,))
    delivered = order(shop, "W-1").delivered_at
    assert delivered is not None
    assert await pull(shop) == OrdersPulled(updated=1)

    row = order(shop, "W-1")
    assert row.delivered_at == delivered
    assert [(item.provider, item.reference) for item in row.payments] == [("sandbox", "pi_known")]


async def test_what_contradicts_a_return_or_is_no_order_is_left_and_told_until_it_fits(
    shop: World, sales: SalesDesk
) -> None:
    shop.put_order("W-1", reference="pi_known", price=1200, quantities=(2,))
    await shop.request("W-1", {"1": 1})
    sales.sell(["W-1"], (2, "10.00"))  # Its line has another id, so line 1 would be gone.
    _, second = sales.sell(["W-2", "W-2"], (1, "10.00"))
    sales.sell(["W-3"], (-1, "10.00"))  # Nothing was bought: a return that Tryton keeps as a sale.

    assert await pull(shop) == OrdersPulled(created=1, refused=2)
    assert [line.line for line in order(shop, "W-1").lines] == ["1"]
    problems = refused(shop)
    assert set(problems) == {"W-1", "W-2"}
    assert "can't be removed: return" in problems["W-1"]
    assert "more than one sale" in problems["W-2"]

    sales.desk("model.sale.sale.write", [second], {"reference": "W-4"})
    assert await pull(shop) == OrdersPulled(created=1, unchanged=1, refused=1)
    assert set(refused(shop)) == {"W-1"}

    result = await command(shop, "--since", "2026-11-01")
    assert "0 orders created, 0 updated, 2 unchanged, 1 refused." in result.output
    assert "can't be removed" in " ".join(result.output.split())
    assert result.exit_code == 1


async def test_a_pull_reads_all_pages_and_outlives_a_tryton_that_is_killed(
    shop: World, sales: SalesDesk, tryton: TrytonProcess
) -> None:
    sales.sell([f"W-{number}" for number in range(22)], (1, "10.00"))
    tryton.kill()
    running = await begin_pull(shop)
    await asyncio.to_thread(tryton.start)
    assert await running.result() == OrdersPulled(created=22)
    assert await pull(shop) == OrdersPulled(unchanged=22)


async def test_without_a_source_a_pull_says_what_to_do(world: World) -> None:
    with pytest.raises(WorkflowFailureError) as failed:
        await pull(world)
    assert "REDRESS_ORDER_SOURCE" in str(failed.value.cause.cause)
    result = await command(world)
    assert "No order source is set up" in result.output
    assert result.exit_code == 1
