"""Gift cards that orders sold: known from the order on, so that what was spent isn't refunded."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from models.rules.orders import PricedOrder
from models.store.credit_rows import CreditOrigin
from models.store.store_credits import register_gift_card
from models.tables import Order, StoreCredit


def register_gift_cards(session: Session, orders: Iterable[PricedOrder]) -> None:
    """Registers the gift cards of orders that are stored, each with its face value; once."""
    for priced in orders:
        for found in priced.lines:
            line = found.line
            if line.gift_card_code:
                register_gift_card(
                    session,
                    code=line.gift_card_code,
                    amount=line.quantity * line.unit_price,
                    currency=priced.order.currency,
                    order=priced.order.number,
                    at=datetime.now(UTC),
                    actor="redress",
                )


def sold_by(credit: StoreCredit, order: Order) -> bool:
    """Whether a code is a gift card that this order sold, and not somebody else's credit."""
    return credit.origin == CreditOrigin.GIFT_CARD and credit.order_number == order.number
