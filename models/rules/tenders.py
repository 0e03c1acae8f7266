"""Which payments a refund goes back to, and how much to each (money rule 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.money import apportion

_CARD_FIRST = ("card", "wallet", "bank", "cash", "gift_card", "store_credit")
_GIFT_FIRST = ("gift_card", "store_credit", "card", "wallet", "bank", "cash")


class TenderOrder(StrEnum):
    """In which order payments are refunded."""

    CARD_FIRST = "card_first"
    GIFT_FIRST = "gift_first"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tender:
    """A payment and what it can still give back, in minor units."""

    payment: int
    kind: str
    refundable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderPart:
    """What one payment gives back."""

    payment: int
    amount: int


def split(amount: int, tenders: Sequence[Tender], order: TenderOrder) -> list[TenderPart]:
    """Shares an amount over the payments, in the order's list where kinds are the same.

    Raises:
        ValueError: the payments can't give that much back.
    """
    if amount > sum(tender.refundable for tender in tenders):
        raise ValueError("more than the payments can give back")
    if order is TenderOrder.RATIO:
        shares = apportion(amount, [tender.refundable for tender in tenders])
        parts = zip(tenders, shares, strict=True)
    else:
        ranks = _CARD_FIRST if order is TenderOrder.CARD_FIRST else _GIFT_FIRST
        ranked = sorted(tenders, key=lambda tender: ranks.index(tender.kind))
        shares = []
        for tender in ranked:
            shares.append(min(amount, tender.refundable))
            amount -= shares[-1]
        parts = zip(ranked, shares, strict=True)
    return [TenderPart(payment=tender.payment, amount=part) for tender, part in parts if part]
