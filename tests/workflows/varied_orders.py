"""A shop at its API over the whole of Redress: orders of every kind, returned and counted."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from flask import Flask

from models.rules.orders import OrderInput, PaymentKind
from models.store import access
from tests.contract.sandbox_process import new_payment
from tests.unit.money_orders import invent_order
from tests.workflows.world import World, new_order_number
from web.access import SCOPE_ALL
from web.app import create_app
from web.temporal import TemporalBridge

Json = dict[str, Any]
OVER = {"resolved", "closed", "rejected", "needs_attention"}


class Shop:
    """Calls the API of a world as an integrator does."""

    def __init__(self, world: World) -> None:
        """Opens the API over the world's Temporal server and database."""

        async def connected() -> Any:
            return world.env.client

        self.world = world
        self.app: Flask = create_app(
            world.settings, temporal=TemporalBridge(connected), database=world.database
        )
        with world.database.write() as session:
            self.key = access.create_api_key(
                session,
                name="tests",
                scopes=[SCOPE_ALL],
                user=None,
                expires_at=None,
                now=datetime.now(UTC),
            )

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Json]:
        """One call; gives the status and the body."""

        def send() -> tuple[int, Json]:
            answer = self.app.test_client().open(
                "/api/v1" + path,
                method=method,
                json=body,
                headers={"Authorization": f"Bearer {self.key}"},
            )
            return answer.status_code, answer.get_json()

        return await asyncio.to_thread(send)

    async def do(self, method: str, path: str, body: object = None) -> Json:
        """A call that must be taken."""
        status, answer = await self.call(method, path, body)
        assert status < 300, (method, path, body, answer)
        return answer

    async def until(self, rma: str, statuses: set[str]) -> Json:
        """The return, once it is in one of these states."""
        for _ in range(600):
            found = await self.do("GET", f"/returns/{rma}")
            if found["status"] in statuses:
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"{rma} stayed {found['status']}")


def order_body(order: OrderInput, number: str) -> Json:
    """An invented order as the API takes it, delivered yesterday; nothing is paid in cash."""
    now = datetime.now(UTC)
    return {
        "number": number,
        "currency": order.currency,
        "placed_at": (now - timedelta(days=3)).isoformat(),
        "delivered_at": (now - timedelta(days=1)).isoformat(),
        "tax_mode": order.tax_mode,
        "lines": [
            {
                "id": line.id,
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "discount": line.discount,
                "tax": line.tax,
                "tax_rate": line.tax_rate,
            }
            for line in order.lines
        ],
        "discounts": [
            {"amount": discount.amount, "threshold": discount.threshold}
            for discount in order.discounts
        ],
        "shipping": {
            "amount": order.shipping.amount,
            "tax": order.shipping.tax,
            "standard_amount": order.shipping.standard_amount,
        },
        "payments": [
            {
                "id": payment.id,
                "kind": PaymentKind.CARD if payment.kind == PaymentKind.CASH else payment.kind,
                "provider": "sandbox",
                "reference": new_payment("ok"),
                "amount": payment.amount,
                "currency": order.currency,
            }
            for payment in order.payments
        ],
    }


def invent_policy(dice: Random) -> Json:
    """Rules of money of any kind."""
    return {
        "promotions": dice.choice(["keep_share", "reprice_kept"]),
        "tender_order": dice.choice(["card_first", "gift_first", "ratio"]),
        "outbound_shipping": dice.choice(["never", "merchant_fault", "full_return"]),
        "fees": {
            "return_shipping": dice.choice([0, 0, 495, 5000]),
            "restocking_percent": dice.choice(["0", "0", "15", "12.5"]),
        },
        "store_credit_bonus_percent": dice.choice(["0", "10"]),
    }


@dataclass
class Story:
    """One order and its returns, played with a seed."""

    shop: Shop
    seed: int
    number: str = field(default_factory=new_order_number)
    exact: int = 0

    async def play(self) -> None:
        """Up to three returns, each accepted whole, in part or not at all, or cancelled."""
        dice = Random(self.seed)
        order = invent_order(dice).order
        while not any(payment.amount for payment in order.payments):
            order = invent_order(dice).order
        body = order_body(order, self.number)
        body["payments"] = [payment for payment in body["payments"] if payment["amount"]]
        await self.shop.do("PUT", f"/orders/{self.number}", body)
        self.payments: list[Json] = body["payments"]
        left = {line.id: line.quantity for line in order.lines}
        for _ in range(3):
            wanted = {
                line: dice.randint(1, units)
                for line, units in left.items()
                if units and dice.random() < 0.7
            }
            if wanted:
                await self.send_back(dice, wanted, left)
        await self.count()

    async def send_back(self, dice: Random, wanted: dict[str, int], left: dict[str, int]) -> None:
        """One return; takes what was accepted off what is left."""
        resolution = dice.choice(["refund", "refund", "store_credit"])
        other = dice.choice([None, None, "refund", "store_credit"])
        reason = dice.choice(["too_small", "defective", "style"])
        asked = {
            "order": self.number,
            "resolution": resolution,
            "lines": [
                {"line": line, "quantity": units, "reason": reason}
                | ({"resolution": other} if other and dice.random() < 0.5 else {})
                for line, units in wanted.items()
            ],
        }
        promised = await self.shop.do("POST", "/quotes", asked)
        found = await self.shop.do("POST", "/returns", asked)
        rma = found["rma"]
        assert promised.pop("exchange") is None
        assert found["quote"] == promised, self.seed
        if dice.random() < 0.15:
            await self.shop.do("POST", f"/returns/{rma}/cancel", {"note": "changed their mind"})
            return
        gift = dice.randint(1, 300) if dice.random() < 0.25 else 0
        if gift:
            given = {"amount": gift, "currency": found["currency"], "method": "refund", "note": ""}
            status, answer = await self.shop.call("POST", f"/returns/{rma}/goodwill", given)
            assert status == 201 or answer["code"] == "exceeds_refundable", (self.seed, answer)
        await self.shop.do("POST", f"/returns/{rma}/decision", {"decision": "approve"})
        await self.shop.until(rma, {"awaiting_parcel"})
        counted = [{"line": line, "quantity": units} for line, units in wanted.items()]
        await self.shop.do("POST", f"/returns/{rma}/receipts", {"lines": counted})
        whole = dice.random() < 0.6
        accepted = {
            line: units if whole else dice.randint(0, units) for line, units in wanted.items()
        }
        for verdict in _verdicts(dice, wanted, accepted):
            await self.shop.do("POST", f"/returns/{rma}/inspections", {"lines": verdict})
        found = await self.shop.until(rma, OVER)
        for task in [task for task in found["tasks"] if task["status"] != "done"]:
            # What goodwill has used up can't be paid again; a person settles it.
            assert task["kind"] in ("send_back", "refund_short"), (self.seed, task)
            await self.shop.do("POST", f"/tasks/{task['id']}/complete", {"note": "settled"})
        await self.settled(rma)
        for line, units in accepted.items():
            left[line] -= units
        if whole and not gift:
            self.exact += 1
            assert await self.paid(rma) == promised["total"], (self.seed, found)

    async def settled(self, rma: str) -> None:
        """Waits until every refund of a return is paid."""
        for _ in range(600):
            found = await self.shop.do("GET", f"/returns/{rma}")
            if all(refund["status"] == "succeeded" for refund in found["refunds"]):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.seed}: {rma} is not paid: {found['refunds']}")

    async def paid(self, rma: str) -> int:
        """What a return gave back: refunds, or a code of store credit for each inspection."""
        found = await self.shop.do("GET", f"/returns/{rma}")
        return sum(refund["amount"] for refund in found["refunds"]) + on_codes(found)

    async def count(self) -> None:
        """Refunds, the provider's own book and the journal say the same, for each tender."""
        returns = (await self.shop.do("GET", f"/returns?order={self.number}"))["data"]
        whole = [await self.shop.do("GET", f"/returns/{found['rma']}") for found in returns]
        refunds = [refund for found in whole for refund in found["refunds"]]
        ours: Counter[str] = Counter()
        for refund in refunds:
            ours[refund["kind"]] += refund["amount"]
        theirs: Counter[str] = Counter()
        for payment in self.payments:
            rows = await asyncio.to_thread(self.shop.world.sandbox.refunds, payment["reference"])
            back = sum(row["amount"] for row in rows)
            assert back <= payment["amount"], self.seed
            theirs[payment["kind"]] += back
        entries = (await self.shop.do("GET", f"/ledger/entries?order={self.number}&limit=100"))[
            "data"
        ]
        journal: Counter[str] = Counter()
        for entry in entries:
            lines = entry["lines"]
            assert sum(line["debit"] - line["credit"] for line in lines) == 0, self.seed
            for line in lines:
                journal[line["account"]] += line["debit"] - line["credit"]
        booked = {
            account.removeprefix("clearing:"): -amount
            for account, amount in journal.items()
            if account.startswith("clearing:") and amount
        }
        assert +ours == +theirs == Counter(booked), (self.seed, ours, theirs, booked)
        assert journal["refunds_payable"] == 0, (self.seed, journal)
        assert -journal["store_credit"] == sum(map(on_codes, whole)), self.seed
        grants = [grant for found in whole for grant in found["grants"]]
        taxes = sum(line["tax"] for grant in grants for line in grant["lines"])
        assert journal["tax_payable"] == taxes, self.seed


def on_codes(found: Json) -> int:
    """What a return gave as store credit, bonus included."""
    return sum(
        grant["amount"] + grant["bonus"]
        for grant in found["grants"]
        if grant["method"] == "store_credit"
    )


def _verdicts(dice: Random, wanted: dict[str, int], accepted: dict[str, int]) -> list[list[Json]]:
    """The inspection in one or two parts."""
    rows = []
    for line, units in wanted.items():
        first = dice.randint(0, accepted[line])
        rows.append(
            (
                _verdict(line, first, True),
                [
                    *_verdict(line, accepted[line] - first, True),
                    *_verdict(line, units - accepted[line], False),
                ],
            )
        )
    parts = [[row for first, _ in rows for row in first], [row for _, last in rows for row in last]]
    return [part for part in parts if part]


def _verdict(line: str, units: int, accepted: bool) -> list[Json]:
    if not units:
        return []
    grade, fate = ("A", "restock") if accepted else ("D", "return_to_customer")
    return [
        {
            "line": line,
            "quantity": units,
            "grade": grade,
            "disposition": fate,
            "accepted": accepted,
        }
    ]
