"""Writes the demo shop's sales out as orders, with their discounts, tax, shipping and payments."""

from datetime import datetime, time, timedelta
from fractions import Fraction

from models.money import convert, round_half_up
from models.rules.order_pricing import discount_shares
from models.rules.orders import (
    DiscountInput,
    LineInput,
    OrderInput,
    PaymentInput,
    PaymentKind,
    RateInput,
    ShippingInput,
    TaxMode,
)
from web.demo.catalogue import VARIANTS, Variant
from web.demo.customers import CUSTOMERS
from web.demo.shop import SHOP_CURRENCY, Sale, order_number

_FREE_SHIPPING_FROM = 7500
_STANDARD, _STANDARD_ABROAD, _EXPRESS_MORE = 495, 1200, 500
# Where tax is added at the till; everywhere else it is in the price.
_TAX_ADDED = frozenset({"US", "CA"})
_TAX_RATES = {
    "GB": "0.20",
    "IE": "0.23",
    "DE": "0.19",
    "FR": "0.20",
    "NL": "0.21",
    "SE": "0.25",
    "IT": "0.22",
    "ES": "0.21",
    "US": "0.08",
    "CA": "0.13",
    "AU": "0.10",
}


def make_order(sale: Sale, now: datetime) -> OrderInput:
    """Writes a sale out as an order.

    Args:
        sale: what was bought.
        now: the present time in UTC; the order lies before it.
    """
    till = _Till(sale)
    placed, shipped, delivered = _times(sale, till.country, now)
    discounts = till.discounts()
    lines = till.lines(sum(discount.amount for discount in discounts))
    shipping = till.shipping()
    total = sum(till.goods.values()) - sum(discount.amount for discount in discounts)
    total += shipping.amount
    if till.mode is TaxMode.EXCLUSIVE:
        total += shipping.tax + sum(line.tax for line in lines)
    return OrderInput(
        number=order_number(sale.number),
        currency=till.currency,
        placed_at=placed,
        shipped_at=shipped,
        delivered_at=delivered,
        country=till.country,
        tax_mode=till.mode,
        exchange_rate=RateInput(shop_currency=SHOP_CURRENCY, rate=sale.rate) if sale.rate else None,
        customer=CUSTOMERS[sale.customer].as_input(sale.customer),
        lines=lines,
        discounts=discounts,
        shipping=shipping,
        payments=till.payments(total),
    )


class _Till:
    """Reckons one sale."""

    def __init__(self, sale: Sale) -> None:
        self._sale = sale
        self.country = CUSTOMERS[sale.customer].country
        self.currency = "EUR" if sale.rate else SHOP_CURRENCY
        self.mode = TaxMode.EXCLUSIVE if self.country in _TAX_ADDED else TaxMode.INCLUSIVE
        self._tax_rate = _TAX_RATES.get(self.country, "0")
        self._variants = {str(no): VARIANTS[sku] for no, sku in enumerate(sale.goods, start=1)}
        self._quantities = {
            str(no): quantity for no, quantity in enumerate(sale.goods.values(), start=1)
        }
        # What each line costs after its own reduction, before discounts on the order.
        self.goods = {
            line: self._full_price(line) - self._reduction(line) for line in self._variants
        }

    def _unit_price(self, variant: Variant) -> int:
        price = variant.product.price
        if self.mode is TaxMode.EXCLUSIVE or self._tax_rate == "0":
            price = round_half_up(price * 5, 6)  # Catalogue prices have 20 % in them.
        return self._converted(price)

    def _converted(self, pence: int) -> int:
        rate = self._sale.rate
        return convert(pence, SHOP_CURRENCY, self.currency, rate) if rate else pence

    def _full_price(self, line: str) -> int:
        return self._quantities[line] * self._unit_price(self._variants[line])

    def _reduction(self, line: str) -> int:
        return round_half_up(self._full_price(line) * self._sale.reduced.get(line, 0), 100)

    def discounts(self) -> tuple[DiscountInput, ...]:
        """The discount on the whole order, when there was one."""
        sale = self._sale
        amount = sale.off + round_half_up(sum(self.goods.values()) * sale.percent, 100)
        if not amount:
            return ()
        percent = str(sale.percent) if sale.percent else None
        return (
            DiscountInput(amount=amount, code=sale.code, threshold=sale.threshold, percent=percent),
        )

    def lines(self, discount: int) -> tuple[LineInput, ...]:
        """The lines, with the tax on what is left of them after the order's discount."""
        shares = discount_shares(discount, None, self.goods)
        return tuple(
            LineInput(
                id=line,
                sku=variant.sku,
                name=variant.product.name,
                variant=variant.choice,
                category=variant.product.category,
                quantity=self._quantities[line],
                unit_price=self._unit_price(variant),
                discount=self._reduction(line),
                tax_rate=self._tax_rate,
                tax=self._tax(self.goods[line] - shares[line]),
                final_sale=line in self._sale.final,
            )
            for line, variant in self._variants.items()
        )

    def _tax(self, amount: int) -> int:
        rate = Fraction(self._tax_rate)
        tax = amount * (rate if self.mode is TaxMode.EXCLUSIVE else rate / (1 + rate))
        return round_half_up(tax.numerator, tax.denominator)

    def shipping(self) -> ShippingInput:
        """Standard costs nothing from a certain amount on; express costs more than standard."""
        if sum(self.goods.values()) >= _FREE_SHIPPING_FROM:
            standard = 0
        else:
            standard = self._converted(_STANDARD if self.country == "GB" else _STANDARD_ABROAD)
        express = self._sale.express
        amount = standard + self._converted(_EXPRESS_MORE) if express else standard
        return ShippingInput(
            amount=amount,
            tax=self._tax(amount),
            standard_amount=standard,
            method="express" if express else "standard",
        )

    def payments(self, total: int) -> tuple[PaymentInput, ...]:
        """A card, and before it a gift card when there was one."""
        sale = self._sale
        card = PaymentInput(
            id="card",
            kind=PaymentKind.CARD,
            provider="sandbox",
            reference=f"sbx_{sale.pays}_demo{sale.number}",
            amount=total - sale.gift_card,
            currency=self.currency,
        )
        if not sale.gift_card:
            return (card,)
        gift_card = PaymentInput(
            id="gift-card",
            kind=PaymentKind.GIFT_CARD,
            provider="sandbox",
            reference=f"sbx_ok_demogift{sale.number}",
            amount=sale.gift_card,
            currency=self.currency,
        )
        return (gift_card, card)


def _times(
    sale: Sale, country: str, now: datetime
) -> tuple[datetime, datetime | None, datetime | None]:
    """When it was placed, and when it was shipped and delivered if that has happened yet."""
    day = now.date() - timedelta(days=sale.placed)
    placed = datetime.combine(
        day, time(7 + sale.number % 15, sale.number * 7 % 60), tzinfo=now.tzinfo
    )
    shipped = datetime.combine(day + timedelta(days=1), time(9, 30), tzinfo=now.tzinfo)
    days_under_way = 2 if country == "GB" else 4
    delivered = shipped + timedelta(days=days_under_way, minutes=sale.number * 11 % 300)
    return (
        placed,
        shipped if shipped < now else None,
        delivered if delivered < now else None,
    )
