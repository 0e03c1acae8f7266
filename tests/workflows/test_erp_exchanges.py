"""What goes out in exchanges, and what was paid on top, as the ERP is told of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from activities.providers.tryton.client import Tryton
from models.messages import EventKind, Reason, Resolution, ReturnKind, ReturnStatus, TaskKind
from models.rules.accounts import EXCHANGE_SALES, TAX_PAYABLE
from models.store.erp import link, standings
from models.store.products import ProductInput, put_product
from models.tables import CreditMemo, ErpDocument, JournalEntry
from tests.contract.sandbox_process import new_payment
from tests.tryton.line import Line
from tests.tryton.process import TrytonProcess
from tests.tryton.shop import KEY, LARGER, ORDER
from tests.workflows.erp_book import ErpBook, ExchangesBook
from tests.workflows.refunding import on_sqlite
from tests.workflows.test_erp import connected, inspect, invoices, put
from tests.workflows.test_exchanges import ask, goods_accepted, sent, stock
from tests.workflows.world import AGENT, World
from web.requests import LineRequest, ReturnRequest, WantedItem


@pytest.fixture
def line(tryton: TrytonProcess) -> Iterator[Line]:
    line = Line(tryton.address)
    yield line
    line.close()


@pytest.fixture
def there(tryton: TrytonProcess) -> Tryton:
    """What the test itself asks Tryton."""
    return Tryton(tryton.address, KEY, company=1)


@asynccontextmanager
async def keeping(world: World, book: ErpBook, *, exchanges: bool = True) -> AsyncIterator[World]:
    with world.database.write() as session:
        link(session, "book", datetime.now(UTC), exchanges=exchanges)
    async with world.working(erp=book):
        yield world


def documents(world: World, rma: str) -> dict[str, ErpDocument]:
    """What was acknowledged, by kind."""
    with world.database.read() as session:
        rows = session.scalars(select(ErpDocument).where(ErpDocument.rma == rma))
        return {row.kind: row for row in rows}


async def told(world: World, rma: str, *kinds: str) -> dict[str, ErpDocument]:
    await world.until_true(
        lambda: set(documents(world, rma)) == set(kinds),
        lambda: (world.timeline(rma), documents(world, rma)),
        seconds=60,
    )
    return documents(world, rma)


async def larger_asked(world: World) -> str:
    """One of three that cost 40.00 each is to become a larger one at 52.00."""
    put(world)
    item = ProductInput(
        sku=LARGER, product=LARGER, name="Tee", price=5200, currency="GBP", tax_rate="0.20", stock=9
    )
    with world.database.write() as session:
        put_product(session, item, datetime.now(UTC))
    asked = ReturnRequest(
        order=ORDER,
        resolution=Resolution.EXCHANGE,
        lines=[LineRequest(line="1", quantity=1, reason=Reason.TOO_SMALL)],
        exchange=[WantedItem(line="1", sku=LARGER, quantity=1)],
    )
    rma = str((await world.call(world.gateway.request_return, asked, AGENT)).rma)
    await world.approve(rma)
    await world.until_true(lambda: EventKind.EXCHANGE_RESERVED in world.timeline(rma))
    return rma


def moved(there: Tryton, reference: str) -> list[tuple[str, float, str, str]]:
    found = there.search(
        "stock.move",
        [["shipment.reference", "=", reference, "stock.shipment.out"]],
        ["state", "quantity", "from_location.code", "product.code"],
    )
    return [
        (
            move["state"],
            move["quantity"],
            move["from_location"]["code"],
            move["product"]["code"],
        )
        for move in found
    ]


async def test_an_exchange_leaves_trytons_stock_and_its_difference_is_an_invoice(
    idle_world: World, there: Tryton, tryton: TrytonProcess
) -> None:
    async with connected(idle_world, tryton.address) as world:
        rma = await larger_asked(world)
        await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
        await told(world, rma, "difference")
        (invoice,) = invoices(there, f"exchange/{rma}/paid")
        await world.receive(rma, {"1": 1})
        await inspect(world, rma, units=1)
        await sent(world, rma)

        found = await told(world, rma, "difference", "goods", "goods_out")

        with world.database.read() as session:
            booked = session.scalars(
                select(JournalEntry).where(JournalEntry.source == f"exchange/{rma}/paid")
            ).one()
            credit = {each.account: each.credit for each in booked.lines}
            shown = standings(session, [rma])[rma]
    assert invoice["state"] == "posted"
    assert str(invoice["number"]).startswith("INV-")
    assert 100 * invoice["total_amount"] == credit[EXCHANGE_SALES] + credit[TAX_PAYABLE] == 1200
    assert 100 * invoice["tax_amount"] == credit[TAX_PAYABLE] == 200
    assert moved(there, f"exchange/{rma}") == [("done", 1.0, "STO", LARGER)]
    assert (found["difference"].amount, found["goods_out"].amount) == (1200, 0)
    assert {each.state for each in shown} == {"posted"}
    assert "erp_failed" not in world.timeline(rma)


@on_sqlite
async def test_tryton_that_is_busy_or_drafts_has_one_of_each(
    idle_world: World, there: Tryton, line: Line
) -> None:
    async with connected(idle_world, line.address, erp_mode="draft") as world:
        rma = await larger_asked(world)
        line.be_busy(2)
        await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
        await told(world, rma, "difference")
        await world.receive(rma, {"1": 1})
        await inspect(world, rma, units=1)
        await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
        line.be_busy(2)
        await sent(world, rma)
        found = await told(world, rma, "difference", "goods", "goods_out")

    assert {row.state for row in found.values()} == {"draft"}
    assert [each["state"] for each in invoices(there, f"exchange/{rma}/paid")] == ["draft"]
    assert moved(there, f"exchange/{rma}") == [("draft", 1.0, "STO", LARGER)]


async def test_a_cheaper_item_is_sent_beside_the_credit_note_of_what_is_left(
    idle_world: World,
) -> None:
    book = ExchangesBook()
    async with keeping(idle_world, book) as world:
        sku = stock(world, "S", price=4000)
        rma = await ask(world, sku, units=2)
        await goods_accepted(world, rma, units=2)
        await sent(world, rma)

        found = await told(world, rma, "credit_note", "goods", "goods_out")

    assert found["credit_note"].amount == 2000
    assert found["goods_out"].reference == f"exchange/{rma}"
    assert book.held[f"exchange/{rma}"].ids == (f"2 {sku}",)


async def test_a_difference_that_goes_back_is_an_invoice_and_its_credit_note(
    idle_world: World,
) -> None:
    book = ExchangesBook()
    async with keeping(idle_world, book) as world:
        rma = await ask(world, stock(world, "L", price=6200))
        await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
        await told(world, rma, "difference")
        await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
        await told(world, rma, "credit_note", "difference")
        await goods_accepted(world, rma)
        await world.until(rma, ReturnStatus.RESOLVED)
        await told(world, rma, "credit_note", "difference", "goods")
        await world.until_true(lambda: len(memos(world, rma)) == 2)

    assert sorted(memos(world, rma)) == [1200, 5000]
    assert book.held[f"exchange/{rma}/paid"].amount == 1200


def memos(world: World, rma: str) -> list[int]:
    with world.database.read() as session:
        return list(session.scalars(select(CreditMemo.amount).where(CreditMemo.rma == rma)))


@on_sqlite
async def test_a_replacement_is_told_like_an_exchange(idle_world: World) -> None:
    book = ExchangesBook()
    async with keeping(idle_world, book) as world:
        sku = stock(world, "M", price=5000)
        same(world, sku)
        rma = await ask(world, sku, kind=ReturnKind.CLAIM, resolution=Resolution.REPLACEMENT)
        await goods_accepted(world, rma)
        await sent(world, rma)

        found = await told(world, rma, "goods", "goods_out")

    assert book.held[found["goods_out"].reference].ids == (f"1 {sku}",)


def same(world: World, sku: str) -> None:
    """What the tests' order sold is the same item in another variant."""
    item = ProductInput(sku="SKU-1", product=sku, name="Thing 1", price=4000, currency="GBP")
    with world.database.write() as session:
        put_product(session, item, datetime.now(UTC))


@on_sqlite
async def test_an_erp_that_refuses_what_went_out_becomes_a_task(idle_world: World) -> None:
    book = ExchangesBook()
    async with keeping(idle_world, book) as world:
        rma = await ask(world, stock(world, "M", price=5000))
        await goods_accepted(world, rma)
        await told(world, rma, "goods")
        book.refusing = True
        await sent(world, rma)
        await world.until_true(lambda: TaskKind.ERP_FAILED in world.open_tasks(rma))
        book.refusing = False
        await world.call(
            world.gateway.complete_task,
            world.open_tasks(rma)[TaskKind.ERP_FAILED],
            "",
            AGENT,
            choice="retry",
        )
        await told(world, rma, "goods", "goods_out")


@on_sqlite
async def test_an_erp_whose_package_takes_no_exchanges_is_told_the_rest(idle_world: World) -> None:
    async with keeping(idle_world, ErpBook(), exchanges=False) as world:
        rma = await ask(world, stock(world, "M", price=5000))
        await goods_accepted(world, rma)
        await sent(world, rma)
        await told(world, rma, "goods")

        with world.database.read() as session:
            assert [each.kind for each in standings(session, [rma])[rma]] == ["goods"]


@on_sqlite
async def test_what_went_out_before_the_package_took_exchanges_is_not_told(
    idle_world: World,
) -> None:
    async with keeping(idle_world, ErpBook(), exchanges=False) as world:
        rma = await ask(world, stock(world, "M", price=5000))
        await goods_accepted(world, rma)
        await sent(world, rma)
        await told(world, rma, "goods")
    later = datetime.now(UTC) + timedelta(hours=1)
    with idle_world.database.write() as session:
        link(session, "book", later, exchanges=True)
        link(session, "book", later + timedelta(days=1), exchanges=True)

    with idle_world.database.read() as session:
        assert [each.kind for each in standings(session, [rma])[rma]] == ["goods"]
