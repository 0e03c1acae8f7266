"""Tryton as the ERP: the contract that is published for every ERP, against the real one."""

import json
from functools import partial
from pathlib import Path

import pytest

from activities.providers.erp.contract import ErpContract, Shop
from activities.providers.erp.contract_exchanges import ErpExchangesContract
from activities.providers.erp.finding import connect_erp
from activities.providers.erp.protocol import ErpMode, ErpProvider, ErpSettings, Place
from tests.tryton.process import TrytonProcess
from tests.tryton.shop import ACCOUNTS, KEY, LOCATIONS, SKU


def settings_of(server: TrytonProcess, mode: ErpMode = ErpMode.POSTED) -> ErpSettings:
    return ErpSettings(
        url=server.address,
        key=KEY,
        company="",
        mode=mode,
        locations={Place(place): code for place, code in LOCATIONS.items()},
    )


def connect(server: TrytonProcess, mode: ErpMode) -> ErpProvider:
    """As the worker does: by the name in the settings."""
    erp = connect_erp("tryton", settings_of(server, mode))
    assert erp is not None
    return erp


class TestTryton(ErpContract, ErpExchangesContract):
    @pytest.fixture
    def shop(self, tryton: TrytonProcess, tryton_template: Path) -> Shop:
        furnished = json.loads((tryton_template / "furnished.json").read_text())
        return Shop(
            connect=partial(connect, tryton),
            orders=furnished["orders"],
            sku=SKU,
            codes=ACCOUNTS,
            tax_rate="0.20",
        )
