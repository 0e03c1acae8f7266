"""Exchanges: goods that go out for goods that come back."""

from dataclasses import dataclass

from models.messages.refunds import Granted
from models.messages.words import ExchangeStatus


def exchange_workflow_id(rma: str, round: int = 1) -> str:
    """The id of the workflow that sends out what a return is exchanged for. `round`: counted up
    by each change of mind.
    """
    return f"return/{rma}/exchange/{round}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeStart:
    """Starts an exchange once its return is approved. `approved`: units, one count per return
    line; `advance`: the new item goes out before the old one has come.
    """

    rma: str
    approved: list[int]
    advance: bool = False
    # A change of mind begins the next one; it is done by a workflow of its own.
    round: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOpening:
    """Asks to hold the stock of what was approved. `at`: RFC 3339."""

    start: ExchangeStart
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOpened:
    """How it stands. `due`: what the customer has to pay, in minor units."""

    status: ExchangeStatus
    due: int
    currency: str
    units: int
    mailable: bool
    # A change of mind was quicker: nothing is to be done any more.
    changed: bool = False
    # An ERP is to be told of what is given back.
    erp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsSettled:
    """The return says that all of the exchanged goods were inspected or given up.

    `accepted`: units, one count per return line.
    """

    accepted: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePayment:
    """The customer has paid the difference. `reference`: the id of a stored note."""

    id: str
    actor: str
    amount: int
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeShipment:
    """The new item has gone out."""

    id: str
    actor: str
    tracking: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeCancellation:
    """The customer gets money instead. `note` is the id of a stored note."""

    id: str
    actor: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeStep:
    """Asks to write down one step of an exchange.

    `accepted`: units per return line, for a shipment; None: all that were approved. `to_refund`:
    of one that is called off, what was accepted is refunded instead.
    """

    rma: str
    at: str
    actor: str
    reference: str = ""
    tracking: str = ""
    accepted: list[int] | None = None
    to_refund: bool = True
    round: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOutcome:
    """How an exchange stands after a step, and what of its payment is to be given back."""

    status: ExchangeStatus
    granted: Granted
    units: int = 0
    # A later change of mind has taken its place.
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundInstead:
    """What a return comes to when its exchange is refunded instead, in minor units."""

    total: int
    currency: str
    # Two people must approve that much, and the return was approved for less.
    takes_two: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeNews:
    """An exchange tells its return how it ended. `id` is unique within the return."""

    id: str
    status: ExchangeStatus
    round: int = 1
