"""A message whose Update the server can't pass on goes as a Signal, and is not lost."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from temporalio.service import RPCError, RPCStatusCode

from models.messages import Decision, DecisionKind
from web.delivery import Delivery, NoAnswer, WorkflowEnded
from web.temporal import TemporalBridge

DECISION = Decision(id="d-1", actor="user:1", decision=DecisionKind.APPROVE)


@dataclass
class Server:
    """A Temporal server whose Updates fail with a status; a client, its handle and the bridge."""

    status: RPCStatusCode
    signals: list[Any] = field(default_factory=list)

    def run(self, call: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run(call(self))

    def get_workflow_handle(self, _workflow: str) -> "Server":
        return self

    async def execute_update(self, *_: Any, **__: Any) -> None:
        raise RPCError("Workflow Task in failed state", self.status, b"")

    async def signal(self, _door: Any, message: Any, **_: Any) -> None:
        self.signals.append(message)


def deliver(server: Server) -> None:
    Delivery(cast("TemporalBridge", server), "queue").deliver("return/R-1", DECISION)


def test_while_a_workflows_tasks_fail_messages_go_as_signals() -> None:
    # As it is after workers were killed over a workflow several times.
    server = Server(RPCStatusCode.FAILED_PRECONDITION)
    with pytest.raises(NoAnswer):
        deliver(server)
    assert server.signals == [DECISION]


def test_an_ended_workflow_and_errors_of_the_server_are_told_apart() -> None:
    server = Server(RPCStatusCode.NOT_FOUND)
    with pytest.raises(WorkflowEnded):
        deliver(server)
    server = Server(RPCStatusCode.INTERNAL)
    with pytest.raises(RPCError):
        deliver(server)
    assert server.signals == []
