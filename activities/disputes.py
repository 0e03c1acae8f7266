"""Disputes: asking the provider how one stands, and recording it."""

from collections.abc import Mapping

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.definition import uninterrupted
from activities.providers.payments.protocol import (
    PaymentProvider,
    PaymentRefused,
    PaymentUnclear,
)
from models.database import Database
from models.messages import DisputeNews, DisputeRecorded, DisputeStart, DisputeWord
from models.store import disputes


class Disputes:
    """The activities of a dispute."""

    def __init__(self, database: Database, providers: Mapping[str, PaymentProvider]) -> None:
        """Takes the providers by the name that an order's payment gives."""
        self._database = database
        self._providers = providers

    @uninterrupted
    def ask_about_dispute(self, asked: DisputeStart) -> DisputeWord | None:
        """How a dispute stands at its provider now; None: the provider knows no such dispute.

        Raises:
            ApplicationError: `dispute_unclear`; retryable.
        """
        provider = self._providers.get(asked.provider)
        if provider is None:
            return None
        try:
            found = provider.get_dispute(asked.dispute)
        except PaymentRefused as refused:
            activity.logger.warning("dispute %s is not confirmed: %s", asked.dispute, refused.code)
            return None
        except PaymentUnclear as unclear:
            raise ApplicationError(
                unclear.message, type="dispute_unclear", category=ApplicationErrorCategory.BENIGN
            ) from unclear
        return DisputeWord(
            payments=sorted({name for name in (found.charge, found.payment) if name}),
            amount=found.amount,
            currency=found.currency,
            status=found.status,
            refundable=found.refundable,
            due=None if found.due is None else found.due.isoformat(),
        )

    @uninterrupted
    def record_dispute(self, news: DisputeNews) -> DisputeRecorded:
        """Writes down how a dispute stands, with its tasks and timelines. Local."""
        with self._database.write() as session:
            return disputes.record(session, news)
