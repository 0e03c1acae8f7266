"""Finding orders by what a customer says on the phone: a number, an e-mail address, a name."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.tables import Customer, Order

MOST_FOUND = 20


def find_orders(session: Session, text: str) -> Sequence[Order]:
    """The newest orders that a search text means, with their customers and lines."""
    query = (
        select(Order)
        .options(joinedload(Order.customer), selectinload(Order.lines))
        .order_by(Order.placed_at.desc(), Order.number)
        .limit(MOST_FOUND)
    )
    numbered = session.scalars(query.where(Order.number == text)).all()
    if numbered:
        return numbered
    # Only a word without digits is tried as a part of a name: it alone has no index.
    if "@" in text:
        query = query.join(Order.customer).where(Customer.email.in_((text, text.lower())))
    elif not any(character.isdigit() for character in text):
        query = query.join(Order.customer).where(Customer.name.icontains(text, autoescape=True))
    else:
        return []
    return session.scalars(query).all()


def load_order(session: Session, number: str) -> Order | None:
    """An order with its customer and lines."""
    return session.get(
        Order, number, options=[joinedload(Order.customer), selectinload(Order.lines)]
    )
