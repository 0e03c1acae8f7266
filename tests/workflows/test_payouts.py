"""Money beside a return: goodwill, store credit, and refunds a bank sends back after the end."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from models.messages import (
    EventKind,
    ManualMethod,
    PayoutMethod,
    Reason,
    RefundStatus,
    Resolution,
    ReturnStatus,
)
from models.rules.orders import PaymentKind
from models.rules.policy import Policy
from models.rules.terms import Waiver
from models.store.policy_versions import save_policy
from models.tables import CreditMemo, GrantedRefund, Refund, Return, StoreCredit
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import (
    OWED,
    PAID_BY_CARD,
    PAID_BY_HAND,
    accept,
    control,
    entries,
    order_row,
    pay_by_hand,
    payment_row,
    retry,
    tasks,
    tell,
    told,
)
from tests.workflows.stored import NOW
from tests.workflows.world import AGENT, World, new_order_number, paid
from web.requests import (
    Answer,
    Conflict,
    Forbidden,
    GoodwillRequest,
    LineRequest,
    Refused,
    ReturnRequest,
)

SUCCEEDED, FAILED = RefundStatus.SUCCEEDED, RefundStatus.FAILED


async def closed(world: World, payment: str, **order: Any) -> tuple[str, Refund]:
    """A return that was refunded and has ended, twelve days after its refund."""
    rma = await accept(world, payment, **order)
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.skip(rma, days=12)
    await world.handle(rma).result()
    [refund] = world.refunds(rma)
    return rma, refund


async def goodwill(
    world: World,
    rma: str,
    amount: int,
    *,
    method: PayoutMethod = PayoutMethod.REFUND,
    currency: str = "GBP",
    id: str | None = None,
) -> Answer:
    asked = GoodwillRequest(amount=amount, currency=currency, method=method, note="So sorry, Carla")
    answer: Answer = await world.call(world.gateway.give_goodwill, rma, asked, AGENT, id=id)
    return answer


async def resolve(
    world: World, rma: str, refund: str, method: ManualMethod, reference: str = ""
) -> Answer:
    answer: Answer = await world.call(
        world.gateway.resolve_manually, rma, refund, method, reference, "", AGENT
    )
    return answer


def credits_of(world: World, rma: str) -> list[StoreCredit]:
    with world.database.read() as session:
        rows = select(StoreCredit).where(StoreCredit.rma == rma).order_by(StoreCredit.created_at)
        return list(session.scalars(rows))


# --- a bank sends a refund back after the end ---------------------------------------------------


async def test_a_refund_that_fails_on_day_12_reopens_the_return_until_it_is_paid(
    world: World,
) -> None:
    rma, refund = await closed(world, new_payment("ok"))
    control(world, refund, "fail")
    await tell(world, refund, FAILED, failure="lost_or_stolen_card")
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert world.balance(rma) == OWED
    assert world.line(rma).refunded == 0
    assert tasks(world, rma) == {"open": 1}
    await world.until_true(lambda: "refund_delayed" in world.mails(rma))
    assert world.timeline(rma).count("reopened") == 1
    with pytest.raises(Refused, match="no refund R-9"):
        await pay_by_hand(world, rma, "R-9")
    await pay_by_hand(world, rma, refund.id)
    await world.until(rma, ReturnStatus.CLOSED)
    assert world.line(rma).refunded == 1
    assert world.balance(rma) == PAID_BY_HAND
    assert tasks(world, rma) == {"done": 1}
    with pytest.raises(Conflict, match="has ended"):
        await pay_by_hand(world, rma, refund.id)


async def test_a_refund_that_came_back_is_tried_again_with_a_new_key(world: World) -> None:
    payment = new_payment("ok")
    rma, refund = await closed(world, payment)
    control(world, refund, "fail")
    await tell(world, refund, FAILED)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    await retry(world, rma, refund.id)
    await world.until(rma, ReturnStatus.CLOSED)
    first, second = world.refunds(rma)
    assert (first.replaced_by, second.status) == (second.id, SUCCEEDED)
    assert [row["status"] for row in world.sandbox.refunds(payment)] == ["failed", "succeeded"]
    assert world.balance(rma) == PAID_BY_CARD
    assert entries(world, rma) == [
        f"refund/{first.id}",
        f"refund/{first.id}/failed",
        f"refund/{second.id}",
    ]
    # And when that one comes back as well, it is followed in its turn.
    control(world, second, "fail")
    await tell(world, second, FAILED)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    await resolve(world, rma, second.id, ManualMethod.STORE_CREDIT)
    await world.until(rma, ReturnStatus.CLOSED)
    assert [credit.balance for credit in credits_of(world, rma)] == [5000]
    assert world.balance(rma) == {"sales_returns": 5000, "store_credit": -5000}


async def test_a_refund_that_came_back_goes_to_another_payment(world: World) -> None:
    card, wallet = new_payment("ok"), new_payment("ok")
    payments = (paid(card, 6000), paid(wallet, 4000, id="p-2", kind=PaymentKind.WALLET))
    rma, refund = await closed(world, card, payments=payments)
    control(world, refund, "fail")
    await tell(world, refund, FAILED)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    with pytest.raises(Conflict, match=r"40\.00 can still be refunded to payment p-2"):
        await resolve(world, rma, refund.id, ManualMethod.OTHER_PAYMENT, "p-2")
    with pytest.raises(Conflict, match="Name another payment of order"):
        await resolve(world, rma, refund.id, ManualMethod.OTHER_PAYMENT, "p-1")
    assert world.balance(rma) == OWED
    await pay_by_hand(world, rma, refund.id)
    await world.until(rma, ReturnStatus.CLOSED)


async def test_a_refused_refund_goes_to_another_payment_that_has_room(world: World) -> None:
    card, wallet = new_payment("decline"), new_payment("ok")
    payments = (paid(card, 5000), paid(wallet, 5000, id="p-2", kind=PaymentKind.WALLET))
    rma = await accept(world, card, payments=payments)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    [refund] = world.refunds(rma)
    await resolve(world, rma, refund.id, ManualMethod.OTHER_PAYMENT, " p-2 ")
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [row["amount"] for row in world.sandbox.refunds(wallet)] == [5000]
    assert world.balance(rma) == {"sales_returns": 5000, "clearing:wallet": -5000}


async def test_late_news_five_times_and_in_any_order_end_the_same(world: World) -> None:
    async def play(order: tuple[RefundStatus, ...]) -> str:
        rma, refund = await closed(world, new_payment("ok"))
        control(world, refund, "fail")
        for status in order:
            for _ in range(5):
                await tell(world, refund, status, event=f"evt_{rma}_{status}")
        await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
        await world.until_true(lambda: tasks(world, rma) == {"open": 1})
        return rma

    orders = itertools.permutations([RefundStatus.PENDING, SUCCEEDED, FAILED])
    for rma in await asyncio.gather(*map(play, orders)):
        [refund] = world.refunds(rma)
        assert refund.status == FAILED
        assert world.balance(rma) == OWED
        assert payment_row(world, rma).reserved == 0
        assert entries(world, rma) == [f"refund/{refund.id}", f"refund/{refund.id}/failed"]
        await pay_by_hand(world, rma, refund.id)
        await tell(world, refund, FAILED)
        await world.until(rma, ReturnStatus.CLOSED)
        assert world.balance(rma) == PAID_BY_HAND
        assert tasks(world, rma) == {"done": 1}


# --- goodwill -----------------------------------------------------------------------------------


async def test_goodwill_is_paid_at_once_apart_from_the_return_and_a_later_quote_says_so(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    answer = await goodwill(world, rma, 6000)
    assert (answer.status, answer.settled) == (ReturnStatus.AWAITING_PARCEL, True)
    await world.until_true(lambda: [row.status for row in world.refunds(rma)] == [SUCCEEDED])
    assert [row["amount"] for row in world.sandbox.refunds(payment)] == [6000]
    await world.until_true(lambda: world.balance(rma) == {"goodwill": 6000, "clearing:card": -6000})
    [given] = told(world, rma, EventKind.GOODWILL_GRANTED)
    assert (given["amount"], given["method"]) == (6000, "refund")
    # It does not block a cancel, and a later return is accepted with what is left.
    await world.call(world.gateway.cancel, rma, "", AGENT)
    with pytest.raises(Conflict, match="is cancelled"):
        await goodwill(world, rma, 1)
    later = await world.request(order_row(world, rma).number, {"1": 2})
    with world.database.read() as session:
        row = session.get_one(Return, later)
        quoted = [(line.kind, line.amount) for line in row.quote_lines]
    assert quoted == [("goods", 10000), ("already_refunded", -6000)]


async def test_an_older_quote_that_goodwill_outran_pays_what_is_left_and_asks_a_person(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment, {"1": 2})
    await goodwill(world, rma, 3000)
    await world.receive(rma, {"1": 2})
    await world.inspect(rma, {"1": 2})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert sum(row["amount"] for row in world.sandbox.refunds(payment)) == 10000
    assert "refund_short" in world.open_tasks(rma)


async def test_of_two_people_who_give_70_of_100_one_reads_what_is_left(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))

    answers = await asyncio.gather(
        goodwill(world, rma, 7000), goodwill(world, rma, 7000), return_exceptions=True
    )
    [refused] = [answer for answer in answers if isinstance(answer, Conflict)]
    assert refused.code == "exceeds_refundable"
    assert refused.detail.startswith("30.00 can still be refunded")
    assert order_row(world, rma).reserved == 7000


async def test_asking_for_more_than_was_paid_makes_no_call_at_all(world: World) -> None:
    first, second = new_payment("ok"), new_payment("disputed")
    payments = (paid(first, 6000), paid(second, 3000, id="p-2"))
    rma = await world.awaiting_parcel(
        first, {"1": 1}, quantities=(1,), price=9000, payments=payments
    )
    with pytest.raises(Conflict, match=r"90\.00 can still be refunded"):
        await goodwill(world, rma, 9500)
    assert world.sandbox.calls_about(first) == []
    assert world.sandbox.calls_about(second) == []
    # 80.00 pays the 60.00 it can, and a task holds the 20.00 of the disputed payment.
    await goodwill(world, rma, 8000)
    await world.until_true(lambda: tasks(world, rma) == {"open": 1})
    assert [(row.amount, row.status) for row in world.refunds(rma)] == [
        (6000, SUCCEEDED),
        (2000, FAILED),
    ]
    assert world.status(rma) == ReturnStatus.AWAITING_PARCEL
    await resolve(world, rma, f"{rma}-2", ManualMethod.STORE_CREDIT)
    await world.until_true(lambda: tasks(world, rma) == {"done": 1})
    assert world.balance(rma) == {
        "goodwill": 8000,
        "clearing:card": -6000,
        "store_credit": -2000,
    }


async def test_goodwill_typed_in_the_shops_currency_is_converted_and_so_is_a_limit(
    world: World,
) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    with world.database.write() as session:
        order = session.get_one(Return, rma).order
        order.rate_shop_currency, order.rate = "EUR", "0.8600"
    junior = replace(AGENT, approval_limit=1000)
    asked = GoodwillRequest(amount=1001, currency="EUR", method=PayoutMethod.REFUND)
    with pytest.raises(Forbidden, match=r"You may give up to 8\.60 GBP"):
        await world.call(world.gateway.give_goodwill, rma, asked, junior)
    await world.call(world.gateway.give_goodwill, rma, replace(asked, amount=1000), junior)
    assert [row.amount for row in world.refunds(rma)] == [860]
    with pytest.raises(Refused, match="in GBP or EUR, not in USD"):
        await goodwill(world, rma, 1, currency="USD")


async def test_the_same_goodwill_asked_twice_is_given_once(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    first = await goodwill(world, rma, 500, id="call-1")
    assert first == await goodwill(world, rma, 500, id="call-1")
    await world.until_true(lambda: [row.status for row in world.refunds(rma)] == [SUCCEEDED])
    assert first == await goodwill(world, rma, 500, id="call-1")
    assert len(world.refunds(rma)) == 1


async def test_goodwill_as_store_credit_uses_up_the_payments_and_calls_nobody(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    await goodwill(world, rma, 1500, method=PayoutMethod.STORE_CREDIT)
    [credit] = credits_of(world, rma)
    assert (credit.balance, credit.origin) == (1500, "goodwill")
    assert payment_row(world, rma).reserved == 1500
    assert world.sandbox.calls_about(payment) == []
    assert world.balance(rma) == {"goodwill": 1500, "store_credit": -1500}
    assert credit.code not in str(told(world, rma, EventKind.GOODWILL_GRANTED))


# --- store credit instead of money ----------------------------------------------------------------


async def test_a_return_for_store_credit_gives_a_code_with_its_bonus(world: World) -> None:
    with world.database.write() as session:
        policy = Policy(store_credit_bonus_percent="10", store_credit_valid_days=365)
        save_policy(session, policy, actor="user:1", now=NOW)
    payment, number = new_payment("ok"), new_order_number()
    world.put_order(number, reference=payment)
    asked = ReturnRequest(
        order=number,
        resolution=Resolution.STORE_CREDIT,
        lines=[LineRequest(line="1", quantity=1, reason=Reason.STYLE)],
    )
    rma = (await world.call(world.gateway.request_return, asked, AGENT)).rma
    await world.approve(rma)
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    [credit] = credits_of(world, rma)
    assert (credit.amount, credit.balance, credit.origin) == (5500, 5500, "return")
    assert credit.expires_at is not None
    assert world.sandbox.calls_about(payment) == []
    assert payment_row(world, rma).reserved == 5000
    assert world.line(rma).refunded == 1
    assert world.balance(rma) == {
        "sales_returns": 5000,
        "store_credit_bonus": 500,
        "store_credit": -5500,
    }
    with world.database.read() as session:
        [memo] = session.scalars(select(CreditMemo).where(CreditMemo.rma == rma))
        assert memo.amount == 5500
        assert session.get_one(Return, rma).quote_total == 5500


async def test_a_store_credit_that_paid_gets_its_money_back(world: World) -> None:
    rma = await world.awaiting_parcel(new_payment("ok"))
    await goodwill(world, rma, 5000, method=PayoutMethod.STORE_CREDIT)
    [credit] = credits_of(world, rma)
    by_credit = paid(credit.code, 5000, kind=PaymentKind.STORE_CREDIT, provider="store credit")
    again = await accept(world, "", {"1": 1}, quantities=(1,), payments=(by_credit,))
    await world.until(again, ReturnStatus.RESOLVED)
    [credit] = credits_of(world, rma)
    assert (credit.balance, credit.amount) == (10000, 10000)
    assert world.balance(again) == {"sales_returns": 5000, "store_credit": -5000}


async def test_fees_and_what_they_leave_are_booked_on_their_accounts(world: World) -> None:
    with world.database.write() as session:
        policy = Policy(return_shipping=700, fee_waived_for=(Waiver.MERCHANT_FAULT,))
        save_policy(session, policy, actor="user:1", now=NOW)
    rma = await accept(world, new_payment("ok"))
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [row.amount for row in world.refunds(rma)] == [4300]
    assert world.balance(rma) == {
        "sales_returns": 5000,
        "fee_income": -700,
        "clearing:card": -4300,
    }
    with world.database.read() as session:
        [granted] = session.scalars(select(GrantedRefund).where(GrantedRefund.rma == rma))
        assert [(line.kind, line.amount) for line in granted.lines] == [
            ("goods", 5000),
            ("return_shipping_fee", -700),
        ]
