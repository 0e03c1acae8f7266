"""The demo's returns on a real Temporal server, interrupted half-way and then played to the end."""

import asyncio
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from models.database import Database
from models.tables import Base, Event, Message, OutgoingHead, Return
from tests.workflows.world import World
from web.demo.furnishing import furnish
from web.demo.playing import Player, read_chapters
from web.demo.stage import Stage
from web.demo.story import STORY

INTERRUPTED_AFTER = 90


class Interrupted(Exception):
    """As if somebody had pressed Ctrl-C."""


class Calls:
    """Counts the calls of the gateway, and interrupts one."""

    def __init__(self, interrupted_after: int | None = None) -> None:
        self._lock = threading.Lock()
        self._interrupted_after = interrupted_after
        self.made = 0

    def count(self) -> None:
        with self._lock:
            self.made += 1
            if self.made == self._interrupted_after:
                raise Interrupted


def load(world: World, data_dir: Path, calls: Calls) -> list[str]:
    """What the command does."""
    staff = furnish(world.database, data_dir, datetime.now(UTC))
    stage = Stage(gateway=world.gateway, database=world.database, people=staff)
    return Player(stage, calls.count).play(read_chapters(stage, STORY))


def statuses(database: Database) -> dict[str | None, str]:
    with database.read() as session:
        return {row.reference: row.status for row in session.scalars(select(Return))}


def timelines(database: Database) -> dict[str | None, Counter[str]]:
    """How often each return's timeline tells of each kind of event."""
    found: dict[str | None, Counter[str]] = {}
    with database.read() as session:
        query = select(Return.reference, Event.kind).join(Event, Event.rma == Return.rma)
        for reference, kind in session.execute(query):
            found.setdefault(reference, Counter())[kind] += 1
    return found


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is stored, but for mails, which may still be on their way."""
    still_growing = (Message.__table__, OutgoingHead.__table__)
    tables = [table for table in Base.metadata.sorted_tables if table not in still_growing]
    with database.read() as session:
        stored = {
            table.name: sorted(tuple(map(str, row)) for row in session.execute(table.select()))
            for table in tables
        }
    stored["events"] = [row for row in stored["events"] if "mail_sent" not in row]
    told = stored["outgoing_events"]
    stored["outgoing_events"] = [row for row in told if "return.mail_sent" not in row]
    return stored


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_demo_shows_each_promised_status_and_nothing_of_it_happens_twice(
    world: World, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        await asyncio.to_thread(load, world, tmp_path, Calls(INTERRUPTED_AFTER))
    begun = len(statuses(world.database))
    assert 0 < begun < len(STORY)

    rest = Calls()
    assert await asyncio.to_thread(load, world, tmp_path, rest) == []
    assert statuses(world.database) == {story.reference: story.ends for story in STORY}
    told = timelines(world.database)
    for story in STORY:
        planned: Counter[str] = Counter({"requested": 1})
        for step in story.steps:
            planned.update(step.leaves())
        assert {kind: told[story.reference][kind] for kind in planned} == planned, story.reference
    assert rest.made < sum(1 + len(story.steps) for story in STORY) - INTERRUPTED_AFTER // 2

    before, again = rows(world.database), Calls()
    assert await asyncio.to_thread(load, world, tmp_path, again) == []
    assert again.made == 0
    assert rows(world.database) == before
