"""What crosses Temporal: the words of the domain and the messages between its processes.

Standard library only. No personal data and no free text: a message names people, notes and
comments by id. Fields are only ever added, with a default, so that stored histories replay.
"""

from dataclasses import dataclass, field
from enum import StrEnum


def workflow_id(rma: str) -> str:
    """The id of a return's workflow."""
    return f"return/{rma}"


def payout_workflow_id(rma: str, what: "PayoutKind", number: str) -> str:
    """The id of a workflow that pays beside a return: `return/<RMA>/<what>/<n>`."""
    return f"return/{rma}/{what}/{number}"


class PayoutKind(StrEnum):
    """Money that moves beside a return: without goods, or after a bank sent it back."""

    GOODWILL = "goodwill"
    RECOVERY = "recovery"


class PayoutMethod(StrEnum):
    """How granted money reaches the customer."""

    REFUND = "refund"
    STORE_CREDIT = "store_credit"


class ReturnStatus(StrEnum):
    """Where a return is; exactly one at a time."""

    REQUESTED = "requested"
    APPROVED = "approved"
    AWAITING_PARCEL = "awaiting_parcel"
    IN_TRANSIT = "in_transit"
    LOST = "lost"
    PARTIALLY_RECEIVED = "partially_received"
    RECEIVED = "received"
    INSPECTED = "inspected"
    RESOLVING = "resolving"
    RESOLVED = "resolved"
    CLOSED = "closed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NEEDS_ATTENTION = "needs_attention"


FINAL_STATUSES = frozenset(
    {
        ReturnStatus.CLOSED,
        ReturnStatus.DECLINED,
        ReturnStatus.CANCELLED,
        ReturnStatus.EXPIRED,
        ReturnStatus.REJECTED,
    }
)


class ReturnKind(StrEnum):
    """Why a return may come at all."""

    RETURN = "return"
    CLAIM = "claim"
    WITHDRAWAL = "withdrawal"
    GIFT = "gift"


class Resolution(StrEnum):
    """What the customer gets."""

    REFUND = "refund"
    STORE_CREDIT = "store_credit"
    EXCHANGE = "exchange"
    REPLACEMENT = "replacement"
    KEEP_ITEM = "keep_item"


class Reason(StrEnum):
    """Why the customer sends a thing back."""

    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    COLOUR = "colour"
    STYLE = "style"
    NOT_AS_DESCRIBED = "not_as_described"
    DEFECTIVE = "defective"
    DAMAGED_IN_TRANSIT = "damaged_in_transit"
    WRONG_ITEM = "wrong_item"
    MISSING_PARTS = "missing_parts"
    ARRIVED_LATE = "arrived_late"
    CHANGED_MIND = "changed_mind"
    WITHDRAWAL = "withdrawal"
    OTHER = "other"


class Reception(StrEnum):
    """What came of a line."""

    AWAITING = "awaiting"
    RECEIVED = "received"
    SHORT_SHIPPED = "short_shipped"
    WRONG_ITEM = "wrong_item"
    LOST = "lost"


class Acceptance(StrEnum):
    """What was decided of a line."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NEEDS_PERSON = "needs_person"


class Grade(StrEnum):
    """The state of a unit: A as new, B opened, C damaged, D unsellable."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Disposition(StrEnum):
    """Where a unit goes after its inspection."""

    RESTOCK = "restock"
    REFURBISH = "refurbish"
    LIQUIDATE = "liquidate"
    DONATE = "donate"
    DESTROY = "destroy"
    RETURN_TO_VENDOR = "return_to_vendor"
    RETURN_TO_CUSTOMER = "return_to_customer"


class DecisionKind(StrEnum):
    """What a person says to a request."""

    APPROVE = "approve"
    DECLINE = "decline"


class CarrierStatus(StrEnum):
    """What a carrier says of a parcel."""

    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    LOST = "lost"


class RefundStatus(StrEnum):
    """Where a refund transaction is, in the payment provider's words."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class TaskKind(StrEnum):
    """Work that waits for a person."""

    DECIDE = "decide"
    SECOND_APPROVAL = "second_approval"
    LABEL_FAILED = "label_failed"
    PARCEL_LOST = "parcel_lost"
    INSPECT = "inspect"
    REFUND_FAILED = "refund_failed"
    REFUND_SHORT = "refund_short"
    SEND_BACK = "send_back"
    UNEXPECTED_PARCEL = "unexpected_parcel"


class Wait(StrEnum):
    """What a return waits for; the names of its recorded deadlines."""

    REMINDER = "reminder"
    PARCEL = "parcel"
    NO_MOVEMENT = "no_movement"
    MISSING = "missing"
    INSPECTION = "inspection"
    FOLLOW_UP = "follow_up"


class Template(StrEnum):
    """The mails a customer gets."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    LABEL_REMINDER = "label_reminder"
    EXPIRED = "expired"
    RECEIVED = "received"
    SHORT_SHIPPED = "short_shipped"
    REJECTED = "rejected"
    REFUNDED = "refunded"
    REFUND_DELAYED = "refund_delayed"
    STORE_CREDIT = "store_credit"
    GOODWILL = "goodwill"
    FOLLOW_UP = "follow_up"


class EventKind(StrEnum):
    """What a timeline entry tells; behind each, the facts in its `data`."""

    REQUESTED = "requested"  # units, total, currency, override (1 or 0)
    APPROVED = "approved"  # units, by_policy (1 or 0)
    DECLINED = "declined"
    LINE_DECLINED = "line_declined"  # line, units
    SECOND_APPROVAL_NEEDED = "second_approval_needed"  # total, currency
    CANCELLED = "cancelled"
    LABEL_MADE = "label_made"  # tracking, carrier
    LABEL_FAILED = "label_failed"  # problem
    EXPIRED = "expired"
    SCANNED = "scanned"  # status, event
    NO_MOVEMENT = "no_movement"
    LOST = "lost"
    RECEIVED = "received"  # units, outstanding
    UNEXPECTED_ITEM = "unexpected_item"  # sku, quantity
    MISSING_WRITTEN_OFF = "missing_written_off"  # units
    PARCEL_AFTER_END = "parcel_after_end"  # units
    INSPECTED = "inspected"  # line, units, grade, disposition, accepted (1 or 0)
    INSPECTION_OVERDUE = "inspection_overdue"
    REFUND_GRANTED = "refund_granted"  # amount, currency, short
    STORE_CREDIT_ISSUED = "store_credit_issued"  # amount, currency, bonus; never the code
    GOODWILL_GRANTED = "goodwill_granted"  # amount, currency, method
    REFUND_PENDING = "refund_pending"  # refund, amount, currency
    REFUND_SUCCEEDED = "refund_succeeded"  # refund, amount, currency
    REFUND_FAILED = "refund_failed"  # refund, amount, currency, failure
    REFUND_RETRIED = "refund_retried"  # refund
    REFUND_MOVED = "refund_moved"  # refund, again (the transaction at the other payment)
    REFUND_PAID_BY_HAND = "refund_paid_by_hand"  # refund, amount, currency, method
    SEND_BACK_NEEDED = "send_back_needed"  # units
    SENT_BACK = "sent_back"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"  # refund
    MAIL_SENT = "mail_sent"  # template, message (its key)
    MAIL_FAILED = "mail_failed"  # template, problem
    TASK_COMPLETED = "task_completed"  # task, kind
    DECISION_IGNORED = "decision_ignored"  # what, why (a signal that came too late)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long a return waits, in whole seconds."""

    decision_due: int = 2 * 86400
    label_reminder: int = 7 * 86400
    parcel_deadline: int = 30 * 86400
    no_movement: int = 10 * 86400
    missing_deadline: int = 14 * 86400
    inspection_due: int = 3 * 86400
    follow_up_after: int = 7 * 86400


# --- the start of a return -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedLine:
    """One line of a request: an order line and how many of its units come back."""

    line: str
    quantity: int
    reason: Reason
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnStart:
    """Starts a return. Comments and contact wait in the submission stored under the RMA."""

    rma: str
    order: str
    lines: list[RequestedLine]
    actor: str
    deadlines: Deadlines
    kind: ReturnKind = ReturnKind.RETURN
    resolution: Resolution = Resolution.REFUND
    # When the request is judged, RFC 3339; None: when the workflow starts.
    judged_at: str | None = None
    # Staff set the policy aside; the reason stands in the submission.
    override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Asks to judge and record a request. `at`: the workflow's time, RFC 3339."""

    start: ReturnStart
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something can't be done, as a code, plain words and the place it concerns."""

    code: str
    message: str
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What came of judging a request."""

    refusals: list[Refusal] = field(default_factory=list)
    approved: bool = False
    needs_second_approval: bool = False
    # The customer can be written to; without it no mail activity is scheduled.
    mailable: bool = False
    total: int = 0
    currency: str = ""
    policy_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnState:
    """What an Update answers: where the return is now."""

    rma: str
    status: ReturnStatus


# --- messages to a running return ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDecision:
    """A decision on one line, where it differs from the whole."""

    line: str
    decision: DecisionKind
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Approve or decline. `note` is the id of a stored note."""

    id: str
    actor: str
    decision: DecisionKind
    note: str | None = None
    lines: list[LineDecision] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Withdraws the request before anything was inspected or paid for goods."""

    id: str
    actor: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierEvent:
    """A scan. Its free text stays in the stored scan of the same id."""

    id: str
    status: CarrierStatus
    at: str
    actor: str = "carrier"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLine:
    """Units of one order line counted at the dock."""

    line: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexpectedItem:
    """A thing in the parcel that was not announced. `note` is the id of a stored note."""

    sku: str
    quantity: int
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was counted at the dock."""

    id: str
    actor: str
    lines: list[CountedLine]
    unexpected: list[UnexpectedItem] = field(default_factory=list)
    tracking: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedLine:
    """The verdict on some units of one order line. `note` is the id of a stored note."""

    line: str
    quantity: int
    grade: Grade
    disposition: Disposition
    accepted: bool = True
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found on opening the parcel."""

    id: str
    actor: str
    lines: list[InspectedLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundNews:
    """The payment provider says how a refund stands now. `id` is the provider's event."""

    id: str
    refund: str
    status: RefundStatus
    at: str
    provider_reference: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRetry:
    """A person asks to try a refund that could not be paid once more."""

    id: str
    actor: str
    refund: str


class ManualMethod(StrEnum):
    """Another way to pay a refund that failed."""

    STORE_CREDIT = "store_credit"
    OTHER_PAYMENT = "other_payment"
    PAID_BY_HAND = "paid_by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualResolution:
    """A person pays a refund by another way. `reference` (where to find what was paid by hand, or
    which payment of the order to use) and `note` are ids of stored notes: what people type may be
    personal.
    """

    id: str
    actor: str
    refund: str
    method: str
    reference: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRequest:
    """Make the label (again)."""

    id: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompletion:
    """A person has done what a task asked for."""

    id: str
    actor: str
    task: str
    note: str | None = None


# --- to and from activities ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProgress:
    """The counters of one return line, in units. `held`: unit positions the line still takes."""

    no: int
    line: str
    requested: int
    held: int
    approved: int
    received: int
    accepted: int
    rejected: int
    missing: int
    refunded: int
    reception: Reception
    acceptance: Acceptance
    grade: Grade | None = None
    disposition: Disposition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """Something that happened to a return, without personal data.

    `key` is unique within the return, so that recording it again changes nothing. `note` is the
    id of a stored note. `data` holds what the words need: quantities, amounts, ids.
    """

    key: str
    at: str
    kind: EventKind
    actor: str
    data: dict[str, str | int | None] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """A task opened or closed. A task is opened once per id; closing an unknown id is an error."""

    id: str
    kind: TaskKind
    open: bool
    due_at: str | None = None
    refund: str | None = None
    closed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnProgress:
    """The whole present state of a return and what is new on its timeline."""

    rma: str
    at: str
    status: ReturnStatus
    lines: list[LineProgress]
    events: list[TimelineEvent] = field(default_factory=list)
    tasks: list[TaskChange] = field(default_factory=list)
    # name → RFC 3339, what the return now waits for.
    deadlines: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Asks to reserve money for all units accepted so far, one count per return line.

    `id` makes asking again harmless.
    """

    id: str
    rma: str
    at: str
    accepted: list[int]
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedRefund:
    """A refund transaction with its row and key written down, before any call."""

    refund: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a grant reserved; `short` is what was owed but is no longer refundable.

    Store credit has no transactions: it is issued at once, `bonus` on top of the amount.
    """

    refunds: list[GrantedRefund]
    amount: int
    currency: str
    short: int = 0
    bonus: int = 0
    method: PayoutMethod = PayoutMethod.REFUND


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """Asks to pay one refund transaction."""

    refund: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnotherTry:
    """Asks for another try of a refund that a person wants."""

    refund: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWay:
    """Asks to pay a refund that failed in another way, or to write down that a person did."""

    refund: str
    method: str
    reference: str
    at: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWayTaken:
    """What came of it: paid, or `again`, a transaction at another payment that is to be paid."""

    again: GrantedRefund | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """Asks to write off what a return's grants owed but could not reserve."""

    rma: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOutcome:
    """How a refund transaction stands. `changed` is false when this was known before."""

    refund: str
    status: RefundStatus
    failure: str | None = None
    changed: bool = True


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOrder:
    """Asks for a return label. `key` makes asking again harmless."""

    rma: str
    key: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label that was made."""

    tracking: str
    carrier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOrder:
    """Asks to write to the customer. `key` is unique per mail, so a retry never sends a second."""

    rma: str
    key: str
    template: Template
    at: str
