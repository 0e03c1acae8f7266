"""Money that moves beside a return."""

from dataclasses import dataclass, field

from models.messages.progress import TaskChange, TimelineEvent
from models.messages.refunds import Granted, RefundNews, RefundOutcome
from models.messages.words import PayoutKind, PayoutMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutStart:
    """Starts a payment beside a return: goodwill, or what a bank sent back after the end.

    Goodwill has an amount (minor units of the order's currency), a method and the id of a stored
    note; a recovery has the news that a refund failed.
    """

    id: str
    rma: str
    kind: PayoutKind
    actor: str
    amount: int = 0
    currency: str = ""
    method: PayoutMethod = PayoutMethod.REFUND
    note: str | None = None
    news: RefundNews | None = None


def recovery_of(rma: str, news: RefundNews) -> PayoutStart:
    """Follows a refund that came back; numbered like the refund, so that each has one."""
    return PayoutStart(
        id=news.refund.rsplit("-", 1)[-1],
        rma=rma,
        kind=PayoutKind.RECOVERY,
        actor="redress",
        news=news,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutOpening:
    """Asks to grant goodwill, or to take over a refund that came back. `at`: RFC 3339."""

    start: PayoutStart
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutOpened:
    """What a payment beside a return has to do. `outcome`: how a refund that came back stands."""

    granted: Granted
    mailable: bool
    outcome: RefundOutcome | None = None
    # An ERP is to be told of what was granted.
    erp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutProgress:
    """What is new of a payment beside a return.

    `reopened`: true opens a closed return again, false closes it when nothing else is unpaid.
    """

    rma: str
    at: str
    events: list[TimelineEvent] = field(default_factory=list)
    tasks: list[TaskChange] = field(default_factory=list)
    reopened: bool | None = None
