"""What can be wrong with the fields of an order, each problem with its place."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from models.messages import Refusal
from models.money import to_text
from models.rules.orders import (
    AddressInput,
    DiscountInput,
    LineInput,
    OrderInput,
    PaymentInput,
    PaymentKind,
    TaxMode,
)

# Far above any real order, far below what the database's integers hold.
MOST_MONEY = 10**15
MOST_UNITS = 2**31 - 1
MOST_LINES = 10_000
MOST_REFUSALS = 100
_LONGEST_MESSAGE = 500
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,18})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
LONGEST_IN_ADDRESS = {
    "name": 200,
    "company": 200,
    "line1": 200,
    "line2": 200,
    "city": 100,
    "region": 100,
    "postcode": 20,
    "country": 2,
    "phone": 40,
}
_TAX_MODES = frozenset(TaxMode)
_PAYMENT_KINDS = frozenset(PaymentKind)


class Problems:
    """Collects refusals. `countable` turns false once a sum over the order would mean nothing."""

    def __init__(self) -> None:
        """Starts without any."""
        self.refusals: list[Refusal] = []
        self.countable = True

    def add(self, code: str, message: str, pointer: str, *, countable: bool = True) -> None:
        """Adds a refusal; `countable=False` when the amounts can't be reckoned with any more."""
        self.countable = self.countable and countable
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(Refusal(code=code, message=quotable(message), pointer=pointer))

    def text(self, what: str, value: str | None, longest: int, pointer: str) -> None:
        """Checks free text: not longer than its column, and storable."""
        if value is None:
            return
        if len(value) > longest:
            message = f"{what} has {len(value)} characters; {longest} is the most."
            self.add("too_long", message, pointer)
        if not storable(value):
            message = f"{what} holds characters that are not text; send it as UTF-8."
            self.add("not_text", message, pointer)

    def name(self, what: str, value: str, longest: int, pointer: str) -> None:
        """Checks what things are called and looked up by: given, printable, no outer spaces."""
        if not value:
            self.add("missing", f"{what} is missing.", pointer)
        elif not value.isprintable() or value != value.strip():
            message = f"{what} has spaces around it or characters that can't be printed."
            self.add("not_printable", message, pointer)
        else:
            self.text(what, value, longest, pointer)

    def amount(self, what: str, value: int, pointer: str) -> None:
        """Checks an amount in minor units: 0 or more, and not absurd."""
        if value < 0:
            self.add("negative", f"{what} is below 0.", pointer, countable=False)
        elif value > MOST_MONEY:
            self.add("too_much", f"{what} is too large to be true.", pointer, countable=False)

    def currency(self, what: str, value: str, pointer: str) -> None:
        """Checks a currency's form."""
        if not _CURRENCY.fullmatch(value):
            message = f"{what} is not a currency code; write it like GBP."
            self.add("currency", message, pointer, countable=False)

    def time(self, what: str, value: datetime | None, pointer: str) -> None:
        """Checks a time: with a zone, in years that can be reckoned with."""
        if value is None:
            return
        if value.tzinfo is None:
            message = f"{what} has no time zone; write it like 2026-11-01T10:00:00Z."
            self.add("time_zone", message, pointer)
        elif not 1970 <= value.year < 3000:
            self.add("time", f"{what} is in the year {value.year}.", pointer)


def quotable(message: str) -> str:
    """A message that quotes what was sent, which need not be short nor text at all."""
    return message.encode(errors="replace").decode()[:_LONGEST_MESSAGE]


def storable(text: str) -> bool:
    """Whether every database takes the text: no NUL and no half of a surrogate pair."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def plain_decimal(text: str) -> Decimal | None:
    """Reads a decimal number of 0 or more, written plainly ("0.86"); None when it isn't one."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def is_country(text: str) -> bool:
    """Whether it has the form of a country of ISO 3166: two capital letters."""
    return _COUNTRY.fullmatch(text) is not None


def money(amount: int, currency: str) -> str:
    """An amount with its currency, as refusals write it: "12.50 GBP"."""
    return f"{to_text(amount, currency)} {currency}"


def check_fields(order: OrderInput, problems: Problems) -> None:
    """Checks each field by itself and against its neighbours; the sums come after."""
    _check_head(order, problems)
    for index, line in enumerate(order.lines):
        _check_line(line, order.currency, problems, f"/lines/{index}")
    for index, discount in enumerate(order.discounts):
        _check_discount(discount, order, problems, f"/discounts/{index}")
    for index, payment in enumerate(order.payments):
        _check_payment(payment, order.currency, problems, f"/payments/{index}")
    _check_unique("line", [line.id for line in order.lines], problems, "/lines")
    _check_unique("payment", [payment.id for payment in order.payments], problems, "/payments")


def _check_head(order: OrderInput, problems: Problems) -> None:
    problems.name("The order's number", order.number, 100, "/number")
    problems.currency("The order's currency", order.currency, "/currency")
    problems.time("placed_at", order.placed_at, "/placed_at")
    problems.time("shipped_at", order.shipped_at, "/shipped_at")
    problems.time("delivered_at", order.delivered_at, "/delivered_at")
    problems.text("The country", order.country, 60, "/country")
    if order.shipping_address is not None:
        _check_address(order.shipping_address, problems, "/shipping_address")
    if order.tax_mode not in _TAX_MODES:
        message = "The tax mode must be exclusive (prices without tax) or inclusive (with tax)."
        problems.add("tax_mode", message, "/tax_mode", countable=False)
    if not order.lines:
        problems.add("lines", "An order needs at least one line.", "/lines", countable=False)
    elif len(order.lines) > MOST_LINES:
        message = f"The order has {len(order.lines)} lines; {MOST_LINES} is the most."
        problems.add("lines", message, "/lines", countable=False)
    if order.exchange_rate is not None:
        place = "/exchange_rate"
        shop_currency = order.exchange_rate.shop_currency
        problems.currency("The shop's currency", shop_currency, f"{place}/shop_currency")
        if not plain_decimal(order.exchange_rate.rate):
            message = "The exchange rate must be a number above 0, written like 0.86."
            problems.add("rate", message, f"{place}/rate")
    if order.customer is not None:
        place, customer = "/customer", order.customer
        if customer.id is not None:
            problems.name("The customer's id", customer.id, 200, f"{place}/id")
        problems.text("The customer's e-mail", customer.email, 320, f"{place}/email")
        problems.text("The customer's name", customer.name, 200, f"{place}/name")
        problems.text("The customer's locale", customer.locale, 35, f"{place}/locale")
    shipping = order.shipping
    problems.amount("The shipping amount", shipping.amount, "/shipping/amount")
    problems.amount("The shipping tax", shipping.tax, "/shipping/tax")
    problems.text("The shipping method", shipping.method, 60, "/shipping/method")
    if shipping.standard_amount is not None:
        what = "The standard shipping amount"
        problems.amount(what, shipping.standard_amount, "/shipping/standard_amount")
    if order.tax_mode == TaxMode.INCLUSIVE and shipping.tax > shipping.amount:
        message = (
            f"The shipping tax of {money(shipping.tax, order.currency)} is more than the "
            f"shipping with tax, {money(shipping.amount, order.currency)}."
        )
        problems.add("tax", message, "/shipping/tax")


def _check_address(address: AddressInput, problems: Problems, place: str) -> None:
    for name, value in asdict(address).items():
        longest = LONGEST_IN_ADDRESS[name]
        problems.text(f"The address's {name}", value, longest, f"{place}/{name}")
    for name in ("line1", "city"):
        if not getattr(address, name).strip():
            problems.add("missing", f"The address's {name} is missing.", f"{place}/{name}")
    if not is_country(address.country):
        message = "The address's country is two letters of ISO 3166, like GB."
        problems.add("country", message, f"{place}/country")


def _check_line(line: LineInput, currency: str, problems: Problems, place: str) -> None:
    name = f"Line {line.id}:"
    problems.name("The line's id", line.id, 100, f"{place}/id")
    problems.name(f"{name} the SKU", line.sku, 100, f"{place}/sku")
    problems.text(f"{name} the name", line.name, 500, f"{place}/name")
    problems.text(f"{name} the category", line.category, 200, f"{place}/category")
    code = line.gift_card_code
    problems.text(f"{name} the gift card code", code, 100, f"{place}/gift_card_code")
    problems.time(f"{name} delivered_at", line.delivered_at, f"{place}/delivered_at")
    if not all(storable(key) and storable(value) for key, value in line.variant.items()):
        message = f"{name} the variant holds characters that are not text."
        problems.add("not_text", message, f"{place}/variant")
    rate = plain_decimal(line.tax_rate)
    if rate is None or rate > 1 or len(line.tax_rate) > 20:
        message = f"{name} the tax rate must be a number from 0 to 1; 10 % is 0.10."
        problems.add("tax_rate", message, f"{place}/tax_rate")
    if not 1 <= line.quantity <= MOST_UNITS:
        problem = "at least 1" if line.quantity < 1 else f"at most {MOST_UNITS}"
        message = f"{name} the quantity is {line.quantity}; it must be {problem}."
        problems.add("quantity", message, f"{place}/quantity", countable=False)
    problems.amount(f"{name} the unit price", line.unit_price, f"{place}/unit_price")
    problems.amount(f"{name} the discount", line.discount, f"{place}/discount")
    problems.amount(f"{name} the tax", line.tax, f"{place}/tax")
    goods = line.quantity * line.unit_price
    if goods > MOST_MONEY:
        message = f"{name} quantity × unit price is too large to be true."
        problems.add("too_much", message, f"{place}/unit_price", countable=False)
    if line.quantity >= 1 and line.discount > max(goods, 0):
        message = (
            f"{name} the discount of {money(line.discount, currency)} is more than its goods "
            f"of {money(goods, currency)}."
        )
        problems.add("discount", message, f"{place}/discount", countable=False)


def _check_discount(
    discount: DiscountInput, order: OrderInput, problems: Problems, place: str
) -> None:
    name = f"Discount {discount.code or ''}".rstrip() + ":"
    problems.text("The discount's code", discount.code, 100, f"{place}/code")
    problems.text(f"{name} the kind", discount.kind, 60, f"{place}/kind")
    problems.amount(f"{name} the amount", discount.amount, f"{place}/amount")
    if discount.threshold is not None:
        problems.amount(f"{name} the threshold", discount.threshold, f"{place}/threshold")
    if discount.percent is not None:
        percent = plain_decimal(discount.percent)
        if percent is None or percent > 100:
            message = f"{name} the percent must be a number from 0 to 100."
            problems.add("percent", message, f"{place}/percent")
    if discount.shares is None:
        return
    shares, lines = discount.shares, {line.id for line in order.lines}
    for line in [line for line in shares if line not in lines]:
        message = f"{name} its shares name line {line}, which the order doesn't have."
        problems.add("shares", message, f"{place}/shares", countable=False)
    for line, share in shares.items():
        problems.amount(f"{name} the share of line {line}", share, f"{place}/shares")
    if sum(shares.values()) != discount.amount:
        message = (
            f"{name} its shares come to {money(sum(shares.values()), order.currency)}, not to "
            f"its amount of {money(discount.amount, order.currency)}."
        )
        problems.add("shares", message, f"{place}/shares", countable=False)


def _check_payment(payment: PaymentInput, currency: str, problems: Problems, place: str) -> None:
    name = f"Payment {payment.id}:"
    problems.name("The payment's id", payment.id, 100, f"{place}/id")
    problems.name(f"{name} the provider", payment.provider, 40, f"{place}/provider")
    problems.name(f"{name} the reference", payment.reference, 200, f"{place}/reference")
    problems.amount(f"{name} the amount", payment.amount, f"{place}/amount")
    problems.amount(f"{name} what was refunded", payment.refunded, f"{place}/refunded")
    if payment.kind not in _PAYMENT_KINDS:
        message = f"{name} the kind must be one of {', '.join(PaymentKind)}."
        problems.add("kind", message, f"{place}/kind")
    if payment.currency != currency:
        message = f"{name} it is in {payment.currency}, but the order is in {currency}."
        problems.add("currency", message, f"{place}/currency", countable=False)
    if payment.refunded > payment.amount:
        message = (
            f"{name} {money(payment.refunded, currency)} were refunded, more than its amount "
            f"of {money(payment.amount, currency)}."
        )
        problems.add("refunded", message, f"{place}/refunded")


def _check_unique(what: str, ids: Sequence[str], problems: Problems, place: str) -> None:
    if len(set(ids)) == len(ids):
        return
    seen: set[str] = set()
    for index, name in enumerate(ids):
        if name in seen:
            message = f"There are two {what}s with the id {name}; each needs its own."
            problems.add(f"duplicate_{what}", message, f"{place}/{index}/id", countable=False)
        seen.add(name)
