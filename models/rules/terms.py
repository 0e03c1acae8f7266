"""What a shop's policy says about money, in the currency of one order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.messages import Grade, Resolution
from models.rules.grading import ALL_PAID


class Fault(StrEnum):
    """Who is to blame for a return."""

    MERCHANT = "merchant"
    CARRIER = "carrier"
    CUSTOMER = "customer"
    NOBODY = "nobody"


class Promotions(StrEnum):
    """What becomes of a threshold discount when the kept items no longer reach it."""

    KEEP_SHARE = "keep_share"
    REPRICE_KEPT = "reprice_kept"


class OutboundShipping(StrEnum):
    """When the cost of the way out comes back; a withdrawal of everything always brings it."""

    NEVER = "never"
    MERCHANT_FAULT = "merchant_fault"
    FULL_RETURN = "full_return"


class Waiver(StrEnum):
    """Who pays no fees: by whose fault it is, or by what the customer gets."""

    MERCHANT_FAULT = "merchant_fault"
    CARRIER_FAULT = "carrier_fault"
    EXCHANGE = "exchange"
    REPLACEMENT = "replacement"
    STORE_CREDIT = "store_credit"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The rules of money for one order. Amounts are minor units of the order's currency.

    Percentages are decimals as text, like "12.5".
    """

    promotions: Promotions = Promotions.KEEP_SHARE
    outbound_shipping: OutboundShipping = OutboundShipping.NEVER
    return_shipping: int = 0
    restocking_percent: str = "0"
    waived_for: frozenset[Waiver] = frozenset({Waiver.MERCHANT_FAULT, Waiver.EXCHANGE})
    bonus_percent: str = "0"
    # What share of the goods is paid when the customer keeps them.
    keep_percent: str = "100"
    # What share of the goods is paid for accepted units of a grade, or that they are refused.
    grades: Mapping[Grade, str] = field(default_factory=lambda: ALL_PAID)

    def waives(self, fault: Fault, resolution: Resolution) -> bool:
        """Whether a line is free of fees."""
        names = {f"{fault}_fault", str(resolution)}
        return any(waiver in names for waiver in self.waived_for)
