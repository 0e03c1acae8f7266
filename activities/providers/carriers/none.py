"""No carrier: each label becomes a person's work."""

from activities.providers.carriers.protocol import CarrierRefused, CreatedLabel, LabelData


class NoCarrier:
    """Stands in where none is set up; a `Carrier`."""

    def prepare(self, order: LabelData) -> str:
        """Refuses.

        Raises:
            CarrierRefused: always.
        """
        raise _refusal()

    def buy(self, shipment: str) -> CreatedLabel:
        """Refuses.

        Raises:
            CarrierRefused: always.
        """
        raise _refusal()

    def find(self, shipment: str) -> CreatedLabel | None:
        """Knows of none."""
        return None

    def give_back(self, shipment: str) -> bool:
        """Takes nothing back."""
        return False


def _refusal() -> CarrierRefused:
    return CarrierRefused("no carrier is set up; set REDRESS_CARRIER, then make the label")
