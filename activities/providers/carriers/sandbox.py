"""A carrier that exists on paper only: real labels, no lorries.

The country a parcel comes from chooses how it behaves: Antarctica (`AQ`) is never served, and
for Bouvet Island (`BV`) the carrier never answers.
"""

from hashlib import sha256

from activities.providers.carriers.label_page import draw_label
from activities.providers.carriers.protocol import (
    CarrierRefused,
    CarrierUnclear,
    CreatedLabel,
    LabelData,
)

CARRIER = "Sandbox Parcel"
_NOT_SERVED = "AQ"
_NOT_ANSWERING = "BV"


class SandboxCarrier:
    """Makes labels without asking anybody; a `Carrier`."""

    def create_label(self, order: LabelData) -> CreatedLabel:
        """Makes the label; the same data gives the same bytes.

        Raises:
            CarrierRefused: the parcel comes from Antarctica.
            CarrierUnclear: it comes from Bouvet Island.
        """
        country = (order.sender_country or "").upper()
        if country == _NOT_SERVED:
            raise CarrierRefused("no carrier serves Antarctica")
        if country == _NOT_ANSWERING:
            raise CarrierUnclear("the carrier for Bouvet Island does not answer")
        tracking = tracking_number(order.key)
        return CreatedLabel(
            tracking=tracking,
            carrier=CARRIER,
            pdf=draw_label(order, carrier=CARRIER, tracking=tracking),
        )


def tracking_number(key: str) -> str:
    """The tracking number for a key: SBX and 20 digits, the last of them a check digit."""
    number = f"{int.from_bytes(sha256(key.encode()).digest()) % 10**19:019d}"
    # The check digit of GTINs: weights 3 and 1 by turns, from the right.
    weighted = sum(
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number))
    )
    return f"SBX{number}{-weighted % 10}"
