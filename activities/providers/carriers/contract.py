"""The tests that every carrier has to pass; they need pytest.

A package that adds a carrier subclasses `CarrierContract` in a test module of its own, and gives
the carrier, connected to the other side's test account:

    class TestAcme(CarrierContract):
        @pytest.fixture
        def carrier(self) -> Carrier:
            ...
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from activities.providers.carriers.protocol import Carrier, CarrierRefused, LabelData
from models.addresses import Address

__all__ = ["CarrierContract"]


class CarrierContract:
    """Each test works with keys of its own."""

    @pytest.fixture
    def carrier(self) -> Carrier:
        """The carrier under test; to be given by the subclass."""
        raise NotImplementedError

    @pytest.fixture
    def parcel(self) -> LabelData:
        """A parcel the carrier takes; a carrier of another country gives its own."""
        return LabelData(
            key=f"R-7K2M-9QX4/label/{uuid4().hex}",
            rma="R-7K2M-9QX4",
            order_number="1001",
            sender_name="Carla Customer",
            sender_country="GB",
            shop_name="Larkspur & Daughters",
            shop_email="returns@larkspur.example",
            sender=Address(line1="5 Mill Lane", city="York", postcode="YO1 7HX", country="GB"),
        )

    @pytest.fixture
    def refused(self, parcel: LabelData) -> LabelData:
        """A parcel the carrier doesn't take; by default one from Antarctica."""
        pole = Address(line1="Pole", city="South Pole", country="AQ")
        return replace(parcel, sender=pole, sender_country="AQ")

    def test_a_label_has_a_page_a_number_and_a_name(
        self, carrier: Carrier, parcel: LabelData
    ) -> None:
        """What Redress keeps of it fits where it is kept."""
        label = carrier.buy(carrier.prepare(parcel))
        assert label.pdf.startswith(b"%PDF-")
        assert 0 < len(label.tracking) <= 60
        assert 0 < len(label.shipment) <= 60
        assert label.carrier
        assert (label.cost is None) == (label.currency is None)

    def test_a_parcel_is_told_of_before_anything_is_bought(
        self, carrier: Carrier, parcel: LabelData
    ) -> None:
        """`find` tells a parcel with a label from one without."""
        shipment = carrier.prepare(parcel)
        assert carrier.find(shipment) is None
        label = carrier.buy(shipment)
        found = carrier.find(shipment)
        assert found is not None
        assert found.tracking == label.tracking

    def test_one_parcel_has_one_label_however_often_it_is_bought(
        self, carrier: Carrier, parcel: LabelData
    ) -> None:
        """Also for attempts at the same moment."""
        shipment = carrier.prepare(parcel)
        with ThreadPoolExecutor(4) as threads:
            bought = list(threads.map(carrier.buy, [shipment] * 4))
        assert len({label.tracking for label in bought}) == 1
        assert carrier.buy(shipment).tracking == bought[0].tracking

    def test_two_keys_are_two_parcels(self, carrier: Carrier, parcel: LabelData) -> None:
        """A label that is made again is another label."""
        other = replace(parcel, key=f"{parcel.key}/2")
        first, second = carrier.prepare(parcel), carrier.prepare(other)
        assert first != second
        assert carrier.buy(first).tracking != carrier.buy(second).tracking

    def test_an_unused_label_is_given_back_once(self, carrier: Carrier, parcel: LabelData) -> None:
        """Where the carrier takes labels back; asking again changes nothing."""
        shipment = carrier.prepare(parcel)
        carrier.buy(shipment)
        assert carrier.give_back(shipment) is carrier.give_back(shipment)

    def test_a_refusal_names_nobody(self, carrier: Carrier, refused: LabelData) -> None:
        """It goes through Temporal and onto the timeline."""
        with pytest.raises(CarrierRefused) as caught:
            carrier.buy(carrier.prepare(refused))
        assert refused.sender_name is not None
        assert refused.sender_name not in str(caught.value)
        assert refused.sender is not None
        assert refused.sender.line1 not in str(caught.value)
