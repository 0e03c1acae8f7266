"""Whether lines of an order may come back, and if not, why in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.messages import Refusal, Resolution, ReturnKind
from models.rules.policy import Policy
from models.rules.policy_rules import NO_RULING, Ruling
from models.rules.reasons import ReasonTerms

_OFFERED_KINDS = {ReturnKind.RETURN, ReturnKind.CLAIM, ReturnKind.GIFT}
# What a gift's recipient may have; a refund would go to whoever bought it. What an exchange leaves
# over, or all of it once it is called off, is store credit.
_FOR_GIFTS = (Resolution.STORE_CREDIT, Resolution.EXCHANGE)
_WEEKEND = (6, 7)
_OFFERED_RESOLUTIONS = (Resolution.REFUND, Resolution.STORE_CREDIT, Resolution.EXCHANGE)
_RESOLUTION_WORDS = {
    Resolution.REFUND: "a refund",
    Resolution.STORE_CREDIT: "store credit",
    Resolution.EXCHANGE: "an exchange",
    Resolution.REPLACEMENT: "a replacement",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """A line as it was asked for. `free_units` None: the order has no such line.

    `pointer` is the place in the request, for the error message.
    """

    pointer: str
    line: str
    quantity: int
    resolution: Resolution
    name: str = ""
    free_units: int | None = None
    final_sale: bool = False
    category: str | None = None
    ruling: Ruling = NO_RULING
    reason: str | None = None
    anchors: tuple[datetime | None, datetime | None, datetime | None] = (None, None, None)


def judge(
    lines: Sequence[AskedLine],
    *,
    kind: ReturnKind,
    policy: Policy,
    at: datetime,
    override: bool,
) -> list[Refusal]:
    """Says everything that speaks against a request; nothing means that it may be made.

    Args:
        lines: what was asked for; `anchors` are placed, shipped and delivered, the last known
            one up to the policy's anchor starts the window.
        kind: a claim, a statutory withdrawal, a gift's return or an ordinary one.
        policy: the shop's rules.
        at: when the request is judged.
        override: staff set the policy's window and final sale aside. Units are never overridden.
    """
    refusals: list[Refusal] = []
    if not lines:
        refusals.append(
            Refusal(code="no_lines", message="Name a line to return.", pointer="/lines")
        )
    offered_kinds = _OFFERED_KINDS | ({ReturnKind.WITHDRAWAL} if policy.withdrawal_days else set())
    if kind not in offered_kinds:
        *others, last = sorted(offered_kinds)
        offered = f"{', '.join(others)} or {last}"
        refusals.append(
            Refusal(
                code="kind_not_offered",
                message=f"This shop does not take a {kind}; ask for a {offered}.",
                pointer="/kind",
            )
        )
    left = {line.line: line.free_units for line in lines}
    for line in lines:
        free = left[line.line]
        if free is None:
            refusals.append(
                Refusal(
                    code="unknown_line",
                    message=f"The order has no line {line.line}.",
                    pointer=f"{line.pointer}/line",
                )
            )
            continue
        if line.quantity < 1:
            refusals.append(
                Refusal(
                    code="quantity",
                    message="A quantity is a whole number from 1.",
                    pointer=f"{line.pointer}/quantity",
                )
            )
            continue
        left[line.line] = max(0, free - line.quantity)
        refusals.extend(_judge_units(line, free))
        refusals.extend(judge_reason(line.reason, policy, f"{line.pointer}/reason"))
        if kind is ReturnKind.WITHDRAWAL:
            refusals.extend(_judge_withdrawn(line, policy=policy, at=at, override=override))
            continue
        refusals.extend(_judge_resolution(line, kind))
        refusals.extend(_judge_line(line, kind, policy=policy, at=at, override=override))
    return refusals


def judge_reason(reason: str | None, policy: Policy, pointer: str) -> list[Refusal]:
    """Whether the shop knows a reason; nobody can give one that it doesn't, not even staff."""
    known = policy.known_reasons
    if reason is None or reason in known:
        return []
    message = f"This shop has no reason {reason}; give one of {', '.join(known)}."
    return [Refusal(code="unknown_reason", message=message, pointer=pointer)]


def _judge_units(line: AskedLine, free: int) -> list[Refusal]:
    if line.quantity <= free:
        return []
    return [
        Refusal(
            code="quantity_exceeds_left",
            message=f"{free} of {line.name} can still be returned, not {line.quantity}."
            if free
            else f"All units of {line.name} are already in a return.",
            pointer=f"{line.pointer}/quantity",
        )
    ]


def _judge_withdrawn(
    line: AskedLine, *, policy: Policy, at: datetime, override: bool
) -> list[Refusal]:
    """The law's own rules: the shop's window and final sale don't limit a withdrawal.

    Directive 2011/83/EU, articles 9 (the period), 13 (refund by the same means) and 16 (what is
    excluded).
    """
    found: list[Refusal] = []
    if line.resolution is not Resolution.REFUND:
        found.append(
            Refusal(
                code="resolution_not_offered",
                message="A withdrawal is refunded to the payments of the order; leave the "
                "resolution out.",
                pointer=f"{line.pointer}/resolution",
            )
        )
    if override:
        return found
    if line.category is not None and line.category in policy.withdrawal_excluded:
        found.append(
            Refusal(
                code="withdrawal_excluded",
                message=f"The right of withdrawal does not cover {line.name}; ask for a return.",
                pointer=f"{line.pointer}/line",
            )
        )
    until = last_day_to_withdraw(line.anchors[-1], policy)
    if until is not None and at >= _end_of(until, policy):
        found.append(
            Refusal(
                code="window_passed",
                message=f"You could withdraw from buying {line.name} until {until:%-d %B %Y}; "
                "ask for a return.",
                pointer=f"{line.pointer}/line",
            )
        )
    return found


def _judge_resolution(line: AskedLine, kind: ReturnKind) -> list[Refusal]:
    offered = _offered_resolutions(line.ruling, kind)
    if line.resolution in offered:
        return []
    names = _either([_RESOLUTION_WORDS[name] for name in offered]) or "nothing else"
    if kind is ReturnKind.GIFT and line.resolution not in _FOR_GIFTS:
        message = (
            "A gift return goes to the person who got the gift, and never back to the buyer's "
            f"payments; ask for {names}."
        )
    elif line.ruling.then.resolutions is not None:
        message = (
            f"This shop does not offer {line.resolution} for {line.name}"
            f"{line.ruling.words('resolutions')}; ask for {names}."
        )
    else:
        message = f"This shop does not offer {line.resolution}; ask for {names}."
    return [
        Refusal(
            code="resolution_not_offered", message=message, pointer=f"{line.pointer}/resolution"
        )
    ]


def _judge_line(
    line: AskedLine, kind: ReturnKind, *, policy: Policy, at: datetime, override: bool
) -> list[Refusal]:
    found: list[Refusal] = []
    if override:
        return found
    if line.final_sale:
        found.append(
            Refusal(
                code="final_sale",
                message=f"{line.name} was sold as final sale and can't be returned.",
                pointer=f"{line.pointer}/line",
            )
        )
    if line.reason in policy.known_reasons:
        found.extend(_judge_offer(policy.on_reason(line.reason), kind, f"{line.pointer}/reason"))
    if line.ruling.then.deny is not None:
        found.append(
            Refusal(
                code="denied_by_policy",
                message=f"{line.name} can't be returned: {line.ruling.then.deny.rstrip('.')}"
                f"{line.ruling.words('deny')}.",
                pointer=f"{line.pointer}/line",
            )
        )
    until = last_day(line.anchors, policy, line.ruling.then.window_days)
    if until is not None and at >= _end_of(until, policy):
        found.append(
            Refusal(
                code="window_passed",
                message=f"{line.name} could be returned until {until:%-d %B %Y}"
                f"{line.ruling.words('window_days')}.",
                pointer=f"{line.pointer}/line",
            )
        )
    return found


def _judge_offer(terms: ReasonTerms, kind: ReturnKind, pointer: str) -> list[Refusal]:
    if terms.is_offered(kind):
        return []
    message = f"This shop takes nothing back for the reason “{terms.words}”; give the one that"
    message += " fits best."
    if terms.offered:
        message = f"The reason “{terms.words}” is for a {' or '.join(terms.kinds)} only; ask for"
        message += " that, or give another reason."
    return [Refusal(code="reason_not_offered", message=message, pointer=pointer)]


def _offered_resolutions(ruling: Ruling, kind: ReturnKind) -> list[Resolution]:
    """What may be asked for, in the order it is named to the customer."""
    allowed = ruling.then.resolutions
    # The same item again is what the shop owes for its own fault.
    more = (Resolution.REPLACEMENT,) if kind is ReturnKind.CLAIM else ()
    return [
        name
        for name in (*_OFFERED_RESOLUTIONS, *more)
        if (allowed is None or name in allowed)
        and (kind is not ReturnKind.GIFT or name in _FOR_GIFTS)
    ]


def _either(names: list[str]) -> str:
    *others, last = names or [""]
    return f"{', '.join(others)} or {last}" if others else last


def last_day(
    anchors: tuple[datetime | None, datetime | None, datetime | None],
    policy: Policy,
    days: int | None = None,
) -> date | None:
    """The last day of the return window in the shop's time zone; None when no anchor is known.

    `days`: what a rule says; None: the policy's own.
    """
    known = anchors[: ("placed", "shipped", "delivered").index(policy.window_anchor) + 1]
    start = next((moment for moment in reversed(known) if moment is not None), None)
    if start is None:
        return None
    length = policy.window_days if days is None else days
    return start.astimezone(ZoneInfo(policy.time_zone)).date() + timedelta(days=length)


def last_day_to_withdraw(delivered: datetime | None, policy: Policy) -> date | None:
    """The last day of the withdrawal period in the shop's time zone; None: it has not begun.

    The day of delivery isn't counted, and a period doesn't end on a weekend (Regulation 1182/71,
    article 3). Public holidays are not known here; they would only make it longer.
    """
    if delivered is None:
        return None
    zone = ZoneInfo(policy.time_zone)
    last = delivered.astimezone(zone).date() + timedelta(days=policy.withdrawal_days)
    while last.isoweekday() in _WEEKEND:
        last += timedelta(days=1)
    return last


def _end_of(day: date, policy: Policy) -> datetime:
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(policy.time_zone))
    return midnight.astimezone(UTC)
