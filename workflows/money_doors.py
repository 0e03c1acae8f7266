"""How messages reach whatever moves money: Updates with their validators, and Signals."""

from collections.abc import Mapping
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.messages import EventKind, ManualResolution, RefundNews, RefundRetry, ReturnState
    from models.rules.refused import Refused
    from workflows.matter import Matter
    from workflows.money_steps import Step
    from workflows.paying import Paymaster


class MoneyDoors:
    """People's decisions come as Updates, and as Signals that say the same with the same id; the
    payment provider's news come as Signals.

    A handler is safe because it checks again under the matter's lock, counts each message id once,
    and answers only when its step is recorded.
    """

    def __init__(self, matter: Matter, steps: Mapping[type[Any], Step]) -> None:
        """Takes what it works on, and how each kind of message is carried out."""
        self._matter = matter
        self._steps = steps
        self._paymaster = Paymaster(matter)
        # Messages that were taken and are not carried out yet.
        self._under_way = 0

    @workflow.update
    async def retry_refund(self, retry: RefundRetry) -> ReturnState:
        """Tries a refund again that could not be paid."""
        return await self._take(retry)

    @workflow.update
    async def resolve_manually(self, resolution: ManualResolution) -> ReturnState:
        """Records that a refund was paid in another way."""
        return await self._take(resolution)

    @retry_refund.validator
    def _may_retry_refund(self, retry: RefundRetry) -> None:
        self._check(retry)

    @resolve_manually.validator
    def _may_resolve_manually(self, resolution: ManualResolution) -> None:
        self._check(resolution)

    @workflow.signal
    async def submit_retry(self, retry: RefundRetry) -> None:
        """The retry's durable second path."""
        await self._take_signal(retry)

    @workflow.signal
    async def submit_resolution(self, resolution: ManualResolution) -> None:
        """The manual resolution's durable second path."""
        await self._take_signal(resolution)

    @workflow.signal
    async def refund_news(self, news: RefundNews) -> None:
        """The payment provider says how a refund stands."""
        await self._recorded()
        if news is not None:
            await self._paymaster.take_news(news)

    # --- how a message is taken ------------------------------------------------------------

    def _check(self, message: Any) -> None:
        """Refuses politely, before the message enters history. A repeat is let through.

        What came before may change the answer, so that it is waited for: the handler checks, too.
        So is the beginning of the workflow itself, before which there is nothing to check against.
        """
        known = _key(message) in self._matter.seen
        if self._matter.recorded and not known and not self._under_way:
            try:
                self._steps[type(message)].check(self._matter, message)
            except Refused as refused:
                raise _as_error(refused) from refused

    async def _take(self, message: Any) -> ReturnState:
        """Carries a message out once, checked again because others may have come before it."""
        await self._recorded()
        matter = self._matter
        async with matter.lock:
            if _key(message) not in matter.seen:
                step = self._steps[type(message)]
                try:
                    step.check(matter, message)
                    await step.carry_out(matter, message)
                except Refused as refused:
                    raise _as_error(refused) from refused
                matter.seen.add(_key(message))
                await matter.write()
        return matter.state

    async def _take_signal(self, message: Any) -> None:
        """A Signal has nobody to answer to, so that its refusal goes on the timeline."""
        self._under_way += 1
        try:
            await self._carry_out_signal(message)
        finally:
            self._under_way -= 1

    async def _carry_out_signal(self, message: Any) -> None:
        await self._recorded()
        if message is None or self._matter.refused:
            return  # It says nothing, or there is no timeline to answer on.
        try:
            await self._take(message)
        except ApplicationError as error:
            matter = self._matter
            async with matter.lock:
                matter.recorder.tell(
                    EventKind.DECISION_IGNORED,
                    message.actor,
                    what=type(message).__name__,
                    why=error.message,
                )
                await matter.write()

    async def _recorded(self) -> None:
        await workflow.wait_condition(lambda: self._matter.recorded)


def _key(message: Any) -> str:
    """What a message is counted by: ids are given by many, so that two kinds may share one."""
    return f"{type(message).__name__}/{message.id}"


def _as_error(refused: Refused) -> ApplicationError:
    return ApplicationError(str(refused), refused.refusal, type=refused.kind, non_retryable=True)
