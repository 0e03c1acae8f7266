"""Priced orders as rows: written many at once, and compared with what is there."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, insert, select
from sqlalchemy.orm import Session

from models.rules.orders import (
    CustomerInput,
    DiscountInput,
    PaymentInput,
    PricedLine,
    PricedOrder,
    address_value,
)
from models.store.customers import customer_ids, is_guest, same_customer, stored_customer
from models.store.dialects import insert_or_ignore
from models.tables import Base, Customer, Order, OrderLine, Payment


def order_values(priced: PricedOrder) -> dict[str, Any]:
    """An order's columns, except its customer and what refunds hold."""
    order = priced.order
    rate, shipping = order.exchange_rate, order.shipping
    standard = shipping.standard_amount
    return {
        "number": order.number,
        "currency": order.currency,
        "country": order.country,
        "tax_mode": str(order.tax_mode),
        "rate_shop_currency": rate and rate.shop_currency,
        "rate": rate and rate.rate,
        "placed_at": order.placed_at,
        "shipped_at": order.shipped_at,
        "delivered_at": order.delivered_at,
        "discounts": [_discount_value(discount) for discount in order.discounts],
        "shipping_amount": shipping.amount,
        "shipping_tax": shipping.tax,
        "shipping_standard_amount": shipping.amount if standard is None else standard,
        "shipping_method": shipping.method,
        "shipping_address": order.shipping_address and address_value(order.shipping_address),
        "paid": priced.paid,
    }


def _discount_value(discount: DiscountInput) -> dict[str, Any]:
    return {
        "code": discount.code,
        "amount": discount.amount,
        "kind": discount.kind,
        "threshold": discount.threshold,
        "percent": discount.percent,
        "shares": None if discount.shares is None else dict(discount.shares),
    }


def line_values(priced: PricedLine, position: int) -> dict[str, Any]:
    """A line's columns, except what returns and refunds hold. `position` counts from 1."""
    line = priced.line
    return {
        "line": line.id,
        "position": position,
        "sku": line.sku,
        "name": line.name,
        "variant": dict(line.variant),
        "category": line.category,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "discount": line.discount,
        "order_discount": priced.order_discount,
        "tax_rate": line.tax_rate,
        "tax": line.tax,
        "paid": priced.paid,
        "final_sale": line.final_sale,
        "delivered_at": line.delivered_at,
        "gift_card_code": line.gift_card_code,
    }


def payment_values(payment: PaymentInput, position: int) -> dict[str, Any]:
    """A payment's columns, except what refunds hold. `position` counts from 1."""
    return {
        "payment": payment.id,
        "position": position,
        "kind": str(payment.kind),
        "provider": payment.provider,
        "reference": payment.reference,
        "amount": payment.amount,
        "currency": payment.currency,
        "refunded_before": payment.refunded,
    }


def all_line_values(priced: PricedOrder) -> list[dict[str, Any]]:
    """The columns of all lines."""
    return [line_values(line, position) for position, line in enumerate(priced.lines, start=1)]


def all_payment_values(priced: PricedOrder) -> list[dict[str, Any]]:
    """The columns of all payments."""
    payments = priced.order.payments
    return [payment_values(payment, position) for position, payment in enumerate(payments, start=1)]


def bulk_insert_orders(session: Session, orders: Sequence[PricedOrder]) -> set[str]:
    """Inserts the orders that are not there yet, each number given once, in a few statements.

    Returns:
        The numbers that were inserted; one that another transaction took first is missing.
    """
    if not orders:
        return set()
    customers = customer_ids(session, [priced.order.customer for priced in orders])
    inserted = set(
        session.scalars(
            insert_or_ignore(session, Order).returning(Order.number),
            [
                {
                    **order_values(priced),
                    "customer_id": customer,
                    "reserved": sum(payment.refunded for payment in priced.order.payments),
                }
                # Sorted, so that two imports that meet on PostgreSQL can't wait in a circle.
                for priced, customer in sorted(
                    zip(orders, customers, strict=True), key=lambda pair: pair[0].order.number
                )
            ],
        )
    )
    new = [priced for priced in orders if priced.order.number in inserted]
    if len(new) < len(orders):
        _forget_guests(session, orders, customers, inserted)
    lines = [
        {**values, "order_number": priced.order.number, "reserved_units": 0, "reserved": 0}
        for priced in new
        for values in all_line_values(priced)
    ]
    payments = [
        {
            **values,
            "order_number": priced.order.number,
            "reserved": values["refunded_before"],
        }
        for priced in new
        for values in all_payment_values(priced)
    ]
    if lines:
        session.execute(insert(OrderLine), lines)
    if payments:
        session.execute(insert(Payment), payments)
    return inserted


def _forget_guests(
    session: Session,
    orders: Sequence[PricedOrder],
    customers: Sequence[int | None],
    inserted: set[str],
) -> None:
    """Deletes the guests made for orders that came from elsewhere in the same moment."""
    idle = [
        customer
        for priced, customer in zip(orders, customers, strict=True)
        if priced.order.number not in inserted and is_guest(priced.order.customer)
    ]
    session.execute(delete(Customer).where(Customer.id.in_(idle)))


def compare_orders(session: Session, orders: Iterable[PricedOrder]) -> dict[str, bool]:
    """Which of these orders are stored, and whether exactly like this: number → identical.

    One whose customer paid for an exchange never is: its sum differs, so it is looked at closely.
    """
    wanted = {priced.order.number: priced for priced in orders}
    heads = {
        number: head
        for number, [head] in _rows(
            session, select(*_HEAD_COLUMNS).where(Order.number.in_(wanted)), "number"
        ).items()
    }
    customers = _customers(session, {head["customer_id"] for head in heads.values()})
    lines = _rows(
        session,
        select(*_LINE_COLUMNS)
        .where(OrderLine.order_number.in_(heads), OrderLine.origin.is_(None))
        .order_by(OrderLine.order_number, OrderLine.position),
        "order_number",
    )
    payments = _rows(
        session,
        select(*_PAYMENT_COLUMNS)
        .where(Payment.order_number.in_(heads), Payment.origin.is_(None))
        .order_by(Payment.order_number, Payment.position),
        "order_number",
    )

    def identical(number: str) -> bool:
        priced, head = wanted[number], heads[number]
        of_order = {"order_number": number}
        return (
            head == {**order_values(priced), "customer_id": head["customer_id"]}
            and same_customer(priced.order.customer, customers.get(head["customer_id"]))
            and lines.get(number, [])
            == [{**values, **of_order} for values in all_line_values(priced)]
            and payments.get(number, [])
            == [{**values, **of_order} for values in all_payment_values(priced)]
        )

    return {number: identical(number) for number in heads}


def _sent_columns(table: type[Base]) -> list[ColumnElement[Any]]:
    """The columns that come with an order; the others say what became of it."""
    kept = {
        "id",
        "reserved",
        "reserved_units",
        "shipping_refunded",
        "promotion_reversed",
        "origin",
    }
    return [column for column in table.__table__.columns if column.key not in kept]


def _rows(session: Session, query: Select[Any], key: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.execute(query).mappings():
        found.setdefault(row[key], []).append(dict(row))
    return found


def _customers(session: Session, ids: Collection[int | None]) -> dict[int | None, CustomerInput]:
    rows = session.scalars(select(Customer).where(Customer.id.in_(ids)))
    return {row.id: stored_customer(row) for row in rows}


_HEAD_COLUMNS = _sent_columns(Order)
_LINE_COLUMNS = _sent_columns(OrderLine)
_PAYMENT_COLUMNS = _sent_columns(Payment)
