"""EasyPost's SDK against the sandbox carrier: what it is told, what it sells, how it fails."""

import io
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
import zxingcpp

from activities.providers.carriers.contract import CarrierContract
from activities.providers.carriers.easypost_api import EasyPostCarrier
from activities.providers.carriers.protocol import (
    Carrier,
    CarrierRefused,
    CarrierUnclear,
    LabelData,
)
from models.addresses import Address
from models.carrier_settings import ParcelSize
from tests.contract.sandbox_process import KEY, Sandbox, free_port

SHOP = Address(line1="1 Dock Road", city="Leeds", postcode="LS1 4AB", country="GB")


def home(line2: str | None = None, country: str = "GB") -> Address:
    return Address(
        name="Carla Customer",
        line1="5 Mill Lane",
        line2=line2,
        city="York",
        postcode="YO1 7HX",
        country=country,
    )


def a_parcel(line2: str | None = None, **other: Any) -> LabelData:
    data = LabelData(
        key=f"R-7K2M-9QX4/label/{uuid4().hex}",
        rma="R-7K2M-9QX4",
        order_number="1001",
        sender_name="Carla Customer",
        sender_country="GB",
        shop_name="Larkspur & Daughters",
        shop_email="returns@larkspur.example",
        sender=home(line2),
    )
    return replace(data, **other)


@pytest.fixture
def carrier(sandbox: Sandbox) -> EasyPostCarrier:
    return carrier_at(sandbox)


def carrier_at(sandbox: Sandbox, **other: Any) -> EasyPostCarrier:
    return EasyPostCarrier(KEY, address=SHOP, api_base=f"{sandbox.address}/v2", **other)


def parcels(sandbox: Sandbox, order: LabelData) -> list[dict[str, Any]]:
    reference = order.key.replace("/", "-")
    answer = sandbox.call("GET", f"/_sandbox/parcels?reference={reference}")
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


class TestTheContract(CarrierContract):
    """What every carrier has to do, done by EasyPost's SDK at the sandbox."""

    @pytest.fixture
    def carrier(self, sandbox: Sandbox) -> Carrier:
        return carrier_at(sandbox)


def test_the_cheapest_label_is_bought_with_its_page_its_number_and_its_cost(
    sandbox: Sandbox, carrier: EasyPostCarrier
) -> None:
    order = a_parcel()
    label = carrier.buy(carrier.prepare(order))
    [parcel] = parcels(sandbox, order)
    assert (label.tracking, label.shipment) == (parcel["tracking"], parcel["id"])
    assert (label.carrier, label.cost, label.currency) == ("Sandbox Parcel", 320, "GBP")
    with pypdfium2.PdfDocument(io.BytesIO(label.pdf)) as document:
        page = document[0].render(scale=203 / 72).to_pil()
    codes = {code.text for code in zxingcpp.read_barcodes(page)}
    assert codes == {"R-7K2M-9QX4", label.tracking}


def test_the_parcel_is_a_return_from_the_customer_to_the_shop(sandbox: Sandbox) -> None:
    carrier = carrier_at(
        sandbox, parcel=ParcelSize(length=40, width=30, height=5, grams=567), accounts=("ca_1",)
    )
    made = sandbox.call("GET", f"/v2/shipments/{carrier.prepare(a_parcel())}").json()
    assert made["is_return"] is True
    assert made["from_address"] == {
        "name": "Carla Customer",
        "street1": "5 Mill Lane",
        "city": "York",
        "zip": "YO1 7HX",
        "country": "GB",
    }
    assert made["to_address"] == {
        "company": "Larkspur & Daughters",
        "email": "returns@larkspur.example",
        "street1": "1 Dock Road",
        "city": "Leeds",
        "zip": "LS1 4AB",
        "country": "GB",
    }
    assert made["parcel"] == {"length": 15.7, "width": 11.8, "height": 2.0, "weight": 20.0}


@pytest.mark.parametrize(
    ("services", "cost"),
    [
        (("Sandbox Parcel/Express",), 790),
        (("sandbox parcel",), 320),
        (("Royal Mail", "sandbox parcel/express"), 790),
    ],
)
def test_only_services_that_the_shop_chose_are_bought(
    sandbox: Sandbox, services: tuple[str, ...], cost: int
) -> None:
    carrier = carrier_at(sandbox, services=services)
    assert carrier.buy(carrier.prepare(a_parcel())).cost == cost


def test_a_parcel_no_chosen_service_takes_is_refused_before_anything_is_bought(
    sandbox: Sandbox,
) -> None:
    carrier, order = carrier_at(sandbox, services=("Royal Mail",)), a_parcel()
    shipment = carrier.prepare(order)
    with pytest.raises(CarrierRefused, match=f"no carrier takes this parcel \\({shipment}"):
        carrier.buy(shipment)
    assert [parcel["bought"] for parcel in parcels(sandbox, order)] == [False]


def test_a_bought_label_is_found_by_our_key_and_not_bought_again(
    sandbox: Sandbox, carrier: EasyPostCarrier
) -> None:
    order = a_parcel()
    shipment = carrier.prepare(order)
    first = carrier.buy(shipment)
    assert carrier.prepare(order) == shipment
    assert carrier.buy(shipment) == first == carrier.find(shipment)
    assert len(parcels(sandbox, order)) == 1


def test_a_parcel_without_a_label_is_told_of_anew(
    sandbox: Sandbox, carrier: EasyPostCarrier
) -> None:
    order = a_parcel()
    first = carrier.prepare(order)
    assert carrier.find(first) is None
    # The address may have been mended meanwhile.
    second = carrier.prepare(replace(order, sender=home("Flat 2")))
    assert first != second
    assert sandbox.call("GET", f"/v2/shipments/{second}").json()["from_address"]["street2"]


def test_a_purchase_whose_answer_is_lost_is_unclear_and_then_found(
    sandbox: Sandbox, carrier: EasyPostCarrier
) -> None:
    order = a_parcel("sbx_label_lost_answer")
    shipment = carrier.prepare(order)
    with pytest.raises(CarrierUnclear, match="no answer"):
        carrier.buy(shipment)
    assert [parcel["bought"] for parcel in parcels(sandbox, order)] == [True]
    assert carrier.buy(shipment).tracking == parcels(sandbox, order)[0]["tracking"]
    assert carrier.prepare(order) == shipment


def test_too_many_calls_are_asked_again_later(carrier: EasyPostCarrier) -> None:
    shipment = carrier.prepare(a_parcel("sbx_label_busy"))
    for _ in range(2):
        with pytest.raises(CarrierUnclear, match="fewer calls"):
            carrier.buy(shipment)
    assert carrier.buy(shipment).pdf.startswith(b"%PDF-")


def test_a_page_that_is_not_there_is_read_later_and_the_label_not_bought_again(
    sandbox: Sandbox, carrier: EasyPostCarrier
) -> None:
    order = a_parcel("sbx_label_missing_page")
    shipment = carrier.prepare(order)
    for _ in range(2):
        with pytest.raises(CarrierUnclear, match=r"its page is not there \(HTTP 404\)"):
            carrier.buy(shipment)
    assert carrier.buy(shipment).pdf.startswith(b"%PDF-")
    assert len(parcels(sandbox, order)) == 1


def test_a_refusal_says_the_providers_code_and_nothing_of_the_address(
    carrier: EasyPostCarrier,
) -> None:
    shipment = carrier.prepare(a_parcel("sbx_label_refused"))
    with pytest.raises(CarrierRefused) as caught:
        carrier.buy(shipment)
    assert str(caught.value) == "the carrier refused the label (SHIPMENT.POSTAGE.FAILURE)"


def test_a_country_that_does_not_answer_is_unclear(carrier: EasyPostCarrier) -> None:
    with pytest.raises(CarrierUnclear, match="HTTP 503"):
        carrier.prepare(a_parcel(sender=home(country="BV")))


def test_a_wrong_key_is_no_refusal(sandbox: Sandbox) -> None:
    carrier = EasyPostCarrier("wrong", address=SHOP, api_base=f"{sandbox.address}/v2")
    with pytest.raises(CarrierUnclear, match="does not accept the API key"):
        carrier.prepare(a_parcel())


def test_a_carrier_that_is_down_is_unclear() -> None:
    carrier = EasyPostCarrier(KEY, address=SHOP, api_base=f"http://127.0.0.1:{free_port()}/v2")
    with pytest.raises(CarrierUnclear, match="no answer"):
        carrier.prepare(a_parcel())


def test_easypost_itself_is_not_asked_for_a_label_without_an_address() -> None:
    carrier = EasyPostCarrier("EZTK-none", address=SHOP)
    with pytest.raises(CarrierRefused, match="without a shipping address"):
        carrier.prepare(a_parcel(sender=None))
