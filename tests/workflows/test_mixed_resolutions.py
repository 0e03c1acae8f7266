"""One return, two ways: some lines are refunded, others become store credit."""

from dataclasses import replace

from sqlalchemy import select

from models.messages import EventKind, Reason, Resolution, ReturnStatus
from models.rules.policy import Policy
from models.store.policy_versions import save_policy
from models.tables import GrantedRefund, Return, StoreCredit
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite, told
from tests.workflows.stored import NOW
from tests.workflows.world import AGENT, World, new_order_number
from web.requests import LineRequest, ReturnRequest

pytestmark = on_sqlite


async def mixed(world: World, **policy: object) -> str:
    """Line 1 for money and line 2 for store credit, 50.00 each, waiting for the parcel."""
    with world.database.write() as session:
        made = replace(Policy(), **policy)  # type: ignore[arg-type]
        save_policy(session, made, actor="user:1", now=NOW)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(1, 1))
    lines = [
        LineRequest(line="1", quantity=1, reason=Reason.STYLE),
        LineRequest(line="2", quantity=1, reason=Reason.STYLE, resolution=Resolution.STORE_CREDIT),
    ]
    answer = await world.call(
        world.gateway.request_return, ReturnRequest(order=number, lines=lines), AGENT
    )
    rma = str(answer.rma)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    return rma


def granted(world: World, rma: str) -> list[tuple[str, str, int, int]]:
    with world.database.read() as session:
        rows = session.scalars(
            select(GrantedRefund).where(GrantedRefund.rma == rma).order_by(GrantedRefund.id)
        )
        return [(row.id.removeprefix(rma), row.method, row.amount, row.bonus) for row in rows]


def quote_total(world: World, rma: str) -> int:
    with world.database.read() as session:
        return session.get_one(Return, rma).quote_total


async def test_both_ways_are_paid_booked_and_told_at_once(world: World) -> None:
    rma = await mixed(world, return_shipping=795, store_credit_bonus_percent="10")
    assert quote_total(world, rma) == 10000 - 795 + 500
    await world.receive(rma, {"1": 1, "2": 1})
    await world.inspect(rma, {"1": 1, "2": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert granted(world, rma) == [
        ("/grant/1", "refund", 4205, 0),
        ("/grant/1/credit", "store_credit", 5000, 500),
    ]
    assert [refund.amount for refund in world.refunds(rma)] == [4205]
    balance = world.balance(rma)
    assert (balance["clearing:card"], balance["store_credit"]) == (-4205, -5500)
    assert "refunds_payable" not in balance
    assert told(world, rma, EventKind.REFUND_GRANTED)[0]["amount"] == 4205
    assert told(world, rma, EventKind.STORE_CREDIT_ISSUED)[0]["amount"] == 5500
    await world.until_true(lambda: set(world.mails(rma)) >= {"store_credit", "refunded"})


async def test_a_return_is_what_its_lines_agree_on(world: World) -> None:
    for asked, shown in (
        ([Resolution.STORE_CREDIT, Resolution.STORE_CREDIT], Resolution.STORE_CREDIT),
        ([None, Resolution.STORE_CREDIT], Resolution.REFUND),
    ):
        number = new_order_number()
        world.put_order(number, reference=new_payment("ok"), quantities=(1, 1))
        lines = [
            LineRequest(line=str(no), quantity=1, reason=Reason.STYLE, resolution=resolution)
            for no, resolution in enumerate(asked, start=1)
        ]
        answer = await world.call(
            world.gateway.request_return, ReturnRequest(order=number, lines=lines), AGENT
        )
        with world.database.read() as session:
            assert session.get_one(Return, answer.rma).resolution == shown


async def test_in_two_inspections_the_parts_come_to_the_same(world: World) -> None:
    rma = await mixed(world, return_shipping=795, store_credit_bonus_percent="10")
    await world.receive(rma, {"1": 1, "2": 1})
    await world.inspect(rma, {"2": 1})
    # Nothing else is granted yet, so that the store credit bears the way back for now.
    await world.until_true(lambda: granted(world, rma) == [("/grant/1", "store_credit", 4205, 421)])
    await world.inspect(rma, {"1": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert granted(world, rma)[1:] == [
        ("/grant/2", "refund", 4205, 0),
        ("/grant/2/credit", "store_credit", 795, 79),
    ]
    with world.database.read() as session:
        codes = session.scalars(select(StoreCredit).where(StoreCredit.rma == rma)).all()
        assert sum(code.balance for code in codes) == 5500
    await world.until_true(lambda: set(world.mails(rma)) >= {"store_credit", "refunded"})


async def test_of_kept_goods_the_policys_share_is_paid(world: World) -> None:
    rma = await mixed_kept(world, "60")
    await world.until(rma, ReturnStatus.RESOLVED)
    assert granted(world, rma) == [
        ("/grant/1", "refund", 3000, 0),
        ("/grant/1/credit", "store_credit", 3000, 0),
    ]


async def mixed_kept(world: World, percent: str) -> str:
    """What is worth 100.00 is kept for a share of it; the limit looks at the whole worth."""
    with world.database.write() as session:
        made = replace(
            Policy(), keep_item_up_to=10000, keep_item_percent=percent, auto_approve_up_to=10000
        )
        save_policy(session, made, actor="user:1", now=NOW)
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=(1, 1))
    lines = [
        LineRequest(line="1", quantity=1, reason=Reason.STYLE),
        LineRequest(line="2", quantity=1, reason=Reason.STYLE, resolution=Resolution.STORE_CREDIT),
    ]
    answer = await world.call(
        world.gateway.request_return, ReturnRequest(order=number, lines=lines), AGENT
    )
    return str(answer.rma)
