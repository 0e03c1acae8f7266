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
    from workflows.recovering import begin_recovery

_FAILED = (RefundStatus.FAILED, RefundStatus.CANCELED)


async def provider_word(news: RefundNews) -> RefundNews | None:
    """How a refund stands at the provider now; None: it has none, or has not said for two hours
    (the nightly comparison will find out).
    """
    try:
        return await workflow.execute_activity_method(
            Refunds.ask_provider,
            news,
            start_to_close_timeout=options.PAYMENT_TIMEOUT,
            schedule_to_close_timeout=options.PAYMENT_GIVES_UP_AFTER,
            heartbeat_timeout=options.WORKER_SILENT_FOR,
            retry_policy=options.PAYMENT_RETRY,
            summary=f"Ask how refund {news.refund} stands",
        )
    except ActivityError:
        return None


class Paymaster:
    """Pays what was granted, each amount once, and asks a person where the provider won't."""

    def __init__(self, matter: Matter) -> None:
        """Works on one return, or on one payment beside it."""
        self._matter = matter
        self._payments: list[asyncio.Task[None]] = []
        # What the provider is being asked about, and the last news of it that came meanwhile.
        self._asking: dict[tuple[str, str | None], RefundNews | None] = {}

    @property
    def busy(self) -> bool:
        """An answer is still under way."""
        return any(not payment.done() for payment in self._payments)

    async def take_news(self, news: RefundNews) -> None:
        """Books what the provider says of a refund now; what can't be understood is ignored."""
        if news.ask:
            await self._ask_about(news)
            return
        async with self._matter.lock:
            if self._matter.find_refund(news.refund) is None or not is_time(news.at):
                return
            outcome = await run_local(
                Refunds.settle_refund,
                news,
                summary=f"Settle refund {news.refund}",
            )
            await self.take_outcome(outcome)

    async def _ask_about(self, news: RefundNews) -> None:
        """Asks the provider, and once more when news came while it was asked: the answer may be
        older than they are.
        """
        about = news.refund, news.provider_reference
        if about in self._asking:
            self._asking[about] = news
            return
        if self._matter.find_refund(news.refund) is None or not is_time(news.at):
            return
        asked: RefundNews | None = news
        while asked is not None:
            self._asking[about] = None
            answer = await provider_word(asked)
            if answer is not None and answer.status in _FAILED and self._matter.ended_words():
                # What has ended takes no decisions any more; this one has to be taken.
                await begin_recovery(self._matter.rma, answer)
            elif answer is not None:
                await self.take_news(answer)
            asked = self._asking.pop(about)

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
        if transaction is None:
            return
        if not matter.payouts.take(outcome.refund, outcome.status) and not (
            matter.payouts.may_revive(outcome)
            and workflow.patched("given-up-and-paid-after-all")
            and matter.payouts.revive(outcome)
        ):
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
