"""A return's milestones as a customer's record tells them: which there are, and in what words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from models.money import to_text


class Standing(StrEnum):
    """How a case stands: under way, or how it ended."""

    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """Something a customer would call news of their return. `key` is its event's id."""

    key: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A return for a customer's record: its milestones so far, oldest first."""

    rma: str
    order: str
    opened_at: datetime
    standing: Standing
    milestones: Sequence[Milestone]


_WORDS = {
    "return.requested": "Return requested.",
    "return.approved": "Return approved.",
    "return.declined": "Return declined.",
    "return.cancelled": "Return cancelled.",
    "return.expired": "Return ended: its parcel never came.",
    "return.received": "Parcel received.",
    "return.lost": "Parcel lost on its way.",
    "return.reopened": "Return opened again.",
    "return.closed": "Return closed.",
    "refund.succeeded": "Refund paid: {amount}.",
    "refund.paid_otherwise": "Refund paid by hand: {amount}.",
    "refund.failed": "Refund failed: {amount}. It will be paid in another way.",
    "store_credit.issued": "Store credit issued: {amount}.",
    "exchange.shipped": "Exchange sent out.",
    "exchange.cancelled": "Exchange called off.",
}
MILESTONES = tuple(_WORDS)
_STANDINGS = {
    "return.declined": Standing.DECLINED,
    "return.cancelled": Standing.CANCELLED,
    "return.expired": Standing.CANCELLED,
    "return.closed": Standing.DONE,
    "return.reopened": Standing.OPEN,
}


def words_of(type: str, data: Mapping[str, Any]) -> str:
    """A milestone in words. `type`: of its event; `data`: the event's."""
    about = data.get("refund") or data.get("store_credit") or {}
    amount = about.get("change", about.get("amount"))
    told = "" if amount is None else f"{to_text(amount, about['currency'])} {about['currency']}"
    return _WORDS[type].format(amount=told)


def standing_after(types: Sequence[str]) -> Standing:
    """How a case stands after these events, oldest first."""
    standing = Standing.OPEN
    for each in types:
        standing = _STANDINGS.get(each, standing)
    return standing
