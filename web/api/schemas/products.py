"""Products as the API takes and shows them."""

from typing import Any

from marshmallow import Schema, fields, post_load

from models.store.products import ProductInput
from models.store.queries import Place
from web.api.schemas.fields import (
    Body,
    CurrencyCode,
    DecimalText,
    Money,
    Table,
    Text,
    WholeNumber,
)
from web.api.schemas.lists import Cursor, Limit

_MOST_STOCK = 1_000_000_000


class ProductSchema(Body):
    """An item in one variant; the same `product` is the same item in another variant.

    `price` is what a customer pays, tax included, in minor units. `stock` null: not counted.
    """

    sku = Text(longest=100, shortest=1, required=True)
    product = Text(longest=100, shortest=1, required=True)
    name = Text(longest=500, shortest=1, required=True)
    description = Text(longest=10_000, load_default="")
    variant = Table(Text(longest=200), load_default=dict)
    category = Text(longest=200, load_default=None)
    price = Money(required=True)
    currency = CurrencyCode(required=True)
    tax_rate = DecimalText(at_most=1, load_default="0")
    stock = WholeNumber(at_least=0, at_most=_MOST_STOCK, allow_none=True, load_default=None)
    supplier = Text(longest=200, load_default=None)
    image_url = Text(longest=1000, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ProductInput:
        """As the store takes it."""
        return ProductInput(**data)


class ProductTakenSchema(Schema):
    """An item as it is stored. `reserved`: units set aside for exchanges."""

    sku = fields.String(required=True)
    product = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    variant = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    category = fields.String(required=True, allow_none=True)
    price = fields.Integer(required=True)
    currency = fields.String(required=True)
    tax_rate = fields.String(required=True)
    stock = fields.Integer(required=True, allow_none=True)
    reserved = fields.Integer(required=True)
    supplier = fields.String(required=True, allow_none=True)
    image_url = fields.String(required=True, allow_none=True)
    updated_at = fields.AwareDateTime(required=True)


class ProductPageSchema(Schema):
    """A page of items."""

    data = fields.List(fields.Nested(ProductTakenSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ProductQuery(Body):
    """Which items. `product`: all variants of one."""

    product = Text(longest=100, shortest=1, load_default=None)
    limit = Limit()
    cursor = Cursor()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[str | None, int, Place | None]:
        """The filter, the size of the page and where it starts."""
        return data["product"], data["limit"], data["cursor"]
