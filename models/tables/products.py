"""What the shop sells now, and what goes out in exchange for what comes back."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base, Currency


class Product(Base):
    """An item in one variant. The same `product`: the same item in another one.

    `stock` None: it isn't counted. `reserved`: units set aside for exchanges.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND (stock IS NULL OR reserved <= stock)", name="reserved"),
    )

    sku: Mapped[str] = mapped_column(String(100), primary_key=True)
    product: Mapped[str] = mapped_column(String(100), index=True)
    name: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(default="")
    variant: Mapped[dict[str, Any]]
    category: Mapped[str | None] = mapped_column(String(200))
    # What a customer pays for one, tax included.
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    tax_rate: Mapped[str] = mapped_column(String(20))
    stock: Mapped[int | None]
    reserved: Mapped[int] = mapped_column(default=0)
    supplier: Mapped[str | None] = mapped_column(String(200))
    image_url: Mapped[str | None] = mapped_column(String(1000))
    updated_at: Mapped[datetime]


class Exchange(Base):
    """What goes out for a return; one at most per return.

    `status`: awaiting_payment, reserved, shipped or cancelled. While it is neither shipped nor
    cancelled it holds stock; the change to either is made under the order's lock and is final for
    its `round`. A change of mind begins the next round; no step of an earlier one is carried out.
    """

    __tablename__ = "exchanges"

    rma: Mapped[str] = mapped_column(ForeignKey("returns.rma"), primary_key=True)
    round: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(16))
    currency: Mapped[Currency]
    # What the customer owes (above 0) or gets back (below 0) for all of its lines.
    difference: Mapped[int] = mapped_column(BigInteger)
    # What was paid of it, and at which payment of the order.
    paid: Mapped[int] = mapped_column(BigInteger, default=0)
    # How much of that is tax.
    paid_tax: Mapped[int] = mapped_column(BigInteger, default=0)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"))
    tracking: Mapped[str | None] = mapped_column(String(60))
    shipped_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]

    lines: Mapped[list["ExchangeLine"]] = relationship(order_by="ExchangeLine.no")


class ExchangeLine(Base):
    """The item for one return line. Its price was fixed with the quote."""

    __tablename__ = "exchange_lines"

    rma: Mapped[str] = mapped_column(ForeignKey("exchanges.rma"), primary_key=True)
    # Which return line, from 1.
    no: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("products.sku"))
    name: Mapped[str] = mapped_column(String(500))
    # Units that are held or went out.
    quantity: Mapped[int]
    # For one, tax included.
    price: Mapped[int] = mapped_column(BigInteger)
    tax_rate: Mapped[str] = mapped_column(String(20))
    same_product: Mapped[bool]
    # The order line that it became.
    order_line_id: Mapped[int | None] = mapped_column(ForeignKey("order_lines.id"))

    product: Mapped[Product] = relationship(viewonly=True)
