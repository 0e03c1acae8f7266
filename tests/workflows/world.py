"""A whole Redress in one test: a real Temporal server, worker, sandbox provider and database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.providers.erp.protocol import ErpProvider
from activities.providers.mail.outbox import OutboxTransport
from activities.providers.payments.protocol import PaymentProvider
from models.database import Database
from models.messages import (
    CarrierStatus,
    CountedLine,
    DecisionKind,
    Disposition,
    Grade,
    Reason,
    ReturnStatus,
    workflow_id,
)
from models.rules.orders import (
    AddressInput,
    CustomerInput,
    LineInput,
    OrderInput,
    PaymentInput,
    PaymentKind,
    RateInput,
    ShippingInput,
    TaxMode,
)
from models.settings import Settings
from models.store.orders import put_order
from models.tables import (
    Event,
    JournalEntry,
    JournalLine,
    Message,
    OrderLine,
    Refund,
    Return,
    ReturnLine,
    Task,
)
from tests.contract.sandbox_process import Sandbox
from web.access import Actor, Permission
from web.gateway import Gateway
from web.requests import (
    DecisionRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineRequest,
    ReceiptRequest,
    ReturnRequest,
    ScanRequest,
)
from worker import make_worker

AGENT = Actor(id="user:1", name="Ada", permissions=frozenset(Permission), user_id=1)
SECOND = Actor(id="user:2", name="Ben", permissions=frozenset(Permission), user_id=2)


def new_order_number() -> str:
    """An order number no other test uses."""
    return f"O-{uuid4().hex[:12]}"


def paid(
    reference: str,
    amount: int,
    *,
    id: str = "p-1",
    kind: PaymentKind = PaymentKind.CARD,
    provider: str = "sandbox",
    refunded: int = 0,
) -> PaymentInput:
    """A payment of an order."""
    return PaymentInput(
        id=id,
        kind=kind,
        provider=provider,
        reference=reference,
        amount=amount,
        currency="GBP",
        refunded=refunded,
    )


@dataclass(kw_only=True)
class World:
    """What a test drives and looks at."""

    env: WorkflowEnvironment
    settings: Settings
    database: Database
    gateway: Gateway
    sandbox: Sandbox
    mail_dir: Path

    @asynccontextmanager
    async def working(
        self,
        providers: dict[str, PaymentProvider] | None = None,
        erp: ErpProvider | None = None,
    ) -> AsyncIterator[None]:
        """A worker runs, with other payment providers, or another ERP, than the settings' ones
        when given.
        """
        with ThreadPoolExecutor(64) as executor:
            async with make_worker(
                self.env.client,
                self.settings,
                self.database,
                executor,
                providers=providers,
                transport=OutboxTransport(self.mail_dir),
                erp=erp,
            ):
                yield

    async def call(self, method: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Calls the gateway as a web thread would."""
        return await asyncio.to_thread(method, *args, **more)

    def put_order(
        self,
        number: str,
        *,
        reference: str,
        quantities: tuple[int, ...] = (2,),
        price: int = 5000,
        email: str | None = "carla@example.com",
        name: str = "Carla Customer",
        country: str = "GB",
        discount: int = 0,
        payments: tuple[PaymentInput, ...] | None = None,
        rate: RateInput | None = None,
        address: AddressInput | None = None,
    ) -> None:
        """An order delivered yesterday, one card payment unless others are given."""
        total = sum(quantities) * price - discount
        placed = datetime.now(UTC) - timedelta(days=3)
        order = OrderInput(
            number=number,
            currency="GBP",
            placed_at=placed,
            delivered_at=placed + timedelta(days=2),
            country=country,
            exchange_rate=rate,
            tax_mode=TaxMode.INCLUSIVE,
            customer=CustomerInput(id=f"c-{number}", email=email, name=name),
            lines=tuple(
                LineInput(
                    id=str(no),
                    sku=f"SKU-{no}",
                    name=f"Thing {no}",
                    quantity=quantity,
                    unit_price=price,
                    discount=discount if no == 1 else 0,
                )
                for no, quantity in enumerate(quantities, start=1)
            ),
            shipping=ShippingInput(),
            payments=payments or (paid(reference, total),),
            shipping_address=address,
        )
        with self.database.write() as session:
            put_order(session, order)

    async def request(self, number: str, lines: dict[str, int] | None = None) -> str:
        """Asks for a return and gives its RMA."""
        asked = ReturnRequest(
            order=number,
            lines=[
                LineRequest(
                    line=line,
                    quantity=quantity,
                    reason=Reason.TOO_SMALL,
                    comment="Carla says it pinches",
                )
                for line, quantity in (lines or {"1": 1}).items()
            ],
        )
        answer = await self.call(self.gateway.request_return, asked, AGENT)
        return str(answer.rma)

    async def awaiting_parcel(
        self, payment: str, lines: dict[str, int] | None = None, **order: Any
    ) -> str:
        """A return that waits for its parcel, of a new order with this payment reference."""
        number = new_order_number()
        self.put_order(number, reference=payment, **order)
        rma = await self.request(number, lines)
        await self.approve(rma)
        await self.until(rma, ReturnStatus.AWAITING_PARCEL)
        return rma

    async def scan(
        self, rma: str, event: str, status: CarrierStatus, at: datetime | None = None
    ) -> Any:
        asked = ScanRequest(event_id=event, status=status, at=at or datetime.now(UTC))
        return await self.call(self.gateway.scan, rma, asked, AGENT)

    async def approve(self, rma: str, actor: Actor = AGENT) -> Any:
        return await self.call(
            self.gateway.decide, rma, DecisionRequest(decision=DecisionKind.APPROVE), actor
        )

    async def receive(self, rma: str, lines: dict[str, int] | None = None) -> Any:
        counted = [
            CountedLine(line=line, quantity=quantity)
            for line, quantity in (lines or {"1": 1}).items()
        ]
        return await self.call(self.gateway.receive, rma, ReceiptRequest(lines=counted), AGENT)

    async def inspect(
        self, rma: str, lines: dict[str, int] | None = None, *, accepted: bool = True
    ) -> Any:
        asked = InspectionRequest(
            lines=[
                InspectionLineRequest(
                    line=line,
                    quantity=quantity,
                    grade=Grade.A if accepted else Grade.D,
                    disposition=Disposition.RESTOCK if accepted else Disposition.RETURN_TO_CUSTOMER,
                    accepted=accepted,
                )
                for line, quantity in (lines or {"1": 1}).items()
            ]
        )
        return await self.call(self.gateway.inspect, rma, asked, AGENT)

    def handle(self, rma: str) -> WorkflowHandle[Any, Any]:
        return self.env.client.get_workflow_handle(workflow_id(rma))

    async def skip(self, rma: str, **duration: float) -> None:
        """Lets a return's time pass at once."""
        await self.env.fast_forward(self.handle(rma), timedelta(**duration))

    async def until(self, rma: str, status: ReturnStatus, *, seconds: float = 20) -> None:
        """Waits until the database shows a status."""
        await self.until_true(
            lambda: self.status(rma) == status, lambda: self.status(rma), seconds=seconds
        )

    async def until_true(
        self,
        holds: Callable[[], bool],
        shown: Callable[[], object] = lambda: None,
        *,
        seconds: float = 20,
    ) -> None:
        """Waits until something holds."""
        for _ in range(int(seconds * 20)):
            if await asyncio.to_thread(holds):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"did not come to hold: {shown()}")

    def status(self, rma: str) -> ReturnStatus:
        with self.database.read() as session:
            return ReturnStatus(session.get_one(Return, rma).status)

    def timeline(self, rma: str) -> list[str]:
        with self.database.read() as session:
            return list(
                session.scalars(select(Event.kind).where(Event.rma == rma).order_by(Event.id))
            )

    def open_tasks(self, rma: str) -> dict[str, str]:
        """Kind to id."""
        with self.database.read() as session:
            rows = session.scalars(select(Task).where(Task.rma == rma, Task.status != "done"))
            return {row.kind: row.id for row in rows}

    def refunds(self, rma: str) -> list[Refund]:
        with self.database.read() as session:
            return list(
                session.scalars(select(Refund).where(Refund.rma == rma).order_by(Refund.id))
            )

    def balance(self, rma: str) -> dict[str, int]:
        """What a return's entries leave on each account; debits are above 0."""
        with self.database.read() as session:
            rows = session.execute(
                select(JournalLine.account, func.sum(JournalLine.debit - JournalLine.credit))
                .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
                .where(JournalEntry.rma == rma)
                .group_by(JournalLine.account)
            )
            return {account: int(amount) for account, amount in rows if amount}

    def line(self, rma: str) -> ReturnLine:
        """The first line of a return."""
        with self.database.read() as session:
            return (
                session.scalars(
                    select(ReturnLine).where(ReturnLine.rma == rma).order_by(ReturnLine.no)
                ).first()
                or ReturnLine()
            )

    def free_units(self, rma: str) -> int:
        """Units of the first line's order line that no return holds."""
        with self.database.read() as session:
            line = session.get_one(OrderLine, self.line(rma).order_line_id)
            return line.quantity - line.reserved_units

    def mails(self, rma: str) -> list[str]:
        with self.database.read() as session:
            rows = select(Message.template).where(Message.rma == rma).order_by(Message.sent_at)
            return list(session.scalars(rows))
