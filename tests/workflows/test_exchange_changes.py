"""A change of mind about an exchange: into one, out of one, and into another; whatever was paid."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from models.messages import (
    EventKind,
    ExchangePayment,
    Reason,
    Resolution,
    ReturnStatus,
    TaskKind,
)
from models.rules.policy import Policy
from models.store.policy_versions import save_policy
from models.tables import Exchange, JournalLine, Message, Note, Order, Payment, Return
from tests.contract.sandbox_process import new_payment
from tests.workflows.faces import Staff
from tests.workflows.refunding import on_sqlite
from tests.workflows.stored import NOW
from tests.workflows.test_exchanges import (
    ask,
    exchange,
    goods_accepted,
    order_of,
    product,
    sent,
    stock,
)
from tests.workflows.varied_orders import Shop
from tests.workflows.world import AGENT, SECOND, World, new_order_number
from web.access import Actor, Permission
from web.requests import (
    AmendedLineRequest,
    AmendRequest,
    Conflict,
    Forbidden,
    LineRequest,
    Refused,
    ReturnRequest,
    WantedItem,
)
from workflows import options

CLERK = Actor(id="user:9", name="Cleo", permissions=frozenset({Permission.REQUEST}), user_id=9)


async def change(
    world: World,
    rma: str,
    *items: tuple[str, int],
    resolution: Resolution | None = None,
    lines: dict[str, int] | None = None,
    actor: Actor = AGENT,
    line: str = "1",
) -> None:
    parts = lines and [AmendedLineRequest(line=name, quantity=n) for name, n in lines.items()]
    wanted = [WantedItem(line=line, sku=sku, quantity=units) for sku, units in items]
    request = AmendRequest(lines=parts or None, resolution=resolution, exchange=wanted or None)
    await world.call(world.gateway.amend, rma, request, actor)


def held(world: World, *skus: str) -> list[tuple[int | None, int]]:
    """Of each item what is in stock, and how many are set aside."""
    return [(product(world, sku).stock, product(world, sku).reserved) for sku in skus]


def state(world: World, rma: str) -> tuple[int, str, int, int]:
    found = exchange(world, rma)
    return found.round, found.status, found.difference, found.paid


def books_balance(world: World) -> bool:
    with world.database.read() as session:
        both = session.execute(
            select(func.sum(JournalLine.debit), func.sum(JournalLine.credit))
        ).one()
        return both[0] == both[1]


async def until_round(world: World, rma: str, number: int) -> None:
    """Waits until the round's workflow has said that it holds the stock."""

    def begun() -> bool:
        told = world.timeline(rma).count(EventKind.EXCHANGE_RESERVED)
        return exchange(world, rma).round == number and told >= number

    await world.until_true(begun, lambda: world.timeline(rma))


async def until_paid_back(world: World, rma: str, *amounts: int) -> None:
    await world.until_true(
        lambda: (
            sorted(each.amount for each in world.refunds(rma)) == sorted(amounts)
            and all(each.status == "succeeded" for each in world.refunds(rma))
        ),
        lambda: [(each.amount, each.status) for each in world.refunds(rma)],
    )


async def test_before_the_decision_it_changes_to_and_fro_and_holds_stock_only_once(
    world: World,
) -> None:
    dear, even = stock(world, "L", price=6200, units=2), stock(world, "M", price=5000, units=2)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(2,), price=5000)
    rma = await world.request(number, {"1": 1})
    await change(world, rma, (dear, 1), resolution=Resolution.EXCHANGE)
    assert (held(world, dear), state(world, rma)) == ([(2, 1)], (1, "awaiting_payment", 1200, 0))
    # Its own two are free for it, too.
    await change(world, rma, (dear, 2), lines={"1": 2})
    assert (held(world, dear), state(world, rma)) == ([(2, 2)], (1, "awaiting_payment", 2400, 0))
    await change(world, rma, (dear, 1), (even, 1))
    assert held(world, dear, even) == [(2, 1), (2, 1)]
    with pytest.raises(Refused, match="2 of New") as refused:
        await change(world, rma, (even, 3), lines={"1": 3})
    assert held(world, dear, even) == [(2, 1), (2, 1)]
    assert {each.code for each in refused.value.refusals} >= {"out_of_stock"}
    await change(world, rma, resolution=Resolution.STORE_CREDIT)
    assert held(world, dear, even) == [(2, 0), (2, 0)]
    await change(world, rma, (even, 2), resolution=Resolution.EXCHANGE, lines={"1": 2})
    assert world.open_tasks(rma).keys() == {TaskKind.DECIDE}
    await world.approve(rma)
    await world.until_true(lambda: EventKind.EXCHANGE_RESERVED in world.timeline(rma))
    await goods_accepted(world, rma, 2)
    await sent(world, rma)
    assert (held(world, dear, even), world.refunds(rma)) == ([(2, 0), (0, 0)], [])
    assert books_balance(world)


async def test_an_approved_refund_becomes_an_exchange_and_goes_out(world: World) -> None:
    sku = stock(world, "M", price=5000)
    rma = await world.awaiting_parcel(new_payment("ok"))
    with pytest.raises(Refused, match="Say what Thing 1 is exchanged for"):
        await change(world, rma, resolution=Resolution.EXCHANGE)
    with pytest.raises(Refused, match="give it the resolution exchange"):
        await change(world, rma, (sku, 1))
    with pytest.raises(Refused, match="2 are wanted for them"):
        await change(world, rma, (sku, 2), resolution=Resolution.EXCHANGE)
    assert held(world, sku) == [(5, 0)]
    await change(world, rma, (sku, 1), resolution=Resolution.EXCHANGE)
    await until_round(world, rma, 1)
    await world.until_true(lambda: "changed" in world.mails(rma))
    with world.database.read() as session:
        told = session.scalars(
            select(Message.text).where(Message.rma == rma, Message.template == "changed")
        ).one()
    assert f"What you get instead\n  1 × New {sku}" in told
    await goods_accepted(world, rma)
    await sent(world, rma)
    assert (held(world, sku), world.refunds(rma)) == ([(4, 0)], [])
    assert world.balance(rma) == {"sales_returns": 5000, "exchange_sales": -5000}


async def test_an_approved_exchange_becomes_a_refund_and_its_payment_goes_back(
    world: World,
) -> None:
    sku = stock(world, "L", price=6200)
    rma = await ask(world, sku)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await change(world, rma, resolution=Resolution.REFUND)
    assert held(world, sku) == [(5, 0)]
    await until_paid_back(world, rma, 1200)
    with pytest.raises(Conflict, match="cancelled"):
        await world.call(world.gateway.ship_exchange, rma, "T", AGENT)
    await goods_accepted(world, rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await until_paid_back(world, rma, 1200, 5000)
    assert len(order_of(world, rma)[1]) == 1
    assert TaskKind.SHIP_EXCHANGE not in world.open_tasks(rma)
    assert books_balance(world)


@pytest.mark.parametrize(
    ("price", "paid", "back", "due"),
    [
        pytest.param(6200, 1200, 0, 0, id="as dear as before: all of it counts"),
        pytest.param(5700, 700, 500, 0, id="cheaper: the rest goes back"),
        pytest.param(7000, 0, 1200, 2000, id="dearer: it goes back and is asked for anew"),
        pytest.param(5000, 0, 1200, 0, id="even: it goes back"),
        pytest.param(4100, 0, 1200, 0, id="cheaper than the goods: it goes back, and more later"),
    ],
)
async def test_what_was_paid_for_one_item_counts_for_another_or_goes_back(
    world: World, price: int, paid: int, back: int, due: int
) -> None:
    old, new = stock(world, "L", price=6200), stock(world, "N", price=price)
    rma = await ask(world, old)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await change(world, rma, (new, 1))
    await until_round(world, rma, 2)
    expected = "awaiting_payment" if due else "reserved"
    assert state(world, rma) == (2, expected, price - 5000, paid)
    assert held(world, old, new) == [(5, 0), (5, 1)]
    if back:
        await until_paid_back(world, rma, back)
    if due:
        await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), due, AGENT)
    await goods_accepted(world, rma)
    await sent(world, rma)
    cheaper = [5000 - price] if price < 5000 else []
    await until_paid_back(world, rma, *([back] if back else []), *cheaper)
    order, lines, payments = order_of(world, rma)
    assert [line.paid for line in lines] == [10000, price]
    # What the customer paid in all is what the shop holds, and what could be refunded of it.
    assert order.paid - order.reserved == 10000 + price - 5000
    assert sum(each.amount - each.reserved for each in payments) == order.paid - order.reserved
    assert held(world, old, new) == [(5, 0), (4, 0)]
    assert books_balance(world)


async def test_one_that_was_called_off_may_be_wanted_again(world: World) -> None:
    first, second = stock(world, "L", price=6200), stock(world, "M", price=5000)
    rma = await ask(world, first)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
    await until_paid_back(world, rma, 1200)
    await change(world, rma, (second, 1), resolution=Resolution.EXCHANGE)
    await until_round(world, rma, 2)
    await goods_accepted(world, rma)
    await sent(world, rma)
    assert [each.amount for each in world.refunds(rma)] == [1200]
    assert held(world, first, second) == [(5, 0), (4, 0)]


async def test_what_has_gone_out_or_was_inspected_stays(world: World) -> None:
    with world.database.write() as session:
        made = replace(Policy(), advance_exchange=True)
        save_policy(session, made, actor="user:1", now=NOW)
    sku, other = stock(world, "M", price=5000), stock(world, "L", price=5000)
    rma = await ask(world, sku)
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.ship_exchange, rma, "T", AGENT)
    with pytest.raises(Conflict, match="has gone out already") as conflict:
        await change(world, rma, (other, 1))
    assert conflict.value.code == "exchange_shipped"
    with pytest.raises(Conflict, match="has gone out already"):
        await change(world, rma, resolution=Resolution.REFUND)
    assert held(world, sku, other) == [(4, 0), (5, 0)]
    inspected = await ask(world, stock(world, "N", price=6000))
    await goods_accepted(world, inspected)
    with pytest.raises(Conflict, match="were inspected"):
        await change(world, inspected, resolution=Resolution.REFUND)


async def test_after_the_approval_only_who_decides_turns_goods_into_money(world: World) -> None:
    sku = stock(world, "M", price=5000)
    rma = await ask(world, sku)
    with pytest.raises(Forbidden, match="people who decide") as forbidden:
        await change(world, rma, resolution=Resolution.REFUND, actor=CLERK)
    assert forbidden.value.code == "needs_decision"
    assert state(world, rma) == (1, "reserved", 0, 0)


async def test_goods_that_one_approved_do_not_become_money_that_two_must_approve(
    world: World,
) -> None:
    set_second_approval(world, above=4999)
    sku = stock(world, "M", price=5000)
    rma = await ask(world, sku)
    with pytest.raises(Refused, match="takes two approvals") as refused:
        await change(world, rma, resolution=Resolution.REFUND)
    assert [each.code for each in refused.value.refusals] == ["second_person_needed"]
    assert (state(world, rma), held(world, sku)) == ((1, "reserved", 0, 0), [(5, 1)])


async def test_money_instead_keeps_to_what_its_giver_may_approve(world: World) -> None:
    """The way of the ordinary approval: above one's own limit somebody else has to."""
    just = replace(AGENT, id="user:5", approval_limit=5000)
    below = replace(AGENT, id="user:6", approval_limit=4999)
    changed, called_off = [await ask(world, stock(world, "M", price=5000)) for _ in range(2)]
    with pytest.raises(Forbidden, match=r"up to 49\.99 GBP") as forbidden:
        await change(world, changed, resolution=Resolution.REFUND, actor=below)
    assert forbidden.value.code == "above_limit"
    with pytest.raises(Forbidden, match=r"up to 49\.99 GBP") as forbidden:
        await world.call(world.gateway.cancel_exchange, called_off, "", below)
    assert forbidden.value.code == "above_limit"
    for rma in (changed, called_off):
        assert state(world, rma) == (1, "reserved", 0, 0)
    await change(world, changed, resolution=Resolution.REFUND, actor=just)
    await world.call(world.gateway.cancel_exchange, called_off, "", just)
    for rma in (changed, called_off):
        await world.until_true(lambda rma=rma: exchange(world, rma).status == "cancelled")


@on_sqlite
async def test_money_instead_that_takes_two_approvals_waits_for_the_second_person(
    world: World,
) -> None:
    set_second_approval(world, above=4999)
    sku = stock(world, "M", price=5000)
    rma = await ask(world, sku)
    ada, ben = (Staff(world, Shop(world)) for _ in range(2))
    assert "takes two approvals" in await pressed(ada, rma)
    assert (state(world, rma), held(world, sku)) == ((1, "reserved", 0, 0), [(5, 1)])
    assert set(world.open_tasks(rma)) == {TaskKind.SECOND_APPROVAL}
    shown = await ada.page(rma)
    said = "Money instead of the exchange approved once; £50.00 needs the approval of a second"
    assert said in shown
    assert "Somebody else has to approve it" in shown
    assert "exchange/cancel" not in shown
    code, _ = await ada.send(rma, "exchange/cancel", note="Once more")
    assert code == 409
    assert exchange(world, rma).status == "reserved"
    assert "Yours is the second approval" in await ben.page(rma)
    assert "The exchange becomes a refund" in await pressed(ben, rma)
    assert (exchange(world, rma).status, world.open_tasks(rma)) == ("cancelled", {})
    with world.database.read() as session:
        assert session.get_one(Return, rma).resolution == Resolution.REFUND
    await goods_accepted(world, rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await until_paid_back(world, rma, 5000)


async def pressed(staff: Staff, rma: str) -> str:
    """The page after "Refund instead" was pressed."""
    code, _ = await staff.send(rma, "exchange/cancel", note="She asked for it")
    assert code == 303
    return await staff.page(rma)


@on_sqlite
async def test_up_to_the_limit_of_two_approvals_one_person_gives_money_instead(
    world: World,
) -> None:
    set_second_approval(world, above=5000)
    rma = await ask(world, stock(world, "M", price=5000))
    await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
    assert (exchange(world, rma).status, world.open_tasks(rma)) == ("cancelled", {})
    assert EventKind.SECOND_APPROVAL_NEEDED not in world.timeline(rma)


@on_sqlite
async def test_an_exchange_that_goes_out_meanwhile_needs_no_second_approval_any_more(
    world: World,
) -> None:
    set_second_approval(world, above=4000)
    rma = await ask(world, stock(world, "M", price=5000))
    await goods_accepted(world, rma)
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
    with pytest.raises(Conflict) as again:
        await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
    assert again.value.code == "second_person_needed"
    await sent(world, rma)
    assert TaskKind.SECOND_APPROVAL not in world.open_tasks(rma)
    with pytest.raises(Conflict, match="This exchange is shipped"):
        await world.call(world.gateway.cancel_exchange, rma, "", SECOND)
    assert world.refunds(rma) == []


@on_sqlite
async def test_whom_two_approved_one_person_gives_money_instead(world: World) -> None:
    """Beside the exchange there is a refund that took two approvals already."""
    set_second_approval(world, above=4000)
    number, sku = new_order_number(), stock(world, "M", price=1000)
    world.put_order(number, reference=new_payment("ok"), quantities=(1, 1), price=5000)
    asked = ReturnRequest(
        order=number,
        lines=[
            LineRequest(line="1", quantity=1, reason=Reason.STYLE),
            LineRequest(line="2", quantity=1, reason=Reason.STYLE, resolution=Resolution.EXCHANGE),
        ],
        exchange=[WantedItem(line="2", sku=sku, quantity=1)],
    )
    rma = str((await world.call(world.gateway.request_return, asked, AGENT)).rma)
    await world.approve(rma)
    await world.approve(rma, SECOND)
    await until_round(world, rma, 1)
    await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
    assert exchange(world, rma).status == "cancelled"


@on_sqlite
async def test_an_unpaid_exchange_becomes_no_money_that_nobody_approved(world: World) -> None:
    set_second_approval(world, above=4999)
    rma = await unpaid(world)
    assert (exchange(world, rma).status, world.refunds(rma)) == ("awaiting_payment", [])
    ada, ben = (Staff(world, Shop(world)) for _ in range(2))
    shown = await ada.page(rma)
    assert "Not paid in time; £50.00 instead takes the approval of two people" in shown
    assert "The customer has not paid the difference in time" in shown
    assert "takes two approvals" in await pressed(ada, rma)
    assert set(world.open_tasks(rma)) == {TaskKind.SECOND_APPROVAL}
    code, _ = await ada.send(rma, "exchange/cancel", note="Once more")
    assert code == 409
    assert "The exchange becomes a refund" in await pressed(ben, rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await until_paid_back(world, rma, 5000)


@on_sqlite
async def test_an_exchange_that_is_paid_late_needs_no_approval_any_more(world: World) -> None:
    set_second_approval(world, above=4999)
    rma = await unpaid(world)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await world.until_true(lambda: set(world.open_tasks(rma)) == {TaskKind.SHIP_EXCHANGE})
    assert world.refunds(rma) == []


async def unpaid(world: World) -> str:
    """An exchange whose goods are accepted and whose difference of 12.00 was not paid in time."""
    rma = await ask(world, stock(world, "L", price=6200))
    await goods_accepted(world, rma)
    handle = world.env.client.get_workflow_handle(f"return/{rma}/exchange/1")
    await world.env.fast_forward(handle, options.EXCHANGE_PAID_WITHIN)
    await world.until_true(lambda: set(world.open_tasks(rma)) == {TaskKind.SECOND_APPROVAL})
    return rma


def set_second_approval(world: World, *, above: int) -> None:
    with world.database.write() as session:
        save_policy(session, replace(Policy(), second_approval_above=above), actor="u", now=NOW)


async def test_goods_that_have_come_keep_their_lines_but_may_be_exchanged(world: World) -> None:
    sku, other = stock(world, "M", price=5000), stock(world, "L", price=5000)
    rma = await world.awaiting_parcel(new_payment("ok"), {"1": 2})
    await world.receive(rma, {"1": 2})
    with pytest.raises(Refused, match="choose one item for each"):
        await change(world, rma, (sku, 1), (other, 1), resolution=Resolution.EXCHANGE)
    await change(world, rma, (sku, 2), resolution=Resolution.EXCHANGE)
    await until_round(world, rma, 1)
    await world.inspect(rma, {"1": 2})
    await sent(world, rma)
    assert (held(world, sku, other), world.refunds(rma)) == ([(3, 0), (5, 0)], [])


async def test_a_line_that_is_kept_out_of_the_change_is_exchanged_as_before(world: World) -> None:
    sku = stock(world, "L", price=6200)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(1, 1), price=5000)
    lines = [
        LineRequest(line="1", quantity=1, reason=Reason.TOO_SMALL, resolution=Resolution.EXCHANGE),
        LineRequest(line="2", quantity=1, reason=Reason.STYLE),
    ]
    asked = ReturnRequest(
        order=number, lines=lines, exchange=[WantedItem(line="1", sku=sku, quantity=1)]
    )
    rma = str((await world.call(world.gateway.request_return, asked, AGENT)).rma)
    await world.approve(rma)
    await until_round(world, rma, 1)
    with world.database.write() as session:
        # The price was promised; today's is another.
        session.get_one(type(product(world, sku)), sku).price = 9900
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await change(world, rma, lines={"1": 1})
    await until_round(world, rma, 2)
    assert state(world, rma) == (2, "reserved", 1200, 1200)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma)
    await world.inspect(rma)
    await sent(world, rma)
    assert world.refunds(rma) == []


async def test_a_step_of_the_old_round_finds_that_it_was_changed(world: World) -> None:
    """As when its worker was slow: what it asks the database for comes after the change."""
    old, new = stock(world, "L", price=6200), stock(world, "N", price=6500)
    rma = await ask(world, old)
    handle = world.env.client.get_workflow_handle(f"return/{rma}/exchange/1")
    with world.database.write() as session:
        session.get_one(Exchange, rma).round = 2
        order = session.get_one(Order, order_of(world, rma)[0].number)
        session.add(Note(id="n-1", rma=rma, actor="user:1", body="ref", created_at=order.placed_at))
    with pytest.raises(Conflict, match="changed meanwhile") as conflict:
        await world.call(
            world.gateway._deliver,
            rma,
            ExchangePayment(id="pay-1", actor="user:1", amount=1200, reference="n-1"),
            to=handle.id,
        )
    assert conflict.value.code == "exchange_changed"
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 1
    assert held(world, old, new) == [(5, 1), (5, 0)]
