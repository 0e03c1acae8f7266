"""What the shop sells: stored as it says, and units of it set aside for exchanges."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductInput:
    """An item in one variant, as the shop sends it.

    `price` is what a customer pays for one, in minor units, tax included. `stock` None: the shop
    doesn't count it.
    """

    sku: str
    product: str
    name: str
    price: int
    currency: str
    description: str = ""
    variant: dict[str, str] = field(default_factory=dict)
    category: str | None = None
    tax_rate: str = "0"
    stock: int | None = None
    supplier: str | None = None
    image_url: str | None = None


class StockReserved(Exception):
    """Less stock than exchanges have set aside."""


def put_product(session: Session, sent: ProductInput, now: datetime) -> bool:
    """Stores an item, new or changed; says whether it is new.

    Raises:
        StockReserved: the stock as sent is less than what is set aside.
    """
    row = lock_product(session, sent.sku)
    created = row is None
    if row is None:
        row = Product(sku=sent.sku, reserved=0)
        session.add(row)
    if sent.stock is not None and sent.stock < row.reserved:
        raise StockReserved(
            f"{row.reserved} of {sent.sku} are set aside for exchanges; its stock can't be "
            f"{sent.stock}. Cancel exchanges first, or count again."
        )
    for name in ProductInput.__dataclass_fields__:
        setattr(row, name, getattr(sent, name))
    row.updated_at = now
    session.flush()
    return created


def list_products(
    session: Session, *, limit: int, after: str | None = None, product: str | None = None
) -> tuple[Sequence[Product], str | None]:
    """Items by SKU, and the SKU after which the next page starts."""
    query = select(Product).order_by(Product.sku)
    if after is not None:
        query = query.where(Product.sku > after)
    if product is not None:
        query = query.where(Product.product == product)
    found = session.scalars(query.limit(limit + 1)).all()
    return found[:limit], found[limit - 1].sku if len(found) > limit else None


def lock_product(session: Session, sku: str) -> Product | None:
    """An item, locked until the transaction ends and read afresh; after the order's own lock."""
    return session.scalar(
        select(Product)
        .where(Product.sku == sku)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
