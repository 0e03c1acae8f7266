"""Each night, events of long ago are dropped, and nothing that anybody still needs."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from models.messages import EventKind, ReturnStatus
from models.rules.milestones import MILESTONES
from models.store import crm, forgetting, sending, webhooks
from models.tables import Event, OutgoingEvent, Return, WebhookDelivery
from tests.contract.webhook_receiver import Receiver
from tests.web.staff_rows import NOW
from tests.workflows.hooks import happen, listen
from tests.workflows.refunding import on_sqlite
from tests.workflows.world import World
from workflows.housekeeping import HousekeepingWorkflow

LONG_AGO = datetime.now(UTC) - timedelta(days=91)


@pytest.fixture
def quiet(world: World) -> World:
    """Nothing is sent by itself."""
    world.settings = replace(world.settings, webhooks_to_private=True)
    return world


async def tidied(world: World) -> int:
    dropped: int = await world.env.client.execute_workflow(
        HousekeepingWorkflow.run,
        id=f"housekeeping/{uuid4()}",
        task_queue=world.settings.task_queue,
    )
    return dropped


def age(world: World) -> None:
    """All that has happened so far happened long ago."""
    with world.database.write() as session:
        session.execute(update(OutgoingEvent).values(at=LONG_AGO))


def left(world: World) -> Counter[str]:
    """How many events are left of each stream."""
    with world.database.read() as session:
        return Counter(session.scalars(select(OutgoingEvent.stream)))


async def test_of_long_ago_the_last_event_of_each_return_is_left_and_its_sequence_goes_on(
    quiet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    happen(quiet, returns=2, each=4)
    age(quiet)
    with quiet.database.write() as session:
        rmas = list(session.scalars(select(Return.rma).order_by(Return.rma)))
        again = Event(
            rma=rmas[0], key="x", at=NOW, kind=EventKind.SCANNED, actor="carrier", data={}
        )
        session.add(again)

    assert await tidied(quiet) == 7

    assert left(quiet) == {rmas[0]: 1, rmas[1]: 1}
    with quiet.database.read() as session:
        newest = {row.stream: row.sequence for row in session.scalars(select(OutgoingEvent))}
    assert newest == {rmas[0]: 5, rmas[1]: 4}
    assert await tidied(quiet) == 0


@on_sqlite
async def test_what_is_not_that_old_stays(quiet: World) -> None:
    happen(quiet, returns=1, each=4)
    age(quiet)
    with quiet.database.write() as session:
        session.execute(update(OutgoingEvent).values(at=LONG_AGO + timedelta(days=3)))

    assert await tidied(quiet) == 0


async def test_what_waits_for_an_endpoint_stays_and_what_was_given_up_goes(
    quiet: World, tmp_path: Path
) -> None:
    endpoint = listen(quiet, Receiver(directory=tmp_path))
    happen(quiet, returns=1, each=4)
    with quiet.database.write() as session:
        sending.plan(session, endpoint.id, at=LONG_AGO, busy=(), free=6)
        rows = session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.number)).all()
        assert len(rows) == 4
        rows[0].status, rows[0].last_at = webhooks.FAILED, LONG_AGO
        rows[1].status, rows[1].last_at = webhooks.DELIVERED, datetime.now(UTC)
    age(quiet)

    assert await tidied(quiet) == 1

    with quiet.database.read() as session:
        statuses = session.scalars(
            select(WebhookDelivery.status).order_by(WebhookDelivery.number)
        ).all()
    assert statuses == ["delivered", "pending", "pending"]
    assert left(quiet).total() == 3


@on_sqlite
async def test_the_milestones_of_returns_stay_where_a_crm_is_told_of_them(quiet: World) -> None:
    happen(quiet, returns=1, each=3)
    with quiet.database.write() as session:
        row = session.scalars(select(Return)).one()
        row.status = ReturnStatus.CLOSED
        crm.move_on(session, "tryton", 1, NOW)
    age(quiet)
    with quiet.database.read() as session:
        before = set(session.scalars(select(OutgoingEvent.type)))
    assert before & set(MILESTONES)
    assert before - set(MILESTONES)

    await tidied(quiet)

    with quiet.database.read() as session:
        assert before & set(MILESTONES) <= set(session.scalars(select(OutgoingEvent.type)))
