"""Finds the ERP that is set up, by Python's entry points."""

from importlib.metadata import entry_points

from activities.providers.erp.protocol import ConnectErp, ErpProvider, ErpSettings

GROUP = "redress.erp"
NONE = "none"


class UnknownErp(Exception):
    """No installed package brings an ERP of this name; the message names those there are."""


def connect_erp(name: str, settings: ErpSettings) -> ErpProvider | None:
    """The ERP of this name; None for `none`.

    Raises:
        UnknownErp: there is none of this name.
    """
    if name == NONE:
        return None
    found = entry_points(group=GROUP)
    if name not in found.names:
        known = ", ".join(sorted({NONE, *found.names}))
        raise UnknownErp(f"REDRESS_ERP: there is no ERP {name!r}; installed are: {known}.")
    connect: ConnectErp = found[name].load()
    return connect(settings)
