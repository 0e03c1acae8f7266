"""Tryton as the ERP."""

from activities.providers.erp.protocol import ErpProvider, ErpSettings
from activities.providers.erp.tryton.provider import TrytonErp


def connect(settings: ErpSettings) -> ErpProvider:
    """What the entry point `tryton` of `redress.erp` names."""
    return TrytonErp(settings)
