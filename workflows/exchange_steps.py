"""One exchange: what it knows, and what people do to it."""

from dataclasses import dataclass
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.exchanges import Exchanges
    from activities.refunds import Refunds
    from models.messages import (
        EventKind,
        ExchangeCancellation,
        ExchangeOutcome,
        ExchangePayment,
        ExchangeShipment,
        ExchangeStart,
        ExchangeStatus,
        ExchangeStep,
        PayoutProgress,
        RefundInstead,
        ReturnState,
        ReturnStatus,
        TaskKind,
        Template,
    )
    from models.money import to_text
    from models.rules.refused import Refused, conflict, invalid
    from workflows import options
    from workflows.local import run_local
    from workflows.matter import SYSTEM, Matter
    from workflows.money_steps import MONEY_STEPS, Step
    from workflows.recorder import Recorder

FINAL = (ExchangeStatus.SHIPPED, ExchangeStatus.CANCELLED)


@dataclass(slots=True)
class Goods:
    """What the return said of the goods that come back: units accepted, per return line."""

    accepted: list[int]


class Exchange(Matter):
    """One exchange beside its return. Whoever changes it holds `lock` and calls `write`."""

    def __init__(self, start: ExchangeStart) -> None:
        """Nothing is held yet."""
        self.name = f"exchange/{start.round}"
        super().__init__(start.rma, Recorder(f"{self.name}/"), f"{start.rma}/{self.name}")
        self.start = start
        self.opened = False
        self.can_mail = False
        self.to_erp = False
        self.status = ExchangeStatus.RESERVED
        self.due = 0
        self.currency = ""
        self.goods: Goods | None = None
        # Why it is to be called off, once something says so.
        self.call_off: str | None = None
        self.to_refund = True
        # Who approved money instead of goods, where a second person must, too.
        self.approved_by = ""

    @property
    def ready(self) -> bool:
        """The new item may go out."""
        paid = self.status is ExchangeStatus.RESERVED
        return paid and self.call_off is None and (self.start.advance or self.goods is not None)

    @property
    def state(self) -> ReturnState:
        """What an Update answers; the return itself stands in the database."""
        return ReturnState(rma=self.rma, status=ReturnStatus.RESOLVING)

    @property
    def recorded(self) -> bool:
        """Its stock is held."""
        return self.opened

    @property
    def refused(self) -> bool:
        """An exchange that was approved is never refused."""
        return False

    @property
    def mailable(self) -> bool:
        """The customer can be written to."""
        return self.can_mail

    @property
    def unpaid(self) -> bool:
        """Something of its payment is to go back and has not arrived at the customer."""
        return not all(found.done for found in self.payouts.transactions.values())

    async def write(self) -> None:
        """Records what is new on the return's timeline; the caller holds the lock."""
        events, tasks = self.recorder.take()
        await run_local(
            Refunds.save_payout,
            PayoutProgress(rma=self.rma, at=workflow.now().isoformat(), events=events, tasks=tasks),
            summary="Record the exchange",
        )

    def step(self, actor: str, **more: Any) -> ExchangeStep:
        """What an activity is asked for now."""
        return ExchangeStep(
            rma=self.rma,
            at=workflow.now().isoformat(),
            actor=actor,
            round=self.start.round,
            **more,
        )

    def end_tasks(self, by: str) -> None:
        """Nothing is to go out any more, nor to be approved instead."""
        for kind in (TaskKind.SHIP_EXCHANGE, TaskKind.SECOND_APPROVAL):
            self.recorder.close_tasks(kind, by)

    def take(self, outcome: ExchangeOutcome) -> None:
        """Takes how it stands now, and what is to be given back."""
        self.status = outcome.status
        if outcome.granted.refunds and not self.payouts.transactions:
            self.payouts.add([], outcome.granted)


# --- what people do ----------------------------------------------------------------------------


def _changed() -> Refused:
    return conflict(
        "exchange_changed",
        "What goes out was changed meanwhile; look at the return again before you go on.",
    )


def _check_open(exchange: Exchange) -> None:
    if exchange.call_off == "changed":
        raise _changed()
    if exchange.status in FINAL or exchange.call_off is not None:
        ended = exchange.status if exchange.status in FINAL else ExchangeStatus.CANCELLED
        raise conflict(f"exchange_{ended}", f"This exchange is {ended}.")


def _check_payment(exchange: Exchange, message: ExchangePayment) -> None:
    _check_open(exchange)
    if exchange.status is not ExchangeStatus.AWAITING_PAYMENT:
        raise conflict("nothing_due", "Nothing is to be paid for this exchange.")
    if message.amount != exchange.due:
        due = f"{to_text(exchange.due, exchange.currency)} {exchange.currency}"
        raise invalid("amount", f"The difference is {due}; record exactly that.", "/amount")


async def _pay(exchange: Exchange, message: ExchangePayment) -> None:
    outcome = await run_local(
        Exchanges.record_exchange_payment,
        exchange.step(message.actor, reference=message.reference),
        summary="Take the difference as a payment",
    )
    exchange.take(outcome)
    if not exchange.approved_by:
        exchange.recorder.close_tasks(TaskKind.SECOND_APPROVAL, message.actor)
    exchange.recorder.tell(
        EventKind.EXCHANGE_PAID, message.actor, amount=exchange.due, currency=exchange.currency
    )


def _check_shipment(exchange: Exchange, _message: ExchangeShipment) -> None:
    _check_open(exchange)
    if exchange.status is ExchangeStatus.AWAITING_PAYMENT:
        raise conflict("not_paid", "The difference has not been paid yet; record that first.")
    if not exchange.ready:
        raise conflict(
            "goods_not_accepted",
            "The goods that come back have not been accepted yet; inspect them first.",
        )


async def _ship(exchange: Exchange, message: ExchangeShipment) -> None:
    outcome = await run_local(
        Exchanges.record_exchange_shipment,
        exchange.step(
            message.actor,
            tracking=message.tracking,
            accepted=exchange.goods.accepted if exchange.goods else None,
        ),
        summary="The new item goes out",
    )
    exchange.take(outcome)
    exchange.end_tasks(message.actor)
    exchange.recorder.tell(
        EventKind.EXCHANGE_SHIPPED,
        message.actor,
        units=outcome.units,
        tracking=message.tracking,
    )
    exchange.mail(Template.EXCHANGE_SHIPPED)


def _check_cancellation(exchange: Exchange, message: ExchangeCancellation) -> None:
    _check_open(exchange)
    if exchange.approved_by == message.actor:
        raise conflict(
            "second_person_needed",
            "You approved the money instead already; a second person must approve it, too.",
        )


async def _takes_another(exchange: Exchange, message: ExchangeCancellation) -> bool:
    """Whether this is the first of two approvals: goods for goods were approved, not money."""
    # Exchanges that began before were called off by one person.
    if exchange.approved_by or not workflow.patched("money-instead-by-two"):
        return False
    weighed = await _weigh(exchange, message.actor)
    if not weighed.takes_two:
        return False
    exchange.approved_by = message.actor
    _ask_approval(exchange, weighed, message.actor, note=message.note, instead=1)
    return True


async def _weigh(exchange: Exchange, actor: str) -> RefundInstead:
    return await run_local(
        Exchanges.weigh_refund_instead, exchange.step(actor), summary="Weigh the money instead"
    )


def _ask_approval(exchange: Exchange, weighed: RefundInstead, actor: str, **facts: Any) -> None:
    exchange.recorder.tell(
        EventKind.SECOND_APPROVAL_NEEDED,
        actor,
        total=weighed.total,
        currency=weighed.currency,
        **facts,
    )
    if not exchange.recorder.tasks_of(TaskKind.SECOND_APPROVAL):
        exchange.recorder.open_task(TaskKind.SECOND_APPROVAL, options.TASK_DUE)


async def give_up_payment(exchange: Exchange) -> None:
    """The difference was not paid in time: the exchange becomes money, or people are asked.

    Where two must approve so much money, nobody has approved it yet. The caller holds the lock.
    """
    # Exchanges that came to this before became a refund by themselves.
    if workflow.patched("unpaid-money-by-two"):
        weighed = await _weigh(exchange, SYSTEM)
        if weighed.takes_two:
            if not exchange.approved_by:
                _ask_approval(exchange, weighed, SYSTEM, unpaid=1)
                await exchange.write()
            return
    exchange.call_off = exchange.call_off or "not_paid"


async def _cancel(exchange: Exchange, message: ExchangeCancellation) -> None:
    if await _takes_another(exchange, message):
        return
    await call_off(exchange, "staff", message.actor, note=message.note)
    if exchange.call_off == "changed":
        raise _changed()


async def call_off(exchange: Exchange, why: str, actor: str, *, note: str | None = None) -> None:
    """Nothing goes out any more: stock and payment are given free. The caller holds the lock."""
    if exchange.status in FINAL:
        return
    exchange.call_off = why
    outcome = await run_local(
        Exchanges.call_exchange_off,
        exchange.step(actor, to_refund=exchange.to_refund),
        summary="Call the exchange off",
    )
    exchange.take(outcome)
    exchange.end_tasks(actor)
    if outcome.changed:
        exchange.call_off = why = "changed"
    if exchange.status is not ExchangeStatus.CANCELLED:
        return  # It had gone out before.
    exchange.recorder.tell(EventKind.EXCHANGE_CANCELLED, actor, note=note, why=why)
    if why not in ("return_ended", "changed"):
        exchange.mail(Template.EXCHANGE_CANCELLED)


EXCHANGE_STEPS: dict[type[Any], Step] = {
    ExchangePayment: Step(_check_payment, _pay),
    ExchangeShipment: Step(_check_shipment, _ship),
    ExchangeCancellation: Step(_check_cancellation, _cancel),
    **MONEY_STEPS,
}
