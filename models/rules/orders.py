"""An order as the shop sends it, and as it is once what each line cost is worked out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from models.messages import Refusal


class TaxMode(StrEnum):
    """Whether prices are without tax (exclusive) or with it (inclusive)."""

    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"


class PaymentKind(StrEnum):
    """How something was paid."""

    CARD = "card"
    WALLET = "wallet"
    BANK = "bank"
    CASH = "cash"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineInput:
    """A line. `discount` is its own and `tax` its whole tax as charged, for all its units."""

    id: str
    sku: str
    name: str
    quantity: int
    unit_price: int
    discount: int = 0
    tax_rate: str = "0"
    tax: int = 0
    variant: Mapping[str, str] = field(default_factory=dict)
    category: str | None = None
    final_sale: bool = False
    delivered_at: datetime | None = None
    gift_card_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountInput:
    """A discount on the whole order. `shares`: what each line has of it, when the shop knows."""

    amount: int
    code: str | None = None
    kind: str = "order"
    threshold: int | None = None
    percent: str | None = None
    shares: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingInput:
    """The way out. `standard_amount`: what standard shipping would have cost; None: `amount`."""

    amount: int = 0
    tax: int = 0
    standard_amount: int | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInput:
    """A payment. `refunded`: what it gave back outside Redress."""

    id: str
    kind: str
    provider: str
    reference: str
    amount: int
    currency: str
    refunded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerInput:
    """The buyer; without an id a guest."""

    id: str | None = None
    email: str | None = None
    name: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressInput:
    """Where the goods went. `country`: ISO 3166 alpha-2."""

    line1: str
    city: str
    country: str
    name: str | None = None
    company: str | None = None
    line2: str | None = None
    region: str | None = None
    postcode: str | None = None
    phone: str | None = None


def address_value(address: AddressInput) -> dict[str, str]:
    """The parts that were given, as they are stored."""
    return {name: text for name, text in asdict(address).items() if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateInput:
    """How much of the order's currency one unit of the shop's currency was, in major units."""

    shop_currency: str
    rate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInput:
    """An order as sent. Amounts are minor units of `currency`; times carry their zone."""

    number: str
    currency: str
    placed_at: datetime
    lines: Sequence[LineInput]
    payments: Sequence[PaymentInput]
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    country: str | None = None
    tax_mode: str = TaxMode.INCLUSIVE
    exchange_rate: RateInput | None = None
    customer: CustomerInput | None = None
    discounts: Sequence[DiscountInput] = ()
    shipping: ShippingInput = field(default_factory=ShippingInput)
    shipping_address: AddressInput | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """What a line cost: paid = quantity × unit price − discount − order_discount (+ tax)."""

    line: LineInput
    order_discount: int
    paid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOrder:
    """An order with what each line cost. `paid` includes shipping and equals the payments."""

    order: OrderInput
    lines: tuple[PricedLine, ...]
    paid: int


class OrderRefused(Exception):
    """An order can't be taken as it is. `refusals` holds every reason, each with its place."""

    def __init__(self, refusals: list[Refusal]) -> None:
        """Takes one refusal or more; pointers are JSON pointers into the order."""
        super().__init__(" ".join(refusal.message for refusal in refusals))
        self.refusals = refusals
