"""Orders of sandbox keys: their numbers say so, so that nobody takes them for real ones."""

from sqlalchemy.orm import Session

from models.tables import Return, StoreCredit, Submission

PREFIX = "sandbox-"


def is_sandbox(order: str | None) -> bool:
    """Whether an order with this number belongs to sandbox keys."""
    return (order or "").startswith(PREFIX)


def order_of_return(session: Session, rma: str) -> str | None:
    """The order of a return, also of one that isn't recorded yet; None: there is no such return."""
    found = session.get(Return, rma) or session.get(Submission, rma)
    return None if found is None else found.order_number


def is_sandbox_credit(session: Session, credit: StoreCredit) -> bool:
    """Whether store credit came from such an order; then it buys nothing."""
    order = credit.order_number
    if order is None and credit.rma is not None:
        order = order_of_return(session, credit.rma)
    return is_sandbox(order)
