"""Which carrier makes the labels: the settings say, and packages may bring others."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from activities.providers.carriers.easypost_api import EasyPostCarrier
from activities.providers.carriers.finding import UnknownCarrier, connect_carrier
from activities.providers.carriers.none import NoCarrier
from activities.providers.carriers.protocol import CarrierRefused, LabelData
from models.addresses import Address
from models.carrier_settings import CarrierSettings, ParcelSize
from models.settings import Settings, SettingsError, load_settings

LEEDS = '{"line1": "1 Dock Road", "city": "Leeds", "postcode": "LS1 4AB", "country": "GB"}'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path)


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that brings a carrier."""
    (tmp_path / "acme_carrier.py").write_text(
        "class Acme:\n"
        "    def __init__(self, settings):\n"
        "        self.settings = settings\n"
        "connect = Acme\n"
    )
    info = tmp_path / "acme_carrier-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-carrier\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[redress.carriers]\nacme = acme_carrier:connect\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("acme_carrier", None)


def chosen(settings: Settings, carrier: str) -> Settings:
    return replace(settings, carrier=CarrierSettings(carrier=carrier))


def test_a_package_brings_a_carrier_that_gets_the_shops_settings(
    settings: Settings, brought: None
) -> None:
    wanted = chosen(settings, "acme")
    found = connect_carrier(wanted)
    assert type(found).__name__ == "Acme"
    assert found.settings == wanted.carrier  # type: ignore[attr-defined]


def test_a_carrier_nobody_brings_is_refused_with_those_there_are(
    settings: Settings, brought: None
) -> None:
    with pytest.raises(UnknownCarrier, match="installed are: acme, easypost, sandbox"):
        connect_carrier(chosen(settings, "fleet"))


def test_the_sandbox_is_asked_where_there_is_one_and_else_a_person(settings: Settings) -> None:
    with_sandbox = replace(settings, sandbox_url="http://127.0.0.1:1")
    assert isinstance(connect_carrier(with_sandbox), EasyPostCarrier)
    nobody = connect_carrier(replace(settings, sandbox_url=None))
    assert isinstance(nobody, NoCarrier)
    assert nobody.find("shp_1") is None
    order = LabelData(
        key="R-1/label/1",
        rma="R-1",
        order_number="1",
        sender_name=None,
        sender_country=None,
        shop_name="",
        shop_email="",
    )
    for ask in (lambda: nobody.prepare(order), lambda: nobody.buy("shp_1")):
        with pytest.raises(CarrierRefused, match="set REDRESS_CARRIER"):
            ask()


def test_easypost_is_set_up_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "REDRESS_CARRIER": "easypost",
        "EASYPOST_API_KEY": "EZTK1",
        "EASYPOST_WEBHOOK_SECRET": "new old",
        "EASYPOST_SERVICES": "RoyalMail/Tracked48, Evri",
        "EASYPOST_CARRIER_ACCOUNTS": "ca_1,ca_2",
        "REDRESS_RETURNS_ADDRESS": LEEDS,
        "REDRESS_PARCEL_CM": "40x30x5",
        "REDRESS_PARCEL_GRAMS": "750",
    }.items():
        monkeypatch.setenv(name, text)
    found = load_settings(tmp_path)
    assert found.carrier == CarrierSettings(
        carrier="easypost",
        api_key="EZTK1",
        webhook_secrets=("new", "old"),
        address=Address(line1="1 Dock Road", city="Leeds", postcode="LS1 4AB", country="GB"),
        parcel=ParcelSize(length=40, width=30, height=5, grams=750),
        services=("RoyalMail/Tracked48", "Evri"),
        accounts=("ca_1", "ca_2"),
    )
    assert isinstance(connect_carrier(found), EasyPostCarrier)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("REDRESS_CARRIER", "easypost", "set EASYPOST_API_KEY"),
        ("REDRESS_RETURNS_ADDRESS", "1 Dock Road", "write the address as a JSON object"),
        ("REDRESS_RETURNS_ADDRESS", '["Leeds"]', "write the address as a JSON object"),
        ("REDRESS_RETURNS_ADDRESS", '{"line1": "1"}', "needs its city"),
        ("REDRESS_RETURNS_ADDRESS", LEEDS.replace("GB", "UK1"), "two letters"),
        ("REDRESS_RETURNS_ADDRESS", LEEDS.replace("city", "town"), "an address has no town"),
        ("REDRESS_PARCEL_CM", "30x20", "30x20x10"),
        ("REDRESS_PARCEL_CM", "30x20x0", "30x20x10"),
        ("REDRESS_PARCEL_GRAMS", "1kg", "write it like 1000"),
        ("REDRESS_PARCEL_GRAMS", "0", "write it like 1000"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_with_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, sentence: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError, match=sentence):
        load_settings(tmp_path)


def test_easypost_needs_to_know_where_parcels_come_back_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDRESS_CARRIER", "easypost")
    monkeypatch.setenv("EASYPOST_API_KEY", "EZTK1")
    with pytest.raises(SettingsError, match="set REDRESS_RETURNS_ADDRESS"):
        load_settings(tmp_path)
