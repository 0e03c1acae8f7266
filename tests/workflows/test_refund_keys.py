"""One refund at the provider, attempt by attempt: its key, its look-up and the 23 hours."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.refunds import Refunds
from models.database import Database
from models.messages import (
    AnotherTry,
    OtherWay,
    RefundNews,
    RefundOrder,
    RefundOutcome,
    RefundStatus,
)
from models.tables import Payment, Refund
from tests.contract.sandbox_process import KEY, Sandbox, new_payment
from tests.workflows.refunding import Line, on_sqlite
from tests.workflows.stored import grant, open_return, store_order
from tests.workflows.world import paid
from worker import StripePayments

pytestmark = on_sqlite

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@dataclass
class Till:
    """One granted refund of 50.00, the line to its provider, and a clock that is set by hand."""

    database: Database
    sandbox: Sandbox
    payment: str = field(default_factory=lambda: new_payment("ok"))
    now: datetime = START

    def __post_init__(self) -> None:
        number = store_order(self.database, paid(self.payment, 10000))
        rma, _ = open_return(self.database, number, 1)
        self.refund = grant(self.database, rma, 1).refunds[0].refund
        self.line = Line(StripePayments(KEY, base_address=self.sandbox.address))
        self.activities = Refunds(self.database, {"sandbox": self.line}, lambda: self.now)
        self._environment = ActivityEnvironment()

    def pay(self, refund: str | None = None) -> RefundOutcome:
        order = RefundOrder(refund=refund or self.refund, at=self.now.isoformat())
        return self._environment.run(self.activities.pay_refund, order)

    def pay_in_vain(self) -> None:
        with pytest.raises(ApplicationError) as caught:
            self.pay()
        assert caught.value.type == "refund_unclear"
        assert not caught.value.non_retryable

    def row(self) -> Refund:
        with self.database.read() as session:
            return session.get_one(Refund, self.refund)

    def reserved(self) -> int:
        with self.database.read() as session:
            return session.get_one(Payment, self.row().payment_id).reserved

    def booked(self) -> list[int]:
        """Amounts in the provider's own book."""
        return [row["amount"] for row in self.sandbox.refunds(self.payment)]


@pytest.fixture
def till(database: Database, sandbox: Sandbox) -> Till:
    return Till(database, sandbox)


def test_the_first_attempt_needs_no_look_up_and_every_later_one_does(till: Till) -> None:
    till.line.cut()
    till.pay_in_vain()
    assert till.line.looked_up == 0
    till.pay_in_vain()
    assert till.line.looked_up == 1
    till.line.mend()
    assert till.pay().status is RefundStatus.SUCCEEDED
    assert till.booked() == [5000]


def test_what_an_unanswered_attempt_paid_is_adopted(till: Till) -> None:
    till.line.cut(after=True)
    till.pay_in_vain()
    assert till.booked() == [5000]
    till.line.mend()
    assert till.pay().status is RefundStatus.SUCCEEDED
    assert len(till.line.keys) == 1
    assert till.booked() == [5000]
    assert till.row().provider_reference == till.sandbox.refunds(till.payment)[0]["id"]


def test_a_paid_refund_is_not_asked_for_again(till: Till) -> None:
    first = till.pay()
    again = till.pay()
    assert (first.changed, again.changed) == (True, False)
    assert again.status is RefundStatus.SUCCEEDED
    assert len(till.line.keys) == 1


def test_up_to_23_hours_the_key_is_used_again(till: Till) -> None:
    till.line.cut()
    till.pay_in_vain()
    till.line.mend()
    till.now += timedelta(hours=23) - timedelta(seconds=1)
    assert till.pay().status is RefundStatus.SUCCEEDED
    assert len(set(till.line.keys)) == 1


def test_after_23_hours_what_had_been_paid_is_still_adopted(till: Till) -> None:
    till.line.cut(after=True)
    till.pay_in_vain()
    till.line.mend()
    # The sandbox has forgotten the key by now: sending it again would pay again.
    till.sandbox.advance(25)
    till.now += timedelta(hours=25)
    assert till.pay().status is RefundStatus.SUCCEEDED
    assert till.booked() == [5000]


def test_after_23_hours_a_refund_nobody_finds_is_never_sent_again_but_shown_to_a_person(
    till: Till,
) -> None:
    till.line.cut()
    till.pay_in_vain()
    till.now += timedelta(hours=23)
    till.pay_in_vain()
    till.line.mend()
    sent = len(till.line.keys)
    outcome = till.pay()
    assert outcome.status is RefundStatus.FAILED
    assert "no clear answer for 23 hours and does not list this refund" in (outcome.failure or "")
    assert len(till.line.keys) == sent
    assert till.booked() == []
    assert till.reserved() == 0


def test_the_23_hours_run_from_the_first_attempt(till: Till) -> None:
    till.line.cut()
    for _ in range(4):
        till.pay_in_vain()
        till.now += timedelta(hours=6)
    till.line.mend()
    assert till.pay().status is RefundStatus.FAILED
    assert till.booked() == []


def test_another_try_that_a_person_wants_has_a_key_and_23_hours_of_its_own(till: Till) -> None:
    till.line.cut()
    till.pay_in_vain()
    till.line.mend()
    till.now += timedelta(hours=24)
    till.pay()
    asked = AnotherTry(refund=till.refund, at=till.now.isoformat())
    again = till.activities.prepare_retry(asked)
    assert till.activities.prepare_retry(asked) == again, "asking twice prepares one"
    till.now += timedelta(hours=1)
    assert till.pay(again.refund).status is RefundStatus.SUCCEEDED
    assert till.booked() == [5000]
    assert till.reserved() == 5000


def test_news_that_come_before_the_answer_count_once(till: Till) -> None:
    till.line.cut(after=True)
    till.pay_in_vain()
    news = RefundNews(
        id="evt_1", refund=till.refund, status=RefundStatus.SUCCEEDED, at=till.now.isoformat()
    )
    assert till.activities.settle_refund(news).changed
    assert not till.activities.settle_refund(news).changed
    till.line.mend()
    assert not till.pay().changed
    assert len(till.line.keys) == 1


def test_a_refund_that_may_still_be_paid_is_not_paid_by_hand(till: Till) -> None:
    by_hand = OtherWay(
        refund=till.refund,
        method="paid_by_hand",
        reference="4711",
        at=till.now.isoformat(),
        actor="user:1",
    )
    till.line.cut()
    till.pay_in_vain()
    with pytest.raises(ApplicationError, match="This refund is pending; only one that failed"):
        till.activities.pay_otherwise(by_hand)
    till.line.mend()
    till.pay()
    with pytest.raises(ApplicationError, match="This refund is succeeded; only one that failed"):
        till.activities.pay_otherwise(by_hand)
