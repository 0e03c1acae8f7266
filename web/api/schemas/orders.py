"""The body of `PUT /orders/{number}`, made into what the rules of orders take."""

from typing import Any

from marshmallow import post_load

from models.rules.orders import (
    AddressInput,
    CustomerInput,
    DiscountInput,
    LineInput,
    OrderInput,
    PaymentInput,
    PaymentKind,
    RateInput,
    ShippingInput,
    TaxMode,
)
from web.api.schemas.fields import (
    Body,
    Choice,
    CountryCode,
    CurrencyCode,
    DecimalText,
    EmailText,
    Flag,
    Items,
    Moment,
    Money,
    Object,
    Table,
    Text,
    TimeZone,
    Units,
)


class ImportQuery(Body):
    """How to read a file of orders. `time_zone`: of times that don't say theirs."""

    time_zone = TimeZone(longest=60, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> str | None:
        """The zone's name."""
        found: str | None = data["time_zone"]
        return found


class RateSchema(Body):
    """How much of the order's currency one unit of the shop's currency was, in major units."""

    shop_currency = CurrencyCode(required=True)
    rate = DecimalText(at_most=10**9, above_zero=True, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> RateInput:
        """As the rules take it."""
        return RateInput(**data)


class CustomerSchema(Body):
    """The buyer; without an id a guest."""

    id = Text(longest=200, shortest=1, load_default=None)
    email = EmailText(load_default=None)
    name = Text(longest=200, load_default=None)
    locale = Text(longest=35, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> CustomerInput:
        """As the rules take it."""
        return CustomerInput(**data)


class LineSchema(Body):
    """A line. `discount` and `tax` are for all its units."""

    id = Text(longest=100, shortest=1, required=True)
    sku = Text(longest=100, shortest=1, required=True)
    name = Text(longest=500, required=True)
    variant = Table(Text(longest=200), load_default=dict)
    category = Text(longest=200, load_default=None)
    quantity = Units(required=True)
    unit_price = Money(required=True)
    discount = Money(load_default=0)
    tax_rate = DecimalText(at_most=1, load_default="0")
    tax = Money(load_default=0)
    final_sale = Flag(load_default=False)
    delivered_at = Moment(load_default=None)
    gift_card_code = Text(longest=100, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> LineInput:
        """As the rules take it."""
        return LineInput(**data)


class DiscountSchema(Body):
    """A discount on the whole order. `shares`: line id → amount, when the shop knows them."""

    code = Text(longest=100, load_default=None)
    amount = Money(required=True)
    kind = Text(longest=60, load_default="order")
    threshold = Money(load_default=None)
    percent = DecimalText(at_most=100, load_default=None)
    shares = Table(Money(), load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> DiscountInput:
        """As the rules take it."""
        return DiscountInput(**data)


class ShippingSchema(Body):
    """The way out. `standard_amount`: what standard shipping would have cost."""

    amount = Money(load_default=0)
    tax = Money(load_default=0)
    standard_amount = Money(load_default=None)
    method = Text(longest=60, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ShippingInput:
        """As the rules take it."""
        return ShippingInput(**data)


class AddressSchema(Body):
    """An address: where the goods went, and so where they are sent back from."""

    name = Text(longest=200, load_default=None)
    company = Text(longest=200, load_default=None)
    line1 = Text(longest=200, shortest=1, required=True)
    line2 = Text(longest=200, load_default=None)
    city = Text(longest=100, shortest=1, required=True)
    region = Text(longest=100, load_default=None)
    postcode = Text(longest=20, load_default=None)
    country = CountryCode(required=True)
    phone = Text(longest=40, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> AddressInput:
        """As the rules take it."""
        return AddressInput(**data)


class PaymentSchema(Body):
    """A payment. `refunded`: what it gave back outside Redress."""

    id = Text(longest=100, shortest=1, required=True)
    kind = Choice(PaymentKind, required=True)
    provider = Text(longest=40, shortest=1, required=True)
    reference = Text(longest=200, shortest=1, required=True)
    amount = Money(required=True)
    currency = CurrencyCode(required=True)
    refunded = Money(load_default=0)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> PaymentInput:
        """As the rules take it."""
        return PaymentInput(**data)


class OrderSchema(Body):
    """An order. Amounts are minor units of `currency`, without tax where `tax_mode` says so."""

    number = Text(longest=100, shortest=1, required=True)
    currency = CurrencyCode(required=True)
    placed_at = Moment(required=True)
    shipped_at = Moment(load_default=None)
    delivered_at = Moment(load_default=None)
    country = Text(longest=60, load_default=None)
    tax_mode = Choice(TaxMode, load_default=TaxMode.INCLUSIVE)
    exchange_rate = Object(RateSchema, load_default=None)
    customer = Object(CustomerSchema, load_default=None)
    lines = Items(Object(LineSchema), at_least=1, required=True)
    discounts = Items(Object(DiscountSchema), load_default=list)
    shipping = Object(ShippingSchema, load_default=None)
    shipping_address = Object(AddressSchema, load_default=None)
    payments = Items(Object(PaymentSchema), required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> OrderInput:
        """As the rules take it."""
        if data["shipping"] is None:
            del data["shipping"]
        return OrderInput(**data)
