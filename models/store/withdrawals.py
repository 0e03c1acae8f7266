"""What a customer can still withdraw from, found by order number and e-mail address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.messages import Reason, RequestedLine, Resolution, ReturnKind
from models.store.judging import judge_request
from models.tables import Order, OrderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An order line, how many of its units can be withdrawn, and why none can."""

    line: OrderLine
    units: int
    why_not: str | None


def find_order(session: Session, number: str, email: str) -> Order | None:
    """The order, when this is its customer's address; None for either mistake."""
    order = session.get(Order, number.strip())
    known = order.customer.email if order is not None and order.customer else None
    if known is None or known.strip().casefold() != email.strip().casefold():
        return None
    return order


def offered(session: Session, order: Order, at: datetime) -> Sequence[Offered]:
    """Each line of an order, judged as a withdrawal of all units no return holds."""
    found = []
    for line in order.lines:
        free = line.quantity - line.reserved_units
        judged = judge_request(
            session,
            order=order.number,
            lines=[RequestedLine(line=line.line, quantity=max(1, free), reason=Reason.WITHDRAWAL)],
            kind=ReturnKind.WITHDRAWAL,
            resolution=Resolution.REFUND,
            override=False,
            at=at,
        )
        why_not = judged.refusals[0].message if judged.refusals else None
        found.append(Offered(line=line, units=0 if why_not else free, why_not=why_not))
    return found
