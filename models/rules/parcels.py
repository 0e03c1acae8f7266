"""Which returns a parcel's things belong to: units are spread over what returns still expect."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class ParcelStatus(StrEnum):
    """Where a parcel is: a case that waits, received for returns, or put away without one."""

    OPEN = "open"
    MATCHED = "matched"
    DONE = "done"


class ParcelOutcome(StrEnum):
    """What was done with a parcel that no return fits."""

    SENT_BACK = "sent_back"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Units of one SKU in a parcel. `no` is its place in the parcel."""

    no: int
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLine:
    """Units of an order line that a return still expects, or had asked for if it has ended."""

    line: str
    sku: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectingReturn:
    """A return with what it still expects."""

    rma: str
    lines: Sequence[ExpectedLine]

    def units_of(self, sku: str) -> int:
        """Units of a SKU it still expects."""
        wanted = same_sku(sku)
        return sum(line.units for line in self.lines if same_sku(line.sku) == wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a thing for one return. No line: the return doesn't expect it."""

    thing: Thing
    rma: str
    line: str | None = None


def same_sku(sku: str) -> str:
    """A SKU as it is compared; scanners and people write it in either case."""
    return sku.strip().casefold()


def spread(things: Sequence[Thing], returns: Sequence[ExpectingReturn]) -> list[Share]:
    """Gives each unit to the first return that expects it; what nobody expects to the first.

    Args:
        things: what is in the parcel.
        returns: the first is the one the parcel was sent for; at least one.
    """
    room = {(found.rma, line.line): line.units for found in returns for line in found.lines}
    shares = []
    for thing in things:
        left = thing.quantity
        for found in returns:
            for line in found.lines:
                if same_sku(line.sku) != same_sku(thing.sku):
                    continue
                units = min(left, room[found.rma, line.line])
                if units > 0:
                    room[found.rma, line.line] -= units
                    left -= units
                    part = replace(thing, quantity=units)
                    shares.append(Share(thing=part, rma=found.rma, line=line.line))
        if left:
            shares.append(Share(thing=replace(thing, quantity=left), rma=returns[0].rma))
    return shares


def fits_whole(things: Sequence[Thing], returns: Sequence[ExpectingReturn]) -> bool:
    """Whether these returns expect every unit, and it is clear which unit is whose.

    It is when one return alone expects a SKU, or when all the units of it came that are expected.
    """
    units: dict[str, int] = defaultdict(int)
    for thing in things:
        units[same_sku(thing.sku)] += thing.quantity
    for sku, quantity in units.items():
        expected = [room for found in returns if (room := found.units_of(sku))]
        if not expected or quantity > sum(expected):
            return False
        if len(expected) > 1 and quantity < sum(expected):
            return False
    return True
