"""Exchanges: their stock, their payment and what goes out. Database only: local activities."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session
from temporalio.exceptions import ApplicationError

from activities.definition import uninterrupted
from models.database import Database
from models.messages import (
    ExchangeOpened,
    ExchangeOpening,
    ExchangeOutcome,
    ExchangeStep,
    RefundInstead,
)
from models.rules.refused import Refused
from models.store import erp, exchanges
from models.store.approval_limits import weigh_instead


class Exchanges:
    """The activities of an exchange. Asking for any of them again changes nothing more."""

    def __init__(self, database: Database) -> None:
        """Takes the database to write to."""
        self._database = database

    @uninterrupted
    def open_exchange(self, asked: ExchangeOpening) -> ExchangeOpened:
        """Holds the stock of what was approved."""
        with self._database.write() as session:
            opened = exchanges.open_exchange(session, asked)
            return replace(opened, erp=erp.is_connected(session))

    @uninterrupted
    def record_exchange_payment(self, asked: ExchangeStep) -> ExchangeOutcome:
        """Takes the difference as a payment of the order."""
        return self._step(exchanges.pay, asked)

    @uninterrupted
    def record_exchange_shipment(self, asked: ExchangeStep) -> ExchangeOutcome:
        """Moves the item from the stock onto the order.

        Raises:
            ApplicationError: `conflict`, when it was called off before.
        """
        return self._step(exchanges.ship, asked)

    @uninterrupted
    def call_exchange_off(self, asked: ExchangeStep) -> ExchangeOutcome:
        """Gives stock and payment free; one that was shipped stays so, and the answer says it."""
        return self._step(exchanges.call_off, asked)

    @uninterrupted
    def weigh_refund_instead(self, asked: ExchangeStep) -> RefundInstead:
        """Works out what the return comes to without its exchange, and who must approve that."""
        with self._database.read() as session:
            return weigh_instead(session, asked.rma)

    def _step(
        self, step: Callable[[Session, ExchangeStep], ExchangeOutcome], asked: ExchangeStep
    ) -> ExchangeOutcome:
        with self._database.write() as session:
            try:
                return step(session, asked)
            except Refused as refused:
                raise ApplicationError(
                    str(refused), refused.refusal.code, type="conflict", non_retryable=True
                ) from refused
