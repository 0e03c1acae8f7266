"""Tryton's JSON: dates, times and decimals are objects that name their class."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def dump(value: object) -> str:
    """A value as Tryton reads it.

    Raises:
        TypeError: it holds something other than text, numbers, dates and decimals.
    """
    return json.dumps(value, default=_encode, separators=(",", ":"))


def load(text: str) -> Any:
    """A value that Tryton wrote.

    Raises:
        ValueError: the text is no JSON.
    """
    return json.loads(text, object_hook=_decode)


def _encode(value: object) -> dict[str, object]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        return {
            "__class__": "datetime",
            "year": value.year,
            "month": value.month,
            "day": value.day,
            "hour": value.hour,
            "minute": value.minute,
            "second": value.second,
            "microsecond": value.microsecond,
        }
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"Tryton is told no {type(value).__name__}")


def _decode(found: dict[str, Any]) -> Any:
    kind = found.get("__class__")
    if kind == "Decimal":
        return Decimal(found["decimal"])
    if kind == "date":
        return date(found["year"], found["month"], found["day"])
    if kind == "datetime":
        # Tryton's times are of UTC and say no zone.
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return datetime(*(found[part] for part in parts))  # noqa: DTZ001
    return found
