"""Postal addresses, and how a setting writes one."""

import json
import re
from dataclasses import MISSING, dataclass, fields

_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where somebody lives or works. `country`: ISO 3166 alpha-2."""

    line1: str
    city: str
    country: str
    name: str | None = None
    company: str | None = None
    line2: str | None = None
    region: str | None = None
    postcode: str | None = None
    phone: str | None = None


_NAMES = [part.name for part in fields(Address)]
_NEEDED = [part.name for part in fields(Address) if part.default is MISSING]


def read_address(text: str) -> Address:
    """Reads an address written as a JSON object of its parts.

    Raises:
        ValueError: it isn't one; the sentence says what is wrong.
    """
    example = '{"line1": "1 Dock Road", "city": "Leeds", "postcode": "LS1 4AB", "country": "GB"}'
    try:
        parts = json.loads(text)
    except ValueError:
        parts = None
    if not isinstance(parts, dict) or not all(isinstance(part, str) for part in parts.values()):
        raise ValueError(f"write the address as a JSON object of texts, like {example}")
    if unknown := sorted(set(parts) - set(_NAMES)):
        raise ValueError(f"an address has no {unknown[0]}; its parts are {', '.join(_NAMES)}")
    if missing := [name for name in _NEEDED if not parts.get(name, "").strip()]:
        raise ValueError(f"the address needs its {missing[0]}, like {example}")
    if not _COUNTRY.fullmatch(parts["country"]):
        raise ValueError("the address's country is two letters of ISO 3166, like GB")
    return Address(**parts)
