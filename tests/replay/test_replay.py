"""Returns live for months: every stored history must replay on the workflows as they are now."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from models.messages import ReturnStatus
from tests.replay.stories import STORIES, STORIES_WITHOUT_A_WORKER
from worker import workflow_runner
from workflows.credit_expiry import CreditExpiryWorkflow
from workflows.crm import CrmWorkflow
from workflows.disputes import DisputeWorkflow
from workflows.erp import ErpWorkflow
from workflows.exchanges import ExchangeWorkflow
from workflows.housekeeping import HousekeepingWorkflow
from workflows.order_pull import OrderPullWorkflow
from workflows.payouts import PayoutWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.returns import ReturnWorkflow
from workflows.simulation import SimulationWorkflow
from workflows.task_watch import TaskWatchWorkflow
from workflows.webhooks import WebhookSweepWorkflow, WebhookWorkflow

HISTORIES = {path.stem: path for path in Path(__file__).with_name("histories").glob("*.json")}


@pytest.fixture(scope="module")
def replayer() -> Iterator[Replayer]:
    with ThreadPoolExecutor(4) as executor:
        yield Replayer(
            workflows=[
                ReturnWorkflow,
                ExchangeWorkflow,
                PayoutWorkflow,
                ErpWorkflow,
                ReconciliationWorkflow,
                CreditExpiryWorkflow,
                SimulationWorkflow,
                WebhookWorkflow,
                WebhookSweepWorkflow,
                DisputeWorkflow,
                OrderPullWorkflow,
                CrmWorkflow,
                TaskWatchWorkflow,
                HousekeepingWorkflow,
            ],
            workflow_runner=workflow_runner(),
            workflow_task_executor=executor,
        )


def stored(name: str) -> dict[str, Any]:
    history: dict[str, Any] = json.loads(HISTORIES[name].read_text())
    return history


def recorded_statuses(name: str) -> set[str]:
    """The statuses a workflow wrote down, by the summaries of its local activities."""
    said = [
        event["userMetadata"]["summary"]["data"]
        for event in stored(name)["events"]
        # The marker of a patch has no summary.
        if "markerRecordedEventAttributes" in event and "userMetadata" in event
    ]
    words = [_text(each) for each in said]
    return {each.removeprefix("Record: ") for each in words if each.startswith("Record: ")}


def _text(data: str) -> str:
    return str(json.loads(base64.b64decode(data)))


@pytest.mark.parametrize("name", sorted(HISTORIES))
async def test_a_stored_history_replays(replayer: Replayer, name: str) -> None:
    await replayer.replay_workflow(WorkflowHistory.from_json(f"return/{name}", stored(name)))


def test_every_story_has_its_history_and_every_status_is_among_them() -> None:
    stories = {story.__name__ for story in (*STORIES, *STORIES_WITHOUT_A_WORKER)}
    assert set(HISTORIES) == stories
    seen = set().union(*map(recorded_statuses, HISTORIES))
    assert seen == {str(status) for status in ReturnStatus}


async def test_a_workflow_that_goes_another_way_does_not_replay(replayer: Replayer) -> None:
    history = stored("closed")
    paying = [
        event
        for event in history["events"]
        if event.get("activityTaskScheduledEventAttributes", {}).get("activityType", {}).get("name")
        == "pay_refund"
    ]
    paying[0]["activityTaskScheduledEventAttributes"]["activityType"]["name"] = "pay_twice"
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(WorkflowHistory.from_json("return/closed", history))


@pytest.mark.parametrize("name", sorted(HISTORIES))
def test_a_stored_history_tells_nothing_of_the_machine_it_was_made_on(name: str) -> None:
    text = HISTORIES[name].read_text()
    assert "stackTrace" not in text
    assert "site-packages" not in text
