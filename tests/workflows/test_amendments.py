"""A change of mind: lines, quantities, reasons and resolutions, until something was inspected."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from models.messages import EventKind, Reason, Resolution, ReturnStatus, TaskKind
from models.rules.policy import Policy
from models.store.policy_versions import save_policy
from models.tables import OrderLine, QuoteLine, Return, ReturnLine
from tests.contract.sandbox_process import new_payment
from tests.workflows.stored import NOW
from tests.workflows.world import AGENT, SECOND, World, new_order_number
from web.requests import AmendedLineRequest, AmendRequest, Conflict, Refused


async def asked(world: World, lines: dict[str, int], quantities: tuple[int, ...] = (3, 2)) -> str:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), quantities=quantities)
    return await world.request(number, lines)


async def change(
    world: World,
    rma: str,
    lines: dict[str, int] | None = None,
    resolution: Resolution | None = None,
    **more: object,
) -> None:
    parts = None
    if lines is not None:
        parts = [
            AmendedLineRequest(line=line, quantity=units, **more)  # type: ignore[arg-type]
            for line, units in lines.items()
        ]
    request = AmendRequest(lines=parts, resolution=resolution)
    await world.call(world.gateway.amend, rma, request, AGENT)


def lines_of(world: World, rma: str) -> list[tuple[str, int, str, str, list[tuple[int, int]]]]:
    with world.database.read() as session:
        rows = session.scalars(
            select(ReturnLine).where(ReturnLine.rma == rma).order_by(ReturnLine.no)
        )
        return [
            (
                row.order_line.line,
                row.requested,
                row.reason,
                row.resolution,
                [(span.first, span.last) for span in row.ranges],
            )
            for row in rows
        ]


def total(world: World, rma: str) -> int:
    with world.database.read() as session:
        row = session.get_one(Return, rma)
        quoted = session.scalars(select(QuoteLine.amount).where(QuoteLine.rma == rma))
        assert sum(quoted) == row.quote_total
        return row.quote_total


def reserved(world: World, rma: str) -> list[int]:
    with world.database.read() as session:
        order = session.get_one(Return, rma).order_number
        return list(
            session.scalars(
                select(OrderLine.reserved_units)
                .where(OrderLine.order_number == order)
                .order_by(OrderLine.position)
            )
        )


async def test_before_the_decision_everything_may_change(world: World) -> None:
    rma = await asked(world, {"1": 1})
    more = {"comment": "Both pinch", "reason": Reason.STYLE}
    await change(world, rma, {"2": 1, "1": 2}, Resolution.STORE_CREDIT, **more)
    assert lines_of(world, rma) == [
        ("2", 1, "style", "store_credit", [(1, 1)]),
        ("1", 2, "style", "store_credit", [(1, 2)]),
    ]
    assert (total(world, rma), reserved(world, rma)) == (15000, [2, 1])
    assert world.status(rma) == ReturnStatus.REQUESTED
    assert set(world.open_tasks(rma)) == {TaskKind.DECIDE}
    assert world.timeline(rma).count(EventKind.CHANGED) == 1
    await world.until_true(lambda: "changed" in world.mails(rma))
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma, {"1": 2, "2": 1})
    await world.inspect(rma, {"1": 2, "2": 1})
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma)["store_credit"] == -15000


async def test_kept_units_keep_their_positions(world: World) -> None:
    rma = await asked(world, {"1": 1})
    with world.database.read() as session:
        number = session.get_one(Return, rma).order_number
    other = await world.request(number, {"1": 1})
    await change(world, other, {"1": 2})
    await change(world, rma, {"2": 1}, reason=Reason.STYLE)
    await change(world, other, {"1": 3})
    assert lines_of(world, other)[0][4] == [(1, 3)]
    assert reserved(world, rma) == [3, 1]
    with pytest.raises(Refused, match="Say why line 1 comes back"):
        await change(world, rma, {"2": 1, "1": 1})
    with pytest.raises(Refused, match="already in a return") as refused:
        await change(world, rma, {"2": 1, "1": 1}, reason=Reason.STYLE)
    assert [(each.code, each.pointer) for each in refused.value.refusals] == [
        ("quantity_exceeds_left", "/lines/1/quantity")
    ]
    assert reserved(world, rma) == [3, 1]
    assert world.timeline(rma).count(EventKind.CHANGED) == 1


async def test_after_the_approval_it_only_becomes_smaller(world: World) -> None:
    rma = await asked(world, {"1": 2, "2": 1})
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    for lines in ({"1": 3}, {"1": 2, "2": 2}, {"3": 1}):
        with pytest.raises(Conflict, match="Ask for another return") as conflict:
            await change(world, rma, lines)
        assert conflict.value.code == "more_than_approved"
    with pytest.raises(Refused, match="its reasons can't change"):
        await change(world, rma, {"1": 2, "2": 1}, reason=Reason.STYLE)
    await change(world, rma, {"1": 1}, Resolution.STORE_CREDIT)
    assert [line[:4] for line in lines_of(world, rma)] == [("1", 1, "too_small", "store_credit")]
    assert (total(world, rma), reserved(world, rma)) == (5000, [1, 0])
    await world.receive(rma)
    with pytest.raises(Conflict, match="only what is given for them"):
        await change(world, rma, {"2": 1})
    await change(world, rma, resolution=Resolution.REFUND)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    assert [refund.amount for refund in world.refunds(rma)] == [5000]
    with pytest.raises(Conflict, match="were inspected"):
        await change(world, rma, resolution=Resolution.STORE_CREDIT)


async def test_what_becomes_small_enough_is_approved_by_the_policy(world: World) -> None:
    with world.database.write() as session:
        made = replace(Policy(), auto_approve_up_to=5000)
        save_policy(session, made, actor="user:1", now=NOW)
    rma = await asked(world, {"1": 2})
    assert world.status(rma) == ReturnStatus.REQUESTED
    await change(world, rma, {"1": 1})
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    assert world.open_tasks(rma) == {}


async def test_a_first_approval_does_not_count_for_what_was_changed_since(world: World) -> None:
    with world.database.write() as session:
        made = replace(Policy(), second_approval_above=4000)
        save_policy(session, made, actor="user:1", now=NOW)
    rma = await asked(world, {"1": 2})
    await world.approve(rma)
    assert set(world.open_tasks(rma)) == {TaskKind.SECOND_APPROVAL}
    await change(world, rma, {"1": 1})
    assert set(world.open_tasks(rma)) == {TaskKind.DECIDE}
    await world.approve(rma)
    assert world.status(rma) == ReturnStatus.REQUESTED
    await world.approve(rma, SECOND)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)


async def test_a_change_sent_twice_counts_once(world: World) -> None:
    rma = await asked(world, {"1": 2})
    request = AmendRequest(lines=[AmendedLineRequest(line="1", quantity=1)])
    for _ in range(2):
        await world.call(world.gateway.amend, rma, request, AGENT, id="am-1")
    assert world.timeline(rma).count(EventKind.CHANGED) == 1
    with pytest.raises(Refused, match="cancel the return instead"):
        await change(world, rma, {})
    with pytest.raises(Refused, match="Say what shall change"):
        await change(world, rma)
