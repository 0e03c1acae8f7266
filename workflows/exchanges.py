"""An exchange as a process of its own: never both sent out and refunded, never neither.

Its effects are one transaction each, and final where they exclude each other; what dies in between
is done again, and finds what it did before.
"""

from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.exchanges import Exchanges
    from models.messages import (
        EventKind,
        ExchangeCancellation,
        ExchangeNews,
        ExchangeOpening,
        ExchangePayment,
        ExchangeShipment,
        ExchangeStart,
        ExchangeStatus,
        GoodsSettled,
        ReturnState,
        TaskKind,
        Template,
    )
    from workflows import options
    from workflows.erp import tell_erp
    from workflows.exchange_steps import (
        EXCHANGE_STEPS,
        FINAL,
        Exchange,
        Goods,
        call_off,
        give_up_payment,
    )
    from workflows.local import run_local
    from workflows.matter import SYSTEM
    from workflows.money_doors import MoneyDoors


@workflow.defn
class ExchangeWorkflow(MoneyDoors):
    """Sends out what a return is exchanged for, or has the goods refunded instead."""

    @workflow.init
    def __init__(self, start: ExchangeStart) -> None:
        """Nothing is held yet."""
        self._exchange = Exchange(start)
        super().__init__(self._exchange, EXCHANGE_STEPS)

    @workflow.run
    async def run(self, start: ExchangeStart) -> ReturnState:
        """From the approval until the item is out, or its payment has gone back."""
        exchange = self._exchange
        await self._open()
        if exchange.status is ExchangeStatus.AWAITING_PAYMENT:
            self._show("the difference to be paid")
            await self._wait_for_payment()
            if not self._ended() and self._tells_erp():
                await tell_erp(exchange.rma)  # It was paid, and goes out much later.
        if not start.advance and not self._ended():
            self._show("the goods to be accepted")
            await workflow.wait_condition(lambda: exchange.goods is not None or self._ended())
        if not self._ended():
            await self._have_it_sent()
        if exchange.call_off is not None:
            async with exchange.lock:
                await call_off(exchange, exchange.call_off, SYSTEM)
                await exchange.write()
        await self._tell_return()
        shipped = exchange.status is ExchangeStatus.SHIPPED
        if exchange.to_erp and (exchange.payouts.transactions or (shipped and self._tells_erp())):
            await tell_erp(exchange.rma)
        while exchange.unpaid:
            self._paymaster.pay_what_was_granted()
            self._show("its payment to go back")
            await workflow.wait_condition(
                lambda: bool(exchange.payouts.to_pay()) or not exchange.unpaid
            )
        self._show("nothing")
        await workflow.wait_condition(self._at_rest)
        return exchange.state

    # --- what people do --------------------------------------------------------------------

    @workflow.update
    async def record_payment(self, payment: ExchangePayment) -> ReturnState:
        """The customer has paid the difference."""
        return await self._take(payment)

    @workflow.update
    async def record_shipment(self, shipment: ExchangeShipment) -> ReturnState:
        """The item has gone out."""
        return await self._take(shipment)

    @workflow.update
    async def cancel(self, cancellation: ExchangeCancellation) -> ReturnState:
        """The customer gets money instead."""
        return await self._take(cancellation)

    @record_payment.validator
    def _may_record_payment(self, payment: ExchangePayment) -> None:
        self._check(payment)

    @record_shipment.validator
    def _may_record_shipment(self, shipment: ExchangeShipment) -> None:
        self._check(shipment)

    @cancel.validator
    def _may_cancel(self, cancellation: ExchangeCancellation) -> None:
        self._check(cancellation)

    # --- the same by Signal, and what the return says --------------------------------------

    @workflow.signal
    async def submit_payment(self, payment: ExchangePayment) -> None:
        """The payment's durable second path."""
        await self._take_signal(payment)

    @workflow.signal
    async def submit_shipment(self, shipment: ExchangeShipment) -> None:
        """The shipment's durable second path."""
        await self._take_signal(shipment)

    @workflow.signal
    async def submit_cancellation(self, cancellation: ExchangeCancellation) -> None:
        """The cancellation's durable second path."""
        await self._take_signal(cancellation)

    @workflow.signal
    def goods_settled(self, news: GoodsSettled) -> None:
        """What comes back was inspected or given up; without anything accepted nothing goes out."""
        if any(news.accepted):
            self._exchange.goods = Goods(accepted=news.accepted)
        elif self._exchange.call_off is None:
            self._exchange.call_off = "goods_refused"

    @workflow.signal
    def return_ended(self) -> None:
        """The return was cancelled or has expired: nothing goes out."""
        if self._exchange.call_off is None:
            self._exchange.to_refund = False
            self._exchange.call_off = "return_ended"

    @workflow.signal
    def changed(self) -> None:
        """The customer wants something else: what is left is to give back what was paid."""
        self._exchange.call_off = "changed"

    # --- private steps ---------------------------------------------------------------------

    def _ended(self) -> bool:
        return self._exchange.status in FINAL or self._exchange.call_off is not None

    def _tells_erp(self) -> bool:
        """The ERP hears of what goes out, and of the difference, too."""
        return self._exchange.to_erp and workflow.patched("erp-hears-of-exchanges")

    def _at_rest(self) -> bool:
        busy = self._paymaster.busy or self._exchange.mailing
        return not busy and workflow.all_handlers_finished()

    async def _open(self) -> None:
        exchange = self._exchange
        async with exchange.lock:
            opened = await run_local(
                Exchanges.open_exchange,
                ExchangeOpening(start=exchange.start, at=workflow.now().isoformat()),
                summary="Hold the stock of what goes out",
            )
            exchange.status, exchange.due = opened.status, opened.due
            exchange.currency, exchange.can_mail = opened.currency, opened.mailable
            exchange.to_erp = opened.erp
            if not opened.changed:
                exchange.recorder.tell(
                    EventKind.EXCHANGE_RESERVED,
                    SYSTEM,
                    units=opened.units,
                    due=opened.due,
                    currency=opened.currency,
                )
            if exchange.status is ExchangeStatus.AWAITING_PAYMENT:
                exchange.mail(Template.EXCHANGE_PAYMENT)
            exchange.opened = True
            await exchange.write()

    async def _wait_for_payment(self) -> None:
        exchange = self._exchange
        try:
            await workflow.wait_condition(
                self._needs_no_payment,
                timeout=options.EXCHANGE_PAID_WITHIN,
                timeout_summary="Deadline: the difference",
            )
        except TimeoutError:
            async with exchange.lock:
                if not self._needs_no_payment():
                    await give_up_payment(exchange)
            await workflow.wait_condition(self._needs_no_payment)

    def _needs_no_payment(self) -> bool:
        return self._exchange.status is not ExchangeStatus.AWAITING_PAYMENT or self._ended()

    async def _have_it_sent(self) -> None:
        """Asks the warehouse, and waits until the item is out."""
        exchange = self._exchange
        async with exchange.lock:
            if not self._ended():
                exchange.recorder.open_task(TaskKind.SHIP_EXCHANGE, options.TASK_DUE)
                await exchange.write()
        self._show("the warehouse to send it")
        await workflow.wait_condition(self._ended)

    async def _tell_return(self) -> None:
        """Tells the return, unless it has ended: then nobody has to know."""
        parent = workflow.info().parent
        start = self._exchange.start
        if parent is None:
            return
        handle = workflow.get_external_workflow_handle(parent.workflow_id)
        with suppress(ApplicationError):
            await handle.signal(
                "exchange_news",
                ExchangeNews(
                    id=self._exchange.name, status=self._exchange.status, round=start.round
                ),
            )

    def _show(self, waits_for: str) -> None:
        """Tells ops in Temporal's UI how it stands."""
        exchange = self._exchange
        workflow.set_current_details(f"**{exchange.status}**\n\nWaits for: {waits_for}")
