"""The words of the domain: states, kinds, reasons, and what happens to a return."""

from enum import StrEnum


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


# What is answered with goods instead of money.
EXCHANGING = frozenset({Resolution.EXCHANGE, Resolution.REPLACEMENT})


class ExchangeStatus(StrEnum):
    """Where the new item is; shipped and cancelled are final."""

    AWAITING_PAYMENT = "awaiting_payment"
    RESERVED = "reserved"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why the customer sends a thing back: the usual reasons, beside which a shop has its own."""

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


class Condition(StrEnum):
    """How a unit arrived, where it is worth a word."""

    DAMAGED = "damaged"


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


class PayoutKind(StrEnum):
    """Money that moves beside a return: without goods, or after a bank sent it back."""

    GOODWILL = "goodwill"
    RECOVERY = "recovery"


class PayoutMethod(StrEnum):
    """How granted money reaches the customer."""

    REFUND = "refund"
    STORE_CREDIT = "store_credit"


class ManualMethod(StrEnum):
    """Another way to pay a refund that failed."""

    STORE_CREDIT = "store_credit"
    OTHER_PAYMENT = "other_payment"
    PAID_BY_HAND = "paid_by_hand"
    LOST_DISPUTE = "lost_dispute"


class DisputeStatus(StrEnum):
    """Where a dispute is; won and lost are final. An inquiry that ends without one is won."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


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
    WITHDRAWAL_DUE = "withdrawal_due"
    CLAWBACK = "clawback"
    UNMATCHED_PARCEL = "unmatched_parcel"
    SHIP_EXCHANGE = "ship_exchange"
    CARRIER_CLAIM = "carrier_claim"
    PHOTO_AWAITED = "photo_awaited"
    ERP_FAILED = "erp_failed"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    WEBHOOK_FAILED = "webhook_failed"


# Tasks that no return's workflow knows of: they end by word, in the database alone.
DISPUTE_TASKS = frozenset({TaskKind.DISPUTE, TaskKind.DISPUTE_WON, TaskKind.DISPUTE_LOST})

# Tasks that a person ends by saying so; the others end with the step they ask for.
TASKS_ENDED_BY_WORD = frozenset(
    {
        TaskKind.SEND_BACK,
        TaskKind.PARCEL_LOST,
        TaskKind.REFUND_SHORT,
        TaskKind.UNEXPECTED_PARCEL,
        TaskKind.WITHDRAWAL_DUE,
        TaskKind.CLAWBACK,
        TaskKind.CARRIER_CLAIM,
        TaskKind.ERP_FAILED,
        *DISPUTE_TASKS,
        TaskKind.WEBHOOK_FAILED,
    }
)


class TaskChoice(StrEnum):
    """What a person says when a task can end in more than one way."""

    WAIT = "wait"
    REFUND = "refund"
    PAID = "paid"
    REFUSED = "refused"
    WRITTEN_OFF = "written_off"
    KEPT = "kept"
    SENT_BACK = "sent_back"
    RETRY = "retry"
    RECORDED = "recorded"
    CONTESTED = "contested"
    ACCEPTED = "accepted"


# Which words end such a task. Where `wait` is one of them, it is meant when nothing is said.
TASK_CHOICES: dict[TaskKind, tuple[TaskChoice, ...]] = {
    TaskKind.PARCEL_LOST: (TaskChoice.WAIT, TaskChoice.REFUND),
    TaskKind.CARRIER_CLAIM: (TaskChoice.PAID, TaskChoice.REFUSED),
    TaskKind.CLAWBACK: (TaskChoice.PAID, TaskChoice.WRITTEN_OFF),
    TaskKind.UNEXPECTED_PARCEL: (TaskChoice.KEPT, TaskChoice.SENT_BACK, TaskChoice.REFUND),
    TaskKind.ERP_FAILED: (TaskChoice.RETRY, TaskChoice.RECORDED),
    TaskKind.DISPUTE: (TaskChoice.CONTESTED, TaskChoice.ACCEPTED),
}
# Tasks that may also end by their note alone.
NOTE_SUFFICES = frozenset({TaskKind.UNEXPECTED_PARCEL})


# What a claim that was written off comes to when the goods come after all.
RECOVERED = "recovered"


class ClaimStatus(StrEnum):
    """Where a claim against a carrier is; withdrawn: the parcel came after all."""

    OPEN = "open"
    PAID = "paid"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Wait(StrEnum):
    """What a return waits for; the names of its recorded deadlines."""

    REMINDER = "reminder"
    PARCEL = "parcel"
    NO_MOVEMENT = "no_movement"
    MISSING = "missing"
    INSPECTION = "inspection"
    FOLLOW_UP = "follow_up"
    WITHDRAWAL = "withdrawal"
    PHOTO = "photo"
    PHOTO_REMINDER = "photo_reminder"


class Template(StrEnum):
    """The mails a customer gets."""

    REQUESTED = "requested"
    WITHDRAWAL = "withdrawal"
    APPROVED = "approved"
    KEEP_ITEM = "keep_item"
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
    INSTANT_REFUND = "instant_refund"
    EXCHANGE_PAYMENT = "exchange_payment"
    EXCHANGE_SHIPPED = "exchange_shipped"
    EXCHANGE_CANCELLED = "exchange_cancelled"
    CHANGED = "changed"
    PHOTO_WANTED = "photo_wanted"


class EventKind(StrEnum):
    """What a timeline entry tells; behind each, the facts in its `data`."""

    # units, total, currency, override (1 or 0), reasons, instead (what goes out for them, or none)
    REQUESTED = "requested"
    APPROVED = "approved"  # units, by_policy (1 or 0), rule (the policy's, if one decided)
    KEPT = "kept"  # units (the customer keeps them)
    DECLINED = "declined"
    LINE_DECLINED = "line_declined"  # line, units
    SECOND_APPROVAL_NEEDED = "second_approval_needed"  # total, currency, instead, unpaid
    CANCELLED = "cancelled"
    LABEL_MADE = "label_made"  # tracking, carrier
    LABEL_FAILED = "label_failed"  # problem
    LABELS_GIVEN_BACK = "labels_given_back"
    EXPIRED = "expired"
    SCANNED = "scanned"  # status, event
    NO_MOVEMENT = "no_movement"
    LOST = "lost"
    RECEIVED = "received"  # units, outstanding
    UNEXPECTED_ITEM = "unexpected_item"  # sku, quantity, instead_of (a line, if it came for one)
    MISSING_WRITTEN_OFF = "missing_written_off"  # units
    PARCEL_AFTER_END = "parcel_after_end"  # units
    INSPECTED = "inspected"  # line, units, grade, disposition, accepted (1 or 0)
    INSPECTION_OVERDUE = "inspection_overdue"
    WITHDRAWAL_DUE = "withdrawal_due"
    REFUND_GRANTED = "refund_granted"  # amount, currency, short, ahead (1: of the goods)
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
    TASK_COMPLETED = "task_completed"  # task, kind, outcome (where it tells what became of it)
    CLAWBACK_NEEDED = "clawback_needed"  # units, amount, currency, task, graded (1 or none)
    TASK_ESCALATED = "task_escalated"  # task, kind
    CARRIER_CLAIM_OPENED = "carrier_claim_opened"  # task
    CARRIER_CLAIM_SETTLED = "carrier_claim_settled"  # task, outcome
    LOST_REFUNDED = "lost_refunded"  # units, by_policy (1 or 0)
    CAME_AFTER_ALL = "came_after_all"  # units (given up as missing before)
    CLAWBACK_SETTLED = "clawback_settled"  # task, outcome (paid, written_off), amount, currency
    CLAWBACK_DROPPED = "clawback_dropped"  # amount, currency (no longer asked back)
    CAME_AFTER_REFUND = "came_after_refund"  # units, tracking
    RETURN_REOPENED = "return_reopened"  # units, here (those that need not come), was
    DECISION_IGNORED = "decision_ignored"  # what, why (a signal that came too late)
    PHOTO_ADDED = "photo_added"  # photo, kind, line (written by the web)
    PHOTO_AWAITED = "photo_awaited"
    PHOTO_MISSING = "photo_missing"
    DAMAGED_ON_ARRIVAL = "damaged_on_arrival"  # line, units
    EXCHANGE_RESERVED = "exchange_reserved"  # units, due, currency
    EXCHANGE_PAID = "exchange_paid"  # amount, currency
    EXCHANGE_SHIPPED = "exchange_shipped"  # units, tracking
    EXCHANGE_CANCELLED = "exchange_cancelled"  # why: not_paid, goods_refused, staff, return_ended
    CHANGED = "changed"  # units, total, currency
    ERP_RECORDED = "erp_recorded"  # reference, numbers, draft (1 or none)
    ERP_FAILED = "erp_failed"  # reference, problem, task
    ERP_RETRIED = "erp_retried"  # reference
    ERP_BY_HAND = "erp_by_hand"  # reference; its number there is the note
    DISPUTE_OPENED = "dispute_opened"  # dispute, amount, currency, payment
    DISPUTE_ANSWERED = "dispute_answered"  # task, kind, outcome: contested, accepted
    DISPUTE_CLOSED = "dispute_closed"  # dispute, outcome: won, lost
