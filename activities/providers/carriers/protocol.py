"""What Redress asks of a carrier: a label for the way back."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelData:
    """One parcel from a customer back to the shop.

    Attributes:
        key: the same for every attempt to make this label.
        rma: the return, as the dock scans it.
        order_number: the order the goods came from.
        sender_name: the customer, when known.
        sender_country: where the parcel is posted, ISO 3166 alpha-2 or a name, when known.
        shop_name: who gets the parcel.
        shop_email: where the carrier or a finder can ask.
    """

    key: str
    rma: str
    order_number: str
    sender_name: str | None
    sender_country: str | None
    shop_name: str
    shop_email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedLabel:
    """A label as the carrier made it. `pdf` is the page to print."""

    tracking: str
    carrier: str
    pdf: bytes


class CarrierRefused(Exception):
    """The carrier will not carry this parcel, now or on a retry. The message names no person."""


class CarrierUnclear(Exception):
    """No answer that can be trusted; ask again with the same key. The message names no person."""


class Carrier(Protocol):
    """Someone who carries parcels.

    `create_label` blocks, is safe to call from several threads, gives the same label for the same
    key, and raises only `CarrierRefused` and `CarrierUnclear`.
    """

    def create_label(self, order: LabelData) -> CreatedLabel:
        """Makes the label, or gives the one an earlier attempt with the same key made."""
        ...
