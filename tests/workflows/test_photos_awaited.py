"""A request that is believed with a photo only waits, and goes on by itself once one is there."""

import io
from uuid import uuid4

import pytest
from PIL import Image

from models.documents.photos import clean_photo
from models.messages import EventKind, Reason, ReturnStatus, TaskKind
from models.rules.policy import Policy
from models.rules.reasons import ReasonTerms
from models.rules.terms import Fault
from models.store.photo_proof import PhotoKind
from models.store.policy_versions import save_policy
from tests.contract.sandbox_process import new_payment
from tests.workflows.stored import NOW
from tests.workflows.world import AGENT, World, new_order_number
from web.photos import keep_photo
from web.requests import AmendedLineRequest, AmendRequest, LineRequest, ReturnRequest


@pytest.fixture(autouse=True)
def policy(world: World) -> None:
    """Damage is believed with a photo only; up to 60.00 nobody has to decide."""
    damaged = ReasonTerms(reason=Reason.DEFECTIVE, fault=Fault.MERCHANT, photo=True)
    with world.database.write() as session:
        made = Policy(reasons=(damaged,), auto_approve_up_to=6000)
        save_policy(session, made, actor="user:1", now=NOW)


async def ask(world: World, *reasons: Reason, email: str | None = "carla@example.com") -> str:
    number = new_order_number()
    quantities = tuple(1 for _ in reasons)
    world.put_order(
        number, reference=new_payment("ok"), quantities=quantities, price=3000, email=email
    )
    asked = ReturnRequest(
        order=number,
        lines=[
            LineRequest(line=str(no), quantity=1, reason=reason)
            for no, reason in enumerate(reasons, start=1)
        ],
    )
    return str((await world.call(world.gateway.request_return, asked, AGENT)).rma)


async def add_photo(
    world: World, rma: str, kind: PhotoKind = PhotoKind.REQUEST, line: str | None = None
) -> None:
    """As the API and the staff page do it."""
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(made, "PNG")
    photo = str(uuid4())
    picture = clean_photo(made.getvalue())
    await world.call(keep_photo, world.database, rma, picture, kind, AGENT, line=line, id=photo)
    if kind is PhotoKind.REQUEST:
        await world.call(world.gateway.photo_added, rma, photo, AGENT)


async def test_it_waits_for_its_photo_and_is_then_approved_by_the_policy(world: World) -> None:
    rma = await ask(world, Reason.DEFECTIVE)
    assert world.status(rma) == ReturnStatus.REQUESTED
    assert set(world.open_tasks(rma)) == {TaskKind.PHOTO_AWAITED}
    assert EventKind.PHOTO_AWAITED in world.timeline(rma)
    await world.until_true(lambda: world.mails(rma) == ["photo_wanted"], lambda: world.mails(rma))
    await add_photo(world, rma, PhotoKind.RECEIPT)
    assert world.status(rma) == ReturnStatus.REQUESTED
    await add_photo(world, rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert world.open_tasks(rma) == {}
    await add_photo(world, rma)
    assert world.timeline(rma).count(EventKind.APPROVED) == 1


async def test_with_its_photo_a_request_above_the_limit_is_a_persons_to_decide(
    world: World,
) -> None:
    rma = await ask(world, Reason.DEFECTIVE, Reason.STYLE, Reason.STYLE)
    await add_photo(world, rma, line="1")
    assert set(world.open_tasks(rma)) == {TaskKind.DECIDE}
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)


async def test_a_photo_of_one_line_does_not_speak_for_another(world: World) -> None:
    rma = await ask(world, Reason.DEFECTIVE, Reason.DEFECTIVE)
    await add_photo(world, rma, line="2")
    assert set(world.open_tasks(rma)) == {TaskKind.PHOTO_AWAITED}
    await add_photo(world, rma, line="1")
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)


async def test_without_a_photo_the_customer_is_reminded_and_then_a_person_decides(
    world: World,
) -> None:
    rma = await ask(world, Reason.DEFECTIVE)
    await world.skip(rma, days=1.6)
    await world.until_true(lambda: world.mails(rma) == ["photo_wanted"] * 2)
    assert set(world.open_tasks(rma)) == {TaskKind.PHOTO_AWAITED}
    await world.skip(rma, days=1.6)
    await world.until_true(lambda: set(world.open_tasks(rma)) == {TaskKind.DECIDE})
    assert EventKind.PHOTO_MISSING in world.timeline(rma)
    await add_photo(world, rma)
    assert world.status(rma) == ReturnStatus.REQUESTED
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)


async def test_a_person_may_decide_without_waiting(world: World) -> None:
    rma = await ask(world, Reason.DEFECTIVE)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert world.open_tasks(rma) == {}


async def test_another_reason_needs_no_photo_and_a_new_one_may(world: World) -> None:
    rma = await ask(world, Reason.DEFECTIVE)
    other = AmendRequest(lines=[AmendedLineRequest(line="1", quantity=1, reason=Reason.TOO_SMALL)])
    await world.call(world.gateway.amend, rma, other, AGENT)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert world.open_tasks(rma) == {}
    dear = await ask(world, Reason.STYLE, Reason.STYLE, Reason.STYLE)
    assert set(world.open_tasks(dear)) == {TaskKind.DECIDE}
    broken = AmendRequest(lines=[AmendedLineRequest(line="1", quantity=1, reason=Reason.DEFECTIVE)])
    await world.call(world.gateway.amend, dear, broken, AGENT)
    assert set(world.open_tasks(dear)) == {TaskKind.PHOTO_AWAITED}
    await add_photo(world, dear)
    await world.until(dear, ReturnStatus.AWAITING_PARCEL)
