"""Workers are killed while they send webhooks to a receiver that misbehaves: no event is lost.

`tests/workflows/test_webhooks.py` has the receiver misbehave to a worker that lives. Here the
workers are processes, and die by SIGKILL with requests on their way.
"""

import asyncio
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.messages import webhook_workflow_id
from tests.chaos.test_exchange_killed import Killing, killing
from tests.chaos.test_worker_killed import sandbox, temporal, worker_process
from tests.conftest import DatabaseKind
from tests.contract.webhook_receiver import OK, Receiver
from tests.workflows.hooks import assert_told_in_order, counts, happen, listen, nudge, until_all
from tests.workflows.world import World

__all__ = ["killing", "sandbox", "temporal"]

HASTY = "tests.chaos.hasty_worker"
KINDS = ("sqlite", "postgres")


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(directory=tmp_path)
    yield made
    made.stop()


async def storm(
    killing: Killing, kind: DatabaseKind, receiver: Receiver, *, returns: int, each: int, kills: int
) -> None:
    """Tells a receiver that misbehaves of so much, while so many workers are killed over it."""
    chance = random.Random(f"{receiver.answer}/{returns}/{kills}")
    world = killing.world(kind)
    world.settings = replace(world.settings, webhooks_to_private=True)
    endpoint = listen(world, receiver)
    receiver.start()
    happen(world, returns, each)
    events = returns * each
    await nudge(world, endpoint)
    for share in sorted(chance.sample(range(events // 20, events * 9 // 10), kills)):
        with worker_process(world.settings, HASTY) as worker:
            await until_delivered(world, share)
            kill(worker)
        assert counts(world)["pending"] > 0
    with worker_process(world.settings, HASTY) as worker:
        await until_all(world, events, seconds=150)
        # Nothing waits any more, so nothing runs.
        handle = world.env.client.get_workflow_handle(webhook_workflow_id(endpoint.id))
        await asyncio.wait_for(handle.result(), 60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    assert_told_in_order(world, receiver, events)


async def until_delivered(world: World, share: int) -> None:
    await world.until_true(
        lambda: counts(world).get("delivered", 0) >= share, lambda: counts(world), seconds=150
    )


def kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL


@pytest.mark.parametrize("kind", KINDS)
async def test_a_worker_is_killed_over_events_and_each_arrives_in_order(
    killing: Killing, receiver: Receiver, kind: DatabaseKind
) -> None:
    receiver.answer = "wild-3"
    await storm(killing, kind, receiver, returns=8, each=5, kills=1)


@pytest.mark.prove
@pytest.mark.parametrize("kind", KINDS)
async def test_two_thousand_events_arrive_in_order_though_receiver_and_workers_are_killed(
    killing: Killing, receiver: Receiver, kind: DatabaseKind, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.answer = "wild-11"
    began = time.monotonic()
    await storm(killing, kind, receiver, returns=100, each=20, kills=6)
    log = receiver.log
    answered = Counter(each["id"] for each in log if each["action"] == OK)
    again = sum(times - 1 for times in answered.values())
    assert receiver.deaths > 100
    # The rest stays captured: servers and workers that die are loud.
    with capsys.disabled():
        print(
            f"{kind}: 2000 events in {time.monotonic() - began:.0f} s, {len(log)} requests,"
            f" {receiver.deaths} deaths of the receiver, 6 of workers, {again} sent again"
            " although they had been answered"
        )
