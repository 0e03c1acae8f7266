"""A return's side of its exchange: starts it, says what was accepted, hears how it ended."""

from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from models.messages import (
        EXCHANGING,
        ExchangeNews,
        ExchangeStart,
        ExchangeStatus,
        GoodsSettled,
        ReturnState,
        exchange_workflow_id,
    )
    from models.rules.counters import Line
    from workflows.case import Case
    from workflows.exchanges import ExchangeWorkflow


class ExchangeDesk:
    """Speaks for one return to its exchange, if it has one."""

    def __init__(self, case: Case) -> None:
        """Nothing is started."""
        self._case = case
        self._handle: ChildWorkflowHandle[ExchangeWorkflow, ReturnState] | None = None
        self._told = False
        self._round = 1

    async def keep_going(self) -> None:
        """Starts the exchange once something of it is approved, and says what was accepted."""
        case = self._case
        if self._handle is not None and self._round != case.exchange_round:
            await self._say(ExchangeWorkflow.changed)
            self._handle, self._told = None, False
        lines = exchanged_lines(case)
        if not any(line.approved for line in lines):
            return
        if self._handle is None:
            case.progress.exchange_open = True
            self._round = case.exchange_round
            self._handle = await workflow.start_child_workflow(
                ExchangeWorkflow.run,
                ExchangeStart(
                    rma=case.rma,
                    approved=[line.approved for line in case.progress.lines],
                    advance=case.assessment is not None and case.assessment.advance_exchange,
                    round=self._round,
                ),
                id=exchange_workflow_id(case.rma, self._round),
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=f"Exchange of return {case.rma}",
            )
        open_units = sum(line.outstanding + line.uninspected for line in lines)
        if not self._told and not open_units and case.progress.exchange_open:
            self._told = True
            for line in lines:
                # What goes out is fixed by now, so that nothing would be given for them.
                line.settled = 0 if line.ahead else line.missing
            await self._say(
                ExchangeWorkflow.goods_settled,
                GoodsSettled(accepted=[line.accepted for line in case.progress.lines]),
            )

    async def end(self) -> None:
        """The return has ended: what has not gone out yet does not go out."""
        if self._handle is not None and self._case.progress.exchange_open:
            await self._say(ExchangeWorkflow.return_ended)

    async def _say(self, *signal: object) -> None:
        if self._handle is not None:
            with suppress(ApplicationError):  # It has ended.
                await self._handle.signal(*signal)  # type: ignore[call-overload]


def exchanged_lines(case: Case) -> list[Line]:
    """The lines that are answered with goods."""
    asked = zip(case.start.lines, case.progress.lines, strict=True)
    return [
        line for wanted, line in asked if (wanted.resolution or case.start.resolution) in EXCHANGING
    ]


def take_exchange_news(case: Case, news: ExchangeNews) -> bool:
    """Takes how the exchange ended; one that was called off is refunded, as far as accepted.

    The caller holds the lock. Tells whether this is new.
    """
    if not case.progress.exchange_open or news.round != case.exchange_round:
        return False
    case.progress.exchange_open = False
    if news.status is ExchangeStatus.CANCELLED:
        for line in exchanged_lines(case):
            line.granted = line.refunded = 0
    else:
        case.exchanged = True
        for line in exchanged_lines(case):
            # Sent out in advance: if it doesn't come back, a person is asked, as after money.
            line.ahead = 0 if line.accepted else line.approved
    return True
