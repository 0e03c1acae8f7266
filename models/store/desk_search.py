"""Finding returns by what people type or scan: numbers, e-mail addresses, names, SKUs."""

from sqlalchemy import ColumnElement, Select, select, union
from sqlalchemy.orm import Session

from models.rules.rma import normalise_rma
from models.tables import Customer, Label, Order, OrderLine, Return, ReturnLine


def matching(text: str) -> Select[str]:
    """The RMAs of the returns that a search text means."""
    # Each way to find a return is its own indexed look-up, and their union the answer: one WHERE
    # with OR over joined tables would read them all. Only a word without digits is tried as a
    # part of a name, because that alone has no index.
    by_order = select(Return.rma).join(Return.order)
    ways: list[Select[str]]
    if "@" in text:
        lowered = (text, text.lower())
        ways = [
            select(Return.rma).where(Return.contact_email.in_(lowered)),
            by_order.join(Order.customer).where(Customer.email.in_(lowered)),
        ]
    else:
        ways = [
            select(Return.rma).where(Return.rma == (normalise_rma(text) or text.upper())),
            select(Return.rma).where(Return.order_number == text),
            select(Label.rma).where(Label.tracking.in_((text, text.upper()))),
            select(ReturnLine.rma)
            .join(ReturnLine.order_line)
            .where(OrderLine.sku.in_((text, text.upper()))),
        ]
        if not any(character.isdigit() for character in text):
            named: list[ColumnElement[bool]] = [
                Customer.name.icontains(text, autoescape=True),
                Return.contact_name.icontains(text, autoescape=True),
            ]
            ways += [
                by_order.join(Order.customer).where(named[0]),
                select(Return.rma).where(named[1]),
            ]
    found = union(*ways).subquery()
    return select(found.c.rma)


def find_return(session: Session, text: str) -> str | None:
    """The RMA that a scanned or typed RMA, order or tracking number means, when it is one only."""
    ways = union(
        select(Return.rma).where(Return.rma == (normalise_rma(text) or text.upper())),
        select(Return.rma).where(Return.order_number == text),
        select(Label.rma).where(Label.tracking.in_((text, text.upper()))),
    ).subquery()
    found = session.scalars(select(ways.c.rma).limit(2)).all()
    return found[0] if len(found) == 1 else None
