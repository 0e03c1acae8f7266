"""A change of mind about what goes out: the old items are given free, the new ones set aside.

It is one transaction with the change of the return's lines, under the order's lock; steps that the
old round's workflow takes later find another round, and do nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models.messages import Amending, ExchangeStatus
from models.rules.exchange import Exchanged
from models.rules.quote_lines import ExchangeItem
from models.store.exchange_payback import give_back, release
from models.store.exchange_requests import Promised
from models.store.exchange_stock import FINAL, keep, set_aside, sum_of, take_stock
from models.tables import Exchange, ExchangeLine, Order, Payment, Return


def is_open(found: Exchange | None) -> bool:
    """Whether something is set aside that has not gone out yet."""
    return found is not None and found.status not in FINAL


def promised(found: Exchange | None) -> dict[str, Promised]:
    """What is set aside now, by SKU: it may be asked for again, at the price it was promised at."""
    if found is None or not is_open(found):
        return {}
    held: dict[str, Promised] = {}
    for line in found.lines:
        before = held.get(line.sku)
        units = line.quantity + (before.units if before else 0)
        held[line.sku] = Promised(units=units, price=line.price, tax_rate=line.tax_rate)
    return held


def change_exchange(
    session: Session,
    row: Return,
    order: Order,
    items: Sequence[ExchangeItem],
    asked: Amending,
) -> None:
    """Sets these items aside instead of those before; `no` of each: its return line.

    What was paid before counts when the new difference is no higher, and goes back otherwise; so
    does what is too much of it. The caller has checked that nothing has gone out.
    """
    declined = len(asked.declined)
    items = [replace(item, no=item.no + declined) for item in items]
    found = row.exchange
    if found is None:
        set_aside(session, row.rma, order.currency, items)
        session.expire(row, ["exchange"])
        return
    was_open = is_open(found)
    if was_open:
        keep(session, found, {})
        _settle_payment(session, row, order, found, sum_of(items), asked)
    else:
        found.paid, found.paid_tax, found.payment_id = 0, 0, None
    session.execute(delete(ExchangeLine).where(ExchangeLine.rma == row.rma))
    session.expire(found, ["lines"])
    if asked.decided or not was_open:
        # Its workflow may have begun; the next one is another's.
        found.round += 1
    due = -sum_of(items).to_customer
    found.difference, found.cancelled_at = due, None
    if not items:
        found.status, found.cancelled_at = (
            ExchangeStatus.CANCELLED,
            datetime.fromisoformat(asked.at),
        )
    elif due > found.paid:
        found.status = ExchangeStatus.AWAITING_PAYMENT
    else:
        found.status = ExchangeStatus.RESERVED
    session.flush()
    take_stock(session, row.rma, items)
    session.expire(found, ["lines"])


def _settle_payment(
    session: Session,
    row: Return,
    order: Order,
    found: Exchange,
    wanted: Exchanged,
    asked: Amending,
) -> None:
    """Counts what was paid towards the new difference, and grants back what is too much."""
    if not found.paid or found.payment_id is None:
        return
    due, due_tax = -wanted.to_customer, -wanted.tax_to_customer
    back, back_tax = found.paid - due, found.paid_tax - due_tax
    # Tax that was paid at another rate can't be counted: the books keep it as it was charged.
    counts = due > 0 and 0 <= back_tax <= back and (back > 0 or back_tax == 0)
    if not counts:
        due, due_tax, back, back_tax = 0, 0, found.paid, found.paid_tax
    release(session, order, found)
    if back:
        give_back(
            session,
            row,
            order,
            found,
            amount=back,
            tax=back_tax,
            actor=asked.amendment.actor,
            at=datetime.fromisoformat(asked.at),
        )
    found.paid, found.paid_tax = due, due_tax
    if due:
        payment = session.get_one(Payment, found.payment_id)
        payment.reserved += due
        order.reserved += due
    else:
        found.payment_id = None
    session.flush()
