"""What was paid ahead and is asked back: owed, then paid back, written off, or the goods come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.messages import CarrierStatus, EventKind, ReturnStatus, TaskChoice, TaskKind
from models.store.ledger_verify import verify
from tests.contract.sandbox_process import new_payment
from tests.workflows.faces import Staff
from tests.workflows.refunding import entries, on_sqlite, told
from tests.workflows.test_exchanges import ask, stock
from tests.workflows.test_instant_refunds import end_task, moving, paid_ahead, set_policy
from tests.workflows.varied_orders import Shop
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import Refused

KEPT = {"sales_returns": 5000, "clearing:card": -10000}
RETURNED = {"sales_returns": 10000, "clearing:card": -10000}


async def one_missing(world: World) -> str:
    """Of two units that were paid ahead one came, and the other's money is asked back."""
    rma = await moving(world)
    await paid_ahead(world, rma)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.skip(rma, days=15)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert world.balance(rma) == {**KEPT, "asked_back": 5000}
    return rma


async def in_order(world: World, shop: Shop) -> None:
    """The chain holds, and debits are credits."""
    with world.database.read() as session:
        assert verify(session).bad == []
    balances = (await shop.do("GET", "/ledger/trial-balance"))["data"]
    assert sum(line["debit"] - line["credit"] for line in balances) == 0


async def test_what_the_customer_pays_back_is_booked_by_api(world: World) -> None:
    rma = await one_missing(world)
    shop = Shop(world)
    path = f"/tasks/{world.open_tasks(rma)[TaskKind.CLAWBACK]}/complete"
    for body, code in (
        ({"note": "BACS 12"}, "unknown_choice"),
        ({"note": "BACS 12", "choice": "refund"}, "unknown_choice"),
        ({"choice": "paid"}, "reference_needed"),
        ({"note": " ", "choice": "paid"}, "reference_needed"),
    ):
        status, problem = await shop.call("POST", path, body)
        assert (status, problem["errors"][0]["code"]) == (422, code)
    assert world.balance(rma) == {**KEPT, "asked_back": 5000}
    await shop.do("POST", path, {"note": "BACS 12", "choice": "paid"})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == {**KEPT, "clearing:by_hand": 5000}
    [said] = told(world, rma, EventKind.CLAWBACK_SETTLED)
    assert (said["outcome"], said["amount"], said["currency"]) == ("paid", 5000, "GBP")
    assert len([name for name in entries(world, rma) if name.startswith("clawback/")]) == 2
    await in_order(world, shop)
    with pytest.raises(Refused):
        await world.receive(rma, {"1": 1})


async def test_what_is_written_off_on_the_page_is_a_loss_until_the_goods_come(
    world: World,
) -> None:
    rma = await one_missing(world)
    shop = Shop(world)
    staff = Staff(world, shop)
    task = world.open_tasks(rma)[TaskKind.CLAWBACK]
    shown = await staff.page(rma)
    assert "The customer has paid it back" in shown
    assert "Write it off" in shown
    form = {"note": "Moved away", "choice": "written_off"}
    assert (await staff.send(rma, f"tasks/{task}/complete", **form))[0] == 303
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == {**KEPT, "bad_debt": 5000}
    assert "50.00 that was paid ahead is written off" in await staff.page(rma)
    await world.receive(rma, {"1": 1})
    await world.until_true(lambda: world.balance(rma) == RETURNED, lambda: world.balance(rma))
    await world.inspect(rma, {"1": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [10000]
    assert world.balance(rma) == RETURNED
    await in_order(world, shop)


async def test_goods_that_come_take_back_what_is_owed(world: World) -> None:
    rma = await one_missing(world)
    await world.receive(rma, {"1": 1})
    await world.until_true(lambda: TaskKind.CLAWBACK not in world.open_tasks(rma))
    assert world.balance(rma) == RETURNED
    await in_order(world, Shop(world))


@on_sqlite
async def test_a_part_of_what_was_written_off_comes_and_the_rest_is_asked_for_again(
    world: World,
) -> None:
    rma = await moving(world, 3)
    await paid_ahead(world, rma, 3)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.skip(rma, days=15)
    await end_task(world, rma, TaskKind.CLAWBACK, TaskChoice.WRITTEN_OFF)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma)["bad_debt"] == 10000
    await world.receive(rma, {"1": 1})
    await world.until_true(lambda: TaskKind.CLAWBACK in world.open_tasks(rma))
    await world.inspect(rma, {"1": 1})
    assert world.balance(rma) == {
        "sales_returns": 10000,
        "asked_back": 5000,
        "clearing:card": -15000,
    }
    await end_task(world, rma, TaskKind.CLAWBACK, TaskChoice.PAID)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert "asked_back" not in world.balance(rma)


@on_sqlite
async def test_a_lost_parcel_is_owed_until_it_moves_or_the_claim_ends(world: World) -> None:
    rma = await moving(world)
    await paid_ahead(world, rma)
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    await world.until_true(lambda: world.balance(rma).get("asked_back") == 10000)
    await world.scan(rma, "s-3", CarrierStatus.IN_TRANSIT)
    await world.until_true(lambda: world.balance(rma) == RETURNED)
    await world.scan(rma, "s-4", CarrierStatus.LOST)
    await end_task(world, rma, TaskKind.CLAWBACK, TaskChoice.WRITTEN_OFF)
    await world.until(rma, ReturnStatus.EXPIRED)
    assert world.balance(rma) == {"bad_debt": 10000, "clearing:card": -10000}


@on_sqlite
async def test_what_is_asked_back_has_its_share_of_tax(world: World) -> None:
    set_policy(world, instant_refund=True)
    shop = Shop(world)
    number = new_order_number()
    placed = datetime.now(UTC) - timedelta(days=3)
    order: dict[str, Any] = {
        "number": number,
        "currency": "GBP",
        "placed_at": placed.isoformat(),
        "delivered_at": (placed + timedelta(days=1)).isoformat(),
        "tax_mode": "exclusive",
        "lines": [
            {
                "id": "1",
                "sku": "T",
                "name": "Tee",
                "quantity": 3,
                "unit_price": 1000,
                "tax": 601,
                "tax_rate": "0.20",
            }
        ],
        "payments": [
            {
                "id": "p-1",
                "kind": "card",
                "provider": "sandbox",
                "reference": new_payment("ok"),
                "amount": 3601,
                "currency": "GBP",
            }
        ],
    }
    await shop.do("PUT", f"/orders/{number}", order)
    line = {"line": "1", "quantity": 3, "reason": "style"}
    made = await shop.do("POST", "/returns", {"order": number, "kind": "return", "lines": [line]})
    rma = made["rma"]
    await world.approve(rma)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await paid_ahead(world, rma, 3)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.skip(rma, days=15)
    await end_task(world, rma, TaskKind.CLAWBACK)
    # The first of three units cost 12.00, of which 2.00 are tax; the sale of the others stands.
    assert world.balance(rma) == {
        "sales_returns": 1000,
        "tax_payable": 200,
        "clearing:card": -3601,
        "clearing:by_hand": 2401,
    }
    await in_order(world, shop)


@on_sqlite
async def test_an_advance_exchange_whose_old_goods_never_come_is_written_off(
    world: World,
) -> None:
    set_policy(world, advance_exchange=True)
    rma = await ask(world, stock(world, "M", price=5000))
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.ship_exchange, rma, "T", AGENT)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.until_true(lambda: world.line(rma).ahead == 1)
    await world.skip(rma, days=31)
    await end_task(world, rma, TaskKind.CLAWBACK, TaskChoice.WRITTEN_OFF)
    await world.until(rma, ReturnStatus.EXPIRED)
    # The old sale stands, and so does the new one; nobody paid for it.
    assert world.balance(rma) == {"exchange_sales": -5000, "bad_debt": 5000}
