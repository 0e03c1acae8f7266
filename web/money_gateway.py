"""The calls that move money by a person's word, and what payment providers report."""

import uuid
from datetime import UTC, datetime

from models.messages import (
    DisputeStart,
    ManualMethod,
    PayoutStart,
    RefundNews,
    RefundRetry,
    RefundStatus,
    Refusal,
    ReturnStatus,
    recovery_of,
)
from models.money import to_text
from models.store import late, reconciliations
from models.store.payments import at_provider, possibly_moving
from models.store.pricing import in_order_currency
from models.tables import GrantedRefund, Order, Refund, Return
from web.access import Actor
from web.composer import Composer
from web.delivery import NoAnswer, WorkflowEnded
from web.messenger import Messenger, call_id
from web.requests import Answer, Conflict, Forbidden, GoodwillRequest, Refused, Unavailable


class MoneyGateway(Messenger):
    """Refunds that failed, goodwill, and the provider's news."""

    def retry_refund(self, rma: str, refund: str, actor: Actor, *, id: str | None = None) -> Answer:
        """Tries a refund again that could not be paid."""
        message = RefundRetry(id=call_id(id), actor=actor.id, refund=refund)
        return self._deliver(rma, message, to=self._payer(rma, refund))

    def resolve_manually(
        self,
        rma: str,
        refund: str,
        method: ManualMethod,
        reference: str,
        note: str,
        actor: Actor,
        *,
        id: str | None = None,
    ) -> Answer:
        """Pays a refund that failed in another way, or records that a person did.

        `reference`: where to find what was paid by hand, or the id of the other payment.
        """
        return self._send(
            rma,
            actor,
            id,
            lambda notes: notes.manual_resolution(refund, method, reference, note),
            to=self._payer(rma, refund),
        )

    def _payer(self, rma: str, refund: str) -> str | None:
        """The workflow that looks after a refund of this return."""
        self._require(rma)
        with self._database.read() as session:
            row = session.get(Refund, refund)
        if row is None or row.rma != rma:
            message = f"This return has no refund {refund}."
            raise Refused(
                [Refusal(code="unknown_refund", message=message, pointer="/refund")], code="invalid"
            )
        return row.workflow

    def give_goodwill(
        self, rma: str, asked: GoodwillRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Gives money without goods, at once and apart from the return.

        Raises:
            NotFound: there is no such return.
            Refused: the amount or its currency can't be right.
            Forbidden: it is above the actor's limit.
            Conflict: the return is over, or less can still be refunded.
            Unavailable: Temporal can't be reached.
        """
        status = self._require(rma)
        with self._database.read() as session:
            order = session.get_one(Return, rma).order
        amount, currency = _in_order_currency(order, asked), order.currency
        limit = actor.approval_limit
        if limit is not None and amount > (most := in_order_currency(order, limit)):
            raise Forbidden(
                f"You may give up to {to_text(most, currency)} {currency}; "
                "ask somebody with a higher limit.",
                code="above_limit",
            )
        composer = Composer(rma, actor, call_id(id))
        start = composer.goodwill(amount, currency, asked)
        with self._database.write() as session:
            for note in composer.notes:
                session.merge(note)
        try:
            self._delivery.pay_beside(start)
        except NoAnswer:
            return Answer(rma=rma, status=self._status_of(rma) or status, settled=False)
        except WorkflowEnded:
            pass  # It was given, or refused, with this id before.
        except Conflict as conflict:
            conflict.state = self._status_of(rma) or status
            self._forget([note.id for note in composer.notes])
            raise
        self._check_given(start)
        return Answer(rma=rma, status=self._status_of(rma) or status)

    def _check_given(self, start: PayoutStart) -> None:
        """A repeated call whose first was refused is refused again."""
        with self._database.read() as session:
            given = session.get(GrantedRefund, f"{start.rma}/{start.kind}/{start.id}")
        if given is None:
            raise Conflict("This goodwill was refused before.", code="refused_before")

    def refund_news(
        self,
        provider: str,
        event_id: str,
        provider_reference: str,
        refund: str,
        status: RefundStatus,
        failure: str | None = None,
    ) -> bool:
        """Takes what a payment provider reports of a refund; false: it is none of this provider's.

        The provider is asked again, by the workflow that paid it, unless this is known already;
        when that workflow has ended, a failure starts a recovery of its own.
        """
        with self._database.read() as session:
            row = session.get(Refund, refund)
            known = row is not None and row.payment.provider == provider
        if row is None or not known:
            return False
        if row.status == status and row.provider_reference == provider_reference:
            return True
        self._ask_about(row, event_id, status, provider_reference, failure)
        return True

    def payment_news(self, provider: str, event_id: str, payments: list[str]) -> bool:
        """Takes that a payment, known by these names, was refunded: of what we have open at it,
        the provider is asked how it stands. False: no payment of ours.
        """
        with self._database.read() as session:
            ids = at_provider(session, provider, payments)
            rows = possibly_moving(session, ids)
        for row in rows:
            status = RefundStatus(row.status)
            self._ask_about(row, f"{event_id}/{row.id}", status, row.provider_reference, None)
        return bool(ids)

    def dispute_news(self, provider: str, dispute: str, payments: list[str]) -> bool:
        """Takes that a payment, known by these names, is disputed, or that this has changed; the
        workflow that follows the dispute asks how it stands. False: no payment of ours.
        """
        with self._database.read() as session:
            ours = bool(at_provider(session, provider, payments))
        if ours:
            self._delivery.follow_dispute(DisputeStart(provider=provider, dispute=dispute))
        return ours

    def _complete_beside(
        self, rma: str | None, task: str, note: str, choice: str, actor: Actor, id: str | None
    ) -> Answer:
        """Ends a task that no workflow knows of; `rma` None: it is about no return."""
        status = ReturnStatus.NEEDS_ATTENTION if rma is None else self._require(rma)
        composer = Composer(rma or "", actor, call_id(id))
        done = composer.completion(task, note, choice)
        with self._database.write() as session:
            for kept in composer.notes:
                session.merge(kept)
            session.flush()
            late.complete_task(session, done, datetime.now(UTC))
        return Answer(rma=rma or "", status=status)

    def _ask_about(
        self,
        row: Refund,
        news_id: str,
        status: RefundStatus,
        provider_reference: str | None,
        failure: str | None,
    ) -> None:
        if row.workflow is None or row.rma is None:
            # Refunds made at the provider by hand have no workflow; the nightly comparison looks
            # after them.
            return
        news = RefundNews(
            id=news_id,
            refund=row.id,
            status=status,
            at=datetime.now(UTC).isoformat(),
            provider_reference=provider_reference,
            failure=failure,
            ask=True,
        )
        try:
            self._delivery.tell(row.workflow, news)
        except WorkflowEnded:
            if status in (RefundStatus.FAILED, RefundStatus.CANCELED):
                self._delivery.recover(recovery_of(row.rma, news))

    def reconcile(self, actor: Actor) -> str:
        """Starts comparing refunds, books and the providers' lists; gives the run's id.

        Raises:
            Unavailable: Temporal can't be reached.
        """
        run = str(uuid.uuid4())
        with self._database.write() as session:
            reconciliations.begin_run(session, run, actor.id, datetime.now(UTC))
        try:
            self._delivery.reconcile(run, actor.id)
        except Unavailable:
            with self._database.write() as session:
                reconciliations.forget_run(session, run)
            raise
        return run


def _in_order_currency(order: Order, asked: GoodwillRequest) -> int:
    """An amount that was typed in the order's or in the shop's currency (money rule 10)."""
    if asked.currency == order.currency:
        return asked.amount
    if order.rate is not None and asked.currency == order.rate_shop_currency:
        return in_order_currency(order, asked.amount)
    known = f"{order.currency} or {order.rate_shop_currency}" if order.rate else order.currency
    message = f"Give the amount in {known}, not in {asked.currency}."
    raise Refused([Refusal(code="currency", message=message, pointer="/currency")], code="invalid")
