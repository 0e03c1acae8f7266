"""Telling the customers' records of returns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmTold:
    """How many returns were told of; `more`: there may be more that is new."""

    returns: int
    more: bool = False
