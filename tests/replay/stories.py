"""The lives of returns whose histories are kept: each a real run, from the request on."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.messages import (
    CarrierStatus,
    Condition,
    CountedLine,
    Deadlines,
    Decision,
    DecisionKind,
    Disposition,
    EventKind,
    Grade,
    PayoutMethod,
    Reason,
    RefundStatus,
    Resolution,
    ReturnKind,
    ReturnStart,
    ReturnStatus,
    TaskKind,
    dispute_workflow_id,
    reconciliation_workflow_id,
    simulation_workflow_id,
    webhook_workflow_id,
    workflow_id,
)
from models.rules import webhooks as webhook_rules
from models.rules.orders import PaymentKind
from models.rules.policy import Policy
from models.rules.reasons import ReasonTerms
from models.rules.terms import Fault
from models.store.erp import link
from models.store.policy_versions import save_policy
from models.tables import GrantedRefund, PolicyVersion, Return, Task
from tests.contract.sandbox_process import new_payment
from tests.contract.webhook_receiver import Receiver
from tests.replay.system_stories import (
    orders_pulled,
    orders_pulled_from_nowhere,
    orders_pulled_since,
    run_once,
    tasks_watched,
    tidied,
    told_to_the_crm,
)
from tests.workflows.erp_book import ErpBook, ExchangesBook
from tests.workflows.hooks import happen, listen, until_all
from tests.workflows.refunding import Line, control, pay_by_hand, retry, tell, told, until_failed
from tests.workflows.stored import NOW
from tests.workflows.test_exchanges import ask, goods_accepted, sent, stock
from tests.workflows.test_photos_awaited import add_photo
from tests.workflows.test_photos_awaited import ask as ask_with_photo
from tests.workflows.world import AGENT, SECOND, World, new_order_number, paid
from web.gateway import new_rma
from web.requests import (
    AmendedLineRequest,
    AmendRequest,
    Conflict,
    DecisionRequest,
    GoodwillRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineDecisionRequest,
    LineRequest,
    ReceiptRequest,
    ReturnRequest,
    UnexpectedRequest,
    WantedItem,
)
from worker import payment_providers
from workflows import options
from workflows.credit_expiry import CreditExpiryWorkflow
from workflows.returns import ReturnWorkflow
from workflows.webhooks import WebhookSweepWorkflow

Story = Callable[[World], Awaitable[str]]

SOON = 1
DECLINE = DecisionRequest(decision=DecisionKind.DECLINE)


async def requested(
    world: World, lines: dict[str, int] | None = None, *, behaviour: str = "ok", **more: Any
) -> str:
    """A return of a new order; deadlines named among the rest pass after as many seconds."""
    deadlines = {name: more.pop(name) for name in Deadlines.__dataclass_fields__ if name in more}
    resolution = more.pop("resolution", Resolution.REFUND)
    # By order line, where it differs.
    other: dict[str, Resolution] = more.pop("other", {})
    kind = more.pop("kind", ReturnKind.RETURN)
    number = new_order_number()
    world.put_order(number, reference=new_payment(behaviour), **more)
    asked = ReturnRequest(
        order=number,
        kind=kind,
        resolution=resolution,
        lines=[
            LineRequest(
                line=line,
                quantity=quantity,
                reason=Reason.TOO_LARGE,
                resolution=other.get(line),
            )
            for line, quantity in (lines or {"1": 1}).items()
        ],
    )
    answer = await world.call(
        world.gateway.request_return, asked, AGENT, deadlines=Deadlines(**deadlines)
    )
    return str(answer.rma)


async def awaiting(world: World, lines: dict[str, int] | None = None, **more: Any) -> str:
    rma = await requested(world, lines, **more)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    return rma


async def accepted(world: World, lines: dict[str, int] | None = None, **more: Any) -> str:
    rma = await awaiting(world, lines, **more)
    await world.receive(rma, lines)
    await world.inspect(rma, lines)
    return rma


async def ended(world: World, rma: str, status: ReturnStatus) -> str:
    await world.handle(rma).result()
    assert world.status(rma) == status
    return rma


def set_policy(world: World, **body: object) -> None:
    row = PolicyVersion(
        version=2, body=body, actor="user:1", created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    with world.database.write() as session:
        session.add(row)


# --- the ways a return can go ------------------------------------------------------------------


async def still_requested(world: World) -> str:
    rma = await requested(world)
    await world.until_true(lambda: world.mails(rma) == ["requested"])
    return rma


async def closed(world: World) -> str:
    rma = await awaiting(world, follow_up_after=SOON)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def approved_by_policy(world: World) -> str:
    set_policy(world, auto_approve_up_to=9999)
    rma = await requested(world, follow_up_after=SOON)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def approved_by_two(world: World) -> str:
    set_policy(world, second_approval_above=1)
    rma = await requested(world, {"1": 1, "2": 1}, quantities=(1, 1), follow_up_after=SOON)
    first = DecisionRequest(
        decision=DecisionKind.APPROVE,
        lines=[LineDecisionRequest(line="2", decision=DecisionKind.DECLINE)],
    )
    await world.call(world.gateway.decide, rma, first, AGENT)
    await world.approve(rma, SECOND)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def declined(world: World) -> str:
    rma = await requested(world)
    await world.call(world.gateway.decide, rma, DECLINE, AGENT)
    return await ended(world, rma, ReturnStatus.DECLINED)


async def refused(world: World) -> str:
    """The workflow itself refuses: what it was asked for is not there any more."""
    start = ReturnStart(
        rma=new_rma(), order="O-gone", lines=[], actor="user:1", deadlines=Deadlines()
    )
    handle = await world.env.client.start_workflow(
        ReturnWorkflow.run, start, id=workflow_id(start.rma), task_queue=world.settings.task_queue
    )
    await handle.result()
    return start.rma


async def cancelled(world: World) -> str:
    rma = await awaiting(world)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    return await ended(world, rma, ReturnStatus.CANCELLED)


async def cancelled_with_an_unused_label(world: World) -> str:
    rma = await awaiting(world)
    await world.until_true(lambda: EventKind.LABEL_MADE in world.timeline(rma))
    await world.call(world.gateway.cancel, rma, "", AGENT)
    return await ended(world, rma, ReturnStatus.CANCELLED)


async def changed(world: World) -> str:
    rma = await requested(world, {"1": 2})
    await world.call(
        world.gateway.amend, rma, AmendRequest(resolution=Resolution.STORE_CREDIT), AGENT
    )
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    fewer = AmendRequest(lines=[AmendedLineRequest(line="1", quantity=1)])
    await world.call(world.gateway.amend, rma, fewer, AGENT)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    return await ended(world, rma, ReturnStatus.CANCELLED)


async def cancelled_with_goods_here(world: World) -> str:
    rma = await awaiting(world)
    await world.receive(rma)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    return await ended(world, rma, ReturnStatus.CANCELLED)


async def lost_and_refunded(world: World) -> str:
    rma = await requested(world, no_movement=SOON, follow_up_after=SOON)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.until(rma, ReturnStatus.LOST)
    tasks = world.open_tasks(rma)
    await world.call(world.gateway.complete_task, tasks["carrier_claim"], "", AGENT, choice="paid")
    await world.call(world.gateway.complete_task, tasks["parcel_lost"], "", AGENT, choice="refund")
    return await ended(world, rma, ReturnStatus.CLOSED)


async def opened_again(world: World) -> str:
    rma = await requested(world)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.call(world.gateway.reopen, rma, "", AGENT)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    return f"{rma}/reopened/1"


async def inspected_again(world: World) -> str:
    rma = await requested(world, follow_up_after=SOON)
    await world.approve(rma)
    await world.receive(rma)
    await world.inspect(rma, accepted=False)
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    await world.call(world.gateway.reopen, rma, "", AGENT)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def opened_again_with_goods(world: World) -> str:
    rma = await requested(world)
    await world.approve(rma)
    await world.receive(rma)
    await world.call(world.gateway.cancel, rma, "", AGENT)
    await world.call(world.gateway.reopen, rma, "", AGENT)
    await world.inspect(rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    return f"{rma}/reopened/1"


async def expired(world: World) -> str:
    rma = await awaiting(world, label_reminder=SOON, parcel_deadline=2 * SOON)
    return await ended(world, rma, ReturnStatus.EXPIRED)


async def lost_and_found(world: World) -> str:
    rma = await awaiting(world, no_movement=SOON, follow_up_after=SOON)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.until(rma, ReturnStatus.LOST)
    task = world.open_tasks(rma)[TaskKind.PARCEL_LOST]
    await world.call(world.gateway.complete_task, task, "", AGENT)
    await world.until(rma, ReturnStatus.LOST)
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    await world.scan(rma, "s-3", CarrierStatus.DELIVERED)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def partially_received(world: World) -> str:
    rma = await awaiting(world, {"1": 2}, missing_deadline=SOON, follow_up_after=SOON)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def inspected_late_and_in_parts(world: World) -> str:
    rma = await awaiting(world, {"1": 2}, inspection_due=SOON, follow_up_after=SOON)
    await world.receive(rma, {"1": 2})
    await world.until_true(lambda: EventKind.INSPECTION_OVERDUE in world.timeline(rma))
    await world.inspect(rma, accepted=False)
    await world.inspect(rma)
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    task = world.open_tasks(rma)[TaskKind.SEND_BACK]
    await world.call(world.gateway.complete_task, task, "", AGENT)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def with_things_nobody_announced(world: World) -> str:
    rma = await awaiting(world, follow_up_after=SOON)
    received = ReceiptRequest(
        lines=[CountedLine(line="1", quantity=1)],
        unexpected=[UnexpectedRequest(sku="HAT", quantity=1)],
    )
    await world.call(world.gateway.receive, rma, received, AGENT)
    await world.inspect(rma)
    task = world.open_tasks(rma)[TaskKind.UNEXPECTED_PARCEL]
    await world.call(world.gateway.complete_task, task, "", AGENT)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def with_another_thing_and_damage(world: World) -> str:
    rma = await awaiting(world, {"1": 2}, missing_deadline=SOON, follow_up_after=SOON)
    broken = CountedLine(line="1", quantity=1, condition=Condition.DAMAGED, note="Crushed")
    asked = ReceiptRequest(
        lines=[broken], unexpected=[UnexpectedRequest(sku="HAT", quantity=1, instead_of="1")]
    )
    await world.call(world.gateway.receive, rma, asked, AGENT)
    await world.until_true(lambda: world.line(rma).missing == 1)
    await world.inspect(rma)
    task = world.open_tasks(rma)["unexpected_parcel"]
    await world.call(world.gateway.complete_task, task, "Sent back", AGENT)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def rejected(world: World) -> str:
    rma = await awaiting(world)
    await world.receive(rma)
    await world.inspect(rma, accepted=False)
    await send_back(world, rma)
    return await ended(world, rma, ReturnStatus.REJECTED)


async def send_back(world: World, rma: str) -> None:
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    task = world.open_tasks(rma)[TaskKind.SEND_BACK]
    await world.call(world.gateway.complete_task, task, "", AGENT)


async def label_failed(world: World) -> str:
    rma = await requested(world, country="AQ", follow_up_after=SOON)
    await world.approve(rma)
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    await world.call(world.gateway.make_label, rma, AGENT)
    await world.until_true(lambda: world.timeline(rma).count(EventKind.LABEL_FAILED) == 2)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def goods_before_the_label(world: World) -> str:
    """The carrier doesn't answer, and meanwhile the goods come by themselves."""
    rma = await requested(world, country="BV", follow_up_after=SOON)
    await world.approve(rma)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


# --- money -------------------------------------------------------------------------------------


async def refund_retried_and_paid_by_hand(world: World) -> str:
    rma = await accepted(world, behaviour="decline", follow_up_after=SOON)
    await until_failed(world, rma)
    await retry(world, rma, f"{rma}-1")
    await until_failed(world, rma, 2)
    await pay_by_hand(world, rma, f"{rma}-2")
    return await ended(world, rma, ReturnStatus.CLOSED)


async def refund_sent_back(world: World) -> str:
    rma = await accepted(world, behaviour="pending", follow_up_after=2 * SOON)
    await world.until_true(lambda: EventKind.REFUND_PENDING in world.timeline(rma))
    [refund] = world.refunds(rma)
    control(world, refund, "settle")
    await tell(world, refund, RefundStatus.SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)
    control(world, refund, "fail")
    await tell(world, refund, RefundStatus.FAILED, failure="lost_or_stolen_card")
    await until_failed(world, rma)
    await retry(world, rma, refund.id)
    await world.until_true(lambda: world.timeline(rma).count(EventKind.REFUND_PENDING) == 2)
    [_, again] = world.refunds(rma)
    control(world, again, "settle")
    await tell(world, again, RefundStatus.SUCCEEDED)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def refund_asked_about(world: World) -> str:
    """Given up and on its way after all, paid, sent back, and paid by hand; each time asked."""
    rma = await accepted(world, behaviour="decline", follow_up_after=2 * SOON)
    await until_failed(world, rma)
    [refund] = world.refunds(rma)
    ours = {"metadata[refund_id]": refund.id}
    world.sandbox.pay_back(new_payment("pending"), refund.amount, **ours).raise_for_status()
    await tell(world, refund, RefundStatus.PENDING)
    await world.until(rma, ReturnStatus.RESOLVING)
    control(world, refund, "settle")
    await tell(world, refund, RefundStatus.SUCCEEDED)
    await world.until(rma, ReturnStatus.RESOLVED)
    control(world, refund, "fail")
    await tell(world, refund, RefundStatus.FAILED)
    await until_failed(world, rma, 2)
    await pay_by_hand(world, rma, refund.id)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def refund_of_two_payments(world: World) -> str:
    card = new_payment("ok")
    gift = paid("gift-1", 2000, kind=PaymentKind.GIFT_CARD, provider="gift shop")
    rma = await accepted(
        world, {"1": 2}, payments=(gift, paid(card, 8000, id="p-2")), follow_up_after=SOON
    )
    await until_failed(world, rma)
    await pay_by_hand(world, rma, f"{rma}-2")
    return await ended(world, rma, ReturnStatus.CLOSED)


async def refund_short(world: World) -> str:
    payment = paid(new_payment("ok"), 10000)
    rma = await awaiting(world, {"1": 2}, payments=(payment,), follow_up_after=SOON)
    refunded = replace(payment, refunded=7000)
    with world.database.read() as session:
        number = session.get_one(Return, rma).order_number
    world.put_order(number, reference=payment.reference, payments=(refunded,))
    return await short(world, rma)


async def refund_outrun_by_goodwill(world: World) -> str:
    """Goodwill was given after the quote, so that less is left than it promised."""
    rma = await awaiting(world, {"1": 2}, follow_up_after=SOON)
    await give(world, rma, 7000)
    return await short(world, rma)


async def short(world: World, rma: str) -> str:
    await world.receive(rma, {"1": 2})
    await world.inspect(rma, {"1": 2})
    await world.until(rma, ReturnStatus.RESOLVED)
    task = world.open_tasks(rma)[TaskKind.REFUND_SHORT]
    await world.call(world.gateway.complete_task, task, "", AGENT)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def store_credit(world: World) -> str:
    rma = await accepted(world, resolution=Resolution.STORE_CREDIT, follow_up_after=SOON)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def mixed(world: World) -> str:
    rma = await accepted(
        world,
        {"1": 1, "2": 1},
        quantities=(1, 1),
        other={"2": Resolution.STORE_CREDIT},
        follow_up_after=SOON,
    )
    return await ended(world, rma, ReturnStatus.CLOSED)


async def paid_ahead(world: World) -> str:
    """Paid at the first scan; lost and found, then one unit is accepted and one refused."""
    set_policy(world, instant_refund=True)
    rma = await awaiting(world, {"1": 2}, follow_up_after=SOON)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    await world.until_true(lambda: TaskKind.CLAWBACK in world.open_tasks(rma))
    await world.receive(rma, {"1": 2})
    await world.until_true(lambda: TaskKind.CLAWBACK not in world.open_tasks(rma))
    await world.inspect(rma, {"1": 1})
    await world.inspect(rma, {"1": 1}, accepted=False)
    await settle_claim(world, rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def paid_ahead_and_refused(world: World) -> str:
    """Paid at the first scan and refused; the customer pays it back and gets the goods."""
    set_policy(world, instant_refund=True)
    rma = await awaiting(world)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.receive(rma)
    await world.inspect(rma, accepted=False)
    await settle_claim(world, rma)
    await send_back(world, rma)
    return await ended(world, rma, ReturnStatus.REJECTED)


async def paid_ahead_for_nothing(world: World) -> str:
    set_policy(world, instant_refund=True)
    rma = await awaiting(world)
    await world.scan(rma, "s-1", CarrierStatus.DELIVERED)
    await world.scan(rma, "s-2", CarrierStatus.LOST)
    await settle_claim(world, rma)
    return await ended(world, rma, ReturnStatus.EXPIRED)


async def came_after_all(world: World) -> str:
    """Paid at the approval, because it was on its way; given up, asked back, and it came."""
    set_policy(world, instant_refund=True)
    rma = await requested(world, {"1": 2}, missing_deadline=SOON, follow_up_after=SOON)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.approve(rma)
    await world.receive(rma, {"1": 1})
    await world.until_true(lambda: TaskKind.CLAWBACK in world.open_tasks(rma))
    await world.receive(rma, {"1": 1})
    await world.until_true(lambda: TaskKind.CLAWBACK not in world.open_tasks(rma))
    await world.inspect(rma, {"1": 2})
    return await ended(world, rma, ReturnStatus.CLOSED)


async def written_off_and_came(world: World) -> str:
    """Paid ahead and written off when it was missing; then it came after all."""
    set_policy(world, instant_refund=True)
    rma = await awaiting(world, {"1": 2}, missing_deadline=SOON, follow_up_after=3 * SOON)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    await world.until_true(lambda: TaskKind.CLAWBACK in world.open_tasks(rma))
    task = world.open_tasks(rma)[TaskKind.CLAWBACK]
    await world.call(world.gateway.complete_task, task, "", AGENT, choice="written_off")
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.receive(rma, {"1": 1})
    await world.inspect(rma, {"1": 1})
    return await ended(world, rma, ReturnStatus.CLOSED)


async def paid_ahead_by_grade(world: World) -> str:
    set_policy(world, instant_refund=True, grades={"A": "80"})
    rma = await awaiting(world, follow_up_after=SOON)
    await world.scan(rma, "s-1", CarrierStatus.IN_TRANSIT)
    await world.receive(rma)
    await world.inspect(rma)
    await settle_claim(world, rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def settle_claim(world: World, rma: str) -> None:
    await world.until_true(lambda: TaskKind.CLAWBACK in world.open_tasks(rma))
    task = world.open_tasks(rma)[TaskKind.CLAWBACK]
    await world.call(world.gateway.complete_task, task, "Agreed", AGENT, choice="paid")


async def graded(world: World) -> str:
    """The policy decides by the grade: half of one unit is paid, the other one is refused."""
    set_policy(world, grades={"C": "50", "D": "refuse"})
    rma = await awaiting(world, {"1": 2}, follow_up_after=SOON)
    await world.receive(rma, {"1": 2})
    lines = [
        InspectionLineRequest(
            line="1", quantity=1, grade=grade, disposition=Disposition.DONATE, accepted=None
        )
        for grade in (Grade.C, Grade.D)
    ]
    await world.call(world.gateway.inspect, rma, InspectionRequest(lines=lines), AGENT)
    await world.until_true(lambda: TaskKind.SEND_BACK in world.open_tasks(rma))
    task = world.open_tasks(rma)[TaskKind.SEND_BACK]
    await world.call(world.gateway.complete_task, task, "Sent", AGENT)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def goodwill(world: World) -> str:
    """The history of the payment beside the return, of which the bank refuses a part."""
    card, other = new_payment("ok"), new_payment("decline")
    payments = (paid(card, 6000), paid(other, 4000, id="p-2"))
    rma = await requested(world, payments=payments)
    await give(world, rma, 8000)
    await until_task(world, rma)
    await pay_by_hand(world, rma, f"{rma}-2")
    return await payout_ended(world, f"{rma}/goodwill/call-1")


async def goodwill_refused(world: World) -> str:
    rma = await requested(world)
    with pytest.raises(Conflict):
        await give(world, rma, 999_999)
    return await payout_ended(world, f"{rma}/goodwill/call-1")


async def recovery(world: World) -> str:
    """The history of what follows a refund that came back after the end, moved and retried."""
    rma = await accepted(world, follow_up_after=SOON)
    await world.handle(rma).result()
    [refund] = world.refunds(rma)
    control(world, refund, "fail")
    for _ in range(2):
        await tell(world, refund, RefundStatus.FAILED, failure="lost_or_stolen_card")
    await until_task(world, rma)
    await retry(world, rma, refund.id)
    return await payout_ended(world, f"{rma}/recovery/1")


async def disputed(world: World) -> str:
    """The history of a dispute that held a refund up and was lost."""
    payment = new_payment("ok")
    rma = await world.awaiting_parcel(payment)
    about = {"payment": payment, "amount": 10000}
    opened = world.sandbox.call("POST", "/_sandbox/disputes", json=about).json()["id"]
    await world.call(world.gateway.dispute_news, "sandbox", opened, [payment])
    await world.until_true(lambda: TaskKind.DISPUTE in world.open_tasks(rma))
    await world.receive(rma)
    await world.inspect(rma)
    await until_failed(world, rma)
    world.sandbox.call("POST", f"/_sandbox/disputes/{opened}/close", json={"outcome": "lost"})
    await world.call(world.gateway.dispute_news, "sandbox", opened, [payment])
    await world.until(rma, ReturnStatus.RESOLVED)
    followed = dispute_workflow_id("sandbox", opened)
    await world.env.client.get_workflow_handle(followed).result()
    return followed


async def recovery_confirmed(world: World) -> str:
    """The history of a recovery that asked the provider before it believed an event."""
    return await recovery(world)


async def reconciliation(world: World) -> str:
    """The history of a run that tells one workflow and starts a recovery in place of another."""
    ended_one = await accepted(world, follow_up_after=SOON)
    await world.handle(ended_one).result()
    open_one = await accepted(world)
    await world.until(open_one, ReturnStatus.RESOLVED)
    for rma in (ended_one, open_one):
        [refund] = world.refunds(rma)
        control(world, refund, "fail")
    run = reconciliation_workflow_id(await world.call(world.gateway.reconcile, AGENT))
    await world.env.client.get_workflow_handle(run).result()
    for rma in (ended_one, open_one):
        await until_task(world, rma)
    return run


async def credit_expiry(world: World) -> str:
    return await run_once(world, CreditExpiryWorkflow.run, "credit-expiry")


async def simulated(world: World) -> str:
    """The history of a draft that is tried out."""
    await requested(world)
    run = await world.call(world.gateway.simulate, Policy(window_days=0), AGENT)
    await world.env.client.get_workflow_handle(simulation_workflow_id(run)).result()
    return simulation_workflow_id(run)


async def kept(world: World) -> str:
    set_policy(world, keep_item_up_to=5000)
    rma = await requested(world, follow_up_after=SOON)
    await world.approve(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def withdrawn(world: World) -> str:
    rma = await requested(world, kind=ReturnKind.WITHDRAWAL, follow_up_after=SOON)
    await world.until(rma, ReturnStatus.AWAITING_PARCEL)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def give(world: World, rma: str, amount: int) -> None:
    asked = GoodwillRequest(
        amount=amount, currency="GBP", method=PayoutMethod.REFUND, note="So sorry"
    )
    await world.call(world.gateway.give_goodwill, rma, asked, AGENT, id="call-1")


async def until_task(world: World, rma: str) -> None:
    await world.until_true(lambda: TaskKind.REFUND_FAILED in world.open_tasks(rma))


async def payout_ended(world: World, payout: str) -> str:
    """Named as a return is, so that its workflow is found the same way."""
    await world.handle(payout).result()
    return payout


# --- by Signals, and without a worker ----------------------------------------------------------


async def said_by_signals(world: World) -> str:
    rma = await requested(world, follow_up_after=SOON)
    for kind in (DecisionKind.APPROVE, DecisionKind.DECLINE):
        decision = Decision(id=f"d-{kind}", actor="user:1", decision=kind)
        for _ in range(2):
            await world.handle(rma).signal(ReturnWorkflow.submit_decision, decision)
    await world.until_true(lambda: len(told(world, rma, EventKind.DECISION_IGNORED)) == 2)
    await world.receive(rma)
    await world.inspect(rma)
    return await ended(world, rma, ReturnStatus.CLOSED)


async def taken_without_a_worker(world: World) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web.delivery._TIMEOUT", timedelta(seconds=1))
        async with world.working():
            rma = await requested(world, follow_up_after=SOON)
        await world.approve(rma)
        await world.receive(rma)
    async with world.working():
        await world.until(rma, ReturnStatus.RECEIVED)
        await world.inspect(rma)
        return await ended(world, rma, ReturnStatus.CLOSED)


async def refund_without_an_answer(world: World) -> str:
    line = Line(payment_providers(world.settings)["sandbox"])
    line.cut(after=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "PAYMENT_GIVES_UP_AFTER", timedelta(seconds=2))
        async with world.working({"sandbox": line}):
            rma = await accepted(world, follow_up_after=SOON)
            await until_failed(world, rma)
            line.mend()
            await retry(world, rma, f"{rma}-1")
            return await ended(world, rma, ReturnStatus.CLOSED)


async def exchanged(world: World) -> str:
    rma = await ask(world, stock(world, "L", price=6200))
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    await goods_accepted(world, rma)
    await sent(world, rma)
    return rma


async def exchange_called_off(world: World) -> str:
    rma = await ask(world, stock(world, "M", price=5000))
    await goods_accepted(world, rma)
    await world.until_true(lambda: TaskKind.SHIP_EXCHANGE in world.open_tasks(rma))
    await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
    await world.until(rma, ReturnStatus.RESOLVED)
    return rma


async def exchange_called_off_by_two(world: World) -> str:
    """The exchange itself: one person wants money instead, and a second one approves it."""
    set_policy(world, second_approval_above=4000)
    rma = await ask(world, stock(world, "M", price=5000))
    await world.call(world.gateway.cancel_exchange, rma, "", AGENT)
    await world.call(world.gateway.cancel_exchange, rma, "", SECOND)
    await world.until_true(lambda: EventKind.EXCHANGE_CANCELLED in world.timeline(rma))
    return f"{rma}/exchange/1"


async def exchange_never_paid(world: World) -> str:
    """The exchange itself: two people must approve the money that it comes to."""
    set_policy(world, second_approval_above=4000)
    rma = await ask(world, stock(world, "L", price=6200))
    handle = world.env.client.get_workflow_handle(f"return/{rma}/exchange/1")
    await world.env.fast_forward(handle, options.EXCHANGE_PAID_WITHIN)
    await world.until_true(lambda: TaskKind.SECOND_APPROVAL in world.open_tasks(rma))
    for actor in (AGENT, SECOND):
        await world.call(world.gateway.cancel_exchange, rma, "", actor)
    await world.until_true(lambda: EventKind.EXCHANGE_CANCELLED in world.timeline(rma))
    return f"{rma}/exchange/1"


async def photo_awaited(world: World) -> str:
    damaged = ReasonTerms(reason=Reason.DEFECTIVE, fault=Fault.MERCHANT, photo=True)
    with world.database.write() as session:
        made = Policy(reasons=(damaged,), auto_approve_up_to=6000)
        save_policy(session, made, actor="user:1", now=NOW)
    with_photo = await ask_with_photo(world, Reason.DEFECTIVE)
    await add_photo(world, with_photo)
    await world.until(with_photo, ReturnStatus.AWAITING_PARCEL)
    await world.call(world.gateway.cancel, with_photo, "", AGENT)
    return await ended(world, with_photo, ReturnStatus.CANCELLED)


async def exchange_changed(world: World) -> str:
    first, second = stock(world, "L", price=6200), stock(world, "M", price=5500)
    rma = await ask(world, first)
    await world.call(world.gateway.pay_exchange, rma, new_payment("ok"), 1200, AGENT)
    other = AmendRequest(exchange=[WantedItem(line="1", sku=second, quantity=1)])
    await world.call(world.gateway.amend, rma, other, AGENT)
    await world.until_true(lambda: world.timeline(rma).count(EventKind.EXCHANGE_RESERVED) == 2)
    money = AmendRequest(resolution=Resolution.REFUND)
    await world.call(world.gateway.amend, rma, money, AGENT)
    await goods_accepted(world, rma)
    await world.until(rma, ReturnStatus.RESOLVED)
    await world.until_true(lambda: len(world.refunds(rma)) == 3)
    return rma


async def exchange_made_way(world: World) -> str:
    return f"{await exchange_changed(world)}/exchange/1"


async def exchange_shipped(world: World) -> str:
    return f"{await exchanged(world)}/exchange/1"


async def webhooks_sent(world: World) -> str:
    """Some at once, one after attempts that failed, some behind it."""
    world.settings = replace(world.settings, webhooks_to_private=True)
    receiver = Receiver(directory=world.settings.data_dir, answer="wild-7")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webhook_rules, "RETRY_AFTER", (timedelta(milliseconds=300),))
        patch.setattr(webhook_rules, "PAUSE_AFTER", (timedelta(milliseconds=100),))
        patch.setattr("activities.providers.webhooks.http.TIMEOUT", 0.5)
        endpoint = listen(world, receiver)
        happen(world, returns=3, each=4)
        receiver.start()
        try:
            async with world.working():
                await world.call(world.gateway.nudge_webhooks, endpoint.id)
                await until_all(world, 12)
                name = webhook_workflow_id(endpoint.id)
                await world.env.client.get_workflow_handle(name).result()
        finally:
            receiver.stop()
    return name


async def webhooks_swept(world: World) -> str:
    receiver = Receiver(directory=world.settings.data_dir)
    for _ in range(2):
        listen(world, receiver)
    happen(world, returns=1, each=1)
    for _ in range(2):
        await world.env.client.execute_workflow(
            WebhookSweepWorkflow.run, id="webhook-sweep", task_queue=world.settings.task_queue
        )
    return "webhook-sweep"


async def told_to_the_erp(world: World) -> str:
    """The ERP refuses, is mended, and hears of goodwill while it is told of the rest."""
    book = ErpBook()
    book.refusing = True
    with world.database.write() as session:
        link(session, "book", datetime.now(UTC))
    async with world.working(erp=book):
        rma = await requested(world, follow_up_after=4 * SOON)
        await world.approve(rma)
        await world.until(rma, ReturnStatus.AWAITING_PARCEL)
        await world.receive(rma)
        await world.inspect(rma)
        await world.until_true(lambda: world.timeline(rma).count("erp_failed") == 2)
        asked = GoodwillRequest(
            amount=100, currency="GBP", method=PayoutMethod.REFUND, note="For the wait"
        )
        await world.call(world.gateway.give_goodwill, rma, asked, AGENT)
        await world.until_true(lambda: world.timeline(rma).count("erp_failed") == 3)
        book.refusing = False
        with world.database.read() as session:
            tasks = session.scalars(select(Task.id).where(Task.kind == TaskKind.ERP_FAILED)).all()
        for task, choice in zip(tasks, ("retry", "retry", "recorded"), strict=True):
            await world.call(world.gateway.complete_task, task, "CN-9", AGENT, choice=choice)
        handle = world.env.client.get_workflow_handle(f"return/{rma}/erp")
        await handle.result()
        await world.until(rma, ReturnStatus.CLOSED)
    return rma


async def told_by_the_erp(world: World) -> str:
    return f"{await told_to_the_erp(world)}/erp"


async def goodwill_told_to_the_erp(world: World) -> str:
    await told_to_the_erp(world)
    with world.database.read() as session:
        made = session.scalars(select(GrantedRefund).where(GrantedRefund.kind == "goodwill")).one()
    return made.id


async def exchange_told_to_the_erp(world: World) -> str:
    """It hears of the difference when it is paid, and of the goods when they go out."""
    with world.database.write() as session:
        link(session, "book", datetime.now(UTC), exchanges=True)
    async with world.working(erp=ExchangesBook()):
        rma = await exchanged(world)
        await world.until_true(lambda: world.timeline(rma).count("erp_recorded") == 3)
        name = f"{rma}/exchange/1"
        await world.env.client.get_workflow_handle(f"return/{name}").result()
    return name


STORIES: tuple[Story, ...] = (
    exchanged,
    exchange_called_off,
    exchange_called_off_by_two,
    exchange_shipped,
    exchange_never_paid,
    photo_awaited,
    exchange_changed,
    exchange_made_way,
    still_requested,
    closed,
    approved_by_policy,
    approved_by_two,
    declined,
    refused,
    cancelled,
    cancelled_with_an_unused_label,
    cancelled_with_goods_here,
    changed,
    expired,
    lost_and_found,
    lost_and_refunded,
    opened_again,
    opened_again_with_goods,
    inspected_again,
    partially_received,
    inspected_late_and_in_parts,
    with_things_nobody_announced,
    with_another_thing_and_damage,
    rejected,
    label_failed,
    goods_before_the_label,
    refund_retried_and_paid_by_hand,
    refund_sent_back,
    refund_asked_about,
    refund_of_two_payments,
    refund_short,
    refund_outrun_by_goodwill,
    store_credit,
    mixed,
    paid_ahead,
    paid_ahead_and_refused,
    paid_ahead_for_nothing,
    paid_ahead_by_grade,
    came_after_all,
    written_off_and_came,
    graded,
    goodwill,
    goodwill_refused,
    recovery,
    recovery_confirmed,
    disputed,
    reconciliation,
    credit_expiry,
    withdrawn,
    kept,
    simulated,
    webhooks_swept,
    tasks_watched,
    tidied,
    said_by_signals,
)
# They start their workers themselves.
STORIES_WITHOUT_A_WORKER: tuple[Story, ...] = (
    taken_without_a_worker,
    refund_without_an_answer,
    webhooks_sent,
    told_to_the_erp,
    told_by_the_erp,
    goodwill_told_to_the_erp,
    exchange_told_to_the_erp,
    orders_pulled,
    orders_pulled_since,
    orders_pulled_from_nowhere,
    told_to_the_crm,
)
