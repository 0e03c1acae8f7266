"""Orders as the shop sent them, with the guards that keep refunds within what was paid."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base, Currency
from models.tables.disputes import Dispute


class Customer(Base):
    """A buyer. `external_id` is the shop's own id; a guest has none."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    email: Mapped[str | None] = mapped_column(String(320), index=True)
    name: Mapped[str | None] = mapped_column(String(200), index=True)
    locale: Mapped[str | None] = mapped_column(String(35))


class Order(Base):
    """An order. `reserved` is what its refunds hold, pending ones and store credit included."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND reserved <= paid", name="reserved"),
        CheckConstraint(
            "shipping_refunded >= 0 AND shipping_refunded <= shipping_amount + shipping_tax",
            name="shipping_refunded",
        ),
    )

    number: Mapped[str] = mapped_column(String(100), primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    currency: Mapped[Currency]
    country: Mapped[str | None] = mapped_column(String(60))
    tax_mode: Mapped[str] = mapped_column(String(9))
    rate_shop_currency: Mapped[str | None] = mapped_column(String(3))
    rate: Mapped[str | None] = mapped_column(String(30))
    placed_at: Mapped[datetime]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    # The order's discounts as sent: code, amount, kind, threshold, percent, shares.
    discounts: Mapped[list[Any]]
    shipping_amount: Mapped[int] = mapped_column(BigInteger)
    shipping_tax: Mapped[int] = mapped_column(BigInteger)
    shipping_standard_amount: Mapped[int] = mapped_column(BigInteger)
    shipping_method: Mapped[str | None] = mapped_column(String(60))
    # Personal data, for the carrier alone: the parts of an `AddressInput` that were given.
    shipping_address: Mapped[dict[str, Any] | None]
    paid: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger, default=0)
    # Outbound shipping that was granted, its tax included; it comes back once.
    shipping_refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    # What grants took back of promotions whose threshold the kept units no longer reach.
    promotion_reversed: Mapped[int] = mapped_column(BigInteger, default=0)

    customer: Mapped[Customer | None] = relationship()
    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.position")
    payments: Mapped[list["Payment"]] = relationship(order_by="Payment.position")


class OrderLine(Base):
    """An order line with its share of the order's discounts, worked out once at intake.

    `reserved_units` counts unit positions held by returns, `reserved` the money granted on them.
    """

    __tablename__ = "order_lines"
    __table_args__ = (
        UniqueConstraint("order_number", "line"),
        CheckConstraint("reserved_units >= 0 AND reserved_units <= quantity", name="units"),
        CheckConstraint("reserved >= 0 AND reserved <= paid", name="reserved"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"))
    line: Mapped[str] = mapped_column(String(100))
    position: Mapped[int]
    sku: Mapped[str] = mapped_column(String(100), index=True)
    name: Mapped[str] = mapped_column(String(500))
    variant: Mapped[dict[str, Any]]
    category: Mapped[str | None] = mapped_column(String(200))
    quantity: Mapped[int]
    unit_price: Mapped[int] = mapped_column(BigInteger)
    discount: Mapped[int] = mapped_column(BigInteger)
    order_discount: Mapped[int] = mapped_column(BigInteger)
    tax_rate: Mapped[str] = mapped_column(String(20))
    tax: Mapped[int] = mapped_column(BigInteger)
    paid: Mapped[int] = mapped_column(BigInteger)
    final_sale: Mapped[bool]
    delivered_at: Mapped[datetime | None]
    gift_card_code: Mapped[str | None] = mapped_column(String(100))
    reserved_units: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(BigInteger, default=0)
    # The return whose exchange sent it out; the shop's own order doesn't know such a line.
    origin: Mapped[str | None] = mapped_column(String(20))


class Payment(Base):
    """A payment of an order. `refunded_before` came back before Redress knew the order.

    `reserved` is what refunds hold (pending or succeeded), `refunded_before` included.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("order_number", "payment"),
        CheckConstraint("reserved >= 0 AND reserved <= amount", name="reserved"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"))
    payment: Mapped[str] = mapped_column(String(100))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    provider: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(200), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    refunded_before: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger)
    # The return whose exchange it paid for; the shop's own order doesn't know such a payment.
    origin: Mapped[str | None] = mapped_column(String(20))

    disputes: Mapped[list[Dispute]] = relationship(viewonly=True)
