"""Paying refunds: granting the money, asking the provider, and booking what it did."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.definition import uninterrupted
from activities.providers.payments.protocol import (
    PaymentProvider,
    PaymentRefused,
    PaymentUnclear,
    ProviderRefund,
    RefundOrder,
)
from models.database import Database
from models.messages import (
    AnotherTry,
    Clawback,
    ClawbackOwed,
    Grant,
    Granted,
    GrantedRefund,
    ManualMethod,
    OtherWay,
    OtherWayTaken,
    PayoutOpened,
    PayoutOpening,
    PayoutProgress,
    RefundNews,
    RefundOutcome,
    RefundStatus,
    WriteOff,
)
from models.messages import RefundOrder as RefundOrderMessage
from models.rules.orders import PaymentKind
from models.store import clawbacks, disputes, erp, grants, payouts, refunds, store_credits
from models.tables import Refund

# A provider forgets a key after 24 hours, and a forgotten key pays again (money rule 12).
KEY_LIFE = timedelta(hours=23)


class Refunds:
    """The activities that move money back."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, PaymentProvider],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Takes the providers by the name that an order's payment gives.

        Args:
            database: where refunds and books are kept.
            providers: payment providers by name.
            clock: the real time, which the providers' keys live by; workflow time may be skipped.
        """
        self._database = database
        self._providers = providers
        self._clock = clock

    @uninterrupted
    def grant_refund(self, grant: Grant) -> Granted:
        """Reserves the money owed for the units accepted so far. Local."""
        with self._database.write() as session:
            return grants.grant(session, grant)

    @uninterrupted
    def price_clawback(self, asked: Clawback) -> ClawbackOwed:
        """Works out what was paid ahead for goods that were not accepted. Local."""
        with self._database.read() as session:
            return clawbacks.owed_back(session, asked)

    @uninterrupted
    def pay_refund(self, order: RefundOrderMessage) -> RefundOutcome:
        """Has the provider pay one refund, exactly once, and books it.

        Raises:
            ApplicationError: `refund_unclear`; retryable.
        """
        with self._database.write() as session:
            row, tried_before = refunds.begin_attempt(session, order.refund, self._clock())
            status = RefundStatus(row.status)
            first_attempt = row.first_attempt_at or self._clock()
            call = _call(row)
            provider = self._providers.get(row.payment.provider)
            provider_name, payment_kind = row.payment.provider, row.payment.kind
            disputed = disputes.why_not(session, row.payment)
        if status is not RefundStatus.PENDING or row.provider_reference is not None:
            return RefundOutcome(refund=row.id, status=status, failure=row.failure, changed=False)
        if payment_kind == PaymentKind.STORE_CREDIT:
            topped_up = self._top_up(order, call)
            if topped_up is not None:
                return topped_up
        if payment_kind == PaymentKind.CASH:
            return self._settle_failure(
                order, "Cash goes back from hand to hand: pay it and record it here."
            )
        if provider is None:
            return self._settle_failure(
                order, f"No payment provider named {provider_name} is set up."
            )
        try:
            found = provider.find(call.payment_reference, call.refund_id) if tried_before else None
            if found is None:
                if self._clock() - first_attempt >= KEY_LIFE:
                    return self._settle_failure(
                        order,
                        "The provider gave no clear answer for 23 hours and does not list this "
                        "refund; look there before paying it.",
                    )
                if disputed is not None:
                    return self._settle_failure(order, disputed)
                found = provider.refund(call)
        except PaymentRefused as refused:
            return self._settle_failure(order, str(refused))
        except PaymentUnclear as unclear:
            activity.logger.warning("no clear answer about %s: %s", order.refund, unclear.message)
            raise _unclear(unclear) from unclear
        return self._settle(order, found)

    @uninterrupted
    def settle_refund(self, news: RefundNews) -> RefundOutcome:
        """Writes down and books what the provider says of a refund now. Local."""
        with self._database.write() as session:
            return refunds.settle(
                session,
                news.refund,
                status=news.status,
                at=datetime.fromisoformat(news.at),
                provider_reference=news.provider_reference,
                failure=news.failure,
            )

    @uninterrupted
    def ask_provider(self, news: RefundNews) -> RefundNews | None:
        """How a refund stands at its provider now, whatever the news said of it.

        Returns:
            The news as they are now; None: the provider has no such refund of ours, so that there
            is nothing to believe.

        Raises:
            ApplicationError: `refund_unclear`; retryable.
        """
        with self._database.read() as session:
            row = refunds.load(session, news.refund)
            provider = self._providers.get(row.payment.provider)
            reference = news.provider_reference or row.provider_reference
            payment = row.payment.reference
        if provider is None:
            return None
        try:
            found = (
                provider.find(payment, news.refund)
                if reference is None
                else provider.get(reference)
            )
        except PaymentRefused as refused:
            activity.logger.warning("news of %s are not confirmed: %s", news.refund, refused.code)
            return None
        except PaymentUnclear as unclear:
            raise _unclear(unclear) from unclear
        if found is None or found.refund_id != news.refund:
            return None
        return replace(
            news,
            status=found.status,
            provider_reference=found.reference,
            failure=found.failure,
            ask=False,
        )

    @uninterrupted
    def prepare_retry(self, asked: AnotherTry) -> GrantedRefund:
        """Prepares another try of a refund. Local.

        Raises:
            ApplicationError: `conflict`, when it can't be tried again.
        """
        with self._database.write() as session:
            try:
                return refunds.retry(session, asked.refund, datetime.fromisoformat(asked.at))
            except refunds.RefundNotPossible as error:
                raise _conflict(error) from error

    # By its first name: histories of returns that are under way hold it.
    @activity.defn(name="record_paid_by_hand", no_thread_cancel_exception=True)
    def pay_otherwise(self, asked: OtherWay) -> OtherWayTaken:
        """Pays a refund that failed in another way, or writes down that a person did. Local.

        Raises:
            ApplicationError: `conflict`, when the provider paid it or may still.
        """
        with self._database.write() as session:
            try:
                again = refunds.pay_otherwise(
                    session,
                    asked.refund,
                    method=ManualMethod(asked.method),
                    reference=asked.reference,
                    at=datetime.fromisoformat(asked.at),
                    actor=asked.actor,
                )
            except refunds.RefundNotPossible as error:
                raise _conflict(error) from error
        return OtherWayTaken(again=again)

    @uninterrupted
    def open_payout(self, opening: PayoutOpening) -> PayoutOpened:
        """Grants goodwill, or takes over a refund that came back after the end. Local.

        Raises:
            ApplicationError: `conflict`, when the return or the order doesn't allow it.
        """
        with self._database.write() as session:
            try:
                opened = payouts.open_payout(
                    session, opening.start, datetime.fromisoformat(opening.at)
                )
                return replace(opened, erp=erp.is_connected(session))
            except refunds.RefundNotPossible as error:
                raise _conflict(error) from error

    @uninterrupted
    def save_payout(self, progress: PayoutProgress) -> None:
        """Records what is new of a payment beside a return. Local."""
        with self._database.write() as session:
            payouts.save_payout(session, progress)

    @uninterrupted
    def write_off(self, asked: WriteOff) -> None:
        """Writes off what could not be reserved, once a person has settled it. Local."""
        with self._database.write() as session:
            payouts.write_off(session, asked.rma, datetime.fromisoformat(asked.at))

    def _top_up(self, order: RefundOrderMessage, call: RefundOrder) -> RefundOutcome | None:
        """Puts a refund back on the store credit that paid; None when the code isn't ours."""
        at = datetime.fromisoformat(order.at)
        with self._database.write() as session:
            row, _ = refunds.begin_attempt(session, order.refund, self._clock())
            credit = store_credits.top_up(
                session,
                call.payment_reference,
                amount=row.amount,
                reference=row.id,
                rma=row.rma,
                order=row.order_number,
                at=at,
                actor="redress",
            )
            if credit is None:
                return None
            return refunds.settle(
                session,
                row.id,
                status=RefundStatus.SUCCEEDED,
                at=at,
                provider_reference=f"top_up/{row.id}",
            )

    def _settle(self, order: RefundOrderMessage, found: ProviderRefund) -> RefundOutcome:
        with self._database.write() as session:
            return refunds.settle(
                session,
                order.refund,
                status=found.status,
                at=datetime.fromisoformat(order.at),
                provider_reference=found.reference,
                failure=found.failure,
            )

    def _settle_failure(self, order: RefundOrderMessage, failure: str) -> RefundOutcome:
        with self._database.write() as session:
            return refunds.settle(
                session,
                order.refund,
                status=RefundStatus.FAILED,
                at=datetime.fromisoformat(order.at),
                failure=failure,
            )


def _unclear(unclear: PaymentUnclear) -> ApplicationError:
    """To be retried; expected, so that it is nothing for the log's alarms."""
    return ApplicationError(
        unclear.message, type="refund_unclear", category=ApplicationErrorCategory.BENIGN
    )


def _conflict(error: refunds.RefundNotPossible) -> ApplicationError:
    return ApplicationError(str(error), error.code, type="conflict", non_retryable=True)


def _call(row: Refund) -> RefundOrder:
    payment = row.payment
    return RefundOrder(
        refund_id=row.id,
        idempotency_key=row.idempotency_key,
        payment_reference=payment.reference,
        amount=row.amount,
        currency=row.currency,
        captured=payment.amount,
        rma=row.rma or "",
        order_number=row.order_number,
    )
