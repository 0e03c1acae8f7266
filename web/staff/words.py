"""How the staff pages call things: a label, a tone and an icon for each word of the domain."""

from dataclasses import dataclass

from models.messages import (
    CarrierStatus,
    ClaimStatus,
    Disposition,
    EventKind,
    ExchangeStatus,
    Grade,
    RefundStatus,
    Resolution,
    ReturnKind,
    ReturnStatus,
    TaskKind,
    Wait,
)
from models.rules.erp import DocumentKind
from models.rules.parcels import ParcelOutcome, ParcelStatus
from models.rules.reconciliation import DifferenceKind
from models.rules.simulation import Verdict
from models.store.credit_rows import CreditOrigin, MovementKind
from models.store.erp import DocumentState
from models.store.photo_proof import PhotoKind
from web.access import Permission, Role


@dataclass(frozen=True, slots=True)
class Badge:
    """A state as a small coloured word. Tones: wait, move, done, bad, still."""

    label: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWords:
    """A task in words."""

    title: str
    short: str
    hint: str
    icon: str


STATUSES: dict[str, Badge] = {
    ReturnStatus.REQUESTED: Badge("Requested", "wait"),
    ReturnStatus.APPROVED: Badge("Approved", "move"),
    ReturnStatus.AWAITING_PARCEL: Badge("Awaiting parcel", "move"),
    ReturnStatus.IN_TRANSIT: Badge("In transit", "move"),
    ReturnStatus.LOST: Badge("Lost", "bad"),
    ReturnStatus.PARTIALLY_RECEIVED: Badge("Partly received", "wait"),
    ReturnStatus.RECEIVED: Badge("Received", "wait"),
    ReturnStatus.INSPECTED: Badge("Inspected", "move"),
    ReturnStatus.RESOLVING: Badge("Paying out", "move"),
    ReturnStatus.RESOLVED: Badge("Resolved", "done"),
    ReturnStatus.CLOSED: Badge("Closed", "done"),
    ReturnStatus.DECLINED: Badge("Declined", "still"),
    ReturnStatus.CANCELLED: Badge("Cancelled", "still"),
    ReturnStatus.EXPIRED: Badge("Expired", "still"),
    ReturnStatus.REJECTED: Badge("Refused", "still"),
    ReturnStatus.NEEDS_ATTENTION: Badge("Needs attention", "bad"),
}

# The way of a plain return, for the line of steps under its title.
STEPS = ("Requested", "Approved", "On the way", "Received", "Inspected", "Refunded", "Closed")
STEP_OF: dict[str, int] = {
    ReturnStatus.REQUESTED: 0,
    ReturnStatus.APPROVED: 1,
    ReturnStatus.AWAITING_PARCEL: 1,
    ReturnStatus.IN_TRANSIT: 2,
    ReturnStatus.LOST: 2,
    ReturnStatus.PARTIALLY_RECEIVED: 3,
    ReturnStatus.RECEIVED: 3,
    ReturnStatus.INSPECTED: 4,
    ReturnStatus.RESOLVING: 4,
    ReturnStatus.RESOLVED: 5,
    ReturnStatus.CLOSED: 6,
}

TASKS: dict[str, TaskWords] = {
    TaskKind.DECIDE: TaskWords(
        title="Decide on the request",
        short="Decide",
        hint="Approve or decline it, as a whole or line by line.",
        icon="signpost-split",
    ),
    TaskKind.SECOND_APPROVAL: TaskWords(
        title="Give the second approval",
        short="Second approval",
        hint="The amount is above the limit, so two people have to approve it.",
        icon="people",
    ),
    TaskKind.INSPECT: TaskWords(
        title="Inspect what came",
        short="Inspect",
        hint="Grade the goods, say where they go, and accept or refuse them.",
        icon="search",
    ),
    TaskKind.REFUND_FAILED: TaskWords(
        title="Settle the failed refund",
        short="Failed refund",
        hint="The payment could not be refunded. Try it once more, or pay it another way.",
        icon="exclamation-octagon",
    ),
    TaskKind.REFUND_SHORT: TaskWords(
        title="Settle what could not be refunded",
        short="Refund fell short",
        hint="Less was left on the payments than is owed. Pay the rest in another way and note it.",
        icon="cash-coin",
    ),
    TaskKind.LABEL_FAILED: TaskWords(
        title="Make the label again",
        short="Failed label",
        hint="The carrier gave no label, and the customer waits for one.",
        icon="upc-scan",
    ),
    TaskKind.PARCEL_LOST: TaskWords(
        title="Look for the parcel",
        short="Lost parcel",
        hint="It has not moved for too long, or the carrier reports it lost. Ask the carrier; then "
        "receive it, wait on, refund it anyway, or cancel the return.",
        icon="question-diamond",
    ),
    TaskKind.CARRIER_CLAIM: TaskWords(
        title="Settle the claim with the carrier",
        short="Carrier claim",
        hint="Send the carrier the claim for the lost parcel, and note how it ended.",
        icon="truck",
    ),
    TaskKind.ERP_FAILED: TaskWords(
        title="Bring it into the ERP",
        short="Not in the ERP",
        hint="The ERP did not take it; the timeline says why. Mend that there and try again, or "
        "enter it by hand and note its number.",
        icon="journal-x",
    ),
    TaskKind.DISPUTE: TaskWords(
        title="Answer the dispute",
        short="Dispute",
        hint="The customer disputes the payment with their bank. At the provider, send evidence "
        "(of a refund, too, if there was one) or accept; then say which. Pay nothing meanwhile.",
        icon="bank",
    ),
    TaskKind.DISPUTE_WON: TaskWords(
        title="Pay what waited for the dispute",
        short="Dispute won",
        hint="The dispute is won, the money is yours. Try the refunds again that it held up.",
        icon="bank",
    ),
    TaskKind.DISPUTE_LOST: TaskWords(
        title="Settle the lost dispute",
        short="Dispute lost",
        hint="The bank gave the customer the money; what was owed of it counts as paid. If it "
        "was refunded before, ask it back; then note what you did.",
        icon="bank",
    ),
    TaskKind.WEBHOOK_FAILED: TaskWords(
        title="Look after the webhook endpoint",
        short="Webhooks fail",
        hint="Another system does not take what it is told. Have it mended, then send a test, or "
        "switch the endpoint on again; remove it if nobody needs it. Send again what was given up.",
        icon="broadcast",
    ),
    TaskKind.SEND_BACK: TaskWords(
        title="Send the refused goods back",
        short="Send back",
        hint="What was refused belongs to the customer. Pack it, send it, and note the tracking.",
        icon="arrow-return-right",
    ),
    TaskKind.UNEXPECTED_PARCEL: TaskWords(
        title="Deal with the unexpected parcel",
        short="Unexpected parcel",
        hint="Something came that nobody announced. Find out what it is. Keep it, or send it "
        "back and note the tracking number. To pay for it, give goodwill first, then say so here.",
        icon="box-seam",
    ),
    TaskKind.SHIP_EXCHANGE: TaskWords(
        title="Send out the exchange",
        short="Send exchange",
        hint="Pack what the customer gets instead, send it, and note the tracking number.",
        icon="arrow-left-right",
    ),
    TaskKind.PHOTO_AWAITED: TaskWords(
        title="Photo awaited",
        short="Photo awaited",
        hint="The customer was asked for a photo. Once it is added, the policy decides by itself; "
        "you may also decide without.",
        icon="camera",
    ),
    TaskKind.WITHDRAWAL_DUE: TaskWords(
        title="Refund the withdrawal in time",
        short="Withdrawal due",
        hint="The law gives 14 days. Inspect what came; or note why you may still wait: nothing "
        "has come, and nothing shows that it was sent.",
        icon="calendar-event",
    ),
    TaskKind.CLAWBACK: TaskWords(
        title="Get back what was paid ahead",
        short="Paid ahead",
        hint="Goods that were paid before they came were refused, never came, or are worth less by "
        "their grade. Agree with the customer. When they have paid it back, note the reference of "
        "the payment; what was refused is then to be sent back. When the goods come, receive them; "
        "else write it off, and keep what was refused.",
        icon="cash-coin",
    ),
    TaskKind.UNMATCHED_PARCEL: TaskWords(
        title="Find the parcel's return",
        short="Unmatched parcel",
        hint="Nobody knows which return it belongs to. Match it, or close its case.",
        icon="question-square",
    ),
}
RESOLUTIONS: dict[str, str] = {
    Resolution.REFUND: "Refund",
    Resolution.STORE_CREDIT: "Store credit",
    Resolution.EXCHANGE: "Exchange",
    Resolution.REPLACEMENT: "Replacement",
    Resolution.KEEP_ITEM: "Keeps the item",
}
KINDS: dict[str, str] = {
    ReturnKind.RETURN: "Return",
    ReturnKind.CLAIM: "Claim",
    ReturnKind.WITHDRAWAL: "Withdrawal",
    ReturnKind.GIFT: "Gift return",
}
GRADES: dict[str, str] = {
    Grade.A: "As new",
    Grade.B: "Opened",
    Grade.C: "Damaged",
    Grade.D: "Unsellable",
}
DISPOSITIONS: dict[str, str] = {
    Disposition.RESTOCK: "Back to stock",
    Disposition.REFURBISH: "Refurbish",
    Disposition.LIQUIDATE: "Sell off",
    Disposition.DONATE: "Donate",
    Disposition.DESTROY: "Destroy",
    Disposition.RETURN_TO_VENDOR: "Back to the supplier",
    Disposition.RETURN_TO_CUSTOMER: "Back to the customer",
}
REFUNDS: dict[str, Badge] = {
    RefundStatus.PENDING: Badge("Pending", "move"),
    RefundStatus.REQUIRES_ACTION: Badge("Customer must act", "wait"),
    RefundStatus.SUCCEEDED: Badge("Paid", "done"),
    RefundStatus.FAILED: Badge("Failed", "bad"),
    RefundStatus.CANCELED: Badge("Cancelled", "still"),
}
PARCELS: dict[str, Badge] = {
    ParcelStatus.OPEN: Badge("Open", "wait"),
    ParcelStatus.MATCHED: Badge("Matched", "done"),
    ParcelStatus.DONE: Badge("Closed", "still"),
}
OUTCOMES: dict[str, str] = {
    ParcelOutcome.SENT_BACK: "Sent back",
    ParcelOutcome.KEPT: "Kept",
}
PHOTOS: dict[str, str] = {
    PhotoKind.REQUEST: "For the request",
    PhotoKind.RECEIPT: "At the dock",
    PhotoKind.INSPECTION: "In the inspection",
}
EXCHANGES: dict[str, Badge] = {
    ExchangeStatus.AWAITING_PAYMENT: Badge("Waits for payment", "wait"),
    ExchangeStatus.RESERVED: Badge("Set aside", "move"),
    ExchangeStatus.SHIPPED: Badge("Sent out", "done"),
    ExchangeStatus.CANCELLED: Badge("Called off", "still"),
}
# What a policy that is tried out makes of a return by itself.
VERDICTS: dict[str, str] = {
    Verdict.APPROVE: "approved",
    Verdict.REVIEW: "a person decides",
    Verdict.PHOTO: "waits for a photo",
    Verdict.DENY: "denied",
}
# Why a verdict is another one where no rule and no refusal says so.
BY_WORTH: dict[str, str] = {
    "approve": "Worth no more than what is approved at once",
    "review": "Worth more than what is approved at once",
}
RUNS: dict[str, Badge] = {
    "running": Badge("Running", "move"),
    "done": Badge("Done", "done"),
    "failed": Badge("Failed", "bad"),
}
DELIVERIES: dict[str, Badge] = {
    "pending": Badge("Waiting", "wait"),
    "delivered": Badge("Delivered", "done"),
    "failed": Badge("Failed", "bad"),
}
INCOMING: dict[str, Badge] = {
    "taken": Badge("Taken", "done"),
    "ignored": Badge("Ignored", "still"),
}
REPAIRS: dict[str, Badge] = {
    "open": Badge("Open", "wait"),
    "repaired": Badge("Repaired", "done"),
}
DIFFERENCES: dict[str, str] = {
    DifferenceKind.MISSING_AT_PROVIDER: "Missing at the provider",
    DifferenceKind.UNKNOWN_REFUND: "Refund made elsewhere",
    DifferenceKind.LOST_ANSWER: "Lost answer",
    DifferenceKind.AMOUNT_DIFFERS: "Amounts differ",
    DifferenceKind.CURRENCY_DIFFERS: "Currencies differ",
    DifferenceKind.STATUS_DIFFERS: "States differ",
    DifferenceKind.PAID_TWICE: "Paid twice",
    DifferenceKind.NOT_BOOKED: "Not booked",
    DifferenceKind.BOOKED_AMOUNT_DIFFERS: "Booked with another amount",
    DifferenceKind.NOT_A_REFUND: "Entry without a refund",
    DifferenceKind.STORE_CREDIT_DIFFERS: "Store credit differs from the books",
    DifferenceKind.CHAIN_BROKEN: "The books were changed",
    DifferenceKind.MISSING_IN_ERP: "Not in the ERP",
    DifferenceKind.ERP_AMOUNT_DIFFERS: "Another amount in the ERP",
    DifferenceKind.TWICE_IN_ERP: "More than once in the ERP",
    DifferenceKind.UNKNOWN_IN_ERP: "In the ERP only",
    DifferenceKind.ERP_NOT_COMPARED: "ERP not compared",
}
CREDITS: dict[str, str] = {
    CreditOrigin.RETURN: "From a return",
    CreditOrigin.GOODWILL: "Goodwill",
    CreditOrigin.REFUND: "Instead of a refund",
    CreditOrigin.GIFT_CARD: "Gift card",
}
MOVEMENTS: dict[str, str] = {
    MovementKind.ISSUE: "Issued",
    MovementKind.BONUS: "Bonus",
    MovementKind.REDEEM: "Spent",
    MovementKind.REVERSAL: "Spending taken back",
    MovementKind.TOP_UP: "Refunded to it",
    MovementKind.VOID: "Voided",
    MovementKind.EXPIRY: "Expired",
}
SCANS: dict[str, Badge] = {
    CarrierStatus.IN_TRANSIT: Badge("Moving", "move"),
    CarrierStatus.DELIVERED: Badge("Delivered", "done"),
    CarrierStatus.EXCEPTION: Badge("Problem", "wait"),
    CarrierStatus.LOST: Badge("Lost", "bad"),
}
PAYMENTS: dict[str, str] = {
    "card": "Card",
    "wallet": "Wallet",
    "bank": "Bank",
    "cash": "Cash",
    "gift_card": "Gift card",
    "store_credit": "Store credit",
}
QUOTE_KINDS: dict[str, str] = {
    "goods": "Goods",
    "tax": "Tax",
    "order_discount": "Order discount",
    "promotion_reversal": "Promotion taken back",
    "outbound_shipping": "Outbound shipping",
    "return_shipping_fee": "Return shipping",
    "restocking_fee": "Restocking fee",
    "bonus": "Bonus",
    "exchange_difference": "Exchange difference",
    "already_refunded": "Already refunded",
    "goodwill": "Goodwill",
}
# What the return waits for, before the date.
DEADLINES: dict[str, str] = {
    Wait.REMINDER: "Reminds the customer to send the parcel",
    Wait.PARCEL: "Waits for the parcel until",
    Wait.NO_MOVEMENT: "Counts the parcel as stuck unless it moves by",
    Wait.MISSING: "Waits for the missing goods until",
    Wait.INSPECTION: "The inspection is due",
    Wait.FOLLOW_UP: "Asks the customer how it went",
    Wait.PHOTO: "Waits for the photo until",
    Wait.PHOTO_REMINDER: "Reminds the customer of the photo",
    Wait.WITHDRAWAL: "Asks for the refund the law wants by the 14th day",
}
ROLES: dict[str, str] = {
    Role.AGENT: "Service agent",
    Role.WAREHOUSE: "Warehouse",
    Role.FINANCE: "Finance",
    Role.MANAGER: "Manager",
    Role.VIEWER: "Viewer",
}
# The colour of a timeline entry; all others are quiet.
EVENTS: dict[str, str] = {
    EventKind.APPROVED: "done",
    EventKind.KEPT: "done",
    EventKind.CHANGED: "move",
    EventKind.DECLINED: "bad",
    EventKind.LINE_DECLINED: "bad",
    EventKind.SECOND_APPROVAL_NEEDED: "wait",
    EventKind.LABEL_FAILED: "bad",
    EventKind.PHOTO_AWAITED: "wait",
    EventKind.PHOTO_MISSING: "wait",
    EventKind.NO_MOVEMENT: "wait",
    EventKind.LOST: "bad",
    EventKind.LOST_REFUNDED: "move",
    EventKind.CAME_AFTER_ALL: "move",
    EventKind.CLAWBACK_DROPPED: "done",
    EventKind.CLAWBACK_SETTLED: "done",
    EventKind.CAME_AFTER_REFUND: "wait",
    EventKind.RECEIVED: "move",
    EventKind.UNEXPECTED_ITEM: "wait",
    EventKind.PARCEL_AFTER_END: "wait",
    EventKind.DAMAGED_ON_ARRIVAL: "wait",
    EventKind.INSPECTED: "move",
    EventKind.INSPECTION_OVERDUE: "wait",
    EventKind.WITHDRAWAL_DUE: "wait",
    EventKind.REFUND_SUCCEEDED: "done",
    EventKind.REFUND_FAILED: "bad",
    EventKind.REFUND_PAID_BY_HAND: "done",
    EventKind.STORE_CREDIT_ISSUED: "done",
    EventKind.GOODWILL_GRANTED: "move",
    EventKind.REOPENED: "bad",
    EventKind.RETURN_REOPENED: "move",
    EventKind.CLAWBACK_NEEDED: "bad",
    EventKind.EXCHANGE_PAID: "move",
    EventKind.EXCHANGE_SHIPPED: "done",
    EventKind.EXCHANGE_CANCELLED: "wait",
    EventKind.ERP_RECORDED: "done",
    EventKind.ERP_FAILED: "bad",
    EventKind.ERP_RETRIED: "move",
    EventKind.ERP_BY_HAND: "done",
    EventKind.RESOLVED: "done",
    EventKind.MAIL_FAILED: "bad",
    EventKind.TASK_ESCALATED: "bad",
}
# What an override set aside, by the code of the refusal.
SET_ASIDE: dict[str, str] = {
    "window_passed": "The return window",
    "final_sale": "Final sale",
    "denied_by_policy": "Not taken back",
    "reason_not_offered": "A reason that isn't offered",
    "withdrawal_excluded": "Excluded from withdrawal",
}
ERP: dict[str, Badge] = {
    DocumentState.POSTED: Badge("Posted", "done"),
    DocumentState.DRAFT: Badge("Draft", "wait"),
    DocumentState.BY_HAND: Badge("By hand", "done"),
    DocumentState.PENDING: Badge("On its way", "move"),
    DocumentState.FAILED: Badge("Not taken", "bad"),
}
ERP_KINDS: dict[str, str] = {
    DocumentKind.CREDIT_NOTE: "Credit note",
    DocumentKind.GOODS: "Goods",
    DocumentKind.GOODS_OUT: "Goods sent out",
    DocumentKind.DIFFERENCE: "Difference paid",
}
CLAIMS: dict[str, Badge] = {
    ClaimStatus.OPEN: Badge("Open", "wait"),
    ClaimStatus.PAID: Badge("Paid", "done"),
    ClaimStatus.REFUSED: Badge("Refused", "bad"),
    ClaimStatus.WITHDRAWN: Badge("Withdrawn", "still"),
}
# What a permission is called when somebody lacks it.
PERMISSIONS: dict[str, str] = {
    Permission.READ: "look at returns",
    Permission.ORDERS: "change orders",
    Permission.REQUEST: "ask for returns",
    Permission.OVERRIDE: "set the policy aside",
    Permission.DECIDE: "approve, decline or cancel returns",
    Permission.SHIP: "make labels and send parcels",
    Permission.RECEIVE: "receive parcels",
    Permission.INSPECT: "inspect goods",
    Permission.REFUND: "settle refunds",
    Permission.GOODWILL: "give goodwill",
    Permission.REDEEM: "redeem store credit",
    Permission.BOOKS: "look at the books",
    Permission.POLICY: "change the policy",
    Permission.PRIVACY: "read and erase personal data",
    Permission.WEBHOOKS: "look after webhooks",
}


def plain(word: str) -> str:
    """A word nobody has named yet, readable: "late_fee" is "Late fee"."""
    return word.replace("_", " ").capitalize()
