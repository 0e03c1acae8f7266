"""Labels for the way back: bought once whatever breaks, and a person's work when refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.messages import CarrierStatus, EventKind, ReturnStatus
from models.rules.orders import AddressInput
from models.tables import Event, Label, Return
from tests.contract.sandbox_process import KEY, Sandbox, new_payment
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import Conflict


def home(line2: str = "") -> AddressInput:
    return AddressInput(
        line1="5 Mill Lane", line2=line2, city="York", postcode="YO1 7HX", country="GB"
    )


def labels(world: World, rma: str) -> list[Label]:
    with world.database.read() as session:
        return list(session.scalars(select(Label).where(Label.rma == rma)))


def parcels(world: World, rma: str) -> list[dict[str, Any]]:
    listed = world.sandbox.call("GET", "/_sandbox/parcels").json()["data"]
    return [parcel for parcel in listed if parcel["reference"].startswith(rma)]


def problem(world: World, rma: str) -> str:
    """What the timeline says of the last failure."""
    with world.database.read() as session:
        events = select(Event).where(Event.rma == rma, Event.kind == EventKind.LABEL_FAILED)
        return str(session.scalars(events.order_by(Event.id.desc())).first().data["problem"])  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fault", ["sbx_label_lost_answer", "sbx_label_busy", "sbx_label_missing_page"]
)
async def test_one_label_is_bought_whatever_breaks_on_the_way(world: World, fault: str) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"), address=home(fault))
    await world.until_true(lambda: len(labels(world, rma)) == 1)
    [label], [parcel] = labels(world, rma), parcels(world, rma)
    assert (label.tracking, label.shipment) == (parcel["tracking"], parcel["id"])
    assert (label.cost, label.currency) == (320, "GBP")


async def test_a_refused_label_is_made_once_the_order_is_mended(world: World) -> None:
    number, payment = new_order_number(), new_payment("ok")
    world.put_order(number, reference=payment, address=home("sbx_label_refused"))
    rma = await world.request(number)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert problem(world, rma) == "the carrier refused the label (SHIPMENT.POSTAGE.FAILURE)"
    world.put_order(number, reference=payment, address=home())
    await world.call(world.gateway.make_label, rma, AGENT)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert world.open_tasks(rma) == {}
    refused, sold = parcels(world, rma)
    assert (refused["bought"], sold["bought"]) == (False, True)
    assert [label.shipment for label in labels(world, rma)] == [sold["id"]]


async def test_a_person_says_where_the_parcel_is_sent_from(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), address=home("sbx_label_refused"))
    rma = await world.request(number)
    with pytest.raises(Conflict, match="not been approved"):
        await world.call(world.gateway.make_label, rma, AGENT, sender=home("Flat 2"))
    with world.database.read() as session:
        assert session.get_one(Return, rma).sender_address is None
    await world.approve(rma)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    await world.call(world.gateway.make_label, rma, AGENT, sender=home("Flat 2"))
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    [label] = labels(world, rma)
    sold = world.sandbox.call("GET", f"/v2/shipments/{label.shipment}").json()
    assert sold["from_address"]["street2"] == "Flat 2"


async def test_a_carrier_that_is_away_for_hours_becomes_a_task_and_then_one_label(
    idle_world: World, tmp_path: Path
) -> None:
    away = Sandbox(tmp_path / "away")
    world = replace(
        idle_world,
        settings=replace(idle_world.settings, sandbox_url=away.address, sandbox_key=KEY),
        sandbox=away,
    )
    async with world.working():
        number = new_order_number()
        world.put_order(number, reference=new_payment("ok"), address=home())
        rma = await world.request(number)
        await world.approve(rma)
        await world.skip(rma, hours=2)
        await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
        assert list(world.open_tasks(rma)) == ["label_failed"]
        away.start()
        try:
            await world.call(world.gateway.make_label, rma, AGENT)
            await world.until(rma, ReturnStatus.AWAITING_PARCEL)
            assert [parcel["bought"] for parcel in parcels(world, rma)] == [True]
        finally:
            away.stop()


async def test_without_a_carrier_each_label_is_a_persons_work(idle_world: World) -> None:
    world = replace(idle_world, settings=replace(idle_world.settings, sandbox_url=None))
    async with world.working():
        number = new_order_number()
        world.put_order(number, reference=new_payment("ok"))
        rma = await world.request(number)
        await world.approve(rma)
        await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
        assert problem(world, rma).startswith("no carrier is set up")


async def test_the_unused_label_of_a_cancelled_return_is_given_back(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"), address=home())
    await world.until_true(lambda: len(labels(world, rma)) == 1)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.until_true(lambda: EventKind.LABELS_GIVEN_BACK in world.timeline(rma))
    assert [parcel["refunded"] for parcel in parcels(world, rma)] == [True]
    assert labels(world, rma)[0].given_back_at is not None
    assert world.status(rma) == ReturnStatus.CANCELLED


async def test_a_label_that_was_used_is_not_given_back(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"), address=home())
    await world.until_true(lambda: len(labels(world, rma)) == 1)
    await world.scan(rma, "scan-1", CarrierStatus.IN_TRANSIT)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.handle(rma).result()
    assert [parcel["refunded"] for parcel in parcels(world, rma)] == [False]
