"""Gift returns: the recipient gets the credit, and whoever bought the gift hears nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models.messages import (
    DecisionKind,
    EventKind,
    PayoutMethod,
    Reason,
    Resolution,
    ReturnKind,
    ReturnStatus,
)
from models.store import credit_memos
from models.tables import CreditMemo, Message, Refund, StoreCredit
from tests.contract.sandbox_process import new_payment
from tests.workflows.test_exchanges import goods_accepted, sent, stock
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import (
    AmendRequest,
    Conflict,
    Contact,
    DecisionRequest,
    GoodwillRequest,
    LineRequest,
    Refused,
    ReturnRequest,
    WantedItem,
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


def credits_of(world: World, rma: str) -> list[int]:
    with world.database.read() as session:
        return list(session.scalars(select(StoreCredit.amount).where(StoreCredit.rma == rma)))


def refunds_of(world: World, rma: str) -> list[Refund]:
    with world.database.read() as session:
        found = select(Refund).where(Refund.rma == rma).options(joinedload(Refund.payment))
        return list(session.scalars(found))


def secrets_told(world: World, rma: str) -> list[str]:
    """What mails gave away of the buyer, the price or the payment; each goes to the recipient."""
    with world.database.read() as session:
        mails = list(session.scalars(select(Message).where(Message.rma == rma)))
    assert {mail.recipient for mail in mails} == {"gus@example.org"}
    words = "\n".join(f"{mail.subject}\n{mail.text}\n{mail.html}" for mail in mails)
    return [secret for secret in SECRETS if secret in words]


def memo_names(world: World, rma: str) -> set[str | None]:
    """Whom the credit memos of a return name."""
    with world.database.read() as session:
        numbers = list(session.scalars(select(CreditMemo.number).where(CreditMemo.rma == rma)))
        memos = [credit_memos.load(session, number) for number in numbers]
        return {
            credit_memos.memo_facts(
                session, memo, shop_name="Shop", shop_email="s@example.org", time_zone="UTC"
            ).customer
            for memo in memos
            if memo is not None
        }


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
    assert memo_names(world, rma) == ({"Gus Given"} if path is paid else set())
    assert world.refunds(rma) == []
    for file in Path(world.mail_dir).rglob("*.eml"):
        assert b"carla@example.com" not in file.read_bytes()


@pytest.mark.parametrize(
    ("price", "difference"),
    [
        pytest.param(5000, 0, id="even"),
        pytest.param(4100, -900, id="cheaper"),
        pytest.param(6200, 1200, id="dearer"),
    ],
)
async def test_a_gift_is_exchanged_and_nothing_of_it_goes_to_the_buyer(
    world: World, price: int, difference: int
) -> None:
    sku = stock(world, "G", price=price)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    wanted = [WantedItem(line="1", sku=sku, quantity=1)]
    asked = gift(number, resolution=Resolution.EXCHANGE, exchange=wanted)
    rma = str((await world.call(world.gateway.request_return, asked, AGENT)).rma)
    await until_mailed(world, rma, "requested")
    await world.approve(rma)
    if difference > 0:
        await until_mailed(world, rma, "exchange_payment")
        reference = new_payment("ok")
        await world.call(world.gateway.pay_exchange, rma, reference, difference, AGENT)
    await goods_accepted(world, rma)
    await sent(world, rma)
    await until_mailed(world, rma, "exchange_shipped")
    assert world.refunds(rma) == []
    assert credits_of(world, rma) == ([-difference] if difference < 0 else [])
    assert secrets_told(world, rma) == []
    assert memo_names(world, rma) == ({"Gus Given"} if difference < 0 else set())


async def test_a_gift_whose_exchange_is_called_off_becomes_store_credit(world: World) -> None:
    sku = stock(world, "G", price=6200)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    wanted = [WantedItem(line="1", sku=sku, quantity=1)]
    asked = gift(number, resolution=Resolution.EXCHANGE, exchange=wanted)
    rma = str((await world.call(world.gateway.request_return, asked, AGENT)).rma)
    await world.approve(rma)
    await world.until_true(lambda: EventKind.EXCHANGE_RESERVED in world.timeline(rma))
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await goods_accepted(world, rma)
    await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
    await until_mailed(world, rma, "exchange_cancelled", "store_credit")
    await world.until(rma, ReturnStatus.RESOLVED)
    # What the recipient paid goes back to where they paid it.
    assert [(each.amount, each.payment.origin) for each in refunds_of(world, rma)] == [(1200, rma)]
    assert credits_of(world, rma) == [5000]
    assert secrets_told(world, rma) == []
    assert memo_names(world, rma) == {"Gus Given"}


async def test_a_gift_changes_between_credit_and_exchange_but_never_to_money(
    world: World,
) -> None:
    sku = stock(world, "G", price=5000)
    rma = await ask(world)
    money = AmendRequest(resolution=Resolution.REFUND)
    with pytest.raises(Refused, match="never back to the buyer's payments"):
        await world.call(world.gateway.amend, rma, money, AGENT)
    goods = AmendRequest(
        resolution=Resolution.EXCHANGE, exchange=[WantedItem(line="1", sku=sku, quantity=1)]
    )
    await world.call(world.gateway.amend, rma, goods, AGENT)
    await world.approve(rma)
    await goods_accepted(world, rma)
    await sent(world, rma)
    assert (world.refunds(rma), credits_of(world, rma)) == ([], [])


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
