"""A return's money: granting it, having the provider pay it, and what to do when it doesn't."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import (
        EventKind,
        Grant,
        RefundNews,
        RefundOrder,
        RefundOutcome,
        RefundStatus,
        TaskKind,
        Template,
    )
    from models.rules.payouts import Transaction
    from workflows import options
    from workflows.case import SYSTEM, Case, is_time, words_of
    from workflows.local import run_local


class Paymaster:
    """Pays what was accepted, each amount once, and asks a person where the provider won't."""

    def __init__(self, case: Case) -> None:
        """Works on one return."""
        self._case = case
        self._payments: list[asyncio.Task[None]] = []

    @property
    def busy(self) -> bool:
        """An answer is still under way."""
        return any(not payment.done() for payment in self._payments)

    async def take_news(self, news: RefundNews) -> None:
        """Books what the provider says of a refund now; what can't be understood is ignored."""
        async with self._case.lock:
            if self._case.find_refund(news.refund) is None or not is_time(news.at):
                return
            outcome = await run_local(
                Refunds.settle_refund,
                news,
                summary=f"Settle refund {news.refund}",
            )
            await self._take_outcome(outcome)

    async def grant_what_was_accepted(self) -> None:
        """Reserves the money for every unit accepted so far."""
        case = self._case
        if not case.progress.to_grant:
            return
        async with case.lock:
            accepted = [line.accepted for line in case.progress.lines]
            granted = await run_local(
                Refunds.grant_refund,
                Grant(
                    id=f"{case.start.rma}/grant/{case.payouts.next_grant}",
                    rma=case.start.rma,
                    at=workflow.now().isoformat(),
                    accepted=accepted,
                    actor=SYSTEM,
                ),
                summary=f"Grant a refund for {sum(accepted)} accepted units",
            )
            case.payouts.add(accepted, granted)
            for line, units in zip(case.progress.lines, accepted, strict=True):
                line.granted = units
            case.recorder.tell(
                EventKind.REFUND_GRANTED,
                SYSTEM,
                amount=granted.amount,
                currency=granted.currency,
                short=granted.short,
            )
            if granted.short:
                case.recorder.open_task(TaskKind.REFUND_SHORT, options.TASK_DUE)
            case.count_refunded()
            await case.write()

    def pay_what_was_granted(self) -> None:
        """Asks the provider for each refund, beside everything else that goes on."""
        for transaction in self._case.payouts.to_pay():
            transaction.to_pay = False
            self._payments.append(asyncio.create_task(self._pay(transaction)))

    async def _pay(self, transaction: Transaction) -> None:
        case = self._case
        try:
            outcome = await workflow.execute_activity_method(
                Refunds.pay_refund,
                RefundOrder(refund=transaction.refund, at=workflow.now().isoformat()),
                start_to_close_timeout=options.PAYMENT_TIMEOUT,
                schedule_to_close_timeout=options.PAYMENT_GIVES_UP_AFTER,
                heartbeat_timeout=options.WORKER_SILENT_FOR,
                retry_policy=options.PAYMENT_RETRY,
                summary=f"Pay refund {transaction.refund}",
            )
        except ActivityError as error:
            async with case.lock:
                if transaction.known or case.find_refund(transaction.refund) is not transaction:
                    return  # News came first, or a person has replaced it.
                transaction.parked = True
                self._ask_for_help(transaction, words_of(error))
                await case.write()
            return
        async with case.lock:
            await self._take_outcome(outcome)

    async def _take_outcome(self, outcome: RefundOutcome) -> None:
        """Takes what became of a refund; the caller holds the lock."""
        case = self._case
        transaction = case.find_refund(outcome.refund)
        if transaction is None or not case.payouts.take(outcome.refund, outcome.status):
            return
        if transaction.needs_person:
            self._ask_for_help(transaction, outcome.failure or "no reason given")
        else:
            case.unblock(TaskKind.REFUND_FAILED, SYSTEM, transaction.refund)
            if transaction.done:
                self._tell_of(EventKind.REFUND_SUCCEEDED, transaction)
            elif transaction.status is RefundStatus.PENDING:
                self._tell_of(EventKind.REFUND_PENDING, transaction)
        case.count_refunded()
        await case.write()

    def _ask_for_help(self, transaction: Transaction, failure: str) -> None:
        case = self._case
        self._tell_of(EventKind.REFUND_FAILED, transaction, failure=failure)
        if not case.recorder.tasks_of(TaskKind.REFUND_FAILED, transaction.refund):
            case.block(TaskKind.REFUND_FAILED, transaction.refund)
            if not case.delay_told:
                case.delay_told = True
                case.mail(Template.REFUND_DELAYED)

    def _tell_of(self, kind: EventKind, transaction: Transaction, **more: str) -> None:
        self._case.recorder.tell(
            kind,
            SYSTEM,
            refund=transaction.refund,
            amount=transaction.amount,
            currency=transaction.currency,
            **more,
        )
