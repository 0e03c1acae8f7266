"""Having the provider pay what was granted, and asking a person when it doesn't."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import (
        EventKind,
        RefundNews,
        RefundOrder,
        RefundOutcome,
        RefundStatus,
        TaskKind,
        Template,
    )
    from models.rules.payouts import Transaction
    from workflows import options
    from workflows.local import run_local
    from workflows.matter import SYSTEM, Matter, is_time, words_of


class Paymaster:
    """Pays what was granted, each amount once, and asks a person where the provider won't."""

    def __init__(self, matter: Matter) -> None:
        """Works on one return, or on one payment beside it."""
        self._matter = matter
        self._payments: list[asyncio.Task[None]] = []

    @property
    def busy(self) -> bool:
        """An answer is still under way."""
        return any(not payment.done() for payment in self._payments)

    async def take_news(self, news: RefundNews) -> None:
        """Books what the provider says of a refund now; what can't be understood is ignored."""
        async with self._matter.lock:
            if self._matter.find_refund(news.refund) is None or not is_time(news.at):
                return
            outcome = await run_local(
                Refunds.settle_refund,
                news,
                summary=f"Settle refund {news.refund}",
            )
            await self.take_outcome(outcome)

    def pay_what_was_granted(self) -> None:
        """Asks the provider for each refund, beside everything else that goes on."""
        for transaction in self._matter.payouts.to_pay():
            transaction.to_pay = False
            self._payments.append(asyncio.create_task(self._pay(transaction)))

    async def _pay(self, transaction: Transaction) -> None:
        matter = self._matter
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
            async with matter.lock:
                if transaction.known or matter.find_refund(transaction.refund) is not transaction:
                    return  # News came first, or a person has replaced it.
                transaction.parked = True
                self._ask_for_help(transaction, words_of(error))
                await matter.write()
            return
        async with matter.lock:
            await self.take_outcome(outcome)

    async def take_outcome(self, outcome: RefundOutcome) -> None:
        """Takes what became of a refund; the caller holds the lock."""
        matter = self._matter
        transaction = matter.find_refund(outcome.refund)
        if transaction is None or not matter.payouts.take(outcome.refund, outcome.status):
            return
        if transaction.needs_person:
            self._ask_for_help(transaction, outcome.failure or "no reason given")
        else:
            matter.unblock(TaskKind.REFUND_FAILED, SYSTEM, transaction.refund)
            if transaction.done:
                self._tell_of(EventKind.REFUND_SUCCEEDED, transaction)
            elif transaction.status is RefundStatus.PENDING:
                self._tell_of(EventKind.REFUND_PENDING, transaction)
        matter.count_refunded()
        await matter.write()

    def _ask_for_help(self, transaction: Transaction, failure: str) -> None:
        matter = self._matter
        self._tell_of(EventKind.REFUND_FAILED, transaction, failure=failure)
        if not matter.recorder.tasks_of(TaskKind.REFUND_FAILED, transaction.refund):
            matter.block(TaskKind.REFUND_FAILED, transaction.refund)
            if not matter.delay_told:
                matter.delay_told = True
                matter.mail(Template.REFUND_DELAYED)

    def _tell_of(self, kind: EventKind, transaction: Transaction, **more: str) -> None:
        self._matter.recorder.tell(
            kind,
            SYSTEM,
            refund=transaction.refund,
            amount=transaction.amount,
            currency=transaction.currency,
            **more,
        )
