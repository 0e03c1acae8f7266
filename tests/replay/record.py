"""Records the histories anew, from real runs: `python -m tests.replay.record`, by hand.

To be done when a path is new. A history that no longer replays is a return of a shop that would
hang: mend the workflow (`workflow.patched`), and record only once that is settled.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from temporalio.testing import WorkflowEnvironment

from models import migrations
from models.database import Database
from models.messages import workflow_id
from models.settings import load_settings
from tests.contract.sandbox_process import KEY, Sandbox
from tests.replay.stories import STORIES, STORIES_WITHOUT_A_WORKER, Story
from tests.workflows.conftest import real_temporal
from tests.workflows.world import World
from web.gateway import Gateway
from web.temporal import TemporalBridge

HISTORIES = Path(__file__).with_name("histories")
# How the ids of other workflows begin.
_NOT_OF_RETURNS = (
    "reconciliation",
    "credit-expiry",
    "task-watch",
    "housekeeping",
    "simulation",
    "webhook",
    "dispute",
    "order-pull",
    "crm",
)


async def main(names: list[str]) -> None:
    """Records the stories named, or all of them."""
    with tempfile.TemporaryDirectory() as directory, sandbox(Path(directory)) as provider:
        # Else every event says on which machine it was made.
        async with real_temporal(identity="recorder") as environment:
            for story in (*STORIES, *STORIES_WITHOUT_A_WORKER):
                if not names or story.__name__ in names:
                    world = make_world(environment, provider, Path(directory) / story.__name__)
                    await record(story, world)


async def record(story: Story, world: World) -> None:
    """Runs a story and writes its history, one event a line."""
    if story in STORIES:
        async with world.working():
            name = await story(world)
    else:
        name = await story(world)
    # A return's story names the return; the others name their workflow.
    of_return = not name.startswith(_NOT_OF_RETURNS)
    handle = world.env.client.get_workflow_handle(workflow_id(name) if of_return else name)
    history = await handle.fetch_history()
    events = ",\n".join(
        json.dumps(without_traces(each)) for each in history.to_json_dict()["events"]
    )
    target = HISTORIES / f"{story.__name__}.json"
    target.write_text(f'{{"events": [\n{events}\n]}}\n')
    sys.stdout.write(f"{target.name}: {len(history.events)} events\n")
    world.database.dispose()


def without_traces(value: Any) -> Any:
    """Without stack traces: replay doesn't read them, and they name a machine's directories."""
    if isinstance(value, dict):
        return {key: without_traces(each) for key, each in value.items() if key != "stackTrace"}
    if isinstance(value, list):
        return [without_traces(each) for each in value]
    return value


@contextmanager
def sandbox(directory: Path) -> Iterator[Sandbox]:
    """A payment provider."""
    made = Sandbox(directory / "sandbox")
    made.directory.mkdir()
    made.start()
    try:
        yield made
    finally:
        made.stop()


def make_world(environment: WorkflowEnvironment, provider: Sandbox, directory: Path) -> World:
    """A shop of its own for one story."""
    directory.mkdir()
    settings = replace(
        load_settings(directory),
        sandbox_url=provider.address,
        sandbox_key=KEY,
        task_queue=directory.name,
    )
    database = Database(settings.database_url)
    migrations.upgrade(database)

    async def connected():
        return environment.client

    return World(
        env=environment,
        settings=settings,
        database=database,
        gateway=Gateway(settings, database, TemporalBridge(connected)),
        sandbox=provider,
        mail_dir=directory / "mail",
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
