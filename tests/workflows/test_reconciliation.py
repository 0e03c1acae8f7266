"""Reconciliation: each difference named, the safe ones repaired, nothing done twice."""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update
from temporalio.client import WorkflowFailureError

from activities.providers.payments.protocol import PaymentRefused, PaymentUnclear
from models.messages import (
    ManualMethod,
    ReconciliationResult,
    ReconciliationStart,
    ReturnStatus,
    reconciliation_workflow_id,
)
from models.rules.orders import RateInput
from models.rules.reconciliation import DifferenceKind
from models.store.ledger_verify import verify
from models.store.reconciliations import differences_of, list_runs, load_run
from models.tables import (
    CreditMemo,
    Difference,
    GrantedRefund,
    JournalEntry,
    JournalLine,
    Payment,
    Refund,
)
from tests.contract.sandbox_process import KEY, new_payment
from tests.workflows.refunding import (
    OWED,
    Line,
    accept,
    control,
    pay_by_hand,
    payment_row,
    until_failed,
)
from tests.workflows.world import AGENT, World, new_order_number, paid
from worker import StripePayments
from workflows.reconciliation import ReconciliationWorkflow

Seen = dict[str, list[tuple[str, int]]]


async def reconcile(world: World) -> list[Difference]:
    """Runs a reconciliation to its end, as somebody who asks for one; gives what it found."""
    run = await world.call(world.gateway.reconcile, AGENT)
    handle = world.env.client.get_workflow_handle_for(
        ReconciliationWorkflow.run, reconciliation_workflow_id(run)
    )
    result = await asyncio.wait_for(handle.result(), 30)
    assert isinstance(result, ReconciliationResult)
    with world.database.read() as session:
        row = load_run(session, run)
        assert row is not None
        assert (row.status, row.actor) == ("done", AGENT.id)
        return list(differences_of(session, run))


def seen(found: list[Difference]) -> Seen:
    """Kind to states and amounts."""
    kinds: Seen = {}
    for each in found:
        kinds.setdefault(each.kind, []).append((each.state, each.amount))
    return kinds


async def refunded(world: World, payment: str) -> tuple[str, Refund]:
    """A return whose 50.00 of 100.00 went back."""
    rma = await accept(world, payment)
    await world.until(rma, ReturnStatus.RESOLVED)
    [refund] = world.refunds(rma)
    return rma, refund


def by_console(world: World, payment: str, amount: int) -> str:
    """Somebody refunds at the provider itself; gives the refund's reference there."""
    answer = world.sandbox.pay_back(payment, amount)
    answer.raise_for_status()
    return str(answer.json()["id"])


async def test_where_all_agree_nothing_is_found(world: World) -> None:
    await refunded(world, new_payment("ok"))
    assert await reconcile(world) == []


async def test_a_refund_made_at_the_provider_is_adopted_once(world: World) -> None:
    payment = new_payment("ok")
    rma, _ = await refunded(world, payment)
    reference = by_console(world, payment, 2000)
    assert seen(await reconcile(world)) == {"unknown_refund": [("repaired", 2000)]}
    assert await reconcile(world) == []
    with world.database.read() as session:
        refund = session.scalars(select(Refund).where(Refund.provider_reference == reference)).one()
        assert (refund.status, refund.amount, refund.rma) == ("succeeded", 2000, None)
        grant = session.get_one(GrantedRefund, refund.granted_refund_id)
        assert grant.kind == "adopted"
        memo = session.scalars(
            select(CreditMemo).where(CreditMemo.granted_refund_id == grant.id)
        ).one()
        assert memo.amount == 2000
        assert verify(session).first_bad is None
    # It counts against the payment like any other refund.
    assert payment_row(world, rma).reserved == 7000


async def test_what_was_adopted_and_then_sent_back_is_reversed(world: World) -> None:
    payment = new_payment("ok")
    rma, _ = await refunded(world, payment)
    reference = by_console(world, payment, 2000)
    await reconcile(world)
    world.sandbox.call(
        "POST", f"/_sandbox/refunds/{reference}/fail", json={"reason": "declined"}
    ).raise_for_status()
    assert seen(await reconcile(world)) == {"status_differs": [("repaired", 2000)]}
    assert payment_row(world, rma).reserved == 5000
    assert await reconcile(world) == []


async def test_more_than_the_payment_has_left_is_left_to_a_person(world: World) -> None:
    payment = new_payment("ok")
    await refunded(world, payment)
    by_console(world, payment, 2000)
    with world.database.write() as session:
        session.execute(update(Payment).where(Payment.reference == payment).values(reserved=9000))
    [found] = await reconcile(world)
    assert (found.kind, found.state, found.amount) == ("unknown_refund", "open", 2000)
    assert "10.00 GBP left" in found.explanation


async def test_what_came_back_before_the_order_reached_us_is_no_difference(world: World) -> None:
    payment, number = new_payment("ok"), new_order_number()
    by_console(world, payment, 1500)
    world.put_order(number, reference=payment, payments=(paid(payment, 10000, refunded=1500),))
    assert await reconcile(world) == []
    by_console(world, payment, 700)
    assert seen(await reconcile(world)) == {"unknown_refund": [("repaired", 700)]}


async def test_what_a_person_paid_in_the_providers_console_is_not_counted_twice(
    world: World,
) -> None:
    payment = new_payment("ok")
    rma, refund = await declined(world, payment)
    reference = by_console(world, payment, refund.amount)
    await world.call(
        world.gateway.resolve_manually,
        rma,
        refund.id,
        ManualMethod.PAID_BY_HAND,
        f"Console, {reference}",
        "",
        AGENT,
    )
    assert await reconcile(world) == []


async def test_what_may_have_been_paid_by_hand_is_not_adopted(world: World) -> None:
    payment = new_payment("ok")
    rma, refund = await declined(world, payment)
    await pay_by_hand(world, rma, refund.id)
    by_console(world, payment, refund.amount)
    [found] = await reconcile(world)
    assert (found.kind, found.state) == ("unknown_refund", "open")
    assert refund.id in found.explanation


async def declined(world: World, payment: str) -> tuple[str, Refund]:
    """A return whose refund the bank sent back at once; a person is asked for."""
    rma, refund = await refunded(world, payment)
    control(world, refund, "fail")
    assert seen(await reconcile(world)) == {"status_differs": [("repaired", refund.amount)]}
    await until_failed(world, rma)
    return rma, refund


async def test_a_failure_whose_webhook_was_lost_asks_for_a_person(world: World) -> None:
    rma, _ = await declined(world, new_payment("ok"))
    assert world.balance(rma) == OWED
    assert await reconcile(world) == []


async def test_a_failure_after_the_end_starts_a_recovery(world: World) -> None:
    rma, refund = await refunded(world, new_payment("ok"))
    await world.skip(rma, days=12)
    await world.handle(rma).result()
    control(world, refund, "fail")
    assert seen(await reconcile(world)) == {"status_differs": [("repaired", refund.amount)]}
    await world.until(rma, ReturnStatus.NEEDS_ATTENTION)
    assert world.balance(rma) == OWED
    assert world.timeline(rma).count("reopened") == 1
    await pay_by_hand(world, rma, refund.id)
    await world.until(rma, ReturnStatus.CLOSED)


async def test_a_pending_refund_whose_webhook_was_lost_is_settled(world: World) -> None:
    rma = await accept(world, new_payment("pending"))
    await world.until_true(lambda: [r.provider_reference for r in world.refunds(rma)] != [None])
    [refund] = world.refunds(rma)
    control(world, refund, "settle")
    assert seen(await reconcile(world)) == {"status_differs": [("repaired", refund.amount)]}
    await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == {"sales_returns": 5000, "clearing:card": -5000}


async def test_a_lost_answer_is_found_by_our_id(idle_world: World) -> None:
    world = idle_world
    line = Line(StripePayments(KEY, base_address=world.sandbox.address))
    line.cut(after=True)
    async with world.working({"sandbox": line}):
        rma = await accept(world, new_payment("ok"))
        await world.until_true(lambda: len(line.keys) > 0)
        [found] = await reconcile(world)
        assert (found.kind, found.state) == (DifferenceKind.LOST_ANSWER, "repaired")
        await world.until(rma, ReturnStatus.RESOLVED)
    assert world.balance(rma) == {"sales_returns": 5000, "clearing:card": -5000}
    assert len(set(line.keys)) == 1


async def test_a_refund_the_provider_does_not_know_is_named(world: World) -> None:
    _, refund = await refunded(world, new_payment("ok"))
    with world.database.write() as session:
        session.connection().execute(update(Refund).values(provider_reference="re_gone"))
    found = seen(await reconcile(world))
    assert found["missing_at_provider"] == [("open", refund.amount)]


async def test_a_changed_amount_is_named_by_list_and_books(world: World) -> None:
    await refunded(world, new_payment("ok"))
    with world.database.write() as session:
        session.connection().execute(update(Refund).values(amount=4900))
    found = seen(await reconcile(world))
    assert found == {
        "amount_differs": [("open", 100)],
        "booked_amount_differs": [("open", 100)],
    }


async def test_entries_and_refunds_that_miss_each_other_are_named(world: World) -> None:
    _, refund = await refunded(world, new_payment("ok"))
    with world.database.write() as session:
        drop_guards(session)
        session.execute(
            update(JournalEntry)
            .where(JournalEntry.source == f"refund/{refund.id}")
            .values(source="refund/R-0000-00-1")
        )
    found = seen(await reconcile(world))
    assert found["not_booked"] == [("open", refund.amount)]
    assert found["not_a_refund"] == [("open", refund.amount)]
    assert found["chain_broken"] == [("open", 0)]


def drop_guards(session: Any) -> None:
    """Removes the triggers that refuse changes, as somebody with the database's password could."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ALTER TABLE journal_entries DISABLE TRIGGER USER"))
    else:
        for name in session.scalars(
            text(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' "
                "AND tbl_name = 'journal_entries'"
            )
        ).all():
            session.execute(text(f"DROP TRIGGER {name}"))


@dataclass
class Silent(Line):
    """A provider whose list can't be read."""

    error: Exception = field(default_factory=lambda: PaymentUnclear("no answer"))

    def list_refunds(self, since: Any) -> Any:
        raise self.error


def booked_in(world: World, rma: str, currency: str) -> dict[str, int]:
    """What a return's entries in one currency leave on each account."""
    with world.database.read() as session:
        rows = session.execute(
            select(JournalLine.account, func.sum(JournalLine.debit - JournalLine.credit))
            .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
            .where(JournalEntry.rma == rma, JournalEntry.currency == currency)
            .group_by(JournalLine.account)
        )
        return {account: int(amount) for account, amount in rows if amount}


async def test_what_the_rate_of_the_day_costs_is_the_shops(world: World) -> None:
    rma = await accept(world, new_payment("fx"), rate=RateInput(shop_currency="EUR", rate="0.8600"))
    await world.until(rma, ReturnStatus.RESOLVED)
    for _ in range(2):
        assert await reconcile(world) == []
    # 50.00 GBP are 58.14 EUR at the order's rate; the provider took 58.50 EUR.
    assert booked_in(world, rma, "EUR") == {"fx": 36, "clearing:card": -36}
    assert booked_in(world, rma, "GBP") == {"sales_returns": 5000, "clearing:card": -5000}
    [refund] = world.refunds(rma)
    control(world, refund, "fail")
    await reconcile(world)
    await until_failed(world, rma)
    for _ in range(2):
        assert await reconcile(world) == []
    assert booked_in(world, rma, "EUR") == {}


async def test_a_run_that_can_not_be_done_says_why(idle_world: World) -> None:
    world = idle_world
    line = Silent(
        StripePayments(KEY, base_address=world.sandbox.address),
        error=PaymentRefused("no_permission", "This key may not list refunds."),
    )
    async with world.working({"sandbox": line}):
        run = await world.call(world.gateway.reconcile, AGENT)
        handle = world.env.client.get_workflow_handle(reconciliation_workflow_id(run))
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(handle.result(), 30)
    with world.database.read() as session:
        [listed], _ = list_runs(session, limit=5)
        assert listed.run.status == "failed"
        assert "may not list refunds" in (listed.run.problem or "")


async def test_the_nights_run_gives_itself_an_id(world: World) -> None:
    result = await world.env.client.execute_workflow(
        ReconciliationWorkflow.run,
        ReconciliationStart(),
        id=f"reconciliation/nightly-{uuid4()}",
        task_queue=world.settings.task_queue,
    )
    with world.database.read() as session:
        [listed], place = list_runs(session, limit=5)
    assert (listed.run.id, listed.run.actor, listed.open, place) == (result.id, "redress", 0, None)


async def test_runs_are_listed_newest_first_in_pages(world: World) -> None:
    for _ in range(3):
        await reconcile(world)
    with world.database.read() as session:
        first, place = list_runs(session, limit=2)
        rest, end = list_runs(session, limit=2, after=place)
    times = [each.run.started_at for each in itertools.chain(first, rest)]
    assert times == sorted(times, reverse=True)
    assert (len(times), end) == (3, None)
