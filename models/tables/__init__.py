"""All tables. Importing this package makes `Base.metadata` complete."""

from models.tables.access import ApiKey, IdempotencyKey, PolicyVersion, ProviderEvent, User
from models.tables.base import Base
from models.tables.ledger import GrantedRefund, JournalEntry, JournalLine, Refund
from models.tables.orders import Customer, Order, OrderLine, Payment
from models.tables.returns import (
    Event,
    Label,
    Message,
    Note,
    QuoteLine,
    Return,
    ReturnLine,
    Scan,
    Submission,
    Task,
    UnitRange,
)

__all__ = [
    "ApiKey",
    "Base",
    "Customer",
    "Event",
    "GrantedRefund",
    "IdempotencyKey",
    "JournalEntry",
    "JournalLine",
    "Label",
    "Message",
    "Note",
    "Order",
    "OrderLine",
    "Payment",
    "PolicyVersion",
    "ProviderEvent",
    "QuoteLine",
    "Refund",
    "Return",
    "ReturnLine",
    "Scan",
    "Submission",
    "Task",
    "UnitRange",
    "User",
]
