"""What grades, scans, mails, tasks and those who act are called in the timeline."""

from collections.abc import Mapping

from models.messages import CarrierStatus, Disposition, Grade, TaskKind, Template

GRADES = {
    Grade.A: "A, as new",
    Grade.B: "B, opened",
    Grade.C: "C, damaged",
    Grade.D: "D, unsellable",
}


DISPOSITIONS = {
    Disposition.RESTOCK: "back to stock",
    Disposition.REFURBISH: "to be refurbished",
    Disposition.LIQUIDATE: "to be sold off",
    Disposition.DONATE: "to be donated",
    Disposition.DESTROY: "to be destroyed",
    Disposition.RETURN_TO_VENDOR: "back to the supplier",
    Disposition.RETURN_TO_CUSTOMER: "back to the customer",
}


SCANS = {
    CarrierStatus.IN_TRANSIT: "The carrier has the parcel and it is moving",
    CarrierStatus.DELIVERED: "The carrier delivered the parcel",
    CarrierStatus.EXCEPTION: "The carrier reports a problem with the parcel",
    CarrierStatus.LOST: "The carrier reports the parcel lost",
}


MAILS = {
    Template.REQUESTED: "we have your request",
    Template.APPROVED: "your return is approved",
    Template.WITHDRAWAL: "we have your withdrawal",
    Template.KEEP_ITEM: "please keep it",
    Template.DECLINED: "your request is declined",
    Template.CANCELLED: "your return is cancelled",
    Template.CHANGED: "your return is changed",
    Template.PHOTO_WANTED: "please send a photo",
    Template.LABEL_REMINDER: "a reminder to send the parcel",
    Template.EXPIRED: "your return has expired",
    Template.RECEIVED: "your parcel has arrived",
    Template.SHORT_SHIPPED: "something was missing in the parcel",
    Template.REJECTED: "we cannot accept what came back",
    Template.REFUNDED: "your refund",
    Template.STORE_CREDIT: "your store credit",
    Template.GOODWILL: "an apology with money",
    Template.REFUND_DELAYED: "your refund takes longer",
    Template.FOLLOW_UP: "what else can we do?",
    Template.EXCHANGE_PAYMENT: "what your exchange costs",
    Template.EXCHANGE_SHIPPED: "your exchange is on its way",
    Template.EXCHANGE_CANCELLED: "your exchange becomes a refund",
    Template.INSTANT_REFUND: "your money is on its way already",
}


TASKS = {
    TaskKind.DECIDE: "decide on the request",
    TaskKind.SECOND_APPROVAL: "give the second approval",
    TaskKind.PHOTO_AWAITED: "wait for the photo",
    TaskKind.LABEL_FAILED: "make the label again",
    TaskKind.PARCEL_LOST: "look for the parcel",
    TaskKind.INSPECT: "inspect what came",
    TaskKind.REFUND_FAILED: "settle the failed refund",
    TaskKind.REFUND_SHORT: "settle what could not be refunded",
    TaskKind.SEND_BACK: "send the refused goods back",
    TaskKind.UNEXPECTED_PARCEL: "deal with the unexpected parcel",
    TaskKind.WITHDRAWAL_DUE: "refund the withdrawal in time",
    TaskKind.SHIP_EXCHANGE: "send out the exchange",
    TaskKind.CARRIER_CLAIM: "settle the claim with the carrier",
    TaskKind.ERP_FAILED: "bring it into the ERP",
    TaskKind.DISPUTE: "answer the dispute",
    TaskKind.DISPUTE_WON: "pay what waited for the dispute",
    TaskKind.DISPUTE_LOST: "settle the lost dispute",
    TaskKind.WEBHOOK_FAILED: "look after the webhook endpoint",
    TaskKind.CLAWBACK: "get back what was paid ahead",
    TaskKind.UNMATCHED_PARCEL: "find the parcel's return",
}


PAYMENTS = {
    "card": "to the card",
    "wallet": "to the wallet",
    "bank": "to the bank account",
    "cash": "in cash",
    "gift_card": "to the gift card",
    "store_credit": "to the store credit",
}


PHOTOS = {
    "request": ", for the request",
    "receipt": ", at the dock",
    "inspection": ", in the inspection",
}


WHO = {
    "customer": "Customer",
    "policy": "Policy",
    "carrier": "Carrier",
    "redress": "Redress",
}


def task_words(kind: TaskKind) -> str:
    """What a task asks for: "inspect what came"."""
    return TASKS.get(kind, kind.replace("_", " "))


def who(actor: str, names: Mapping[str, str]) -> str:
    """Who did it: a person's or service's name, or what else can act ("Customer", "Policy").

    Args:
        actor: as the timeline keeps it, "user:3" or "service:ab12cd" or one of our own words.
        names: actor → name, looked up for the whole page at once.
    """
    if actor in WHO:
        return WHO[actor]
    fallback = "Someone who has left" if actor.startswith("user:") else "A service"
    return names.get(actor, fallback)
