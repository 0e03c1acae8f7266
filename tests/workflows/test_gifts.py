"""Gift returns: the recipient gets the credit, and whoever bought the gift hears nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from models.messages import (
    DecisionKind,
    PayoutMethod,
    Reason,
    Resolution,
    ReturnKind,
    ReturnStatus,
)
from models.tables import Message, StoreCredit
from tests.contract.sandbox_process import new_payment
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import (
    Conflict,
    Contact,
    DecisionRequest,
    GoodwillRequest,
    LineRequest,
    Refused,
    ReturnRequest,
)

RECIPIENT = Contact(name="Gus Given", email="gus@example.org")
# What would give the buyer, the prices or the payment away.
SECRETS = ("Carla", "carla@example.com", "card the order", "10000", "100.00")


def gift(number: str, contact: Contact | None = RECIPIENT, **more: object) -> ReturnRequest:
    usual: dict[str, object] = {"resolution": Resolution.STORE_CREDIT}
    return ReturnRequest(
        order=number,
        kind=ReturnKind.GIFT,
        lines=[LineRequest(line="1", quantity=1, reason=Reason.STYLE)],
        contact=contact,
        **(usual | more),  # type: ignore[arg-type]
    )


async def ask(world: World) -> str:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    return str((await world.call(world.gateway.request_return, gift(number), AGENT)).rma)


async def until_mailed(world: World, rma: str, *templates: str) -> None:
    await world.until_true(
        lambda: set(world.mails(rma)) >= set(templates), lambda: world.mails(rma)
    )


async def declined(world: World, rma: str) -> None:
    asked = DecisionRequest(decision=DecisionKind.DECLINE, note="It was worn")
    await world.call(world.gateway.decide, rma, asked, AGENT)
    await until_mailed(world, rma, "requested", "declined")


async def cancelled(world: World, rma: str) -> None:
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await until_mailed(world, rma, "cancelled")


async def expired(world: World, rma: str) -> None:
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.skip(rma, days=8)
    await until_mailed(world, rma, "approved", "label_reminder")
    await world.skip(rma, days=31)
    await until_mailed(world, rma, "expired")


async def rejected(world: World, rma: str) -> None:
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma)
    await world.inspect(rma, accepted=False)
    await until_mailed(world, rma, "received", "rejected")


async def paid(world: World, rma: str) -> None:
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await until_mailed(world, rma, "received", "store_credit")
    more = GoodwillRequest(
        amount=300, currency="GBP", method=PayoutMethod.STORE_CREDIT, note="Sorry"
    )
    await world.call(world.gateway.give_goodwill, rma, more, AGENT)
    await world.skip(rma, days=8)
    await world.until(rma, ReturnStatus.CLOSED)
    await until_mailed(world, rma, "follow_up")


@pytest.mark.parametrize("path", [declined, cancelled, expired, rejected, paid])
async def test_no_mail_of_a_gift_reaches_the_buyer(
    world: World, path: Callable[[World, str], Awaitable[None]]
) -> None:
    rma = await ask(world)
    await path(world, rma)
    with world.database.read() as session:
        mails = list(session.scalars(select(Message).where(Message.rma == rma)))
        codes = list(session.scalars(select(StoreCredit.code).where(StoreCredit.rma == rma)))
    assert mails
    assert {mail.recipient for mail in mails} == {"gus@example.org"}
    words = "\n".join(f"{mail.subject}\n{mail.text}\n{mail.html}" for mail in mails)
    assert [secret for secret in SECRETS if secret in words] == []
    assert "Hello Gus Given" in words
    assert all(code in words for code in codes)
    assert bool(codes) == (path is paid)
    assert world.refunds(rma) == []
    for file in Path(world.mail_dir).rglob("*.eml"):
        assert b"carla@example.com" not in file.read_bytes()


async def test_a_gift_needs_its_recipient_and_brings_no_refund(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))

    async def refusals(asked: ReturnRequest) -> list[tuple[str, str]]:
        with pytest.raises(Refused) as refused:
            await world.call(world.gateway.request_return, asked, AGENT)
        return [(each.code, each.pointer) for each in refused.value.refusals]

    assert await refusals(gift(number, None)) == [
        ("required", "/contact/name"),
        ("required", "/contact/email"),
    ]
    buyer = Contact(name="Gus Given", email="Carla@example.com")
    assert await refusals(gift(number, buyer)) == [("buyers_address", "/contact/email")]
    assert await refusals(gift(number, resolution=Resolution.REFUND)) == [
        ("resolution_not_offered", "/lines/0/resolution")
    ]


async def test_goodwill_for_a_gift_is_store_credit(world: World) -> None:
    rma = await ask(world)
    asked = GoodwillRequest(amount=300, currency="GBP", method=PayoutMethod.REFUND, note="Sorry")
    with pytest.raises(Conflict, match="a refund would go to the buyer"):
        await world.call(world.gateway.give_goodwill, rma, asked, AGENT)
