"""The tests that an ERP provider has to pass besides `ErpContract`, if it is an `ErpExchanges`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from activities.providers.erp.contract import Shop, WithAnErp, line_of
from activities.providers.erp.protocol import (
    Difference,
    DocumentKind,
    ErpExchanges,
    ErpMode,
    ErpProvider,
    ErpRefused,
    GoodsOut,
    Held,
    SentItem,
)

__all__ = ["ErpExchangesContract"]


class ErpExchangesContract(WithAnErp):
    """Each test works with references of its own; the codes name `exchange_sales`, too."""

    @pytest.fixture
    def sent(self, shop: Shop) -> GoodsOut:
        """Two of an article and one more, which went out together."""
        return GoodsOut(
            reference=f"exchange/R-TEST-{shop.number}",
            order=shop.orders["GBP"],
            rma="R-TEST-00",
            currency="GBP",
            items=(
                SentItem(sku=shop.sku, quantity=2, unit_price=1000),
                SentItem(sku=shop.sku, quantity=1, unit_price=1200),
            ),
        )

    @pytest.fixture
    def paid(self, shop: Shop) -> Difference:
        """12.01 that a customer paid on top, with a tax that no rate makes of it."""
        return Difference(
            reference=f"exchange/R-TEST-{shop.number}/paid",
            order=shop.orders["GBP"],
            rma="R-TEST-00",
            currency="GBP",
            paid_on=datetime.now(UTC).date(),
            line=line_of(shop, "exchange_sales", -1000, -201, shop.tax_rate),
            tax_code=shop.codes["tax_payable"],
        )

    def test_goods_leave_once_whatever_is_in_stock(self, erp: ErpProvider, sent: GoodsOut) -> None:
        held = _exchanges(erp).record_goods_out(sent)

        assert (held.quantity, held.final, held.copies) == (3, True, 1)
        assert all(held.numbers)
        assert _exchanges(erp).record_goods_out(sent) == held
        assert erp.find(DocumentKind.GOODS_OUT, sent.reference) == held
        assert erp.find(DocumentKind.GOODS, sent.reference) is None

    def test_a_difference_is_charged_with_our_amount_to_the_minor_unit(
        self, erp: ErpProvider, paid: Difference
    ) -> None:
        held = _exchanges(erp).record_difference(paid)

        assert (held.amount, held.currency) == (paid.total, "GBP") == (1201, "GBP")
        assert (held.final, held.copies) == (True, 1)
        assert _exchanges(erp).record_difference(paid) == held
        assert erp.find(DocumentKind.DIFFERENCE, paid.reference) == held

    def test_a_difference_whose_tax_the_erp_does_not_know_keeps_its_amount(
        self, erp: ErpProvider, shop: Shop, paid: Difference
    ) -> None:
        line = line_of(shop, "exchange_sales", -1000, -77, "")

        assert _exchanges(erp).record_difference(replace(paid, line=line)).amount == 1077

    def test_what_several_record_at_once_is_there_once(
        self, erp: ErpProvider, sent: GoodsOut, paid: Difference
    ) -> None:
        calls: list[Callable[[], Held]] = [
            lambda: _exchanges(erp).record_goods_out(sent),
            lambda: _exchanges(erp).record_difference(paid),
        ]
        for call in calls:
            with ThreadPoolExecutor(3) as pool:
                for asked in [pool.submit(call) for _ in range(3)]:
                    asked.exception()  # Who came second may be told to ask again.

            held = call()
            assert (held.copies, held.final) == (1, True)

    def test_drafts_stay_drafts_until_they_are_to_be_posted(
        self, erp: ErpProvider, shop: Shop, sent: GoodsOut, paid: Difference
    ) -> None:
        drafting = _exchanges(shop.connect(ErpMode.DRAFT))

        goods, charged = drafting.record_goods_out(sent), drafting.record_difference(paid)

        assert (goods.final, charged.final) == (False, False)
        assert drafting.record_goods_out(sent) == goods
        assert drafting.record_difference(paid) == charged
        left, posted = (
            _exchanges(erp).record_goods_out(sent),
            _exchanges(erp).record_difference(paid),
        )
        assert (left.final, left.ids) == (True, goods.ids)
        assert (posted.final, posted.ids) == (True, charged.ids)

    def test_what_is_missing_there_is_refused_in_words(
        self, erp: ErpProvider, sent: GoodsOut, paid: Difference
    ) -> None:
        unknown = (SentItem(sku="no-such-sku", quantity=1, unit_price=1),)

        with pytest.raises(ErpRefused, match="no-such-sku"):
            _exchanges(erp).record_goods_out(replace(sent, items=unknown))
        with pytest.raises(ErpRefused, match="no-such-order"):
            _exchanges(erp).record_difference(replace(paid, order="no-such-order"))

        assert erp.find(DocumentKind.GOODS_OUT, sent.reference) is None
        assert erp.find(DocumentKind.DIFFERENCE, paid.reference) is None


def _exchanges(erp: ErpProvider) -> ErpExchanges:
    assert isinstance(erp, ErpExchanges)
    return erp
