"""The lines of a changed return as they shall be, each with the stored one that it goes on from."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from models.messages import (
    EXCHANGING,
    AmendedItem,
    AmendedLine,
    Amending,
    Refusal,
    RequestedLine,
    Resolution,
)
from models.store.exchange_changes import is_open
from models.tables import Return, ReturnLine

GONE_OUT = Refusal(
    code="exchange_shipped",
    message="The new item has gone out already; this return can't be changed any more.",
)

# A line as it shall be, and the stored one, unless it is new.
Wanted = list[tuple[RequestedLine, ReturnLine | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Units of an order line that are answered with one thing. `stored`: the line it was before.

    `sku`: what is wanted for it now; None: what it was before.
    """

    line: str
    quantity: int
    index: int
    resolution: Resolution
    reason: str | None
    stored: ReturnLine | None
    comment: str | None = None
    sku: str | None = None


def resolution_of(row: Return) -> Resolution:
    """What a return's lines get that say nothing else; keeping the goods is the policy's to say."""
    kept = row.resolution == Resolution.KEEP_ITEM
    return Resolution.REFUND if kept else Resolution(row.resolution)


def wanted_lines(row: Return, asked: Amending) -> tuple[Wanted, list[Part], list[Refusal]]:
    """Each line as it shall be, what it was made of, and what speaks against it."""
    open_lines = [line for line in row.lines if line.no not in asked.declined]
    parts = _parts(row, open_lines, asked)
    refusals: list[Refusal] = []
    if asked.amendment.exchange is not None:
        parts, refusals = _with_items(parts, asked.amendment.exchange)
    if not refusals and any(line.received for line in open_lines):
        refusals = _fixed(parts, open_lines)
    wanted: Wanted = []
    items = {line.no: line.sku for line in row.exchange.lines} if row.exchange else {}
    for part in _matched(parts, open_lines):
        place, before = f"/lines/{part.index}", part.stored
        if part.reason is None:
            message = f"Say why line {part.line} comes back."
            refusals.append(Refusal(code="required", message=message, pointer=f"{place}/reason"))
            continue
        if asked.decided and before is not None and part.reason != before.reason:
            message = "This return was decided; its reasons can't change any more."
            refusals.append(
                Refusal(code="reason_fixed", message=message, pointer=f"{place}/reason")
            )
        sku = part.sku
        if sku is None and part.resolution in EXCHANGING and before and is_open(row.exchange):
            sku = items.get(before.no)
        line = RequestedLine(
            line=part.line,
            quantity=part.quantity,
            reason=part.reason,
            resolution=part.resolution,
            exchange_sku=sku,
        )
        wanted.append((line, before))
    return wanted, parts, refusals


def _parts(row: Return, open_lines: Sequence[ReturnLine], asked: Amending) -> list[Part]:
    """What was asked for, with what it doesn't say as it was."""
    said = asked.amendment.lines
    if said is None:
        said = [
            AmendedLine(line=line.order_line.line, quantity=line.requested) for line in open_lines
        ]
    parts: list[Part] = []
    for index, (part, before) in enumerate(zip(said, _befores(said, open_lines), strict=True)):
        resolution = part.resolution or asked.amendment.resolution
        if resolution is None:
            resolution = Resolution(before.resolution) if before else resolution_of(row)
        parts.append(
            Part(
                line=part.line,
                quantity=part.quantity,
                index=index,
                resolution=resolution,
                reason=part.reason or (before.reason if before else None),
                stored=before,
                comment=part.comment,
            )
        )
    return parts


def _befores(
    said: Sequence[AmendedLine], open_lines: Sequence[ReturnLine]
) -> Iterator[ReturnLine | None]:
    left = list(open_lines)
    for part in said:
        found = next((line for line in left if line.order_line.line == part.line), None)
        if found is not None:
            left.remove(found)
        yield found


def _with_items(
    parts: Sequence[Part], items: Sequence[AmendedItem]
) -> tuple[list[Part], list[Refusal]]:
    """Gives exchanged parts their items; a part of several items becomes one for each."""
    wanted = Counter[str]()
    for item in items:
        wanted[item.line] += item.quantity
    back = Counter[str]()
    for part in parts:
        if part.resolution in EXCHANGING:
            back[part.line] += part.quantity
    for index, item in enumerate(items):
        place = f"/exchange/{index}"
        if item.line not in back:
            message = f"Line {item.line} is not exchanged; give it the resolution exchange."
            return [], [Refusal(code="not_exchanged", message=message, pointer=f"{place}/line")]
        if wanted[item.line] != back[item.line]:
            message = (
                f"{back[item.line]} of line {item.line} come back, and {wanted[item.line]} are "
                "wanted for them."
            )
            return [], [Refusal(code="exchange_quantity", message=message, pointer="/exchange")]
    left = list(items)
    found: list[Part] = []
    for part in parts:
        if part.resolution not in EXCHANGING or part.line not in wanted:
            found.append(part)
            continue
        units = part.quantity
        while units:
            item = next(each for each in left if each.line == part.line)
            taken = min(units, item.quantity)
            found.append(replace(part, quantity=taken, sku=item.sku))
            units -= taken
            rest = [replace(item, quantity=item.quantity - taken)] if item.quantity > taken else []
            at = left.index(item)
            left[at : at + 1] = rest
    return found, []


def _fixed(parts: Sequence[Part], open_lines: Sequence[ReturnLine]) -> list[Refusal]:
    """Goods that have come were counted line by line, so that none is divided or joined."""
    now = sorted((part.line, part.quantity) for part in parts)
    if now == sorted((line.order_line.line, line.requested) for line in open_lines):
        return []
    message = "Goods of this return have come; choose one item for each of its lines."
    return [Refusal(code="already_received", message=message, pointer="/exchange")]


def _matched(parts: Sequence[Part], open_lines: Sequence[ReturnLine]) -> Iterator[Part]:
    """Each part with a stored line of its own, as far as there are enough."""
    left = list(open_lines)
    for part in parts:
        found = part.stored if part.stored in left else None
        if found is None:
            found = next((line for line in left if line.order_line.line == part.line), None)
        if found is not None:
            left.remove(found)
        yield replace(part, stored=found)
