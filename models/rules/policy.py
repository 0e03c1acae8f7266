"""The shop's policy: the versioned rules that judge and price its returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.messages import Refusal
from models.rules.tenders import TenderOrder

ANCHORS = ("placed", "shipped", "delivered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules with their defaults. Amounts are minor units of the shop's currency."""

    version: int = 1
    window_days: int = 30
    window_anchor: str = "delivered"
    # 0: a person decides each return.
    auto_approve_up_to: int = 0
    # Above it a second person approves, too; None: never.
    second_approval_above: int | None = None
    tender_order: TenderOrder = TenderOrder.CARD_FIRST
    time_zone: str = "UTC"

    def to_json(self) -> dict[str, Any]:
        """The document of `GET /policy`, without its version."""
        return {
            "window": {"days": self.window_days, "anchor": self.window_anchor},
            "auto_approve_up_to": self.auto_approve_up_to,
            "second_approval_above": self.second_approval_above,
            "tender_order": str(self.tender_order),
            "time_zone": self.time_zone,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any], version: int) -> "Policy":
        """Reads a document that `check_policy` accepted; what it leaves out has its default."""
        default = cls()
        window = body.get("window", {})
        return cls(
            version=version,
            window_days=window.get("days", default.window_days),
            window_anchor=window.get("anchor", default.window_anchor),
            auto_approve_up_to=body.get("auto_approve_up_to", default.auto_approve_up_to),
            second_approval_above=body.get("second_approval_above", default.second_approval_above),
            tender_order=TenderOrder(body.get("tender_order", default.tender_order)),
            time_zone=body.get("time_zone", default.time_zone),
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
