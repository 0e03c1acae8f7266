"""What an order is in Tryton: a sale's lines, taxes and shipments, with prices that include tax.

Tryton keeps unit prices with more decimals than the currency has and works out tax on sums, so the
amounts of lines are what counts here: they come to the sale's total to the minor unit.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from activities.providers.tryton.client import Record
from models.money import apportion, decimals
from models.rules.orders import (
    CustomerInput,
    DiscountInput,
    LineInput,
    OrderInput,
    ShippingInput,
    TaxMode,
)

FIELDS = (
    *("number", "reference", "sale_date", "create_date", "currency.code"),
    *("tax_amount", "total_amount"),
    *("party.code", "party.name", "party.email", "party.lang.code"),
    *("shipment_address.country.code", "shipments.state", "shipments.effective_date"),
    *("lines.type", "lines.quantity", "lines.amount", "lines.taxes.rate", "lines.summary"),
    *("lines.product.code", "lines.product.name", "lines.product.type"),
)


class Unfit(Exception):
    """A sale that can't be an order; the message says why and what to do."""


def number_of(sale: Record) -> str:
    """What it is called: its reference (the web shop's number), else Tryton's own number."""
    return str((sale["reference"] or "").strip() or sale["number"] or sale["id"])


def order_of(sale: Record, zone: ZoneInfo) -> OrderInput | None:
    """A sale as an order, without payments; None when no goods were bought, as in a sale return.

    Raises:
        Unfit: it can't be one.
    """
    sold = [line for line in sale["lines"] if line["type"] == "line" and line["quantity"]]
    goods = [line for line in sold if _is_goods(line) and line["quantity"] > 0]
    if not goods:
        return None
    for line in goods:
        if line["quantity"] != int(line["quantity"]):
            raise Unfit(
                f"Sale {number_of(sale)} has {line['quantity']} of {_sku(line)}; only whole units "
                "can be returned, so send the order by API or file with a unit that is whole."
            )
    currency = sale["currency"]["code"]
    priced = _Priced(sold, to_minor(sale["tax_amount"], currency), currency)
    lines = [_line(line, priced) for line in goods]
    extras = [line for line in sold if line not in goods and priced.gross(line) >= 0]
    reductions = [line for line in sold if priced.gross(line) < 0]
    order = OrderInput(
        number=number_of(sale),
        currency=currency,
        placed_at=_placed_at(sale, zone),
        shipped_at=_shipped_at(sale["shipments"], zone),
        country=_country(sale),
        tax_mode=TaxMode.INCLUSIVE,
        customer=_customer(sale["party"]),
        lines=lines,
        payments=(),
        discounts=[DiscountInput(amount=-priced.gross(line)) for line in reductions],
        shipping=ShippingInput(
            amount=sum(priced.gross(line) for line in extras),
            tax=sum(priced.tax(line) for line in extras),
        ),
    )
    if priced.total != to_minor(sale["total_amount"], currency):
        raise Unfit(
            f"The lines of sale {number_of(sale)} come to {priced.total} and not to its total in "
            "minor units; look at it in Tryton."
        )
    return order


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount in minor units."""
    return int(amount.scaleb(decimals(currency)).to_integral_value(ROUND_HALF_UP))


class _Priced:
    """The amounts of a sale's lines in minor units; the tax of all of them is the sale's."""

    def __init__(self, lines: Sequence[Record], tax: int, currency: str) -> None:
        self._net = {line["id"]: to_minor(line["amount"], currency) for line in lines}
        self._taxed = {line["id"]: self._net[line["id"]] * _rate(line) for line in lines}
        reduced = sum(_rounded(part) for part in self._taxed.values() if part < 0)
        self._before = self._shared(tax - reduced)
        self._after = self._shared(tax)
        self.total = sum(self._net.values()) + tax

    def gross(self, line: Record) -> int:
        """Its price with tax, before the reductions that are lines of their own."""
        net, taxed = self._net[line["id"]], self._taxed[line["id"]]
        return net + (_rounded(taxed) if net < 0 else self._before.get(line["id"], 0))

    def tax(self, line: Record) -> int:
        """Its share of the tax that was charged."""
        return self._after.get(line["id"], 0)

    def _shared(self, tax: int) -> dict[int, int]:
        """A tax over the lines that have a price, by what each is taxed."""
        lines = [line for line, net in self._net.items() if net >= 0]
        weights = [int(self._taxed[line] * 10_000) for line in lines]
        if tax and not any(weights):
            weights = [self._net[line] for line in lines]
        return dict(zip(lines, apportion(tax, weights), strict=True))


def _line(line: Record, priced: _Priced) -> LineInput:
    quantity, gross = int(line["quantity"]), priced.gross(line)
    # Three for 10.00: a price of 3.34 each, less 0.02.
    unit_price = -(-gross // quantity)
    return LineInput(
        id=str(line["id"]),
        sku=_sku(line),
        name=(line["product"]["name"] or line["summary"] or _sku(line))[:500],
        quantity=quantity,
        unit_price=unit_price,
        discount=unit_price * quantity - gross,
        tax_rate=format(_rate(line).normalize(), "f"),
        tax=priced.tax(line),
    )


def _is_goods(line: Record) -> bool:
    """Services, and lines of no product, can't come back: they count as shipping."""
    return line["product"] is not None and line["product"]["type"] != "service"


def _sku(line: Record) -> str:
    return str((line["product"]["code"] or "").strip() or f"product-{line['product']['id']}")


def _rate(line: Record) -> Decimal:
    return sum((tax["rate"] or Decimal(0) for tax in line["taxes"]), Decimal(0))


def _rounded(part: Decimal) -> int:
    return int(part.to_integral_value(ROUND_HALF_UP))


def _placed_at(sale: Record, zone: ZoneInfo) -> datetime:
    if sale["sale_date"] is None:
        created: datetime = sale["create_date"]
        return created.replace(tzinfo=UTC)
    return _start_of(sale["sale_date"], zone)


def _shipped_at(shipments: Sequence[Record], zone: ZoneInfo) -> datetime | None:
    """The day of the last parcel, once all have gone."""
    days = [each["effective_date"] for each in shipments if each["state"] in ("shipped", "done")]
    waiting = any(each["state"] not in ("shipped", "done", "cancelled") for each in shipments)
    if waiting or not days or None in days:
        return None
    return _start_of(max(days), zone)


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _country(sale: Record) -> str | None:
    address = sale["shipment_address"]
    country = address and address["country"]
    return country["code"] if country else None


def _customer(party: Record) -> CustomerInput:
    language = party["lang"]
    return CustomerInput(
        id=party["code"] or f"party-{party['id']}",
        email=party["email"] or None,
        name=(party["name"] or "")[:200] or None,
        locale=language["code"] if language else None,
    )
