"""Judging and pricing a request, with nothing stored: the order held against the policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import (
    Assessment,
    Grade,
    Refusal,
    RequestedLine,
    Resolution,
    ReturnKind,
)
from models.rules import eligibility, positions
from models.rules.grading import cuts_any, refused_grades
from models.rules.order_facts import OrderFacts
from models.rules.policy import LostParcel, Policy
from models.rules.policy_rules import NO_RULING, RequestFacts, RuleDecision, Ruling
from models.rules.positions import Span
from models.rules.quote import make_quote
from models.rules.quote_lines import Quote, QuotedLine
from models.rules.terms import Terms
from models.store.exchange_requests import Promised, Wanted
from models.store.photo_proof import believed_with_photo, lacks_photo
from models.store.policies import current_policy
from models.store.pricing import (
    facts_of,
    fault_of,
    in_order_currency,
    left_to_refund,
    order_facts,
    ruling_of,
    terms_of,
)
from models.store.recipients import recipient_of
from models.store.request_facts import read_request_facts
from models.tables import (
    Order,
    OrderLine,
    Return,
    UnitRange,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Why a request would have been refused, and the rule that says so; None: the policy itself."""

    code: str
    rule: str | None


# Which part of a ruling makes a refusal.
_REFUSED_BY = {"denied_by_policy": "deny", "window_passed": "window_days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A request held against the order and the policy. Without refusals there is a quote."""

    refusals: list[Refusal]
    policy: Policy
    quote: Quote | None = None
    # Per requested line, the order line and the lowest free unit positions.
    taken: tuple[tuple[OrderLine, list[Span]], ...] = ()
    # Once it is approved, the customer keeps the goods.
    kept: bool = False
    # What rules about customers and values looked at.
    facts: RequestFacts | None = None
    # What an override set aside.
    overridden: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a recorded return holds that is judged again.

    Attributes:
        rma: the return.
        spans: per requested line, the unit positions it keeps as far as it can.
        given_back: order line (its row's id) → all positions that the return holds now.
        promised: SKU → what is set aside to go out in exchange now.
    """

    rma: str
    spans: tuple[tuple[Span, ...], ...]
    given_back: Mapping[int, Sequence[Span]]
    promised: Mapping[str, Promised] = field(default_factory=dict)


# A withdrawal is about sending goods back.
_MAY_BE_KEPT = (ReturnKind.RETURN, ReturnKind.CLAIM)


def judge_request(
    session: Session,
    *,
    order: str,
    lines: Sequence[RequestedLine],
    kind: ReturnKind,
    resolution: Resolution,
    override: bool,
    at: datetime,
    policy: Policy | None = None,
    held: Held | None = None,
) -> Judgement:
    """Judges and prices a request without storing anything. The order must exist.

    `policy` None: the newest. `held`: the request changes a return that is recorded already.
    """
    policy = policy or current_policy(session)
    found = session.get_one(Order, order)
    order_lines = {line.line: line for line in found.lines}
    wanted = {line.line for line in lines}
    free = _free_spans(session, [line for line in found.lines if line.line in wanted])
    if held is not None:
        for place, spans in held.given_back.items():
            if place in free:
                free[place] = sorted([*free[place], *spans])
    units = [(order_lines[each.line], each.quantity) for each in lines if each.line in order_lines]
    request = read_request_facts(session, policy, found, units, at=at)
    asked = []
    for index, requested in enumerate(lines):
        pointer = f"/lines/{index}"
        line = order_lines.get(requested.line)
        asked.append(
            eligibility.AskedLine(
                pointer=pointer,
                line=requested.line,
                quantity=requested.quantity,
                resolution=requested.resolution or resolution,
            )
            if line is None
            else eligibility.AskedLine(
                pointer=pointer,
                line=requested.line,
                quantity=requested.quantity,
                resolution=requested.resolution or resolution,
                name=line.name,
                free_units=positions.count(free[line.id]),
                final_sale=line.final_sale,
                category=line.category,
                ruling=_ruling(policy, found, line, requested, kind, resolution, request),
                reason=requested.reason,
                anchors=(
                    found.placed_at,
                    found.shipped_at,
                    line.delivered_at or found.delivered_at,
                ),
            )
        )
    refusals = eligibility.judge(asked, kind=kind, policy=policy, at=at, override=override)
    exchanges = Wanted(session, found, resolution, held.promised if held else {})
    for index, requested in enumerate(lines):
        if requested.line in order_lines:
            exchanges.add(index, requested, order_lines[requested.line])
    refusals.extend(exchanges.refusals)
    if refusals:
        return Judgement(refusals=refusals, policy=policy)
    aside = _set_aside(asked, kind=kind, policy=policy, at=at) if override else ()
    taken = _take([(order_lines[each.line], each.quantity) for each in lines], free, held)
    facts = order_facts(session, found, policy, apart_from=held.rma if held else None)
    known = {line.line: line for line in facts.lines}
    quoted = [
        QuotedLine(
            no=no,
            line=known[line.line],
            spans=spans,
            fault=fault_of(policy, kind, asked_line.reason),
            resolution=asked_line.resolution or resolution,
            replacement=exchanges.found.get(no - 1),
            ruling=_ruling(policy, found, line, asked_line, kind, resolution, request),
        )
        for no, (asked_line, (line, spans)) in enumerate(zip(lines, taken, strict=True), start=1)
    ]
    quote, kept = price(facts, quoted, policy, found, kind=kind, left=left_to_refund(found))
    return Judgement(
        refusals=[],
        policy=policy,
        quote=quote,
        taken=tuple(taken),
        kept=kept,
        facts=request,
        overridden=aside,
    )


def _set_aside(
    asked: Sequence[eligibility.AskedLine], *, kind: ReturnKind, policy: Policy, at: datetime
) -> tuple[SetAside, ...]:
    """What would have been refused but for an override, each once."""
    rulings = {line.pointer: line.ruling for line in asked}
    found = []
    for refusal in eligibility.judge(asked, kind=kind, policy=policy, at=at, override=False):
        ruling = rulings.get(refusal.pointer.rpartition("/")[0], NO_RULING)
        rule = ruling.by.get(_REFUSED_BY.get(refusal.code, ""))
        found.append(SetAside(code=refusal.code, rule=rule))
    return tuple(dict.fromkeys(found))


def price(
    facts: OrderFacts,
    quoted: Sequence[QuotedLine],
    policy: Policy,
    order: Order,
    *,
    kind: ReturnKind,
    left: int | None,
) -> tuple[Quote, bool]:
    """What a request would give, and whether the customer keeps the goods."""
    terms = terms_of(policy, order, kind)

    def priced(terms: Terms, *, kept: bool) -> Quote:
        return make_quote(
            facts,
            quoted,
            terms,
            withdrawal=kind is ReturnKind.WITHDRAWAL,
            kept=kept,
            left=left,
        )

    quote, kept = priced(terms, kept=False), False
    exchanged = any(line.replacement for line in quoted)
    if kind in _MAY_BE_KEPT and policy.keep_item_up_to and not exchanged:
        # Held against the limit is what the goods are worth: a fee doesn't make them cheaper.
        worth = priced(replace(terms, keep_percent="100"), kept=True).total
        paid = priced(terms, kept=True)
        kept = worth <= in_order_currency(order, policy.keep_item_up_to) and paid.total > 0
        quote = paid if kept else quote
    return quote, kept


def _ruling(
    policy: Policy,
    order: Order,
    line: OrderLine,
    requested: RequestedLine,
    kind: ReturnKind,
    resolution: Resolution,
    request: RequestFacts,
) -> Ruling:
    return ruling_of(
        policy,
        order,
        line,
        kind=kind,
        reason=requested.reason,
        resolution=requested.resolution or resolution,
        request=request,
    )


def _free_spans(session: Session, lines: Sequence[OrderLine]) -> dict[int, list[Span]]:
    taken: dict[int, list[Span]] = {line.id: [] for line in lines}
    rows = session.scalars(select(UnitRange).where(UnitRange.order_line_id.in_(taken)))
    for row in rows:
        taken[row.order_line_id].append(Span(row.first, row.last))
    return {line.id: positions.free(line.quantity, taken[line.id]) for line in lines}


def _take(
    wanted: Sequence[tuple[OrderLine, int]], free: dict[int, list[Span]], held: Held | None
) -> list[tuple[OrderLine, list[Span]]]:
    """The positions of each line: those it holds already, then the lowest free ones."""

    def take(line: OrderLine, spans: Sequence[Span]) -> None:
        free[line.id] = positions.free(line.quantity, [*_taken(line, free), *spans])

    own: list[list[Span]] = [[] for _ in wanted]
    if held is not None:
        for place, (line, units) in enumerate(wanted):
            spans = held.spans[place]
            own[place] = positions.lowest(spans, min(units, positions.count(spans)))
            take(line, own[place])
    taken = []
    for (line, units), kept in zip(wanted, own, strict=True):
        more = positions.lowest(free[line.id], units - positions.count(kept))
        take(line, more)
        # The gaps between the gaps: neighbours become one span.
        gaps = positions.free(line.quantity, [*kept, *more])
        taken.append((line, positions.free(line.quantity, gaps)))
    return taken


def _taken(line: OrderLine, free: Mapping[int, list[Span]]) -> list[Span]:
    return positions.free(line.quantity, free[line.id])


def assessment_of(session: Session, made: Return, policy: Policy) -> Assessment:
    """What a recorded request is judged as, with the photos it has, for its workflow."""
    # Nobody decides on a withdrawal: the law gives the right, and it was judged.
    withdrawn = made.kind == ReturnKind.WITHDRAWAL
    approved, rule = _by_policy(made, policy)
    needed = bool(believed_with_photo(made.lines, policy)) and not withdrawn
    awaited = needed and lacks_photo(session, made, policy)
    return Assessment(
        # What is believed with a photo only isn't approved by a rule that sees none.
        approved=withdrawn or (approved and not awaited),
        photo_needed=needed,
        photo_awaited=awaited,
        rule=None if withdrawn or (approved and awaited) else rule,
        keep_item=made.resolution == Resolution.KEEP_ITEM,
        instant=_is_instant(made, policy),
        refund_lost=policy.lost_parcel is LostParcel.REFUND,
        refused_grades=_refused_grades(made, policy),
        grades_cut=cuts_any(policy.grades),
        advance_exchange=policy.advance_exchange and made.exchange is not None,
        needs_second_approval=takes_two(made, policy, made.quote_total),
        mailable=recipient_of(made) is not None,
        total=made.quote_total,
        currency=made.currency,
        policy_version=made.policy_version,
    )


def takes_two(made: Return, policy: Policy, total: int) -> bool:
    """Whether two people must approve so much money, in the order's currency."""
    above = policy.second_approval_above
    if above is None or made.kind == ReturnKind.WITHDRAWAL:
        return False
    return total > in_order_currency(made.order, above)


def lacks_second(made: Return, policy: Policy, total: int) -> bool:
    """Whether two must approve what an approved return comes to, who had not to before."""
    return takes_two(made, policy, total) and not takes_two(made, policy, made.quote_total)


def _refused_grades(made: Return, policy: Policy) -> dict[str, list[Grade]]:
    """Order line → grades that the policy refuses; none where fees are waived, or by law."""
    refused = refused_grades(policy.grades)
    if not refused or made.kind == ReturnKind.WITHDRAWAL:
        return {}
    terms = terms_of(policy, made.order, ReturnKind(made.kind))
    spared = {
        line.order_line.line
        for line in made.lines
        if terms.waives(
            fault_of(policy, ReturnKind(made.kind), line.reason),
            Resolution(line.resolution),
        )
    }
    return {
        line.order_line.line: refused for line in made.lines if line.order_line.line not in spared
    }


def _rulings(made: Return, policy: Policy) -> list[Ruling]:
    return [
        ruling_of(
            policy,
            made.order,
            line.order_line,
            kind=ReturnKind(made.kind),
            reason=line.reason,
            resolution=Resolution(line.resolution),
            request=facts_of(made),
        )
        for line in made.lines
    ]


# What can be paid before the goods come; an exchange goes out by its own rules.
_PAID_AHEAD = (Resolution.REFUND, Resolution.STORE_CREDIT)


def _is_instant(made: Return, policy: Policy) -> bool:
    """Whether a return is paid at the first scan; one parcel, so for all its lines or none."""
    if made.kind != ReturnKind.RETURN or made.resolution == Resolution.KEEP_ITEM:
        return False
    said = [ruling.then.instant_refund for ruling in _rulings(made, policy)]
    wanted = all(policy.instant_refund if each is None else each for each in said)
    return wanted and all(line.resolution in _PAID_AHEAD for line in made.lines)


def _by_policy(made: Return, policy: Policy) -> tuple[bool, str | None]:
    """Whether the policy approves a request, and the name of the rule that says so or forbids it.

    One line that a rule has reviewed is reviewed with all others; rules approve only what they
    approve as a whole.
    """
    return decide(_rulings(made, policy), made.quote_total, policy, made.order)


def decide(
    rulings: Sequence[Ruling], total: int, policy: Policy, order: Order
) -> tuple[bool, str | None]:
    """Whether lines with these rulings are approved at once, and the rule that says so or not."""
    for ruling in rulings:
        if ruling.then.decision is RuleDecision.REVIEW:
            return False, ruling.by["decision"]
    if rulings and all(ruling.then.decision is RuleDecision.APPROVE for ruling in rulings):
        return True, rulings[0].by["decision"]
    limit = policy.auto_approve_up_to
    return limit > 0 and total <= in_order_currency(order, limit), None
