"""The stock that exchanges set aside: taken with the request, given free when nothing goes out."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import ExchangeStatus
from models.rules.exchange import Exchanged
from models.rules.quote_lines import ExchangeItem
from models.store.products import lock_product
from models.tables import Exchange, ExchangeLine, Return

FINAL = (ExchangeStatus.SHIPPED, ExchangeStatus.CANCELLED)


def set_aside(session: Session, rma: str, currency: str, items: Sequence[ExchangeItem]) -> None:
    """Records what goes out for a return that is being recorded, and takes it off the stock."""
    if not items:
        return
    due = difference(items)
    session.add(
        Exchange(
            rma=rma,
            round=1,
            status=ExchangeStatus.AWAITING_PAYMENT if due > 0 else ExchangeStatus.RESERVED,
            currency=currency,
            difference=due,
            paid=0,
            paid_tax=0,
        )
    )
    session.flush()
    take_stock(session, rma, items)


def take_stock(session: Session, rma: str, items: Sequence[ExchangeItem]) -> None:
    """Takes what goes out off the stock; the exchange has no lines yet."""
    for item in items:
        wanted = item.replacement
        product = lock_product(session, wanted.sku)
        if product is not None:
            product.reserved += item.quantity
        session.add(
            ExchangeLine(
                rma=rma,
                no=item.no,
                sku=wanted.sku,
                name=wanted.name,
                quantity=item.quantity,
                price=wanted.price,
                tax_rate=wanted.tax_rate,
                same_product=wanted.same_product,
            )
        )
    session.flush()


def keep(session: Session, found: Exchange, units: Mapping[int, int]) -> None:
    """Holds only so many units per return line, and gives the others free."""
    for line in found.lines:
        wanted = min(line.quantity, units.get(line.no, 0))
        product = lock_product(session, line.sku)
        if product is not None:
            product.reserved -= line.quantity - wanted
        line.quantity = wanted
    session.flush()


def drop_unpaid(session: Session, row: Return, at: datetime) -> None:
    """Frees the stock of a return that ended; what was paid is its workflow's to give back.

    The caller holds no lock that comes after the items'.
    """
    found = session.scalar(select(Exchange).where(Exchange.rma == row.rma).with_for_update())
    if found is not None and found.status not in FINAL and not found.paid:
        keep(session, found, {})
        found.status, found.cancelled_at = ExchangeStatus.CANCELLED, at


def sum_of(items: Sequence[ExchangeItem]) -> Exchanged:
    """What these items come to together."""
    return Exchanged(
        old=sum(item.exchanged.old for item in items),
        old_tax=sum(item.exchanged.old_tax for item in items),
        new=sum(item.exchanged.new for item in items),
        new_tax=sum(item.exchanged.new_tax for item in items),
    )


def difference(items: Sequence[ExchangeItem]) -> int:
    """What the customer owes for these items; below 0: what they get back."""
    return -sum(item.exchanged.to_customer for item in items)
