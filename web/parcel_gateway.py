"""The way back: labels, and what carriers say of parcels."""

from datetime import UTC, datetime

from sqlalchemy import select

from models.messages import CarrierEvent, LabelRequest
from models.rules.orders import AddressInput, address_value
from models.store.parcels_sent import set_sender
from models.store.scans import keep_scan
from models.tables import Label
from web.access import Actor
from web.messenger import Messenger, call_id
from web.requests import Answer, Conflict, Refused, ScanRequest

# Who tells of scans that come by webhook.
_CARRIER = Actor(id="carrier", name="Carrier", permissions=frozenset())


class ParcelGateway(Messenger):
    """Labels and scans."""

    def make_label(
        self,
        rma: str,
        actor: Actor,
        *,
        id: str | None = None,
        sender: AddressInput | None = None,
    ) -> Answer:
        """Has the label made, again if need be; `sender` is where the parcel is sent from, when it
        isn't where the order went.
        """
        message = LabelRequest(id=call_id(id), actor=actor.id)
        if sender is None:
            return self._deliver(rma, message)
        self._require(rma)
        # Before the message, which the label follows at once; it must not pass through Temporal.
        before = self._say_sender(rma, address_value(sender))
        try:
            return self._deliver(rma, message)
        except (Conflict, Refused):
            self._say_sender(rma, before)
            raise

    def _say_sender(self, rma: str, address: dict[str, str] | None) -> dict[str, str] | None:
        with self._database.write() as session:
            return set_sender(session, rma, address, datetime.now(UTC))

    def scan(self, rma: str, asked: ScanRequest, actor: Actor) -> Answer:
        """Takes a carrier's scan; one event id counts once. After the end it is only kept."""
        self._require(rma)
        # A scan that is older than another changes nothing. One that a carrier's clock dates ahead
        # must not make the next ones older.
        at = min(asked.at, datetime.now(UTC))
        with self._database.write() as session:
            keep_scan(session, rma, asked.event_id, asked.status, at, asked.detail)
        event = CarrierEvent(
            id=asked.event_id, status=asked.status, at=at.isoformat(), actor=actor.id
        )
        return self._deliver(rma, event, late=lambda _session: None)

    def parcel_news(self, tracking: str, asked: ScanRequest) -> bool:
        """Takes what a carrier reports of a parcel; false when no label of ours has its number."""
        with self._database.read() as session:
            rma = session.scalar(select(Label.rma).where(Label.tracking == tracking))
        if rma is None:
            return False
        try:
            self.scan(rma, asked, _CARRIER)
        except Conflict:
            # The return has no use for it any more; sent again, it would have none either.
            return True
        return True
