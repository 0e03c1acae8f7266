"""A whole Redress per test, on a Temporal server and a sandbox shared by the session."""

import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from models.database import Database
from models.settings import load_settings
from tests.contract.sandbox_process import KEY, Sandbox
from tests.workflows.world import World
from web.gateway import Gateway
from web.temporal import TemporalBridge
from workflows import search_attributes


def temporal_binary() -> str:
    beside = Path(sys.executable).with_name("temporal")
    return str(beside) if beside.exists() else str(shutil.which("temporal"))


@asynccontextmanager
async def real_temporal(**options: Any) -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own, whose returns' time passes at once when a test says so."""
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=temporal_binary(),
        search_attributes=list(search_attributes.ALL),
        dev_server_extra_args=[
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
            "--dynamic-config-value",
            "history.transferProcessorMaxPollRPS=2000",
        ],
        **options,
    ) as env:
        # A return gets messages from people, so its time passes only when a test says so.
        with env.with_time_skipping_disabled():
            yield env


@pytest.fixture(scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    async with real_temporal() as env:
        yield env


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("sandbox"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def idle_world(
    environment: WorkflowEnvironment, database: Database, sandbox: Sandbox, tmp_path: Path
) -> World:
    """Everything but a worker; `working()` starts one."""
    settings = replace(
        load_settings(tmp_path),
        sandbox_url=sandbox.address,
        sandbox_key=KEY,
        task_queue=f"test-{uuid4()}",
    )

    async def connected():
        return environment.client

    return World(
        env=environment,
        settings=settings,
        database=database,
        gateway=Gateway(settings, database, TemporalBridge(connected)),
        sandbox=sandbox,
        mail_dir=tmp_path / "mail",
    )


@pytest.fixture
async def world(idle_world: World) -> AsyncIterator[World]:
    async with idle_world.working():
        yield idle_world
