"""The calls on what goes out in exchange for a return's goods."""

from models.messages import ExchangeShipment, ReturnStatus, exchange_workflow_id
from models.store.exchange_stock import FINAL
from models.tables import Exchange
from web.access import Actor
from web.messenger import Messenger, call_id
from web.requests import Answer, Conflict


class ExchangeGateway(Messenger):
    """The difference, the shipment, and money instead."""

    def pay_exchange(
        self, rma: str, reference: str, amount: int, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Records that the customer paid the difference; it becomes a payment of the order."""
        workflow = self._require_exchange(rma)
        return self._send(
            rma,
            actor,
            id,
            lambda notes: notes.exchange_payment(reference, amount),
            to=workflow,
        )

    def ship_exchange(
        self, rma: str, tracking: str, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Records that the new item went out."""
        workflow = self._require_exchange(rma)
        message = ExchangeShipment(id=call_id(id), actor=actor.id, tracking=tracking)
        return self._deliver(rma, message, to=workflow)

    def cancel_exchange(
        self, rma: str, note: str, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Has what is accepted refunded instead of exchanged."""
        workflow = self._require_exchange(rma)
        return self._send(
            rma,
            actor,
            id,
            lambda notes: notes.exchange_cancellation(note),
            to=workflow,
        )

    def _require_exchange(self, rma: str) -> str:
        """The workflow that sends out what the return is exchanged for now."""
        status = self._require(rma)
        with self._database.read() as session:
            found = session.get(Exchange, rma)
        if found is None:
            raise Conflict("Nothing is exchanged in this return.", code="no_exchange", state=status)
        if found.status in FINAL:
            raise Conflict(
                f"This exchange is {found.status}.", code=f"exchange_{found.status}", state=status
            )
        if status is ReturnStatus.REQUESTED:
            raise Conflict(
                "This return has not been approved yet; decide it first.",
                code="not_decided",
                state=status,
            )
        return exchange_workflow_id(rma, found.round)
