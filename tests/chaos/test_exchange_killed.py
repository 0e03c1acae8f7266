"""An exchange whose worker is killed at any step, before or after its effect, ends as it should.

`test_exchange_crashes.py` lets attempts fail inside one worker. Here the whole process is gone:
what it had under way is taken up by another one when the server misses it.
"""

import asyncio
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from models.settings import load_settings
from tests.chaos.test_exchange_crashes import REFUNDED, STORIES, Story, check, even
from tests.chaos.test_worker_killed import sandbox, temporal, worker_process
from tests.conftest import DatabaseKind, MakeDatabase
from tests.contract.sandbox_process import KEY, Sandbox
from tests.workflows.world import World
from web.gateway import Gateway
from web.requests import Conflict
from web.temporal import TemporalBridge

__all__ = ["sandbox", "temporal"]

# So many exchanges go on beside each other: most of the time they wait for the server to miss a
# worker.
AT_ONCE = 4


class PatientWorld(World):
    """A world whose workers die, so that everything takes longer and some calls are made again."""

    async def call(self, method, *args, **more):  # type: ignore[no-untyped-def]
        for _ in range(1200):
            try:
                return await super().call(method, *args, **more)
            except Conflict as conflict:
                # "Try again in a moment": the worker that was to record it is dead.
                if conflict.code != "not_recorded":
                    raise
            await asyncio.sleep(0.1)
        raise AssertionError("the return was never recorded")

    async def until_true(self, holds, shown=lambda: None, *, seconds=20.0):  # type: ignore[no-untyped-def]
        await super().until_true(holds, shown, seconds=seconds * 6)


@dataclass(frozen=True)
class Death:
    """Where a worker is killed; number 0: nowhere."""

    number: int
    after: bool = False


@dataclass(frozen=True)
class Killing:
    """What all worlds of a test share."""

    temporal: WorkflowEnvironment
    sandbox: Sandbox
    make_database: MakeDatabase
    directory: Path

    def world(self, kind: DatabaseKind = "sqlite") -> World:
        """A world of its own: database, task queue and data directory."""
        name = uuid4().hex[:8]
        directory = self.directory / name
        directory.mkdir()
        database = self.make_database(kind)
        settings = replace(
            load_settings(directory),
            temporal_address=self.temporal.client.service_client.config.target_host,
            database_url=database.url.render_as_string(hide_password=False),
            sandbox_url=self.sandbox.address,
            sandbox_key=KEY,
            task_queue=f"test-{name}",
        )

        async def connected():  # type: ignore[no-untyped-def]
            return self.temporal.client

        return PatientWorld(
            env=self.temporal,
            settings=settings,
            database=database,
            gateway=Gateway(settings, database, TemporalBridge(connected)),
            sandbox=self.sandbox,
            mail_dir=directory / "mail",
        )

    async def play(self, story: Story, death: Death) -> tuple[int, bool]:
        """Plays a story whose first worker dies, and gives how many steps it came to and whether
        it died. The end is checked.
        """
        world = self.world()
        steps = world.settings.data_dir / "steps"
        steps.touch()
        first = ("tests.chaos.dying_worker", str(death.number), _when(death), str(steps))
        with worker_process(world.settings, *first) as dying:
            log = world.settings.data_dir / "worker.log"
            await world.until_true(lambda: "serving task queue" in log.read_text(), log.read_text)
            async with _followed(world, dying):
                rma, sku = await story(world)
                await world.until_true(lambda: _ended(world, story, rma, sku))
            killed = dying.poll() == -signal.SIGKILL
        return len(steps.read_text().splitlines()), killed


def _when(death: Death) -> str:
    return "after" if death.after else "before"


def _ended(world: World, story: Story, rma: str, sku: str) -> bool:
    """Whether all that was to be paid is paid, and everything agrees. Anything else than the one
    right end never comes to hold.
    """
    refunds = world.refunds(rma)
    if sorted(each.amount for each in refunds) != REFUNDED[story.__name__]:
        return False
    if any(each.status != "succeeded" for each in refunds):
        return False
    try:
        check(world, story, rma, sku)
    except AssertionError:
        return False
    return True


@asynccontextmanager
async def _followed(world: World, dying: subprocess.Popen[bytes]) -> AsyncIterator[None]:
    """Starts an ordinary worker once the first one is dead, as its supervisor would."""

    async def follow() -> None:
        await asyncio.to_thread(dying.wait)
        with _ordinary(world):
            await asyncio.Event().wait()

    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        following.cancel()
        dying_now = dying.poll() is None
        if dying_now:
            dying.send_signal(signal.SIGTERM)
        await asyncio.gather(following, return_exceptions=True)


@contextmanager
def _ordinary(world: World) -> Iterator[None]:
    with worker_process(world.settings) as worker:
        yield
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0


@pytest.fixture
def killing(
    temporal: WorkflowEnvironment,
    sandbox: Sandbox,
    make_database: MakeDatabase,
    tmp_path: Path,
) -> Killing:
    return Killing(temporal, sandbox, make_database, tmp_path)


async def test_a_worker_is_killed_over_an_exchange(killing: Killing) -> None:
    chance = random.Random(20261125)
    deaths = [Death(chance.randint(1, 8), after=after) for after in (False, True)]
    played = await asyncio.gather(*(killing.play(even, death) for death in deaths))
    assert [killed for _, killed in played] == [True, True]
    assert all(steps >= death.number for (steps, _), death in zip(played, deaths, strict=True))


@pytest.mark.prove
@pytest.mark.parametrize("story", STORIES)
async def test_a_worker_is_killed_at_each_step_before_and_after_its_effect(
    killing: Killing, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    steps, killed = await killing.play(story, Death(0))
    assert steps >= 10
    assert not killed
    slots = asyncio.Semaphore(AT_ONCE)

    async def play(death: Death) -> bool:
        async with slots:
            _, died = await killing.play(story, death)
            return died

    deaths = [Death(number, after) for number in range(1, steps + 1) for after in (False, True)]
    died = sum(await asyncio.gather(*map(play, deaths)))
    # The rest stays captured: servers and workers that die are loud.
    with capsys.disabled():
        print(f"{story.__name__}: {died} deaths of {len(deaths)}")
    # The last records may still be under way when all has come out as it should.
    assert died >= 2 * (steps - 2)
