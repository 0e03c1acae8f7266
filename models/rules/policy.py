"""The shop's policy: the versioned rules that judge and price its returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.messages import Grade, Refusal, ReturnKind
from models.rules.grading import ALL_PAID
from models.rules.policy_rules import Rule, rule_from_json, rule_to_json
from models.rules.reasons import FAULTS, ReasonTerms, reason_from_json, reason_to_json
from models.rules.tenders import TenderOrder
from models.rules.terms import Fault, OutboundShipping, Promotions, Waiver

ANCHORS = ("placed", "shipped", "delivered")


class LostParcel(StrEnum):
    """What happens to a return whose parcel is lost: a person is asked, or it is refunded."""

    ASK = "ask"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules with their defaults. Amounts are minor units of the shop's currency."""

    version: int = 1
    window_days: int = 30
    window_anchor: str = "delivered"
    # 0: a person decides each return.
    auto_approve_up_to: int = 0
    # Of what is worth no more than this the customer keeps the goods; 0: never.
    keep_item_up_to: int = 0
    # What share of the goods is paid when the customer keeps them.
    keep_item_percent: str = "100"
    # What share of the goods is paid for units of a grade, or "refuse": they aren't accepted.
    grades: Mapping[Grade, str] = field(default_factory=lambda: ALL_PAID)
    # All that was approved is paid once the parcel is moving, before the goods come.
    instant_refund: bool = False
    # What is exchanged goes out before it has come back.
    advance_exchange: bool = False
    # What becomes of a parcel that is lost on the way back.
    lost_parcel: LostParcel = LostParcel.ASK
    # Above it a second person approves, too; None: never.
    second_approval_above: int | None = None
    promotions: Promotions = Promotions.KEEP_SHARE
    tender_order: TenderOrder = TenderOrder.CARD_FIRST
    outbound_shipping: OutboundShipping = OutboundShipping.NEVER
    # What the customer pays for the way back, tax included.
    return_shipping: int = 0
    # Of the goods after discounts, without tax.
    restocking_percent: str = "0"
    fee_waived_for: tuple[Waiver, ...] = (Waiver.MERCHANT_FAULT, Waiver.EXCHANGE)
    store_credit_bonus_percent: str = "0"
    # None: store credit never expires.
    store_credit_valid_days: int | None = None
    # How long a consumer may withdraw without a reason, from delivery; 0: the law gives no right.
    withdrawal_days: int = 14
    # Categories that the law excludes from it, such as goods made to order.
    withdrawal_excluded: tuple[str, ...] = ()
    time_zone: str = "UTC"
    rules: tuple[Rule, ...] = ()
    # The shop's own reasons, and what it says of the usual ones.
    reasons: tuple[ReasonTerms, ...] = ()
    # Deadlines by name, like ("decision_due", "2d"), instead of the settings' ones.
    deadlines: tuple[tuple[str, str], ...] = ()

    def on_reason(self, reason: str) -> ReasonTerms:
        """What the shop says of a reason; one that it doesn't know is nobody's fault."""
        for terms in self.reasons:
            if terms.reason == reason:
                return terms
        return ReasonTerms(reason=str(reason), fault=FAULTS.get(reason, Fault.NOBODY))

    @property
    def known_reasons(self) -> tuple[str, ...]:
        """The codes that a return may give: the usual ones, then the shop's own."""
        usual = tuple(str(reason) for reason in FAULTS)
        return (*usual, *(each.reason for each in self.reasons if each.reason not in FAULTS))

    def offered_reasons(self, kind: ReturnKind | None = None) -> tuple[ReasonTerms, ...]:
        """The reasons to choose from, for one kind of return or for any."""
        known = (self.on_reason(reason) for reason in self.known_reasons)
        return tuple(each for each in known if each.is_offered(kind))

    @property
    def looks_at_customers(self) -> bool:
        """Whether a rule asks who the customer is, or what they sent back before."""
        return any(rule.when.looks_at_customer for rule in self.rules)

    def credit_expires(self, at: datetime) -> datetime | None:
        """When store credit issued at a time expires; None: never."""
        days = self.store_credit_valid_days
        return None if days is None else at + timedelta(days=days)

    def to_json(self) -> dict[str, Any]:
        """The document of `GET /policy`, without its version."""
        return {
            "window": {"days": self.window_days, "anchor": self.window_anchor},
            "auto_approve_up_to": self.auto_approve_up_to,
            "second_approval_above": self.second_approval_above,
            "keep_item_up_to": self.keep_item_up_to,
            "keep_item_percent": self.keep_item_percent,
            "instant_refund": self.instant_refund,
            "lost_parcel": str(self.lost_parcel),
            "grades": {str(grade): share for grade, share in self.grades.items()},
            "advance_exchange": self.advance_exchange,
            "promotions": str(self.promotions),
            "tender_order": str(self.tender_order),
            "outbound_shipping": str(self.outbound_shipping),
            "fees": {
                "return_shipping": self.return_shipping,
                "restocking_percent": self.restocking_percent,
            },
            "fee_waived_for": [str(waiver) for waiver in self.fee_waived_for],
            "store_credit_bonus_percent": self.store_credit_bonus_percent,
            "store_credit_valid_days": self.store_credit_valid_days,
            "withdrawal": {
                "days": self.withdrawal_days,
                "excluded_categories": list(self.withdrawal_excluded),
            },
            "time_zone": self.time_zone,
            "rules": [rule_to_json(rule) for rule in self.rules],
            "reasons": {str(terms.reason): reason_to_json(terms) for terms in self.reasons},
            "deadlines": dict(self.deadlines),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any], version: int) -> "Policy":
        """Reads a document that `check_policy` accepted; what it leaves out has its default."""
        default = cls()
        window = body.get("window", {})
        fees = body.get("fees", {})
        withdrawal = body.get("withdrawal", {})
        return cls(
            version=version,
            window_days=window.get("days", default.window_days),
            window_anchor=window.get("anchor", default.window_anchor),
            auto_approve_up_to=body.get("auto_approve_up_to", default.auto_approve_up_to),
            second_approval_above=body.get("second_approval_above", default.second_approval_above),
            keep_item_up_to=body.get("keep_item_up_to", default.keep_item_up_to),
            keep_item_percent=body.get("keep_item_percent", default.keep_item_percent),
            instant_refund=body.get("instant_refund", default.instant_refund),
            lost_parcel=LostParcel(body.get("lost_parcel", default.lost_parcel)),
            grades={
                **ALL_PAID,
                **{Grade(name): each for name, each in body.get("grades", {}).items()},
            },
            advance_exchange=body.get("advance_exchange", default.advance_exchange),
            promotions=Promotions(body.get("promotions", default.promotions)),
            tender_order=TenderOrder(body.get("tender_order", default.tender_order)),
            outbound_shipping=OutboundShipping(
                body.get("outbound_shipping", default.outbound_shipping)
            ),
            return_shipping=fees.get("return_shipping", default.return_shipping),
            restocking_percent=fees.get("restocking_percent", default.restocking_percent),
            fee_waived_for=tuple(
                Waiver(name) for name in body.get("fee_waived_for", default.fee_waived_for)
            ),
            store_credit_bonus_percent=body.get(
                "store_credit_bonus_percent", default.store_credit_bonus_percent
            ),
            store_credit_valid_days=body.get(
                "store_credit_valid_days", default.store_credit_valid_days
            ),
            withdrawal_days=withdrawal.get("days", default.withdrawal_days),
            withdrawal_excluded=tuple(withdrawal.get("excluded_categories", ())),
            time_zone=body.get("time_zone", default.time_zone),
            rules=tuple(rule_from_json(rule) for rule in body.get("rules", ())),
            reasons=tuple(
                reason_from_json(name, terms) for name, terms in body.get("reasons", {}).items()
            ),
            deadlines=tuple(body.get("deadlines", {}).items()),
        )


def check_time_zone(name: str) -> Refusal | None:
    """Whether this machine knows the time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return Refusal(
            code="unknown_time_zone",
            message=f"{name} is not a time zone; write one like Europe/London.",
            pointer="/time_zone",
        )
    return None
