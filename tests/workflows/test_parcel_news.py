"""A parcel's journey, from the sandbox carrier through its signed webhooks to the return."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from models.messages import EventKind, ReturnStatus
from models.rules.orders import AddressInput
from models.tables import Label, Scan
from tests.contract.sandbox_process import KEY, SECRET, Sandbox, new_payment
from tests.workflows.refunding import on_sqlite
from tests.workflows.world import AGENT, World
from web.app import create_app
from web.temporal import TemporalBridge

pytestmark = on_sqlite


@pytest.fixture
async def heard(idle_world: World, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose carrier's webhooks arrive at its own web server."""

    async def connected() -> Any:
        return idle_world.env.client

    # The server's port is known before the sandbox is; the sandbox's before its settings.
    sandbox = Sandbox(tmp_path / "book")
    settings = replace(
        idle_world.settings,
        sandbox_url=sandbox.address,
        sandbox_key=KEY,
        sandbox_webhook_secret=SECRET,
    )
    app = create_app(settings, temporal=TemporalBridge(connected), database=idle_world.database)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    sandbox.carrier_url = f"http://127.0.0.1:{server.server_port}/api/v1/webhooks/sandbox-carrier"
    sandbox.start()
    world = replace(idle_world, settings=settings, sandbox=sandbox)
    async with world.working():
        yield world
    sandbox.stop()
    server.shutdown()
    thread.join()
    server.server_close()


def home(line2: str) -> AddressInput:
    return AddressInput(line1="5 Mill Lane", line2=line2, city="York", country="GB")


async def labelled(world: World, line2: str = "") -> tuple[str, str]:
    """A return that waits for its parcel, and its label's number."""
    rma = await world.awaiting_parcel(new_payment("ok"), address=home(line2))
    await world.until_true(lambda: tracking(world, rma) is not None)
    return rma, str(tracking(world, rma))


def tracking(world: World, rma: str) -> str | None:
    with world.database.read() as session:
        return session.scalar(select(Label.tracking).where(Label.rma == rma))


def scans(world: World, rma: str) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(Scan.status).where(Scan.rma == rma).order_by(Scan.id)))


def advance(world: World, tracking: str, status: str | None = None) -> int:
    asked = {"status": status} if status else None
    path = f"/_sandbox/parcels/{tracking}/advance"
    return world.sandbox.call("POST", path, json=asked).status_code


async def test_a_parcel_moves_by_itself_as_its_address_asks(heard: World) -> None:
    rma, _ = await labelled(heard, "sbx_delivered")
    for count in (1, 2, 3):
        heard.sandbox.advance(1)
        await heard.until_true(lambda count=count: len(scans(heard, rma)) == count)  # type: ignore[misc]
    assert scans(heard, rma) == ["in_transit", "in_transit", "delivered"]
    await heard.until(rma, ReturnStatus.IN_TRANSIT)


async def test_a_parcel_the_carrier_lost_is_looked_for_and_found_again(heard: World) -> None:
    rma, number = await labelled(heard, "sbx_lost")
    for count in (1, 2):
        heard.sandbox.advance(1)
        await heard.until_true(lambda count=count: len(scans(heard, rma)) == count)  # type: ignore[misc]
    await heard.until(rma, ReturnStatus.LOST)
    assert set(heard.open_tasks(rma)) == {"parcel_lost", "carrier_claim"}
    assert advance(heard, number, "delivered") == 200
    await heard.until(rma, ReturnStatus.IN_TRANSIT)
    assert scans(heard, rma) == ["in_transit", "lost", "delivered"]


async def test_a_parcel_is_moved_by_hand_and_an_exception_is_no_loss(heard: World) -> None:
    rma, number = await labelled(heard)
    assert advance(heard, number) == 200
    assert advance(heard, number, "exception") == 200
    await heard.until_true(lambda: len(scans(heard, rma)) == 2)
    await heard.until(rma, ReturnStatus.IN_TRANSIT)
    assert scans(heard, rma) == ["in_transit", "exception"]
    assert advance(heard, number, "flying") == 422
    assert advance(heard, "SBX0", "lost") == 404


async def test_a_scan_after_the_end_is_kept_and_opens_nothing(heard: World) -> None:
    rma, number = await labelled(heard)
    await heard.call(heard.gateway.cancel, rma, "", AGENT)
    assert advance(heard, number) == 200
    await heard.until_true(lambda: len(scans(heard, rma)) == 1)
    assert heard.status(rma) == ReturnStatus.CANCELLED
    assert EventKind.SCANNED not in heard.timeline(rma)
