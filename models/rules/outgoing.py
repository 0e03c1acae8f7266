"""The events that other systems are told of: their types, and what of the timeline makes them."""

from models.messages import EventKind

# Timeline entries that the change of a row tells already: of a refund, a credit, an exchange, a
# task. They make no event of their own, so that nothing is told twice.
TOLD_BY_ROWS = frozenset(
    {
        EventKind.REFUND_PENDING,
        EventKind.REFUND_SUCCEEDED,
        EventKind.REFUND_FAILED,
        EventKind.REFUND_RETRIED,
        EventKind.REFUND_MOVED,
        EventKind.REFUND_PAID_BY_HAND,
        EventKind.STORE_CREDIT_ISSUED,
        EventKind.EXCHANGE_RESERVED,
        EventKind.EXCHANGE_PAID,
        EventKind.EXCHANGE_SHIPPED,
        EventKind.EXCHANGE_CANCELLED,
        EventKind.TASK_COMPLETED,
        EventKind.TASK_ESCALATED,
    }
)

# Where the name isn't "return." and the entry's kind.
_NAMES = {
    EventKind.REFUND_GRANTED: "refund.granted",
    EventKind.GOODWILL_GRANTED: "refund.goodwill_granted",
    EventKind.REOPENED: "return.reopened",
    EventKind.RETURN_REOPENED: "return.reopened",
}

REFUND_TYPES = (
    "refund.created",
    "refund.pending",
    "refund.requires_action",
    "refund.succeeded",
    "refund.failed",
    "refund.canceled",
    "refund.paid_otherwise",
)
CREDIT_TYPES = {
    "issue": "store_credit.issued",
    "redeem": "store_credit.redeemed",
    "reversal": "store_credit.redeem_reversed",
    "top_up": "store_credit.topped_up",
    "void": "store_credit.voided",
    "expiry": "store_credit.expired",
}
EXCHANGE_TYPES = (
    "exchange.awaiting_payment",
    "exchange.reserved",
    "exchange.shipped",
    "exchange.cancelled",
)
TASK_TYPES = ("task.opened", "task.claimed", "task.released", "task.escalated", "task.done")
MEMO_TYPE = "credit_memo.issued"
# Sent to one endpoint, when a person wants to see whether it arrives.
TEST_TYPE = "webhook.test"

# What is known to be an id, a number or one of our own words. An entry's other facts (what a
# carrier or a mail server wrote, say) stay in the house.
FACTS = frozenset(
    {
        *("units", "total", "amount", "currency", "short", "bonus", "ahead", "outstanding"),
        *("line", "sku", "quantity", "instead_of", "grade", "disposition", "accepted"),
        *("by_policy", "rule", "override", "method", "refund", "task", "kind", "outcome"),
        *("status", "event", "tracking", "carrier", "template", "message", "photo", "was"),
        *("graded", "what", "why", "again", "dispute"),
    }
)


def type_of_entry(kind: str) -> str | None:
    """The type of the event that a timeline entry makes; None: a row's change tells it."""
    if kind in TOLD_BY_ROWS:
        return None
    return _NAMES[EventKind(kind)] if kind in _NAMES else f"return.{kind}"


def all_types() -> list[str]:
    """Every type there is, sorted."""
    told = {made for kind in EventKind if (made := type_of_entry(kind)) is not None}
    return sorted(
        {
            *told,
            *REFUND_TYPES,
            *CREDIT_TYPES.values(),
            *EXCHANGE_TYPES,
            *TASK_TYPES,
            MEMO_TYPE,
            TEST_TYPE,
        }
    )
