"""The calls on what goes out in exchange for a return's goods."""

import time
from collections.abc import Callable

from models.messages import ExchangeShipment, ReturnStatus, exchange_workflow_id
from models.store.approval_limits import weigh_instead
from models.store.exchange_stock import FINAL
from models.tables import Exchange, Return
from web.access import Actor
from web.approval_limits import check_limit
from web.messenger import Messenger, call_id
from web.requests import Answer, Conflict

# The approval answers before the return has begun its exchange, which takes a moment.
BEGINS_WITHIN_SECONDS = 3.0
_ASK_AGAIN_AFTER_SECONDS = 0.05
_ENDED = frozenset(
    {
        ReturnStatus.DECLINED,
        ReturnStatus.CANCELLED,
        ReturnStatus.EXPIRED,
        ReturnStatus.REJECTED,
        ReturnStatus.CLOSED,
    }
)


class ExchangeGateway(Messenger):
    """The difference, the shipment, and money instead."""

    def pay_exchange(
        self, rma: str, reference: str, amount: int, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Records that the customer paid the difference; it becomes a payment of the order."""
        return self._to_exchange(
            rma,
            lambda exchange: self._send(
                rma,
                actor,
                id,
                lambda notes: notes.exchange_payment(reference, amount),
                to=exchange,
            ),
        )

    def ship_exchange(
        self, rma: str, tracking: str, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Records that the new item went out."""
        message = ExchangeShipment(id=call_id(id), actor=actor.id, tracking=tracking)
        return self._to_exchange(rma, lambda exchange: self._deliver(rma, message, to=exchange))

    def cancel_exchange(
        self, rma: str, note: str, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Has what is accepted refunded instead of exchanged; so much of it that two must approve
        it waits for a second person, who calls the same.

        Raises:
            Forbidden: it is above the actor's limit.
        """
        self._require_exchange(rma)
        if actor.approval_limit is not None:
            with self._database.read() as session:
                total = weigh_instead(session, rma).total
                check_limit(session.get_one(Return, rma), total, actor)
        return self._to_exchange(
            rma,
            lambda exchange: self._send(
                rma,
                actor,
                id,
                lambda notes: notes.exchange_cancellation(note),
                to=exchange,
            ),
        )

    def _to_exchange(self, rma: str, bring: Callable[[str], Answer]) -> Answer:
        until = time.monotonic() + BEGINS_WITHIN_SECONDS
        while True:
            exchange = self._require_exchange(rma)
            try:
                return bring(exchange)
            except Conflict as conflict:
                if conflict.code != "already_ended" or conflict.state in _ENDED:
                    raise
                if time.monotonic() > until:
                    raise Conflict(
                        "This exchange is still being prepared; try again in a moment.",
                        code="not_recorded",
                        state=conflict.state,
                    ) from conflict
            time.sleep(_ASK_AGAIN_AFTER_SECONDS)

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
