"""An event's facts, read leniently: what is missing is left out of the words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from models.messages import EventKind
from models.timeline.amounts import money, units
from models.timeline.names import PAYMENTS

_CODE = re.compile("[a-z_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """Names that an event's data only refers to; whatever isn't there is left out of the words.

    `items`: order line id → the item's name. `payments`: refund id → the kind of its payment.
    """

    items: Mapping[str, str] = field(default_factory=dict)
    payments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    data: Mapping[str, object]
    lookups: Lookups

    def text(self, name: str) -> str:
        value = self.data.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int:
        value = self.data.get(name)
        return value if isinstance(value, int) else 0

    def units(self, name: str = "units") -> str:
        return units(self.number(name))

    def money(self, name: str = "amount") -> str:
        currency = self.text("currency")
        return money(self.number(name), currency) if currency else str(self.number(name))

    def worth(self, name: str = "total") -> str:
        owed = self.number(name) < 0
        if not owed:
            return f"worth {self.money(name)}"
        return f"the customer owes {money(-self.number(name), self.text('currency'))}"

    def gets(self) -> str:
        """What the customer gets: goods in exchange, beside money that goes either way."""
        goods = self.text("instead")
        if not goods:
            return self.worth()
        if self.number("total") > 0:
            return f"{self.money('total')} back and {goods} in exchange"
        owed = self.number("total") < 0
        return f"{goods} in exchange" + (f", {self.worth()}" if owed else "")

    def item(self) -> str:
        line = self.text("line")
        return self.lookups.items.get(line) or (f"Line {line}" if line else "The goods")

    def destination(self) -> str:
        kind = self.lookups.payments.get(self.text("refund"), "")
        return f" {PAYMENTS[kind]}" if kind in PAYMENTS else ""

    def reasons(self) -> str:
        named = self.text("reasons")
        return f", for “{named}”" if named else ""

    def refund(self) -> str:
        return f"Refund of {self.money()}" if "amount" in self.data else "The refund"

    def because(self, name: str) -> str:
        reason = self.text(name)
        # A code reads as words; a sentence may name an id, which is left as it is.
        if _CODE.fullmatch(reason):
            reason = reason.replace("_", " ")
        reason = reason.rstrip(".")
        return f": {reason}" if reason else ""


# What is said of an event of each kind.
Words = Mapping[EventKind, Callable[[Facts], str]]
