"""Orders that are pulled: what the source doesn't know stays, and what can't be taken is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import Database
from models.rules.order_checks import quotable
from models.rules.order_pricing import price_order
from models.rules.orders import (
    AddressInput,
    OrderInput,
    OrderRefused,
    PaymentInput,
    PaymentKind,
)
from models.store.orders import OrderConflict, Stored, store_order
from models.store.returns import lock_order
from models.tables import Order, RefusedOrder, SystemCursor

_LONGEST_NUMBER = 100


def cursor_name(source: str) -> str:
    """Of a source's cursor."""
    return f"orders/{source}"


def read_cursor(session: Session, source: str) -> datetime | None:
    """The moment that everything is known until; None: nothing was pulled yet."""
    row = session.get(SystemCursor, cursor_name(source))
    return None if row is None else datetime.fromisoformat(row.position)


def move_cursor(session: Session, source: str, newest: datetime, at: datetime) -> None:
    """Moves it on, never back: two pulls may end in any order."""
    row = session.get(SystemCursor, cursor_name(source), with_for_update=True)
    if row is None:
        session.add(
            SystemCursor(name=cursor_name(source), position=newest.isoformat(), moved_at=at)
        )
    elif datetime.fromisoformat(row.position) < newest:
        row.position, row.moved_at = newest.isoformat(), at


def take_order(database: Database, order: OrderInput, source: str, at: datetime) -> Stored | None:
    """Stores an order that was pulled; None when it can't be taken, which is then kept with why.

    Args:
        database: where to.
        order: as the source has it.
        source: its name, which payments that nobody knows are called by.
        at: now.
    """
    try:
        with database.write() as session:
            row = lock_order(session, order.number)
            stored = store_order(session, price_order(_filled(order, row, source)))
            refused = session.get(RefusedOrder, order.number)
            if refused is not None:
                session.delete(refused)
            return stored
    except (OrderConflict, OrderRefused) as problem:
        refuse_order(database, order.number, str(problem), at)
        return None


def refuse_order(database: Database, number: str, problem: str, at: datetime) -> None:
    """Keeps why an order could not be taken."""
    name = quotable(number)[:_LONGEST_NUMBER]
    with database.write() as session:
        row = session.get(RefusedOrder, name)
        if row is None:
            session.add(RefusedOrder(number=name, problem=quotable(problem), at=at))
        else:
            row.problem, row.at = quotable(problem), at


def refused_orders(session: Session, limit: int) -> Sequence[RefusedOrder]:
    """What could not be taken and still isn't, the newest first."""
    query = select(RefusedOrder).order_by(RefusedOrder.at.desc(), RefusedOrder.number)
    return session.scalars(query.limit(limit)).all()


def _filled(order: OrderInput, row: Order | None, source: str) -> OrderInput:
    """An order with what the source doesn't know: as it is stored, else as little as needed."""
    if row is not None:
        lines = {line.line: line for line in row.lines}
        order = replace(
            order,
            shipped_at=order.shipped_at or row.shipped_at,
            delivered_at=order.delivered_at or row.delivered_at,
            shipping_address=order.shipping_address
            or (AddressInput(**row.shipping_address) if row.shipping_address else None),
            lines=[
                replace(line, delivered_at=lines[line.id].delivered_at)
                if line.delivered_at is None and line.id in lines
                else line
                for line in order.lines
            ],
        )
    if order.payments:
        return order
    total = _total(order)
    known = [] if row is None else _known_payments(row)
    if sum(payment.amount for payment in known) == total:
        return replace(order, payments=known)
    payment = PaymentInput(
        id=source,
        kind=PaymentKind.BANK,
        provider=source,
        reference=order.number,
        amount=total,
        currency=order.currency,
    )
    return replace(order, payments=[payment])


def _total(order: OrderInput) -> int:
    """What an order with prices that include tax comes to."""
    goods = sum(line.quantity * line.unit_price - line.discount for line in order.lines)
    return goods - sum(each.amount for each in order.discounts) + order.shipping.amount


def _known_payments(row: Order) -> list[PaymentInput]:
    return [
        PaymentInput(
            id=payment.payment,
            kind=payment.kind,
            provider=payment.provider,
            reference=payment.reference,
            amount=payment.amount,
            currency=payment.currency,
            refunded=payment.refunded_before,
        )
        for payment in sorted(row.payments, key=lambda each: each.position)
        if payment.origin is None
    ]
