"""Finds the carrier that is chosen: EasyPost, the sandbox, or one a package brings."""

from importlib.metadata import entry_points

from activities.providers.carriers.easypost_api import EasyPostCarrier
from activities.providers.carriers.none import NoCarrier
from activities.providers.carriers.protocol import Carrier, ConnectCarrier
from models.carrier_settings import EASYPOST, SANDBOX
from models.settings import Settings

GROUP = "redress.carriers"


class UnknownCarrier(Exception):
    """No installed package brings a carrier of this name; the message names those there are."""


def connect_carrier(settings: Settings) -> Carrier:
    """Who makes the labels, as the settings say; the sandbox speaks EasyPost's language.

    Raises:
        UnknownCarrier: there is none of this name.
    """
    chosen = settings.carrier
    if chosen.carrier == EASYPOST:
        return EasyPostCarrier(
            chosen.api_key or "",
            address=chosen.address,
            parcel=chosen.parcel,
            services=chosen.services,
            accounts=chosen.accounts,
        )
    if chosen.carrier == SANDBOX:
        if settings.sandbox_url is None:
            return NoCarrier()
        return EasyPostCarrier(
            settings.sandbox_key,
            address=chosen.address,
            parcel=chosen.parcel,
            api_base=f"{settings.sandbox_url.rstrip('/')}/v2",
        )
    found = entry_points(group=GROUP)
    if chosen.carrier not in found.names:
        known = ", ".join(sorted({EASYPOST, SANDBOX, *found.names}))
        raise UnknownCarrier(
            f"REDRESS_CARRIER: there is no carrier {chosen.carrier!r}; installed are: {known}."
        )
    connect: ConnectCarrier = found[chosen.carrier].load()
    return connect(chosen)
