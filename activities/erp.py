"""Telling the shop's ERP of credit notes and goods, and keeping what it acknowledges."""

from collections.abc import Callable
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.definition import uninterrupted
from activities.providers.erp.protocol import (
    DocumentKind,
    ErpExchanges,
    ErpProvider,
    ErpRefused,
    ErpUnclear,
    Held,
)
from models.database import Database
from models.messages import ErpByHand, ErpDue, ErpOrder, ErpRecorded
from models.store import erp, erp_exchanges, erp_papers


class Erp:
    """The activities that concern the ERP."""

    def __init__(
        self,
        database: Database,
        provider: ErpProvider | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Takes the ERP that is set up; None: none is."""
        self._database = database
        self._provider = provider
        self._clock = clock

    @uninterrupted
    def list_due(self, asked: ErpOrder) -> ErpDue:
        """What of a return the ERP has not acknowledged. Local."""
        with self._database.read() as session:
            due = erp.list_due(session, rmas=[asked.rma])
        return ErpDue(references=[each.reference for each in due])

    @uninterrupted
    def record_document(self, asked: ErpOrder) -> ErpRecorded:
        """Has the ERP record one document, exactly once, and keeps its numbers.

        Raises:
            ApplicationError: `erp_unclear`, retryable; `erp_refused`, which is not.
        """
        if self._provider is None:
            raise _refused("No ERP is set up any more; set REDRESS_ERP, or record it by hand.")
        try:
            held = self._record(self._provider, asked.reference)
        except ErpRefused as refused:
            raise _refused(refused.message) from refused
        except ErpUnclear as unclear:
            activity.logger.warning(
                "no clear answer about %s: %s", asked.reference, unclear.message
            )
            # Expected, told above in one line, and retried: nothing for the log's alarms.
            raise ApplicationError(
                unclear.message, type="erp_unclear", category=ApplicationErrorCategory.BENIGN
            ) from unclear
        with self._database.write() as session:
            erp.acknowledge(session, held, self._clock())
        return ErpRecorded(reference=asked.reference, numbers=list(held.numbers), final=held.final)

    @uninterrupted
    def record_by_hand(self, done: ErpByHand) -> None:
        """Keeps that a person entered a document in the ERP. Local."""
        with self._database.write() as session:
            erp.record_by_hand(session, done)

    def _record(self, provider: ErpProvider, reference: str) -> Held:
        kind = erp.kind_of(reference)
        with self._database.read() as session:
            if kind is DocumentKind.CREDIT_NOTE:
                note = erp_papers.credit_note(session, reference)
            elif kind is DocumentKind.GOODS:
                goods = erp_papers.goods(session, reference)
            elif kind is DocumentKind.GOODS_OUT:
                sent = erp_exchanges.goods_out(session, reference)
            else:
                difference = erp_exchanges.difference(session, reference)
        if kind is DocumentKind.CREDIT_NOTE:
            return provider.record_credit_note(note)
        if kind is DocumentKind.GOODS:
            return provider.record_goods(goods)
        if not isinstance(provider, ErpExchanges):
            raise ErpRefused(
                "This ERP's package takes nothing of exchanges any more; record it there by hand."
            )
        if kind is DocumentKind.GOODS_OUT:
            return provider.record_goods_out(sent)
        return provider.record_difference(difference)


def _refused(message: str) -> ApplicationError:
    return ApplicationError(message, type="erp_refused", non_retryable=True)
