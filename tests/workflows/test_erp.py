"""Whole returns that end in the ERP: the real Tryton, as its own process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import select
from temporalio.common import RetryPolicy

from activities.providers.tryton.client import Tryton
from models.messages import (
    Disposition,
    Grade,
    PayoutMethod,
    Reason,
    ReturnStatus,
    TaskChoice,
    TaskKind,
    erp_workflow_id,
)
from models.rules.accounts import Account
from models.rules.orders import (
    CustomerInput,
    LineInput,
    OrderInput,
    PaymentInput,
    PaymentKind,
    ShippingInput,
    TaxMode,
)
from models.rules.policy import Policy
from models.store.ledger_periods import replace_accounts
from models.store.orders import put_order
from models.store.policy_versions import save_policy
from models.tables import CreditMemo, ErpDocument, Task
from models.tables import Event as TimelineEvent
from tests.contract.sandbox_process import new_payment
from tests.tryton.line import Line
from tests.tryton.process import TrytonProcess
from tests.tryton.shop import ACCOUNTS, KEY, ORDER, SKU
from tests.workflows.refunding import on_sqlite
from tests.workflows.stored import NOW
from tests.workflows.test_reconciliation import reconcile, seen
from tests.workflows.world import AGENT, World
from web.requests import (
    Conflict,
    GoodwillRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineRequest,
    Refused,
    ReturnRequest,
)
from worker import note_erp
from workflows import options


@pytest.fixture(autouse=True)
def _retries_come_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = RetryPolicy(
        initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(milliseconds=500)
    )
    monkeypatch.setattr(options, "ERP_RETRY", soon)


@pytest.fixture
def line(tryton: TrytonProcess) -> Iterator[Line]:
    line = Line(tryton.address)
    yield line
    line.close()


@pytest.fixture
def there(tryton: TrytonProcess) -> Tryton:
    """What the test itself asks Tryton."""
    return Tryton(tryton.address, KEY, company=1)


@pytest.fixture
async def shop(idle_world: World, line: Line) -> AsyncIterator[World]:
    """A world whose worker posts to Tryton over the line."""
    async with connected(idle_world, line.address) as world:
        yield world


@asynccontextmanager
async def connected(world: World, address: str, **more: object) -> AsyncIterator[World]:
    settings = replace(world.settings, erp="tryton", erp_url=address, erp_key=KEY, **more)
    world = replace(world, settings=settings)
    note_erp(settings, world.database)
    with world.database.write() as session:
        replace_accounts(
            session,
            [Account(account=name, code=code, name=name) for name, code in ACCOUNTS.items()],
        )
        policy = replace(Policy(), restocking_percent="10")
        save_policy(session, policy, actor="user:1", now=NOW)
    async with world.working():
        yield world


def put(world: World, *, number: str = ORDER, sku: str = SKU) -> None:
    """3 at 33.33 without tax, which came to 20.00 of tax where the rate makes 19.998 of it."""
    placed = datetime.now(UTC) - timedelta(days=3)
    payment = PaymentInput(
        id="p-1",
        kind=PaymentKind.CARD,
        provider="sandbox",
        reference=new_payment("ok"),
        amount=11999,
        currency="GBP",
    )
    line = LineInput(
        id="1", sku=sku, name="Tee", quantity=3, unit_price=3333, tax_rate="0.20", tax=2000
    )
    order = OrderInput(
        number=number,
        currency="GBP",
        placed_at=placed,
        delivered_at=placed + timedelta(days=2),
        tax_mode=TaxMode.EXCLUSIVE,
        customer=CustomerInput(id="c-1", email="carla@example.com", name="Carla Customer"),
        lines=(line,),
        shipping=ShippingInput(),
        payments=(payment,),
    )
    with world.database.write() as session:
        put_order(session, order)


async def received(world: World, *, number: str = ORDER, units: int = 2) -> str:
    """A return whose goods are at the dock."""
    asked = ReturnRequest(
        order=number, lines=[LineRequest(line="1", quantity=units, reason=Reason.STYLE)]
    )
    rma = str((await world.call(world.gateway.request_return, asked, AGENT)).rma)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma, {"1": units})
    return rma


async def inspect(
    world: World, rma: str, disposition: Disposition = Disposition.RESTOCK, *, units: int = 2
) -> None:
    asked = InspectionLineRequest(
        line="1", quantity=units, grade=Grade.A, disposition=disposition, accepted=True
    )
    await world.call(world.gateway.inspect, rma, InspectionRequest(lines=[asked]), AGENT)


def documents(world: World, rma: str) -> dict[str, ErpDocument]:
    """What was acknowledged, by kind."""
    with world.database.read() as session:
        rows = session.scalars(select(ErpDocument).where(ErpDocument.rma == rma))
        return {row.kind: row for row in rows}


def memo(world: World, rma: str) -> CreditMemo:
    with world.database.read() as session:
        return session.scalars(select(CreditMemo).where(CreditMemo.rma == rma)).one()


async def both(world: World, rma: str) -> dict[str, ErpDocument]:
    """Waits until credit note and goods are acknowledged."""
    await world.until_true(
        lambda: set(documents(world, rma)) == {"credit_note", "goods"},
        lambda: world.timeline(rma),
        seconds=60,
    )
    return documents(world, rma)


def invoices(there: Tryton, reference: str) -> list[dict[str, object]]:
    return there.search(
        "account.invoice",
        [["reference", "like", f"{reference}%"]],
        ["number", "state", "total_amount", "tax_amount", "reference"],
        order=[("id", "ASC")],
    )


def moves(there: Tryton, rma: str) -> list[tuple[str, float, str]]:
    found = there.search(
        "stock.move",
        [["shipment.reference", "like", f"{rma}/%", "stock.shipment.out.return"]],
        ["state", "quantity", "to_location.code"],
    )
    return [(move["state"], move["quantity"], move["to_location"]["code"]) for move in found]


async def test_a_return_ends_as_a_posted_credit_note_and_a_stock_move(
    shop: World, there: Tryton
) -> None:
    put(shop)
    rma = await received(shop)

    await inspect(shop, rma)

    found = await both(shop, rma)
    ours = memo(shop, rma)
    reference = f"CM-{ours.number:06}"
    credit, fees = invoices(there, reference)
    assert [credit["state"], fees["state"]] == ["posted", "posted"]
    assert str(credit["number"]).startswith("CN-")
    assert str(fees["number"]).startswith("INV-")
    # 66.66 and 13.33 of tax, less 10 % with its tax: to the cent what our memo says.
    assert -100 * (credit["total_amount"] + fees["total_amount"]) == ours.amount == 7199
    assert -100 * (credit["tax_amount"] + fees["tax_amount"]) == ours.tax
    assert moves(there, rma) == [("done", 2.0, "STO")]
    assert found["credit_note"].numbers == [credit["number"], fees["number"]]
    assert (found["credit_note"].state, found["goods"].state) == ("posted", "posted")
    await shop.until(rma, ReturnStatus.RESOLVED)
    await shop.env.client.get_workflow_handle(erp_workflow_id(rma)).result()
    assert shop.timeline(rma).count("erp_recorded") == 2


@on_sqlite
@pytest.mark.parametrize(
    ("disposition", "location"),
    [(Disposition.REFURBISH, "QUA"), (Disposition.DESTROY, "SCR")],
)
async def test_goods_go_where_the_inspection_sends_them(
    shop: World, there: Tryton, disposition: Disposition, location: str
) -> None:
    put(shop)
    rma = await received(shop)

    await inspect(shop, rma, disposition)

    await both(shop, rma)
    assert moves(there, rma) == [("done", 2.0, location)]


@on_sqlite
async def test_tryton_that_is_killed_in_the_middle_holds_one_of_each(
    shop: World, there: Tryton, tryton: TrytonProcess, line: Line
) -> None:
    put(shop)
    rma = await received(shop)
    created = "rest/model/account.invoice"
    killed = Event()

    def kill() -> None:
        tryton.kill()
        killed.set()

    line.after(lambda method, path: method == "POST" and path.endswith(created), kill)

    await inspect(shop, rma)
    await shop.until(rma, ReturnStatus.RESOLVED)
    await shop.until_true(killed.is_set, seconds=60)
    assert "credit_note" not in documents(shop, rma), "the refund did not wait for the ERP"
    tryton.start()

    await both(shop, rma)
    reference = f"CM-{memo(shop, rma).number:06}"
    assert [each["reference"] for each in invoices(there, reference)] == [
        reference,
        f"{reference}/charges",
    ]
    assert [each["state"] for each in invoices(there, reference)] == ["posted", "posted"]
    assert len(moves(there, rma)) == 1


@on_sqlite
async def test_locks_that_others_hold_are_waited_for(
    shop: World, there: Tryton, line: Line
) -> None:
    put(shop)
    rma = await received(shop)
    line.be_busy(3)

    await inspect(shop, rma)

    await both(shop, rma)
    assert len(invoices(there, f"CM-{memo(shop, rma).number:06}")) == 2
    assert "erp_failed" not in shop.timeline(rma)


@on_sqlite
async def test_what_is_refused_is_a_persons_to_mend_and_try_again(
    shop: World, there: Tryton
) -> None:
    number = "O-1"
    put(shop, number=number)
    rma = await received(shop, number=number)
    await inspect(shop, rma)
    await shop.until_true(lambda: shop.timeline(rma).count("erp_failed") == 2, seconds=60)
    await shop.until(rma, ReturnStatus.RESOLVED)
    with shop.database.read() as session:
        told = session.scalars(
            select(TimelineEvent).where(TimelineEvent.kind == "erp_failed")
        ).all()
    problem = f"no sale with the reference or number {number}"
    assert all(problem in row.data["problem"] for row in told)

    (sale,) = there.search("sale.sale", [["reference", "=", ORDER]], ["id"])
    there.write("sale.sale", sale["id"], {"reference": number})
    try:
        for task in tasks(shop, rma):
            await complete(shop, task, TaskChoice.RETRY)
        await both(shop, rma)
    finally:
        there.write("sale.sale", sale["id"], {"reference": ORDER})
    assert tasks(shop, rma) == []
    assert len(moves(there, rma)) == 1


@on_sqlite
async def test_a_person_can_record_it_by_hand_with_its_number_there(
    shop: World, there: Tryton
) -> None:
    number = "O-1"
    put(shop, number=number)
    rma = await received(shop, number=number)
    await inspect(shop, rma)
    await shop.until_true(lambda: len(tasks(shop, rma)) == 2, seconds=60)
    first, second = tasks(shop, rma)

    with pytest.raises(Refused, match="number"):
        await complete(shop, first, TaskChoice.RECORDED)
    with pytest.raises(Refused, match="Choose one"):
        await complete(shop, first, "")
    for task, note in ((first, "CN-77"), (second, "SHIP-8")):
        await complete(shop, task, TaskChoice.RECORDED, note)

    await shop.until_true(lambda: len(documents(shop, rma)) == 2)
    found = documents(shop, rma).values()
    assert {(row.state, row.actor) for row in found} == {("by_hand", AGENT.id)}
    assert sorted(row.numbers[0] for row in found) == ["CN-77", "SHIP-8"]
    await shop.env.client.get_workflow_handle(erp_workflow_id(rma)).result()
    with pytest.raises(Conflict):
        await complete(shop, first, TaskChoice.RETRY)
    assert invoices(there, f"CM-{memo(shop, rma).number:06}") == []


@on_sqlite
async def test_an_erp_that_is_away_for_too_long_becomes_a_task_and_is_told_later(
    shop: World, there: Tryton, tryton: TrytonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "ERP_GIVES_UP_AFTER", timedelta(seconds=2))
    put(shop)
    rma = await received(shop)
    tryton.kill()
    await inspect(shop, rma)
    await shop.until(rma, ReturnStatus.RESOLVED)

    try:
        await shop.until_true(
            lambda: len(tasks(shop, rma)) == 2, lambda: shop.timeline(rma), seconds=60
        )
    finally:
        tryton.start()
    monkeypatch.undo()
    for task in tasks(shop, rma):
        await complete(shop, task, TaskChoice.RETRY)

    await both(shop, rma)
    assert len(invoices(there, f"CM-{memo(shop, rma).number:06}")) == 2
    assert len(moves(there, rma)) == 1


@on_sqlite
async def test_goodwill_beside_a_return_is_a_credit_note_of_its_own(
    shop: World, there: Tryton
) -> None:
    put(shop)
    rma = await received(shop)
    await inspect(shop, rma)
    await both(shop, rma)

    asked = GoodwillRequest(
        amount=500, currency="GBP", method=PayoutMethod.REFUND, note="Sorry for the wait"
    )
    await shop.call(shop.gateway.give_goodwill, rma, asked, AGENT)

    await shop.until_true(lambda: shop.timeline(rma).count("erp_recorded") == 3, seconds=60)
    with shop.database.read() as session:
        number = session.scalars(
            select(CreditMemo.number).where(CreditMemo.rma == rma, CreditMemo.amount == 500)
        ).one()
    (found,) = invoices(there, f"CM-{number:06}")
    assert (found["state"], found["total_amount"]) == ("posted", -5)


@on_sqlite
async def test_the_comparison_names_what_tryton_has_twice_or_alone(
    shop: World, there: Tryton
) -> None:
    put(shop)
    rma = await received(shop)
    await inspect(shop, rma)
    await both(shop, rma)
    assert seen(await reconcile(shop)) == {}
    ours = f"CM-{memo(shop, rma).number:06}"
    fields = ("party", "account", "journal", "currency", "company", "invoice_address")
    (posted,) = there.search("account.invoice", [["reference", "=", ours]], fields)
    values = {name: posted[name] for name in fields}

    for reference in (ours, "CM-000000"):
        there.create("account.invoice", {**values, "type": "out", "reference": reference})

    assert seen(await reconcile(shop)) == {
        "twice_in_erp": [("open", 7199)],
        "unknown_in_erp": [("open", 0)],
    }


@on_sqlite
async def test_a_company_that_picks_drafts_gets_drafts(
    idle_world: World, there: Tryton, tryton: TrytonProcess
) -> None:
    async with connected(idle_world, tryton.address, erp_mode="draft") as shop:
        put(shop)
        rma = await received(shop)

        await inspect(shop, rma)

        found = await both(shop, rma)
    assert {row.state for row in found.values()} == {"draft"}
    drafts = invoices(there, f"CM-{memo(idle_world, rma).number:06}")
    assert {each["state"] for each in drafts} == {"draft"}
    assert moves(there, rma) == [("draft", 2.0, "STO")]


@on_sqlite
async def test_without_an_erp_nothing_is_told(world: World) -> None:
    put(world)
    rma = await received(world)
    await inspect(world, rma)
    await world.until(rma, ReturnStatus.RESOLVED)

    assert not any(kind.startswith("erp") for kind in world.timeline(rma))
    events = [event async for event in world.handle(rma).fetch_history_events()]
    started = [event.start_child_workflow_execution_initiated_event_attributes for event in events]
    assert not any(each.workflow_id for each in started)


def tasks(world: World, rma: str) -> list[str]:
    """Ids of the open tasks about the ERP, oldest first."""
    with world.database.read() as session:
        return list(
            session.scalars(
                select(Task.id)
                .where(Task.rma == rma, Task.kind == TaskKind.ERP_FAILED, Task.status != "done")
                .order_by(Task.reference)
            )
        )


async def complete(world: World, task: str, choice: str, note: str = "") -> None:
    await world.call(world.gateway.complete_task, task, note, AGENT, choice=choice)
