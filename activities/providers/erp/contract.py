"""The tests that every ERP provider has to pass; they need pytest.

A package that adds an ERP subclasses `ErpContract` in a test module of its own and says what is
in the ERP it tests against:

    class TestAcme(ErpContract):
        @pytest.fixture
        def shop(self) -> Shop:
            ...

One that takes exchanges, too, subclasses `ErpExchangesContract` (`contract_exchanges.py`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from activities.providers.erp.protocol import (
    CreditLine,
    CreditNote,
    DocumentKind,
    ErpMode,
    ErpProvider,
    ErpRefused,
    Goods,
    Place,
)

__all__ = ["ErpContract", "Shop", "line_of", "note_of"]


@dataclass(frozen=True)
class Shop:
    """A shop in the ERP under test.

    Attributes:
        connect: gives the provider in a mode.
        orders: numbers of orders that the ERP has, by currency; GBP is needed, and a currency
            without decimals (JPY) or with three (KWD) is tried where it is given.
        sku: an article of these orders.
        codes: what the ERP calls our accounts, for those of `models.rules.erp.ERP_ACCOUNTS`.
        tax_rate: a rate the ERP has a sales tax for, like "0.20".
    """

    connect: Callable[[ErpMode], ErpProvider]
    orders: dict[str, str]
    sku: str
    codes: dict[str, str]
    tax_rate: str
    number: int = field(default_factory=lambda: uuid4().int % 900_000_000 + 100_000_000)


class WithAnErp:
    """What the tests of a provider begin with."""

    @pytest.fixture
    def shop(self) -> Shop:
        """What is in the ERP; to be given by the subclass."""
        raise NotImplementedError

    @pytest.fixture
    def erp(self, shop: Shop) -> ErpProvider:
        """The provider, posting what it records."""
        return shop.connect(ErpMode.POSTED)


class ErpContract(WithAnErp):
    """Each test works with references of its own."""

    @pytest.fixture
    def note(self, shop: Shop) -> CreditNote:
        """20.01 of goods with a tax that no rate makes of it, less a fee of 6.00."""
        lines = (
            line_of(shop, "sales_returns", 1667, 334, shop.tax_rate),
            line_of(shop, "fee_income", -500, -100, shop.tax_rate),
        )
        return note_of(shop, "GBP", lines)

    @pytest.fixture
    def goods(self, shop: Shop) -> Goods:
        """Two of an article, for storage."""
        return Goods(
            reference=f"R-TEST-{shop.number}/1",
            order=shop.orders["GBP"],
            rma="R-TEST-00",
            sku=shop.sku,
            quantity=2,
            place=Place.STORAGE,
            unit_price=1000,
            currency="GBP",
        )

    def test_an_order_is_found_by_our_number(self, erp: ErpProvider, shop: Shop) -> None:
        found = erp.find_order(shop.orders["GBP"])

        assert found is not None
        assert found.currency == "GBP"
        assert erp.find_order(f"no order {shop.number}") is None

    def test_a_credit_note_is_posted_with_our_amount_to_the_minor_unit(
        self, erp: ErpProvider, note: CreditNote
    ) -> None:
        held = erp.record_credit_note(note)

        assert (held.amount, held.currency) == (note.total, "GBP") == (1401, "GBP")
        assert held.final
        assert held.copies == 1
        assert all(held.numbers)
        assert erp.find(DocumentKind.CREDIT_NOTE, note.reference) == held

    def test_what_is_recorded_again_is_there_once(self, erp: ErpProvider, note: CreditNote) -> None:
        first = erp.record_credit_note(note)

        assert erp.record_credit_note(note) == first

    def test_what_several_record_at_once_is_there_once(
        self, erp: ErpProvider, note: CreditNote
    ) -> None:
        with ThreadPoolExecutor(3) as pool:
            for call in [pool.submit(erp.record_credit_note, note) for _ in range(3)]:
                call.exception()  # Who came second may be told to ask again.

        held = erp.record_credit_note(note)
        assert (held.copies, held.amount, held.final) == (1, note.total, True)

    @pytest.mark.parametrize("currency", ["JPY", "KWD"])
    def test_amounts_have_the_decimals_of_their_currency(
        self, erp: ErpProvider, shop: Shop, currency: str
    ) -> None:
        if currency not in shop.orders:
            pytest.skip(f"no order in {currency}")
        lines = (line_of(shop, "sales_returns", 12345, 678, ""),)

        held = erp.record_credit_note(note_of(shop, currency, lines))

        assert (held.amount, held.currency) == (13023, currency)

    def test_a_tax_that_the_erp_does_not_know_keeps_its_amount(
        self, erp: ErpProvider, shop: Shop
    ) -> None:
        lines = (line_of(shop, "sales_returns", 1000, 77, "0.0771"),)

        assert erp.record_credit_note(note_of(shop, "GBP", lines)).amount == 1077

    def test_store_credit_and_its_bonus_are_recorded(self, erp: ErpProvider, shop: Shop) -> None:
        lines = (
            line_of(shop, "sales_returns", 1000, 200, shop.tax_rate),
            line_of(shop, "store_credit_bonus", 120, 0, ""),
        )
        note = replace(note_of(shop, "GBP", lines), store_credit=True)

        assert erp.record_credit_note(note).amount == 1320

    def test_a_draft_stays_a_draft_and_is_there_once(self, shop: Shop, note: CreditNote) -> None:
        drafting = shop.connect(ErpMode.DRAFT)

        held = drafting.record_credit_note(note)

        assert not held.final
        assert held.amount == note.total
        assert drafting.record_credit_note(note) == held

    def test_a_draft_that_was_left_is_posted(
        self, erp: ErpProvider, shop: Shop, note: CreditNote
    ) -> None:
        draft = shop.connect(ErpMode.DRAFT).record_credit_note(note)

        held = erp.record_credit_note(note)

        assert held.final
        assert held.ids == draft.ids

    def test_an_order_it_does_not_have_is_refused_in_words(
        self, erp: ErpProvider, note: CreditNote
    ) -> None:
        with pytest.raises(ErpRefused, match="no-such-order"):
            erp.record_credit_note(replace(note, order="no-such-order"))

        assert erp.find(DocumentKind.CREDIT_NOTE, note.reference) is None

    @pytest.mark.parametrize("place", list(Place))
    def test_goods_come_into_each_place_once(
        self, erp: ErpProvider, goods: Goods, place: Place
    ) -> None:
        asked = replace(goods, place=place)

        held = erp.record_goods(asked)

        assert (held.quantity, held.final, held.copies) == (2, True, 1)
        assert erp.record_goods(asked) == held
        assert erp.find(DocumentKind.GOODS, goods.reference) == held

    def test_an_article_it_does_not_have_is_refused_in_words(
        self, erp: ErpProvider, goods: Goods
    ) -> None:
        with pytest.raises(ErpRefused, match="no-such-sku"):
            erp.record_goods(replace(goods, sku="no-such-sku"))

        assert erp.find(DocumentKind.GOODS, goods.reference) is None

    def test_what_it_has_is_listed_for_comparison(self, erp: ErpProvider, note: CreditNote) -> None:
        held = erp.record_credit_note(note)
        now = datetime.now(UTC)

        recent = {each.reference: each for each in erp.list_credit_notes(now - timedelta(days=1))}
        later = {each.reference for each in erp.list_credit_notes(now + timedelta(days=1))}

        assert recent[note.reference] == held
        assert note.reference not in later


def line_of(shop: Shop, account: str, net: int, tax: int, rate: str) -> CreditLine:
    """A line on an account as the shop's ERP calls it."""
    return CreditLine(
        account=account,
        code=shop.codes[account],
        net=net,
        tax=tax,
        tax_rate=rate,
        words=f"A line of {account}",
    )


def note_of(shop: Shop, currency: str, lines: tuple[CreditLine, ...]) -> CreditNote:
    """A note for the shop's order in a currency."""
    return CreditNote(
        reference=f"CM-{shop.number}",
        order=shop.orders[currency],
        rma="R-TEST-00",
        currency=currency,
        issued_on=datetime.now(UTC).date(),
        lines=lines,
        store_credit=False,
        tax_code=shop.codes["tax_payable"],
        store_credit_code=shop.codes["store_credit"],
    )
