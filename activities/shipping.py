"""Labels for the way back: asked of the carrier once, and kept."""

from datetime import datetime

from sqlalchemy import select
from temporalio.exceptions import ApplicationError

from activities.definition import uninterrupted
from activities.providers.carriers.protocol import (
    Carrier,
    CarrierRefused,
    CarrierUnclear,
    CreatedLabel,
    LabelData,
)
from models.database import Database
from models.messages import Label, LabelOrder, LabelReturn, LabelsReturned
from models.settings import Settings
from models.store.parcels_sent import keep_parcel, known_parcels, refuse_parcel
from models.store.recipients import address_of, name_of
from models.tables import Label as LabelRow
from models.tables import Return

# The type of the error a workflow reads when no retry will help.
CARRIER_REFUSED = "carrier_refused"
_LONGEST_CARRIER = 40


class Shipping:
    """The activities of the way back.

    Args:
        database: where labels are kept.
        carrier: who makes them.
        settings: the shop's name and address.
    """

    def __init__(self, database: Database, carrier: Carrier, settings: Settings) -> None:
        self._database = database
        self._carrier = carrier
        self._settings = settings

    @uninterrupted
    def make_label(self, order: LabelOrder) -> Label:
        """Makes the label and keeps its page; with a key that has one, gives that one.

        The parcel's id at the carrier is kept before its label is bought. Whatever is lost after
        that, an answer or this process, the next attempt buys for the same parcel, and a carrier
        sells one label for one parcel.

        Raises:
            ApplicationError: type `carrier_refused` (not retryable): the carrier will not do it;
                `carrier_unclear` (retryable): no answer; `unknown_return` (not retryable).
        """
        data, made = self._look_up(order)
        if made is not None:
            return made
        at = datetime.fromisoformat(order.at)
        try:
            created = self._create(data, at)
        except CarrierRefused as refusal:
            raise ApplicationError(str(refusal), type=CARRIER_REFUSED, non_retryable=True) from None
        except CarrierUnclear as problem:
            raise ApplicationError(str(problem), type="carrier_unclear") from None
        with self._database.write() as session:
            kept = session.get(LabelRow, order.key)
            if kept is not None:  # Another attempt was quicker; its label is the one that counts.
                return _label(kept)
            row = LabelRow(
                key=order.key,
                rma=order.rma,
                carrier=created.carrier[:_LONGEST_CARRIER],
                tracking=created.tracking,
                pdf=created.pdf,
                created_at=at,
                shipment=created.shipment,
                cost=created.cost,
                currency=created.currency,
            )
            session.add(row)
            return _label(row)

    @uninterrupted
    def give_labels_back(self, order: LabelReturn) -> LabelsReturned:
        """Gives the labels of a return back, for the shop paid for them; again is harmless.

        Raises:
            ApplicationError: type `carrier_unclear` (retryable): no answer.
        """
        with self._database.read() as session:
            labels = session.scalars(select(LabelRow).where(LabelRow.rma == order.rma)).all()
        taken = 0
        for label in labels:
            if label.given_back_at is None and not self._give_back(label, order.at):
                continue
            taken += 1
        return LabelsReturned(count=taken)

    def _give_back(self, label: LabelRow, at: str) -> bool:
        try:
            taken = label.shipment is not None and self._carrier.give_back(label.shipment)
        except CarrierRefused:
            return False
        except CarrierUnclear as problem:
            raise ApplicationError(str(problem), type="carrier_unclear") from None
        if taken:
            with self._database.write() as session:
                session.get_one(LabelRow, label.key).given_back_at = datetime.fromisoformat(at)
        return taken

    def _create(self, data: LabelData, at: datetime) -> CreatedLabel:
        with self._database.read() as session:
            known = known_parcels(session, data.key)
        for refused in known.refused:
            # Its refusal was final; an answer that came after all must not be paid for twice.
            found = self._carrier.find(refused)
            if found is not None:
                return found
        shipment = known.current
        if shipment is None:
            prepared = self._carrier.prepare(data)
            with self._database.write() as session:
                shipment = keep_parcel(session, data.key, known.next_no, data.rma, prepared, at)
        try:
            return self._carrier.buy(shipment)
        except CarrierRefused:
            with self._database.write() as session:
                refuse_parcel(session, data.key, shipment, at)
            raise

    def _look_up(self, order: LabelOrder) -> tuple[LabelData, Label | None]:
        with self._database.read() as session:
            kept = session.get(LabelRow, order.key)
            found = session.get(Return, order.rma)
            if found is None:
                raise ApplicationError(
                    f"there is no return {order.rma}", type="unknown_return", non_retryable=True
                )
            data = LabelData(
                key=order.key,
                rma=found.rma,
                order_number=found.order_number,
                sender_name=name_of(found),
                sender_country=found.order.country,
                shop_name=self._settings.shop_name,
                shop_email=self._settings.shop_email,
                sender=address_of(found),
            )
            return data, _label(kept) if kept is not None else None


def _label(row: LabelRow) -> Label:
    return Label(tracking=row.tracking, carrier=row.carrier)
