"""What tests of refunds share: accepted goods, news of the provider, a line to it that breaks."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event as Moment
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from activities.providers.payments.protocol import (
    PaymentProvider,
    PaymentUnclear,
    ProviderRefund,
    RefundOrder,
)
from models.messages import EventKind, ManualMethod, RefundStatus, ReturnStatus, TaskKind
from models.tables import Event, JournalEntry, Order, Payment, Refund, Return, Task
from tests.workflows.world import AGENT, World
from web.requests import Answer

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

# The books once 50.00 are granted, once they went back to the card, and once a person paid them.
OWED = {"sales_returns": 5000, "refunds_payable": -5000}
PAID_BY_CARD = {"sales_returns": 5000, "clearing:card": -5000}
PAID_BY_HAND = {"sales_returns": 5000, "clearing:by_hand": -5000}


async def accept(
    world: World, payment: str, lines: dict[str, int] | None = None, **order: Any
) -> str:
    """A return whose goods were accepted just now."""
    rma = await world.awaiting_parcel(payment, lines, **order)
    await world.receive(rma, lines)
    await world.inspect(rma, lines)
    return rma


async def until_failed(world: World, rma: str, failures: int = 1) -> None:
    """Waits until so many failures were told and a person is asked for."""
    await world.until_true(
        lambda: (
            world.timeline(rma).count(EventKind.REFUND_FAILED) == failures
            and world.status(rma) == ReturnStatus.NEEDS_ATTENTION
        ),
        lambda: (world.status(rma), world.timeline(rma)),
    )


async def retry(world: World, rma: str, refund: str) -> Answer:
    answer: Answer = await world.call(world.gateway.retry_refund, rma, refund, AGENT)
    return answer


async def pay_by_hand(world: World, rma: str, refund: str) -> Answer:
    answer: Answer = await world.call(
        world.gateway.resolve_manually,
        rma,
        refund,
        ManualMethod.PAID_BY_HAND,
        "bank transfer 4711",
        "Paid from the house bank",
        AGENT,
    )
    return answer


async def tell(
    world: World,
    refund: Refund,
    status: RefundStatus,
    *,
    failure: str | None = None,
    event: str | None = None,
) -> None:
    """The provider's webhook, as its route passes it on. What it says is a hint; the sandbox is
    asked, so that `control` comes first.
    """
    reference = at_sandbox(world, refund)
    await world.call(
        world.gateway.refund_news,
        "sandbox",
        event or f"evt_{uuid4().hex}",
        reference,
        refund.id,
        status,
        failure,
    )


def at_sandbox(world: World, refund: Refund) -> str:
    """The sandbox's id of a refund, also while we don't know it."""
    if refund.provider_reference is not None:
        return refund.provider_reference
    listed = world.sandbox.call("GET", "/_sandbox/refunds").json()["data"]
    ours = (row["id"] for row in listed if row["metadata"].get("refund_id") == refund.id)
    return next(ours, "re_unheard_of")


def control(world: World, refund: Refund, what: str) -> None:
    """Has the sandbox `settle` or `fail` a refund."""
    body = {"reason": "lost_or_stolen_card"} if what == "fail" else {}
    path = f"/_sandbox/refunds/{at_sandbox(world, refund)}/{what}"
    world.sandbox.call("POST", path, json=body).raise_for_status()


def tasks(world: World, rma: str, kind: TaskKind = TaskKind.REFUND_FAILED) -> dict[str, int]:
    """How many tasks of a kind there are, by status."""
    with world.database.read() as session:
        rows = session.scalars(select(Task.status).where(Task.rma == rma, Task.kind == kind))
        return dict(Counter(rows))


def payment_row(world: World, rma: str) -> Payment:
    """The first payment of a return's order."""
    with world.database.read() as session:
        order = session.get_one(Order, session.get_one(Return, rma).order_number)
        return order.payments[0]


def order_row(world: World, rma: str) -> Order:
    with world.database.read() as session:
        return session.get_one(Order, session.get_one(Return, rma).order_number)


def entries(world: World, rma: str) -> list[str]:
    """What each journal entry of a return books, besides what was granted."""
    with world.database.read() as session:
        rows = select(JournalEntry.source).where(
            JournalEntry.rma == rma, JournalEntry.source.not_like("grant/%")
        )
        return list(session.scalars(rows.order_by(JournalEntry.id)))


def told(world: World, rma: str, kind: EventKind) -> list[dict[str, Any]]:
    """The facts of each timeline entry of a kind."""
    with world.database.read() as session:
        rows = select(Event.data).where(Event.rma == rma, Event.kind == kind).order_by(Event.id)
        return list(session.scalars(rows))


@dataclass
class Line:
    """A line to a payment provider that can be cut: before a call arrives, or before its answer."""

    provider: PaymentProvider
    cut_before: bool = False
    cut_after: bool = False
    # Calls are neither passed on nor ended, until the line is mended.
    hangs: bool = False
    keys: list[str] = field(default_factory=list)
    orders: list[RefundOrder] = field(default_factory=list)
    looked_up: int = 0
    _mended: Moment = field(default_factory=Moment)

    def cut(self, *, after: bool = False) -> None:
        """Nothing gets through any more; `after`: calls arrive and only answers are lost."""
        self.cut_before, self.cut_after = not after, after

    def mend(self) -> None:
        self.cut_before = self.cut_after = False
        self._mended.set()

    def refund(self, order: RefundOrder) -> ProviderRefund:
        self.orders.append(order)
        self.keys.append(order.idempotency_key)
        if self.hangs:
            self._mended.wait(20)
        if self.cut_before:
            raise PaymentUnclear("no answer from the payment provider")
        done = self.provider.refund(order)
        if self.cut_after:
            raise PaymentUnclear("no answer from the payment provider")
        return done

    def find(self, payment_reference: str, refund_id: str) -> ProviderRefund | None:
        self.looked_up += 1
        if self.cut_before or self.cut_after:
            raise PaymentUnclear("no answer from the payment provider")
        return self.provider.find(payment_reference, refund_id)

    def get(self, provider_reference: str) -> ProviderRefund:
        return self.provider.get(provider_reference)

    def list_refunds(self, since: datetime) -> Iterator[ProviderRefund]:
        return self.provider.list_refunds(since)
