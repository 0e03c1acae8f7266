"""What the customer gets instead of what comes back, and the difference (money rule 11)."""

from dataclasses import dataclass
from fractions import Fraction

from models.money import round_half_up
from models.rules.worth import Worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """The item that goes out for each unit that comes back.

    Attributes:
        sku: of the new item.
        name: as the shop calls it.
        price: today's, for one, tax included, in minor units of the order's currency.
        tax_rate: like "0.20".
        same_product: another variant of the same item; its price today doesn't matter.
    """

    sku: str
    name: str
    price: int
    tax_rate: str = "0"
    same_product: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """An exchange in amounts: minor units, tax included in both values.

    Attributes:
        old: what was paid for the units that come back.
        old_tax: how much of it was tax.
        new: what the new units are worth from now on, so that they can be returned, too.
        new_tax: how much of it is tax.
    """

    old: int
    old_tax: int
    new: int
    new_tax: int

    @property
    def to_customer(self) -> int:
        """What comes back; below 0: what the customer pays before the new units ship."""
        return self.old - self.new

    @property
    def tax_to_customer(self) -> int:
        """How much of it is tax: what was taxed before is not taxed again."""
        return self.old_tax - self.new_tax


def exchange(value: Worth, units: int, replacement: Replacement) -> Exchanged:
    """What an exchange of some units comes to.

    The tax of what is kept in value stays what it was; only what the customer pays on top is
    taxed anew, at the new item's rate, and what comes back brings its share of the old tax.

    Args:
        value: what the units that come back are worth.
        units: how many they are.
        replacement: what goes out for each of them.
    """
    if replacement.same_product:
        return Exchanged(old=value.paid, old_tax=value.tax, new=value.paid, new_tax=value.tax)
    new = units * replacement.price
    if new <= value.paid:
        kept = round_half_up(value.tax * new, value.paid) if value.paid else 0
        return Exchanged(old=value.paid, old_tax=value.tax, new=new, new_tax=kept)
    rate = Fraction(replacement.tax_rate)
    inside = rate / (1 + rate)
    on_top = round_half_up((new - value.paid) * inside.numerator, inside.denominator)
    return Exchanged(old=value.paid, old_tax=value.tax, new=new, new_tax=value.tax + on_top)
