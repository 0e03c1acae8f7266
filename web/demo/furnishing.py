"""Puts the demo's staff and orders into an empty shop."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.database import Database
from models.store.orders import put_order
from models.store.products import ProductInput, put_product
from models.tables import Order, Product, User
from web.access import Actor, Role
from web.demo import people
from web.demo.catalogue import VARIANTS, Variant
from web.demo.orders import make_order
from web.demo.shop import NUMBER_PREFIX, SALES, order_number

# Of each thing, so that nearly every exchange can be asked for.
_STOCK = 12


class ShopNotEmpty(Exception):
    """Somebody's own shop: no demo goes in there."""


def furnish(database: Database, data_dir: Path, now: datetime) -> dict[Role, Actor]:
    """Puts the demo's staff and orders in, as far as they are missing.

    Args:
        database: the shop's.
        data_dir: where the sign-ins are kept.
        now: the present time in UTC; new orders lie before it.

    Returns:
        The staff.

    Raises:
        ShopNotEmpty: there are orders or people of somebody else.
    """
    with database.write() as session:
        _check_empty(session)
        staff = people.hire(session, data_dir, now)
        known = set(session.scalars(_demo_orders()))
        for sale in SALES:
            # One that is there keeps its dates, which were reckoned from another day.
            if order_number(sale.number) not in known:
                put_order(session, make_order(sale, now))
        for variant in VARIANTS.values():
            if session.get(Product, variant.sku) is None:
                put_product(session, _as_product(variant), now)
    return staff


def _as_product(variant: Variant) -> ProductInput:
    return ProductInput(
        sku=variant.sku,
        product=variant.product.code,
        name=variant.product.name,
        variant=dict(variant.choice),
        category=variant.product.category,
        price=variant.product.price,
        currency="GBP",
        tax_rate="0.20",
        stock=_STOCK,
    )


def _demo_orders() -> Select[str]:
    return select(Order.number).where(Order.number.startswith(NUMBER_PREFIX))


def _check_empty(session: Session) -> None:
    if session.scalar(_demo_orders().limit(1)) is not None:
        return
    if session.scalar(select(Order.number).limit(1)) is not None:
        raise ShopNotEmpty
    if any(not people.is_of_the_demo(user) for user in session.scalars(select(User))):
        raise ShopNotEmpty
