"""What of a return goes back to the payments and what becomes store credit: its two parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from models.messages import Resolution
from models.money import round_half_up
from models.rules.payable import YIELDING, money_of, without_debt
from models.rules.quote_lines import QuotedLine, QuoteKind, QuoteLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The amounts of each part; together they are the quote's."""

    refund: list[QuoteLine] = field(default_factory=list)
    credit: list[QuoteLine] = field(default_factory=list)


def split(lines: Sequence[QuoteLine], quoted: Sequence[QuotedLine], *, gift: bool = False) -> Parts:
    """Gives each amount to the part of its line's resolution.

    What has no line (the way back, shipping, promotions) belongs to what is refunded, if anything
    is; the bonus belongs to the store credit, and so does all of a gift.
    """
    back = [line for line in quoted if line.spans]
    credited = {line.no for line in back if line.resolution is Resolution.STORE_CREDIT}
    only_credit = gift or len(credited) == len(back)
    parts = Parts()
    for line in lines:
        as_credit = only_credit or line.no in credited or line.kind is QuoteKind.BONUS
        (parts.credit if as_credit else parts.refund).append(line)
    return _carried(parts)


def payable(parts: Parts) -> Parts:
    """The parts as they can be paid now: what one of them lacks the other bears, and what both
    lack waits.
    """
    carried = _carried(parts)
    return Parts(refund=without_debt(carried.refund), credit=without_debt(carried.credit))


def _carried(parts: Parts) -> Parts:
    """Has each part bear what the other one can't, as far as it goes."""
    refund, credit = money_of(parts.refund), money_of(parts.credit)
    if refund < 0 < credit:
        stays, moved = _taken_off(parts.refund, min(-refund, credit))
        return Parts(refund=stays, credit=[*parts.credit, *moved])
    if credit < 0 < refund:
        stays, moved = _taken_off(parts.credit, min(-credit, refund))
        return Parts(refund=[*parts.refund, *moved], credit=stays)
    return parts


def _taken_off(lines: Sequence[QuoteLine], debt: int) -> tuple[list[QuoteLine], list[QuoteLine]]:
    """Takes so much of what the customer owes off the lines: what stays, and what moves.

    What can wait goes first, so that it still can in the other part; of it, what belongs to no
    line, since that is about the whole return.
    """
    stays = list(lines)
    moved: list[QuoteLine] = []
    places = [
        at for at, line in enumerate(stays) if line.amount < 0 and line.kind is not QuoteKind.BONUS
    ]
    places.sort(key=lambda at: (stays[at].kind not in YIELDING, stays[at].line is not None))
    for at in places:
        line = stays[at]
        part = min(debt, -line.amount)
        if not part:
            break
        tax = -round_half_up(-line.tax * part, -line.amount)
        moved.append(replace(line, amount=-part, tax=tax))
        stays[at] = replace(line, amount=line.amount + part, tax=line.tax - tax)
        debt -= part
    return [line for line in stays if line.amount or line.tax], moved
