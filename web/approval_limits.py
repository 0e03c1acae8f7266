"""What a person may approve alone."""

from models.store.approval_limits import above_limit
from models.store.pricing import in_order_currency
from models.tables import Return
from web.access import Actor
from web.requests import Forbidden


def check_limit(row: Return, total: int, actor: Actor) -> None:
    """Whether somebody may approve so much, in minor units of the return's currency.

    Raises:
        Forbidden: it is above their limit.
    """
    limit = actor.approval_limit
    if limit is not None and total > in_order_currency(row.order, limit):
        raise Forbidden(above_limit(row, limit), code="above_limit")
