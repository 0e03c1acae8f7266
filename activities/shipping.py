"""Labels for the way back: asked of the carrier once, and kept."""

from datetime import datetime

from temporalio.exceptions import ApplicationError

from activities.definition import uninterrupted
from activities.providers.carriers.protocol import (
    Carrier,
    CarrierRefused,
    CarrierUnclear,
    LabelData,
)
from models.database import Database
from models.messages import Label, LabelOrder
from models.settings import Settings
from models.store.recipients import name_of
from models.tables import Label as LabelRow
from models.tables import Return

# The type of the error a workflow reads when no retry will help.
CARRIER_REFUSED = "carrier_refused"


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

        Raises:
            ApplicationError: type `carrier_refused` (not retryable): the carrier will not do it;
                `carrier_unclear` (retryable): no answer; `unknown_return` (not retryable).
        """
        data, made = self._look_up(order)
        if made is not None:
            return made
        try:
            created = self._carrier.create_label(data)
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
                carrier=created.carrier,
                tracking=created.tracking,
                pdf=created.pdf,
                created_at=datetime.fromisoformat(order.at),
            )
            session.add(row)
            return _label(row)

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
            )
            return data, _label(kept) if kept is not None else None


def _label(row: LabelRow) -> Label:
    return Label(tracking=row.tracking, carrier=row.carrier)
