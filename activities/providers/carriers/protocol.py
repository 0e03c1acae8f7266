"""What Redress asks of a carrier: a label for the way back, paid for once.

A carrier is added by a package of its own: it registers a function in the entry point group
`redress.carriers`, which takes `CarrierSettings` and gives a `Carrier`, and runs the tests of
`activities.providers.carriers.contract` against it. docs/contributor.md tells how.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from models.addresses import Address
from models.carrier_settings import CarrierSettings


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
        sender: the customer's address, when known.
    """

    key: str
    rma: str
    order_number: str
    sender_name: str | None
    sender_country: str | None
    shop_name: str
    shop_email: str
    sender: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedLabel:
    """A label as the carrier made it.

    Attributes:
        tracking: the parcel's number at the carrier that moves it.
        carrier: that carrier's name.
        pdf: the page to print.
        shipment: the parcel's id where the label was bought.
        cost: what it costs the shop, in minor units of `currency`; None: nobody says.
        currency: ISO 4217, with the cost.
    """

    tracking: str
    carrier: str
    pdf: bytes
    shipment: str
    cost: int | None = None
    currency: str | None = None


class CarrierRefused(Exception):
    """The carrier will not carry this parcel, now or on a retry; nothing was bought.

    The message names no person.
    """


class CarrierUnclear(Exception):
    """No answer that can be trusted: the label may be bought or not. Ask again for the same parcel.

    The message names no person.
    """


class Carrier(Protocol):
    """Someone who carries parcels.

    A label is bought in two steps, so that none is bought twice: the parcel's id is kept between
    them, and a carrier sells one label for one parcel. Every method blocks, is safe to call from
    several threads, and raises only `CarrierRefused` and `CarrierUnclear`.
    """

    def prepare(self, order: LabelData) -> str:
        """Tells the carrier of a parcel, which costs nothing.

        Returns:
            The parcel's id there: of a new one, or of one whose label was bought with this key.
        """
        ...

    def buy(self, shipment: str) -> CreatedLabel:
        """Buys the label of a parcel that was prepared, or gives the one that was bought."""
        ...

    def find(self, shipment: str) -> CreatedLabel | None:
        """The label of a parcel, when it was bought."""
        ...

    def give_back(self, shipment: str) -> bool:
        """Gives a label back that was not used; again is harmless.

        Returns:
            Whether the carrier takes it back; it may pay weeks later.
        """
        ...


# What an entry point names.
ConnectCarrier = Callable[[CarrierSettings], Carrier]
