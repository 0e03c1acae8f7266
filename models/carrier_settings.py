"""Which carrier makes the labels, and what it has to know: read from the environment."""

import re
from dataclasses import dataclass

from environs import Env

from models.addresses import Address, read_address

_SIZE = re.compile(r"([1-9]\d{0,2})x([1-9]\d{0,2})x([1-9]\d{0,2})")
_MOST_GRAMS = 1_000_000
# The carriers that come with Redress; others are brought by packages.
SANDBOX, EASYPOST = "sandbox", "easypost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelSize:
    """What carriers reckon a returned parcel by: centimetres and grams."""

    length: int = 30
    width: int = 20
    height: int = 10
    grams: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierSettings:
    """Everything about the carrier, already checked.

    `webhook_secrets` each prove a body: two while a new one replaces the old. `services` are
    "carrier" or "carrier/service", as EasyPost writes them; the cheapest of them is bought, and
    with none the cheapest of all. `accounts` are EasyPost's ids of carrier accounts.
    """

    carrier: str = SANDBOX
    api_key: str | None = None
    webhook_secrets: tuple[str, ...] = ()
    address: Address | None = None
    parcel: ParcelSize = ParcelSize()
    services: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


def read_carrier_settings(env: Env) -> CarrierSettings:
    """Reads them.

    Raises:
        ValueError: one has an impossible value, or one is missing that the carrier needs.
    """
    found = CarrierSettings(
        carrier=env.str("REDRESS_CARRIER", "") or SANDBOX,
        api_key=env.str("EASYPOST_API_KEY", "") or None,
        webhook_secrets=tuple(env.str("EASYPOST_WEBHOOK_SECRET", "").split()),
        address=_address(env.str("REDRESS_RETURNS_ADDRESS", "")),
        parcel=_parcel(
            env.str("REDRESS_PARCEL_CM", "") or "30x20x10",
            env.str("REDRESS_PARCEL_GRAMS", "") or "1000",
        ),
        services=_listed(env.str("EASYPOST_SERVICES", "")),
        accounts=_listed(env.str("EASYPOST_CARRIER_ACCOUNTS", "")),
    )
    if found.carrier == EASYPOST:
        if found.api_key is None:
            raise ValueError("REDRESS_CARRIER is easypost: set EASYPOST_API_KEY")
        if found.address is None:
            raise ValueError("REDRESS_CARRIER is easypost: set REDRESS_RETURNS_ADDRESS")
    return found


def _address(text: str) -> Address | None:
    try:
        return read_address(text) if text else None
    except ValueError as error:
        raise ValueError(f"REDRESS_RETURNS_ADDRESS: {error}") from error


def _parcel(size: str, grams: str) -> ParcelSize:
    sides = _SIZE.fullmatch(size)
    if sides is None:
        raise ValueError(f"REDRESS_PARCEL_CM: {size!r} is no size; write it like 30x20x10")
    if not grams.isdecimal() or not 0 < int(grams) <= _MOST_GRAMS:
        raise ValueError(f"REDRESS_PARCEL_GRAMS: {grams!r} is no weight; write it like 1000")
    length, width, height = (int(side) for side in sides.groups())
    return ParcelSize(length=length, width=width, height=height, grams=int(grams))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
