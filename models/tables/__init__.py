"""All tables. Importing this package makes `Base.metadata` complete."""

from models.tables.access import (
    ApiKey,
    IdempotencyKey,
    PolicyVersion,
    ProviderEvent,
    RateLimit,
    User,
)
from models.tables.base import Base
from models.tables.books import AccountCode, CreditMemo, JournalEntry, JournalLine, LedgerHead
from models.tables.credits import CreditMovement, StoreCredit
from models.tables.disputes import Dispute
from models.tables.dock import Parcel, ParcelItem
from models.tables.erasures import Erasure
from models.tables.erp import ErpDocument, ErpLink
from models.tables.ledger import GrantedRefund, GrantLine, Refund, TenderUse
from models.tables.orders import Customer, Order, OrderLine, Payment
from models.tables.outgoing import OutgoingEvent, OutgoingHead
from models.tables.photos import Photo
from models.tables.products import Exchange, ExchangeLine, Product
from models.tables.reconciliation import Difference, Reconciliation
from models.tables.returns import (
    CarrierClaim,
    Event,
    Label,
    Message,
    Note,
    PreparedParcel,
    QuoteLine,
    Return,
    ReturnLine,
    Scan,
    Submission,
    Task,
    UnitRange,
)
from models.tables.simulations import Simulation
from models.tables.staff_mails import StaffMail
from models.tables.stock import StockMove
from models.tables.systems import RefusedOrder, SystemCursor, UntoldCase
from models.tables.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = [
    "AccountCode",
    "ApiKey",
    "Base",
    "CarrierClaim",
    "CreditMemo",
    "CreditMovement",
    "Customer",
    "Difference",
    "Dispute",
    "Erasure",
    "ErpDocument",
    "ErpLink",
    "Event",
    "Exchange",
    "ExchangeLine",
    "GrantLine",
    "GrantedRefund",
    "IdempotencyKey",
    "JournalEntry",
    "JournalLine",
    "Label",
    "LedgerHead",
    "Message",
    "Note",
    "Order",
    "OrderLine",
    "OutgoingEvent",
    "OutgoingHead",
    "Parcel",
    "ParcelItem",
    "Payment",
    "Photo",
    "PolicyVersion",
    "PreparedParcel",
    "Product",
    "ProviderEvent",
    "QuoteLine",
    "RateLimit",
    "Reconciliation",
    "Refund",
    "RefusedOrder",
    "Return",
    "ReturnLine",
    "Scan",
    "Simulation",
    "StaffMail",
    "StockMove",
    "StoreCredit",
    "Submission",
    "SystemCursor",
    "Task",
    "TenderUse",
    "UnitRange",
    "UntoldCase",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
]
