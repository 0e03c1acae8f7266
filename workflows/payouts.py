"""Money that moves beside a return: goodwill, and refunds that a bank sent back after the end."""

from dataclasses import replace

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from models.messages import (
        EventKind,
        Granted,
        PayoutKind,
        PayoutMethod,
        PayoutOpening,
        PayoutProgress,
        PayoutStart,
        RefundStatus,
        Refusal,
        ReturnState,
        ReturnStatus,
        Template,
    )
    from models.rules.refused import Refused
    from workflows.erp import tell_erp
    from workflows.local import run_local
    from workflows.matter import SYSTEM, Matter
    from workflows.money_doors import MoneyDoors
    from workflows.money_steps import MONEY_STEPS
    from workflows.paying import provider_word
    from workflows.recorder import Recorder


class Payout(Matter):
    """One payment beside a return."""

    def __init__(self, start: PayoutStart) -> None:
        """Nothing is granted or taken over yet."""
        prefix = f"{start.kind}/{start.id}"
        super().__init__(start.rma, Recorder(f"{prefix}/"), f"{start.rma}/{prefix}")
        self.start = start
        self.opened = False
        self.refusal: Refusal | None = None
        self.can_mail = False
        self.to_erp = False

    @property
    def state(self) -> ReturnState:
        """What an Update answers; the return itself stands in the database."""
        attention = any(found.needs_person for found in self.payouts.transactions.values())
        status = ReturnStatus.NEEDS_ATTENTION if attention else ReturnStatus.RESOLVING
        return ReturnState(rma=self.rma, status=status)

    @property
    def recorded(self) -> bool:
        """It was granted, taken over or refused."""
        return self.opened

    @property
    def refused(self) -> bool:
        """It was refused."""
        return self.refusal is not None

    @property
    def mailable(self) -> bool:
        """The customer can be written to."""
        return self.can_mail

    @property
    def unpaid(self) -> bool:
        """Something has not arrived at the customer yet."""
        return not all(found.done for found in self.payouts.transactions.values())

    async def write(self) -> None:
        """Records what is new on the return's timeline; the caller holds the lock."""
        events, tasks = self.recorder.take()
        recovers = self.start.kind is PayoutKind.RECOVERY
        await run_local(
            Refunds.save_payout,
            PayoutProgress(
                rma=self.rma,
                at=workflow.now().isoformat(),
                events=events,
                tasks=tasks,
                reopened=self.unpaid if recovers else None,
            ),
            summary=f"Record the {self.start.kind}",
        )


@workflow.defn
class PayoutWorkflow(MoneyDoors):
    """Pays one amount beside a return, and follows it until the customer has it."""

    @workflow.init
    def __init__(self, start: PayoutStart) -> None:
        """Nothing is granted or taken over yet."""
        self._payout = Payout(start)
        super().__init__(self._payout, MONEY_STEPS)

    @workflow.run
    async def run(self, start: PayoutStart) -> ReturnState:
        """From the grant, or the news that a refund came back, until all of it is paid."""
        payout = self._payout
        await self._confirm()
        await self._open()
        if payout.to_erp:
            await tell_erp(payout.rma)
        if not payout.payouts.transactions:
            # Refused, paid in another way before, or store credit, which is issued at once.
            await workflow.wait_condition(self._at_rest)
            return payout.state
        while payout.unpaid:
            await self._pay_all()
            async with payout.lock:
                if start.kind is PayoutKind.RECOVERY:
                    payout.recorder.tell(EventKind.CLOSED, SYSTEM)
                await payout.write()
            self._show()
            # Meanwhile the bank may have sent it back.
            await workflow.wait_condition(self._at_rest)
        return payout.state

    @workflow.update
    async def request(self) -> ReturnState:
        """Answers who asked for the money, once it is granted or refused."""
        await workflow.wait_condition(lambda: self._payout.opened)
        if refusal := self._payout.refusal:
            raise ApplicationError(refusal.message, refusal, type="conflict", non_retryable=True)
        return self._payout.state

    # --- private steps ---------------------------------------------------------------------

    def _at_rest(self) -> bool:
        busy = self._paymaster.busy or self._payout.mailing
        return not busy and workflow.all_handlers_finished()

    async def _pay_all(self) -> None:
        """Pays until the customer has all of it; people help where the provider won't."""
        payout = self._payout
        while payout.unpaid:
            self._paymaster.pay_what_was_granted()
            self._show()
            await workflow.wait_condition(
                lambda: bool(payout.payouts.to_pay()) or not payout.unpaid
            )

    async def _confirm(self) -> None:
        """Asks the provider whether a refund that is said to have come back did.

        Raises:
            ApplicationError: `not_confirmed`; later news may begin this workflow again.
        """
        payout = self._payout
        news = payout.start.news
        if news is None or not news.ask:
            return
        word = await provider_word(news)
        if word is None or word.status not in (RefundStatus.FAILED, RefundStatus.CANCELED):
            raise ApplicationError(
                f"The provider does not say that refund {news.refund} came back.",
                type="not_confirmed",
                non_retryable=True,
            )
        payout.start = replace(payout.start, news=word)

    async def _open(self) -> None:
        """Has goodwill granted, or takes over the refund that came back."""
        payout, start = self._payout, self._payout.start
        async with payout.lock:
            try:
                opened = await run_local(
                    Refunds.open_payout,
                    PayoutOpening(start=start, at=workflow.now().isoformat()),
                    summary="Grant goodwill"
                    if start.kind is PayoutKind.GOODWILL
                    else "Take over the refund that came back",
                )
            except Refused as refused:
                payout.refusal = refused.refusal
                payout.opened = True
                return
            payout.can_mail = opened.mailable
            payout.payouts.add([], opened.granted)
            payout.opened = True
            payout.to_erp = opened.erp
            if start.kind is PayoutKind.GOODWILL:
                self._tell_goodwill(opened.granted)
                await payout.write()
            if opened.outcome is not None:
                payout.recorder.tell(
                    EventKind.REOPENED, SYSTEM, refund=opened.granted.refunds[0].refund
                )
                for transaction in payout.payouts.to_pay():
                    transaction.to_pay = False  # It was paid once, and came back.
                await self._paymaster.take_outcome(opened.outcome)

    def _tell_goodwill(self, granted: Granted) -> None:
        payout, start = self._payout, self._payout.start
        payout.recorder.tell(
            EventKind.GOODWILL_GRANTED,
            start.actor,
            note=start.note,
            amount=granted.amount,
            currency=granted.currency,
            method=granted.method,
        )
        if granted.method is PayoutMethod.STORE_CREDIT:
            payout.mail(Template.STORE_CREDIT)
        else:
            payout.mail(Template.GOODWILL)

    def _show(self) -> None:
        """Tells ops in Temporal's UI what is paid and what waits for a person."""
        payout = self._payout
        lines = [
            f"- refund {found.refund}: {found.amount} {found.currency}, "
            f"{'needs a person' if found.needs_person else 'paid' if found.done else found.status}"
            for found in payout.payouts.transactions.values()
        ]
        workflow.set_current_details("\n".join([f"**{payout.start.kind}**", *lines]))
