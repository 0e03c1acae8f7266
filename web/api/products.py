"""Products: what can be sent out in exchange."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response

from models.store.products import ProductInput, StockReserved, list_products, put_product
from models.store.queries import Place
from models.tables import Product
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.lists import write_cursor
from web.api.schemas.products import (
    ProductPageSchema,
    ProductQuery,
    ProductSchema,
    ProductTakenSchema,
)
from web.auth import requires
from web.errors import FieldError, invalid
from web.representation import represent_product
from web.requests import Conflict
from web.services import services

blueprint = ResourceBlueprint("products", "What the shop sells, for exchanges.")


@blueprint.on("PUT", "/products/<path:sku>")
@requires(Permission.ORDERS)
@blueprint.takes(ProductSchema)
@blueprint.answers(200, ProductTakenSchema, "The item was there already.")
@blueprint.answers(201, ProductTakenSchema, "The item is new.")
def put(product: ProductInput, sku: str) -> Response:
    """Store an item in one variant, new or changed."""
    if product.sku != sku:
        message = "sku must be the one in the address."
        raise invalid([FieldError(pointer="/sku", code="other_sku", message=message)])
    try:
        with services().database.write() as session:
            created = put_product(session, product, datetime.now(UTC))
            body = represent_product(session.get_one(Product, sku))
    except StockReserved as reserved:
        raise Conflict(str(reserved), code="stock_reserved") from reserved
    return respond(body, HTTPStatus.CREATED if created else HTTPStatus.OK)


@blueprint.on("GET", "/products")
@requires(Permission.READ)
@blueprint.takes(ProductQuery, "query")
@blueprint.answers(200, ProductPageSchema)
def list_all(query: tuple[str | None, int, Place | None]) -> Response:
    """List items by SKU."""
    product, limit, place = query
    with services().database.read() as session:
        found, following = list_products(
            session, limit=limit, after=place.id if place else None, product=product
        )
        data = [represent_product(row) for row in found]
    after = None if following is None else Place(at=None, id=following)
    return respond({"data": data, "next_cursor": write_cursor(after)})
