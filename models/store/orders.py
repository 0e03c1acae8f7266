"""Orders coming in: stored as sent, changed as long as no return or refund speaks against it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from models.rules.order_pricing import price_order
from models.rules.orders import CustomerInput, OrderInput, PricedOrder
from models.store.customers import (
    customer_ids,
    is_guest,
    same_customer,
    stored_customer,
    write_guest,
)
from models.store.gift_cards import register_gift_cards
from models.store.order_conflicts import Standing, conflicts, read_standing
from models.store.order_rows import (
    all_line_values,
    all_payment_values,
    bulk_insert_orders,
    order_values,
)
from models.store.returns import lock_order
from models.tables import Base, Order, OrderLine, Payment


class OrderConflict(Exception):
    """A change contradicts returns or refunds; the text says which, in plain sentences."""


class Stored(StrEnum):
    """What storing an order did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def put_order(session: Session, order: OrderInput) -> bool:
    """Stores an order, new or changed; doing it again changes nothing.

    What returns and refunds hold stays with the lines and payments of the same id.

    Args:
        session: a writing session; the order stays locked until it ends.
        order: the whole order, as the shop knows it now.

    Returns:
        Whether the order is new.

    Raises:
        OrderRefused: the order makes no sense.
        OrderConflict: it makes sense, but contradicts returns or refunds.
    """
    return store_order(session, price_order(order)) is Stored.CREATED


def store_order(session: Session, priced: PricedOrder) -> Stored:
    """Does what `put_order` does with an order that is priced, and tells changed from unchanged.

    Raises:
        OrderConflict: it contradicts returns or refunds.
    """
    while True:
        row = lock_order(session, priced.order.number)
        if row is not None:
            return _change(session, row, priced)
        if bulk_insert_orders(session, [priced]):
            register_gift_cards(session, [priced])
            return Stored.CREATED
        # Another transaction stored it in between, and has ended: now the row can be locked.


def _change(session: Session, row: Order, priced: PricedOrder) -> Stored:
    standing = read_standing(session, row)
    against = conflicts(standing, priced)
    if against:
        raise OrderConflict(" ".join(against))
    with session.no_autoflush:
        changed = [
            _write_customer(session, row, priced.order.customer),
            _write(
                row,
                {**order_values(priced), "paid": priced.paid + standing.paid_for_exchanges},
            ),
            _write_lines(session, standing, priced),
            _write_payments(session, standing, priced),
        ]
    session.flush()
    session.expire(row, ["lines", "payments", "customer"])
    register_gift_cards(session, [priced])
    return Stored.UPDATED if any(changed) else Stored.UNCHANGED


def _write(row: Base, values: Mapping[str, Any]) -> bool:
    """Sets the columns that differ; says whether there were any."""
    different = {key: value for key, value in values.items() if getattr(row, key) != value}
    for key, value in different.items():
        setattr(row, key, value)
    return bool(different)


def _write_lines(session: Session, standing: Standing, priced: PricedOrder) -> bool:
    dropped = standing.dropped_lines(priced)
    for line in dropped:
        session.delete(line)
    changed = bool(dropped)
    for values in all_line_values(priced):
        stored = standing.lines.get(values["line"])
        if stored is None:
            session.add(OrderLine(order_number=standing.row.number, **values))
        changed = stored is None or _write(stored, values) or changed
    return changed


def _write_payments(session: Session, standing: Standing, priced: PricedOrder) -> bool:
    dropped = standing.dropped_payments(priced)
    for payment in dropped:
        session.delete(payment)
    changed = bool(dropped)
    # What was refunded outside Redress is held like our own refunds, here and by the order.
    outside = -sum(payment.refunded_before for payment in standing.payments.values())
    for values in all_payment_values(priced):
        stored, refunded = standing.payments.get(values["payment"]), values["refunded_before"]
        outside += refunded
        if stored is None:
            number = standing.row.number
            session.add(Payment(order_number=number, reserved=refunded, **values))
            changed = True
        else:
            stored.reserved += refunded - stored.refunded_before
            changed = _write(stored, values) or changed
    standing.row.reserved += outside
    return changed


def _write_customer(session: Session, row: Order, sent: CustomerInput | None) -> bool:
    present = row.customer
    stored = None if present is None else stored_customer(present)
    if same_customer(sent, stored):
        return False
    if present is not None and present.external_id is None:
        if sent is not None and is_guest(sent):
            write_guest(present, sent)
            return True
        # A guest belongs to this order alone, so nobody is left who knows them.
        row.customer_id = None
        session.flush()
        session.delete(present)
    [row.customer_id] = customer_ids(session, [sent])
    return True
