"""A worker is killed over a payment: the next one pays what was not paid, and nothing twice."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from models.database import Database
from models.messages import RefundStatus, ReturnStatus
from models.settings import Settings, load_settings
from tests.chaos.toll_gate import TollGate
from tests.contract.sandbox_process import KEY, ROOT, Sandbox, new_payment
from tests.workflows.conftest import temporal_binary
from tests.workflows.refunding import PAID_BY_CARD, accept, entries, on_sqlite, tasks
from tests.workflows.world import World
from web.gateway import Gateway
from web.temporal import TemporalBridge
from workflows import search_attributes

pytestmark = on_sqlite


@pytest.fixture
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(),
        search_attributes=list(search_attributes.ALL),
    ) as env:
        yield env


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path / "sandbox")
    made.directory.mkdir()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def gate(sandbox: Sandbox) -> Iterator[TollGate]:
    with TollGate(sandbox.port).standing() as gate:
        yield gate


@pytest.fixture
def world(
    temporal: WorkflowEnvironment,
    database: Database,
    sandbox: Sandbox,
    gate: TollGate,
    tmp_path: Path,
) -> World:
    settings = replace(
        load_settings(tmp_path),
        temporal_address=temporal.client.service_client.config.target_host,
        database_url=database.url.render_as_string(hide_password=False),
        sandbox_url=gate.address,
        sandbox_key=KEY,
        task_queue=f"test-{uuid4()}",
    )

    async def connected():
        return temporal.client

    return World(
        env=temporal,
        settings=settings,
        database=database,
        gateway=Gateway(settings, database, TemporalBridge(connected)),
        sandbox=sandbox,
        mail_dir=tmp_path / "mail",
    )


@contextmanager
def worker_process(settings: Settings, *program: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m worker`, as a shop runs it; its log stands in the data directory. `program`:
    another module in its place, with arguments.
    """
    told = {
        "REDRESS_DATA_DIR": str(settings.data_dir),
        "REDRESS_TASK_QUEUE": settings.task_queue,
        "REDRESS_SANDBOX_URL": settings.sandbox_url or "",
        "REDRESS_SANDBOX_KEY": settings.sandbox_key,
        "REDRESS_WEBHOOKS_TO_PRIVATE": str(settings.webhooks_to_private),
        "DATABASE_URL": settings.database_url,
        "TEMPORAL_ADDRESS": settings.temporal_address or "",
        "TEMPORAL_CONFIG_FILE": os.devnull,
    }
    with (settings.data_dir / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *(program or ("worker",))],
            cwd=ROOT,
            env={**os.environ, **told},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_worker_killed_over_a_payment_leaves_one_refund_and_one_entry(
    world: World, gate: TollGate
) -> None:
    paid, unpaid = new_payment("ok"), new_payment("ok")
    at_the_gate = [gate.watch(paid, before=False), gate.watch(unpaid, before=True)]
    with worker_process(world.settings) as worker:
        returns = {payment: await accept(world, payment) for payment in (paid, unpaid)}
        for event in at_the_gate:
            await world.until_true(event.is_set)
        worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL
    assert [len(world.sandbox.refunds(payment)) for payment in (paid, unpaid)] == [1, 0]
    for rma in returns.values():
        assert [row.status for row in world.refunds(rma)] == [RefundStatus.PENDING]
        assert entries(world, rma) == []
    gate.open()
    with worker_process(world.settings) as worker:
        for rma in returns.values():
            # The server counts the killed one as dead after `options.WORKER_SILENT_FOR`.
            await world.until(rma, ReturnStatus.RESOLVED, seconds=60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    for payment, rma in returns.items():
        assert [row["amount"] for row in world.sandbox.refunds(payment)] == [5000]
        assert [row.status for row in world.refunds(rma)] == [RefundStatus.SUCCEEDED]
        assert entries(world, rma) == [f"refund/{rma}-1"]
        assert world.balance(rma) == PAID_BY_CARD
        assert tasks(world, rma) == {}
        posts = [call for call in world.sandbox.calls_about(payment) if call["method"] == "POST"]
        assert [call["idempotency_key"] for call in posts] == [f"{rma}/refund/1"]
