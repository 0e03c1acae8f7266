"""Bringing messages to a return's workflow: as an Update, and as its Signal when nobody answers."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from models.messages import (
    Amendment,
    Cancellation,
    CarrierEvent,
    Decision,
    DisputeStart,
    ExchangeCancellation,
    ExchangePayment,
    ExchangeShipment,
    Inspection,
    LabelRequest,
    ManualResolution,
    PayoutStart,
    PhotoTaken,
    Receipt,
    ReconciliationStart,
    RefundNews,
    RefundRetry,
    Refusal,
    Reinspection,
    ReturnStart,
    ReturnState,
    SimulationStart,
    TaskCompletion,
    WebhookStart,
    dispute_workflow_id,
    payout_workflow_id,
    reconciliation_workflow_id,
    reopened_workflow_id,
    simulation_workflow_id,
    webhook_workflow_id,
)
from web.requests import Conflict, GatewayError, Refused
from web.temporal import ANSWER_WITHIN, TemporalBridge
from workflows import search_attributes
from workflows.disputes import DisputeWorkflow
from workflows.exchanges import ExchangeWorkflow
from workflows.payouts import PayoutWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.returns import ReturnWorkflow
from workflows.simulation import SimulationWorkflow
from workflows.webhooks import WebhookWorkflow

_TIMEOUT = timedelta(seconds=ANSWER_WITHIN)


class WorkflowEnded(Exception):
    """The return's workflow has ended (or never began)."""


class NoAnswer(Exception):
    """The message is taken and will be carried out, but no worker answered in time."""


Message = (
    Decision
    | Cancellation
    | LabelRequest
    | CarrierEvent
    | Receipt
    | Inspection
    | Reinspection
    | RefundRetry
    | ManualResolution
    | TaskCompletion
    | ExchangePayment
    | ExchangeShipment
    | ExchangeCancellation
    | Amendment
    | PhotoTaken
)


@dataclass(frozen=True, slots=True)
class _Door:
    update: Any
    signal: Any


_DOORS: dict[type[Any], _Door] = {
    Amendment: _Door(ReturnWorkflow.amend, ReturnWorkflow.submit_amendment),
    PhotoTaken: _Door(ReturnWorkflow.take_photo, ReturnWorkflow.submit_photo),
    Decision: _Door(ReturnWorkflow.decide, ReturnWorkflow.submit_decision),
    Cancellation: _Door(ReturnWorkflow.cancel, ReturnWorkflow.submit_cancellation),
    LabelRequest: _Door(ReturnWorkflow.make_label, ReturnWorkflow.submit_label_request),
    CarrierEvent: _Door(ReturnWorkflow.scan, ReturnWorkflow.carrier_event),
    Receipt: _Door(ReturnWorkflow.receive, ReturnWorkflow.submit_receipt),
    Reinspection: _Door(ReturnWorkflow.inspect_again, ReturnWorkflow.submit_reinspection),
    Inspection: _Door(ReturnWorkflow.inspect, ReturnWorkflow.submit_inspection),
    RefundRetry: _Door(ReturnWorkflow.retry_refund, ReturnWorkflow.submit_retry),
    ManualResolution: _Door(ReturnWorkflow.resolve_manually, ReturnWorkflow.submit_resolution),
    ExchangePayment: _Door(ExchangeWorkflow.record_payment, ExchangeWorkflow.submit_payment),
    ExchangeShipment: _Door(ExchangeWorkflow.record_shipment, ExchangeWorkflow.submit_shipment),
    ExchangeCancellation: _Door(ExchangeWorkflow.cancel, ExchangeWorkflow.submit_cancellation),
    TaskCompletion: _Door(ReturnWorkflow.complete_task, ReturnWorkflow.submit_completion),
}


class Delivery:
    """Speaks to the workflows, each by its id."""

    def __init__(self, bridge: TemporalBridge, task_queue: str) -> None:
        """Takes the bridge to Temporal, and where the workers listen."""
        self._bridge = bridge
        self._task_queue = task_queue

    def start(self, start: ReturnStart) -> ReturnState:
        """Starts a return's workflow, or finds the one that runs, and waits for its answer.

        Raises:
            Refused: the request can't be accepted.
            NoAnswer: the return is started, but not judged yet.
            WorkflowEnded: a return with this RMA has ended.
            Unavailable: Temporal can't be reached.
        """
        try:
            return self._bridge.run(lambda client: _start(client, start, self._task_queue))
        except WorkflowUpdateFailedError as failed:
            raise _translated(failed) from failed
        except WorkflowAlreadyStartedError as error:
            raise WorkflowEnded from error

    def pay_beside(self, start: PayoutStart) -> ReturnState:
        """Starts a payment beside a return, or finds the one with this id, and waits for its word.

        Raises:
            Conflict: the return or the order doesn't allow it.
            NoAnswer: it is started, but not granted yet.
            WorkflowEnded: a payment with this id has ended.
            Unavailable: Temporal can't be reached.
        """
        try:
            return self._bridge.run(lambda client: _pay_beside(client, start, self._task_queue))
        except WorkflowUpdateFailedError as failed:
            raise _translated(failed) from failed
        except WorkflowAlreadyStartedError as error:
            raise WorkflowEnded from error

    def recover(self, start: PayoutStart) -> None:
        """Starts following a refund that came back; once per refund, however often it is told.

        Raises:
            Unavailable: Temporal can't be reached.
        """

        options = {
            **_payout_options(start, self._task_queue),
            # One whose news were not confirmed may begin again with others.
            "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        }

        async def begin(client: Client) -> None:
            await client.start_workflow(PayoutWorkflow.run, start, **options)

        with suppress(WorkflowAlreadyStartedError):
            self._bridge.run(begin)

    def follow_dispute(self, start: DisputeStart) -> None:
        """Starts following a dispute, or has the workflow that follows it ask again.

        Raises:
            Unavailable: Temporal can't be reached.
        """

        async def begin(client: Client) -> None:
            await client.start_workflow(
                DisputeWorkflow.run,
                start,
                id=dispute_workflow_id(start.provider, start.dispute),
                task_queue=self._task_queue,
                # After its end an old event only has it ask once more.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal="dispute_news",
                static_summary=f"Dispute at {start.provider}",
                rpc_timeout=_TIMEOUT,
            )

        self._bridge.run(begin)

    def reconcile(self, run: str, actor: str) -> None:
        """Starts a reconciliation.

        Raises:
            Unavailable: Temporal can't be reached.
        """

        async def begin(client: Client) -> None:
            await client.start_workflow(
                ReconciliationWorkflow.run,
                ReconciliationStart(id=run, actor=actor),
                id=reconciliation_workflow_id(run),
                task_queue=self._task_queue,
                static_summary=f"Reconciliation asked for by {actor}",
                rpc_timeout=_TIMEOUT,
            )

        self._bridge.run(begin)

    def simulate(self, run: str) -> None:
        """Starts trying a draft of the policy out.

        Raises:
            Unavailable: Temporal can't be reached.
        """

        async def begin(client: Client) -> None:
            await client.start_workflow(
                SimulationWorkflow.run,
                SimulationStart(id=run),
                id=simulation_workflow_id(run),
                task_queue=self._task_queue,
                static_summary="A draft of the policy, tried out on past returns",
                rpc_timeout=_TIMEOUT,
            )

        self._bridge.run(begin)

    def nudge_webhooks(self, endpoint: str) -> None:
        """Says that something may wait for a webhook endpoint.

        Raises:
            Unavailable: Temporal can't be reached.
        """

        async def nudge(client: Client) -> None:
            await client.start_workflow(
                WebhookWorkflow.run,
                WebhookStart(endpoint=endpoint),
                id=webhook_workflow_id(endpoint),
                task_queue=self._task_queue,
                start_signal="nudge",
                static_summary="Webhooks of one endpoint",
                rpc_timeout=_TIMEOUT,
            )

        self._bridge.run(nudge)

    def deliver(self, workflow: str, message: Message) -> ReturnState:
        """Sends a message to a workflow and waits for its answer.

        Raises:
            Conflict: the return is not in a state for it.
            Refused: its content can't be right.
            NoAnswer: it is taken, but not carried out yet.
            WorkflowEnded: the return's workflow has ended.
            Unavailable: Temporal can't be reached.
        """
        try:
            return self._bridge.run(lambda client: _update(client, workflow, message))
        except WorkflowUpdateFailedError as failed:
            raise _translated(failed) from failed
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise WorkflowEnded from error
            raise

    def tell(self, workflow: str, news: RefundNews) -> None:
        """Tells a workflow what the payment provider reports.

        Raises:
            WorkflowEnded: the return's workflow has ended.
            Unavailable: Temporal can't be reached.
        """

        async def signal(client: Client) -> None:
            handle = client.get_workflow_handle(workflow)
            await handle.signal(ReturnWorkflow.refund_news, news, rpc_timeout=_TIMEOUT)

        try:
            self._bridge.run(signal)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise WorkflowEnded from error
            raise


async def _start(client: Client, start: ReturnStart, task_queue: str) -> ReturnState:
    # Opening again that was refused left nothing behind and may be tried once more.
    reuse = (
        WorkflowIDReusePolicy.ALLOW_DUPLICATE
        if start.reopening
        else WorkflowIDReusePolicy.REJECT_DUPLICATE
    )
    operation = WithStartWorkflowOperation(
        ReturnWorkflow.run,
        start,
        id=reopened_workflow_id(start.rma, start.reopening),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=reuse,
        search_attributes=search_attributes.for_start(start),
        static_summary=f"Return {start.rma} of order {start.order}",
        static_details=_details(start),
    )
    try:
        return await client.execute_update_with_start_workflow(
            ReturnWorkflow.request,
            start_workflow_operation=operation,
            id=f"request/{uuid4()}" if start.reopening else "request",
            rpc_timeout=_TIMEOUT,
        )
    except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
        _must_be_unanswered(error)
        # Whether the workflow was started is unknown; starting it again makes sure.
        await client.start_workflow(
            ReturnWorkflow.run,
            start,
            id=reopened_workflow_id(start.rma, start.reopening),
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=reuse,
            search_attributes=search_attributes.for_start(start),
            static_summary=f"Return {start.rma} of order {start.order}",
            static_details=_details(start),
            rpc_timeout=_TIMEOUT,
        )
        raise NoAnswer from None


def _details(start: ReturnStart) -> str:
    lines = [
        f"- line {line.line}: {line.quantity}, {line.reason}, {line.resolution or start.resolution}"
        for line in start.lines
    ]
    return "\n".join([f"Order {start.order}, {start.kind}", *lines])


def _payout_options(start: PayoutStart, task_queue: str) -> dict[str, Any]:
    return {
        "id": payout_workflow_id(start.rma, start.kind, start.id),
        "task_queue": task_queue,
        "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
        "id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE,
        "search_attributes": search_attributes.for_payout(start),
        "static_summary": f"{start.kind.capitalize()} beside return {start.rma}",
    }


async def _pay_beside(client: Client, start: PayoutStart, task_queue: str) -> ReturnState:
    options = _payout_options(start, task_queue)
    try:
        return await client.execute_update_with_start_workflow(
            PayoutWorkflow.request,
            start_workflow_operation=WithStartWorkflowOperation(
                PayoutWorkflow.run, start, **options
            ),
            id="request",
            rpc_timeout=_TIMEOUT,
        )
    except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
        _must_be_unanswered(error)
        # Whether it was started is unknown; starting it again makes sure.
        await client.start_workflow(PayoutWorkflow.run, start, **options, rpc_timeout=_TIMEOUT)
        raise NoAnswer from None


async def _update(client: Client, workflow: str, message: Message) -> ReturnState:
    handle = client.get_workflow_handle(workflow)
    door = _DOORS[type(message)]
    try:
        answer: ReturnState = await handle.execute_update(
            # Ids are given by many; Temporal would answer with another message's outcome.
            door.update,
            message,
            id=f"{type(message).__name__}/{message.id}",
            rpc_timeout=_TIMEOUT,
        )
    except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
        _must_be_unanswered(error)
        # An Update no worker has seen may be lost; the Signal with the same id is durable.
        await handle.signal(door.signal, message, rpc_timeout=_TIMEOUT)
        raise NoAnswer from None
    return answer


def _must_be_unanswered(error: Exception) -> None:
    """Raises an error again, unless it only says that no worker has answered."""
    # The server refuses Updates while a workflow's tasks fail, as they do when workers are killed.
    not_ready = isinstance(error, RPCError) and error.status is RPCStatusCode.FAILED_PRECONDITION
    if isinstance(error, WorkflowUpdateRPCTimeoutOrCancelledError) or not_ready:
        return
    raise error


def _translated(failed: WorkflowUpdateFailedError) -> GatewayError | Exception:
    cause = failed.cause
    if not isinstance(cause, ApplicationError):
        return failed
    if cause.type == "refused":
        return Refused([_refusal(found) for found in cause.details[0]])
    if cause.type == "invalid":
        return Refused([_refusal(cause.details[0])], code="invalid")
    if cause.type == "conflict":
        code = cause.details[0]["code"] if cause.details else None
        return Conflict(cause.message, code=code)
    if cause.type == "AcceptedUpdateCompletedWorkflow":
        return WorkflowEnded()
    return failed


def _refusal(details: dict[str, str]) -> Refusal:
    return Refusal(
        code=details["code"], message=details["message"], pointer=details.get("pointer", "")
    )
