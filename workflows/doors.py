"""How messages reach a running return: Updates with their validators, and Signals."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.messages import (
        Amendment,
        Cancellation,
        CarrierEvent,
        Decision,
        ExchangeNews,
        Inspection,
        LabelRequest,
        PhotoTaken,
        Receipt,
        Reinspection,
        ReturnStart,
        ReturnState,
        TaskCompletion,
    )
    from workflows.case import Case
    from workflows.exchanging import take_exchange_news
    from workflows.money_doors import MoneyDoors
    from workflows.steps import STEPS


class Doors(MoneyDoors):
    """What people, carriers and callers say to a return, besides what concerns its money."""

    def __init__(self, start: ReturnStart) -> None:
        """Nothing is judged yet."""
        self._case = Case(start)
        super().__init__(self._case, STEPS)

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
    async def amend(self, amendment: Amendment) -> ReturnState:
        """Changes lines and resolutions before anything was inspected."""
        return await self._take(amendment)

    @workflow.update
    async def take_photo(self, photo: PhotoTaken) -> ReturnState:
        """Goes on, if the request waits for this photo."""
        return await self._take(photo)

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
    async def inspect_again(self, asked: Reinspection) -> ReturnState:
        """Takes back that everything was refused."""
        return await self._take(asked)

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

    @amend.validator
    def _may_amend(self, amendment: Amendment) -> None:
        self._check(amendment)

    @take_photo.validator
    def _may_take_photo(self, photo: PhotoTaken) -> None:
        self._check(photo)

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

    @inspect_again.validator
    def _may_inspect_again(self, asked: Reinspection) -> None:
        self._check(asked)

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
    async def submit_amendment(self, amendment: Amendment) -> None:
        """The amendment's durable second path."""
        await self._take_signal(amendment)

    @workflow.signal
    async def submit_photo(self, photo: PhotoTaken) -> None:
        """The photo's durable second path."""
        await self._take_signal(photo)

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
    async def submit_reinspection(self, asked: Reinspection) -> None:
        """The reinspection's durable second path."""
        await self._take_signal(asked)

    @workflow.signal
    async def submit_completion(self, completion: TaskCompletion) -> None:
        """The task completion's durable second path."""
        await self._take_signal(completion)

    @workflow.signal
    async def exchange_news(self, news: ExchangeNews) -> None:
        """The return's exchange says how it ended."""
        await self._recorded()
        case = self._case
        async with case.lock:
            if news is not None and take_exchange_news(case, news) and not case.progress.ended:
                await case.write()

    @workflow.signal
    async def carrier_event(self, event: CarrierEvent) -> None:
        """A scan of the parcel."""
        await self._take_signal(event)
