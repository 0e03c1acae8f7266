"""Finds what other systems are connected by, among the packages that are installed."""

from importlib.metadata import entry_points
from typing import Any

NONE = "none"


class UnknownProvider(Exception):
    """No installed package brings one of this name; the message names those there are."""


def find_provider(group: str, setting: str, name: str) -> Any:
    """What an entry point names; None for `none`.

    Args:
        group: of the entry points, like `redress.orders`.
        setting: that holds the name, for the message.
        name: of the entry point.

    Raises:
        UnknownProvider: there is none of this name.
    """
    if name == NONE:
        return None
    found = entry_points(group=group)
    if name not in found.names:
        known = ", ".join(sorted({NONE, *found.names}))
        raise UnknownProvider(f"{setting}: there is no {name!r}; installed are: {known}.")
    return found[name].load()
