"""How messages reach a running return: Updates with their validators, and Signals."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.messages import (
        Cancellation,
        CarrierEvent,
        Decision,
        EventKind,
        Inspection,
        LabelRequest,
        ManualResolution,
        Receipt,
        RefundNews,
        RefundRetry,
        ReturnStart,
        ReturnState,
        TaskCompletion,
    )
    from models.rules.progress import Refused
    from workflows.case import Case
    from workflows.paying import Paymaster
    from workflows.steps import STEPS


class Doors:
    """People's decisions come as Updates, and as Signals that say the same with the same id; scans
    and the payment provider's news come as Signals.

    A handler is safe because it checks again under the case's lock, counts each message id once,
    and answers only when its step is recorded.
    """

    def __init__(self, start: ReturnStart) -> None:
        """Nothing is judged yet."""
        self._case = Case(start)
        self._paymaster = Paymaster(self._case)

    # --- what people do --------------------------------------------------------------------

    @workflow.update
    async def request(self) -> ReturnState:
        """Answers who asked for the return, once it is recorded or refused."""
        await workflow.wait_condition(lambda: self._case.assessment is not None)
        if self._case.assessment and self._case.assessment.refusals:
            refusals = self._case.assessment.refusals
            raise ApplicationError(
                "The request was refused.", refusals, type="refused", non_retryable=True
            )
        return self._case.state

    @workflow.update
    async def decide(self, decision: Decision) -> ReturnState:
        """Approves or declines, whole or line by line."""
        return await self._take(decision)

    @workflow.update
    async def cancel(self, cancellation: Cancellation) -> ReturnState:
        """Ends the return before anything was inspected."""
        return await self._take(cancellation)

    @workflow.update
    async def make_label(self, asked: LabelRequest) -> ReturnState:
        """Makes the label, again if need be."""
        return await self._take(asked)

    @workflow.update
    async def scan(self, event: CarrierEvent) -> ReturnState:
        """Takes a scan that somebody reports and wants to see the effect of."""
        return await self._take(event)

    @workflow.update
    async def receive(self, receipt: Receipt) -> ReturnState:
        """Counts goods in at the dock."""
        return await self._take(receipt)

    @workflow.update
    async def inspect(self, inspection: Inspection) -> ReturnState:
        """Grades what came; answers when the money for what is accepted is reserved, too."""
        await self._take(inspection)
        await workflow.wait_condition(lambda: not self._case.progress.to_grant)
        return self._case.state

    @workflow.update
    async def retry_refund(self, retry: RefundRetry) -> ReturnState:
        """Tries a refund again that could not be paid."""
        return await self._take(retry)

    @workflow.update
    async def resolve_manually(self, resolution: ManualResolution) -> ReturnState:
        """Records that a refund was paid in another way."""
        return await self._take(resolution)

    @workflow.update
    async def complete_task(self, completion: TaskCompletion) -> ReturnState:
        """Ends a task that a person has done."""
        return await self._take(completion)

    @decide.validator
    def _may_decide(self, decision: Decision) -> None:
        self._check(decision)

    @cancel.validator
    def _may_cancel(self, cancellation: Cancellation) -> None:
        self._check(cancellation)

    @make_label.validator
    def _may_make_label(self, asked: LabelRequest) -> None:
        self._check(asked)

    @scan.validator
    def _may_scan(self, event: CarrierEvent) -> None:
        self._check(event)

    @receive.validator
    def _may_receive(self, receipt: Receipt) -> None:
        self._check(receipt)

    @inspect.validator
    def _may_inspect(self, inspection: Inspection) -> None:
        self._check(inspection)

    @retry_refund.validator
    def _may_retry_refund(self, retry: RefundRetry) -> None:
        self._check(retry)

    @resolve_manually.validator
    def _may_resolve_manually(self, resolution: ManualResolution) -> None:
        self._check(resolution)

    @complete_task.validator
    def _may_complete_task(self, completion: TaskCompletion) -> None:
        self._check(completion)

    # --- the same by Signal, and what others report ----------------------------------------

    @workflow.signal
    async def submit_decision(self, decision: Decision) -> None:
        """The decision's durable second path; one that came by Update already is ignored."""
        await self._take_signal(decision)

    @workflow.signal
    async def submit_cancellation(self, cancellation: Cancellation) -> None:
        """The cancellation's durable second path."""
        await self._take_signal(cancellation)

    @workflow.signal
    async def submit_label_request(self, asked: LabelRequest) -> None:
        """The label request's durable second path."""
        await self._take_signal(asked)

    @workflow.signal
    async def submit_receipt(self, receipt: Receipt) -> None:
        """The receipt's durable second path."""
        await self._take_signal(receipt)

    @workflow.signal
    async def submit_inspection(self, inspection: Inspection) -> None:
        """The inspection's durable second path."""
        await self._take_signal(inspection)

    @workflow.signal
    async def submit_retry(self, retry: RefundRetry) -> None:
        """The retry's durable second path."""
        await self._take_signal(retry)

    @workflow.signal
    async def submit_resolution(self, resolution: ManualResolution) -> None:
        """The manual resolution's durable second path."""
        await self._take_signal(resolution)

    @workflow.signal
    async def submit_completion(self, completion: TaskCompletion) -> None:
        """The task completion's durable second path."""
        await self._take_signal(completion)

    @workflow.signal
    async def carrier_event(self, event: CarrierEvent) -> None:
        """A scan of the parcel."""
        await self._take_signal(event)

    @workflow.signal
    async def refund_news(self, news: RefundNews) -> None:
        """The payment provider says how a refund stands."""
        await self._recorded()
        if news is not None:
            await self._paymaster.take_news(news)

    # --- how a message is taken ------------------------------------------------------------

    def _check(self, message: Any) -> None:
        """Refuses politely, before the message enters history. A repeat is let through."""
        if _key(message) not in self._case.seen:
            try:
                STEPS[type(message)].check(self._case, message)
            except Refused as refused:
                raise _as_error(refused) from refused

    async def _take(self, message: Any) -> ReturnState:
        """Carries a message out once, checked again because others may have come before it."""
        await self._recorded()
        case = self._case
        async with case.lock:
            if _key(message) not in case.seen:
                step = STEPS[type(message)]
                try:
                    step.check(case, message)
                    await step.carry_out(case, message)
                except Refused as refused:
                    raise _as_error(refused) from refused
                case.seen.add(_key(message))
                await case.write()
        return case.state

    async def _take_signal(self, message: Any) -> None:
        """A Signal has nobody to answer to, so that its refusal goes on the timeline."""
        await self._recorded()
        if message is None or (self._case.assessment and self._case.assessment.refusals):
            return  # It says nothing, or there is no return and so no timeline.
        try:
            await self._take(message)
        except ApplicationError as error:
            case = self._case
            async with case.lock:
                case.recorder.tell(
                    EventKind.DECISION_IGNORED,
                    message.actor,
                    what=type(message).__name__,
                    why=error.message,
                )
                await case.write()

    async def _recorded(self) -> None:
        await workflow.wait_condition(lambda: self._case.assessment is not None)


def _key(message: Any) -> str:
    """What a message is counted by: ids are given by many, so that two kinds may share one."""
    return f"{type(message).__name__}/{message.id}"


def _as_error(refused: Refused) -> ApplicationError:
    return ApplicationError(str(refused), refused.refusal, type=refused.kind, non_retryable=True)
