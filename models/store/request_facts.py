"""What rules about customers and values look at, read once for each request."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.messages import ReturnStatus
from models.rules.policy import Policy
from models.rules.policy_rules import UNKNOWN, CustomerFacts, RequestFacts
from models.tables import Order, OrderLine, Return, ReturnLine

_LATELY = timedelta(days=90)
# Returns that came to nothing by somebody's word.
_NOT_COUNTED = (ReturnStatus.DECLINED, ReturnStatus.CANCELLED)


def read_request_facts(
    session: Session,
    policy: Policy,
    order: Order,
    units: Iterable[tuple[OrderLine, int]],
    *,
    at: datetime,
) -> RequestFacts:
    """What a policy's rules may look at, as it was at a time.

    Args:
        session: any session.
        policy: the customer is looked up only where it asks for that.
        order: of the request.
        units: how many of which lines are asked for.
        at: when; what was ordered and asked for from then on isn't counted.
    """
    customer = (
        _customer(session, order, at)
        if policy.looks_at_customers and order.customer is not None
        else UNKNOWN
    )
    value = sum(line.paid * quantity // line.quantity for line, quantity in units)
    return RequestFacts(value=value, customer=customer)


def _customer(session: Session, order: Order, at: datetime) -> CustomerFacts:
    theirs = (Order.customer_id == order.customer_id, Order.placed_at <= at)
    ordered = session.execute(
        select(func.count(Order.number.distinct()), func.sum(OrderLine.quantity))
        .join(OrderLine, OrderLine.order_number == Order.number)
        .where(*theirs)
    ).one()
    earlier = select(Return).join(Order, Order.number == Return.order_number)
    returned = session.scalar(
        select(func.sum(ReturnLine.received + ReturnLine.kept))
        .join(Return, Return.rma == ReturnLine.rma)
        .join(Order, Order.number == Return.order_number)
        .where(*theirs, Return.judged_at < at)
    )
    lately = session.scalar(
        select(func.count()).select_from(
            earlier.where(
                *theirs,
                Return.judged_at < at,
                Return.judged_at >= at - _LATELY,
                Return.status.not_in(_NOT_COUNTED),
            ).subquery()
        )
    )
    return CustomerFacts(
        id=order.customer.external_id if order.customer else None,
        orders=int(ordered[0]),
        units_ordered=int(ordered[1] or 0),
        units_returned=int(returned or 0),
        returns_in_90_days=int(lately or 0),
    )
