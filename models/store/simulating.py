"""Judging past returns again: under the version in force and under a draft, each as of its day."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from models.database import Database
from models.messages import Resolution, ReturnKind
from models.rules import eligibility
from models.rules.order_facts import OrderFacts, ReturnedBefore
from models.rules.policy import Policy
from models.rules.policy_rules import RequestFacts
from models.rules.positions import Span
from models.rules.quote_lines import QuotedLine, QuoteKind
from models.rules.simulation import JudgedTwice, Outcome, Tally, Verdict
from models.rules.terms import Fault
from models.store.judging import decide, price
from models.store.photo_proof import shown_lines, unproven
from models.store.policies import policy_at
from models.store.pricing import (
    earlier_fault,
    fault_of,
    granted_spans,
    order_facts_after,
    ruling_of,
)
from models.store.request_facts import read_request_facts
from models.tables import GrantedRefund, GrantLine, Order, Return, ReturnLine, Simulation

_AT_ONCE = 200
RUNNING, DONE, FAILED = "running", "done", "failed"


def begin_simulation(
    session: Session,
    id: str,
    *,
    actor: str,
    version: int,
    draft: Policy,
    text: str | None,
    days: tuple[date | None, date | None],
    at: datetime,
) -> None:
    """Takes note of what is to be tried out."""
    session.add(
        Simulation(
            id=id,
            status=RUNNING,
            actor=actor,
            started_at=at,
            version=version,
            draft=draft.to_json(),
            text=text,
            first_day=days[0],
            last_day=days[1],
            done=0,
            total=0,
        )
    )


def load_simulation(session: Session, id: str) -> Simulation | None:
    """A run; None when there is none with this id."""
    return session.get(Simulation, id)


def forget_simulation(session: Session, id: str) -> None:
    """Removes a run that could not be started."""
    if (row := session.get(Simulation, id)) is not None:
        session.delete(row)


def end_simulation(session: Session, id: str, at: datetime, problem: str) -> None:
    """Writes down that a run could not be done."""
    row = session.get(Simulation, id)
    if row is not None and row.status == RUNNING:
        row.status, row.ended_at, row.problem = FAILED, at, problem


def simulate(database: Database, id: str, clock: Callable[[], datetime]) -> None:
    """Judges every return of a run again, and writes down how far it is after each batch.

    Nothing is locked meanwhile. Doing it again starts anew and ends the same.
    """
    with database.read() as session:
        row = session.get_one(Simulation, id)
        present, draft = policy_at(session, row.version), Policy.from_json(row.draft, 0)
        wanted = _wanted(row, draft)
        total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    tally, last = Tally(), ""
    while True:
        with database.read() as session:
            batch = _batch(session, wanted, last)
            tally.add(_judged_twice(session, batch, present, draft))
            last = batch[-1].rma if batch else last
        ended = len(batch) < _AT_ONCE
        with database.write() as session:
            row = session.get_one(Simulation, id)
            row.done, row.total = tally.returns, max(total, tally.returns)
            if ended:
                row.status, row.result, row.ended_at = DONE, tally.to_json(), clock()
        if ended:
            return


def _wanted(row: Simulation, draft: Policy) -> Select[str]:
    """The RMAs of the returns that were asked for on the days of a run, where the shop is."""
    query = select(Return.rma)
    zone = ZoneInfo(draft.time_zone)
    if row.first_day is not None:
        query = query.where(Return.judged_at >= _midnight(row.first_day, zone))
    if row.last_day is not None and row.last_day < date.max:
        query = query.where(Return.judged_at < _midnight(row.last_day + timedelta(days=1), zone))
    return query


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # Days at the very end of the calendar are the same moment everywhere.
    if day.year in (date.min.year, date.max.year):
        return datetime.combine(day, time(), tzinfo=UTC)
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _batch(session: Session, wanted: Select[str], after: str) -> Sequence[Return]:
    query = (
        select(Return)
        .where(Return.rma.in_(wanted), Return.rma > after)
        .order_by(Return.rma)
        .limit(_AT_ONCE)
        .options(
            selectinload(Return.lines).selectinload(ReturnLine.ranges),
            selectinload(Return.lines).selectinload(ReturnLine.order_line),
            selectinload(Return.order).selectinload(Order.lines),
            selectinload(Return.order).selectinload(Order.customer),
        )
    )
    return session.scalars(query).all()


def _judged_twice(
    session: Session, batch: Sequence[Return], present: Policy, draft: Policy
) -> Iterator[JudgedTwice]:
    history = _History.read(session, {row.order_number for row in batch})
    shown = shown_lines(session, [row.rma for row in batch])
    for row in batch:
        request = _request(session, row, present, draft)
        before, after = (
            _outcome(row, policy, history.facts(session, row, policy), request, shown[row.rma])
            for policy in (present, draft)
        )
        customer = row.order.customer
        buyer = f"customer/{customer.id}" if customer else f"order/{row.order_number}"
        yield JudgedTwice(
            rma=row.rma,
            order=row.order_number,
            customer=customer.external_id if customer else None,
            buyer=buyer,
            currency=row.currency,
            before=before,
            after=after,
        )


def _request(session: Session, row: Return, *policies: Policy) -> RequestFacts:
    """What was known of a request on its day, looked up where either policy asks for it."""
    asking = next((policy for policy in policies if policy.looks_at_customers), policies[0])
    units = [(line.order_line, line.requested) for line in row.lines]
    return read_request_facts(session, asking, row.order, units, at=row.judged_at)


def _outcome(
    row: Return,
    policy: Policy,
    facts: OrderFacts,
    request: RequestFacts,
    shown: Collection[str | None],
) -> Outcome:
    """What a policy makes of a return by itself: nobody overrides it, and no units are missing.

    A photo that the return has counts, whenever it came; whether another would have come is not
    known, so that a return that lacks one waits for it. `shown`: what its photos show.
    """
    kind, order = ReturnKind(row.kind), row.order
    known = {line.line: line for line in facts.lines}
    asked, quoted = [], []
    for line in row.lines:
        resolution = _resolution(line)
        ruling = ruling_of(
            policy,
            order,
            line.order_line,
            kind=kind,
            reason=line.reason,
            resolution=resolution,
            request=request,
        )
        asked.append(
            eligibility.AskedLine(
                pointer="",
                line=str(line.no),
                quantity=line.requested,
                resolution=resolution,
                name=line.order_line.name,
                free_units=line.requested,
                final_sale=line.order_line.final_sale,
                category=line.order_line.category,
                ruling=ruling,
                reason=line.reason,
                anchors=(
                    order.placed_at,
                    order.shipped_at,
                    line.order_line.delivered_at or order.delivered_at,
                ),
            )
        )
        quoted.append(
            QuotedLine(
                no=line.no,
                line=known[line.order_line.line],
                spans=_spans(line),
                fault=fault_of(policy, kind, line.reason),
                resolution=resolution,
                ruling=ruling,
            )
        )
    refusals = eligibility.judge(asked, kind=kind, policy=policy, at=row.judged_at, override=False)
    if refusals:
        words = " ".join(refusal.message for refusal in refusals)
        return Outcome(verdict=Verdict.DENY, total=0, rule=_denier(asked), words=words)
    quote, _ = price(facts, quoted, policy, order, kind=kind, left=None)
    rulings = [line.ruling for line in asked]
    approved, rule = decide(rulings, quote.total, policy, order)
    if kind is ReturnKind.WITHDRAWAL:
        approved, rule = True, None
    elif missing := unproven(row.lines, shown, policy):
        names = ", ".join(dict.fromkeys(line.order_line.name for line in missing))
        return Outcome(verdict=Verdict.PHOTO, total=quote.total, words=f"No photo of {names}.")
    verdict = Verdict.APPROVE if approved else Verdict.REVIEW
    return Outcome(verdict=verdict, total=quote.total, rule=rule)


def _resolution(line: ReturnLine) -> Resolution:
    """What was asked for; that goods could be kept was the policy's own idea."""
    found = Resolution(line.resolution)
    return Resolution.REFUND if found is Resolution.KEEP_ITEM else found


def _spans(line: ReturnLine) -> list[Span]:
    """The positions a line held; one that was declined gave them back, and had the lowest."""
    if line.ranges:
        spans = [Span(span.first, span.last) for span in line.ranges]
        if sum(span.units for span in spans) == line.requested:
            return spans
    return [Span(1, line.requested)]


def _denier(lines: Sequence[eligibility.AskedLine]) -> str | None:
    """The rule that says most of why lines are denied."""
    for what in ("deny", "window_days", "resolutions"):
        for line in lines:
            if what in line.ruling.by:
                return line.ruling.by[what]
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Granted:
    rma: str
    at: datetime
    line: str
    spans: tuple[Span, ...]
    kind: ReturnKind
    reason: str
    policy_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """What came back of some orders, and when, so that each return is priced as of its day."""

    granted: dict[str, list[_Granted]]
    # (order, kind of amount) to RMA, time and amount.
    amounts: dict[tuple[str, str], list[tuple[str, datetime, int]]]

    @classmethod
    def read(cls, session: Session, orders: set[str]) -> "_History":
        made = cls(granted={}, amounts={})
        rows = session.execute(
            select(ReturnLine, Return)
            .join(Return, Return.rma == ReturnLine.rma)
            .where(Return.order_number.in_(orders), ReturnLine.granted > 0)
            .options(selectinload(ReturnLine.ranges), selectinload(ReturnLine.order_line))
        )
        for line, row in rows:
            made.granted.setdefault(row.order_number, []).append(
                _Granted(
                    rma=row.rma,
                    at=row.judged_at,
                    line=line.order_line.line,
                    spans=tuple(granted_spans(line, line.granted)),
                    kind=ReturnKind(row.kind),
                    reason=line.reason,
                    policy_version=row.policy_version,
                )
            )
        sums = session.execute(
            select(Return.order_number, GrantLine.kind, Return.rma, Return.judged_at)
            .add_columns(func.sum(GrantLine.amount))
            .join(GrantedRefund, GrantedRefund.id == GrantLine.granted_refund_id)
            .join(Return, Return.rma == GrantedRefund.rma)
            .where(
                Return.order_number.in_(orders),
                GrantedRefund.kind == "return",
                GrantLine.kind.in_((QuoteKind.PROMOTION_REVERSAL, QuoteKind.OUTBOUND_SHIPPING)),
            )
            .group_by(Return.order_number, GrantLine.kind, Return.rma, Return.judged_at)
        )
        for order, kind, rma, at, amount in sums:
            made.amounts.setdefault((order, kind), []).append((rma, at, int(amount)))
        return made

    def facts(self, session: Session, row: Return, policy: Policy) -> OrderFacts:
        """The order of a return as it was when the return was asked for."""
        earlier = [
            each
            for each in self.granted.get(row.order_number, ())
            if each.rma != row.rma and each.at < row.judged_at
        ]
        return order_facts_after(
            session,
            row.order,
            returned=[
                ReturnedBefore(
                    line=each.line,
                    spans=list(each.spans),
                    merchant_fault=earlier_fault(
                        session, policy, each.kind, each.reason, began_with=each.policy_version
                    )
                    is Fault.MERCHANT,
                    withdrawn=each.kind is ReturnKind.WITHDRAWAL,
                )
                for each in earlier
            ],
            taken_back=-self._before(row, QuoteKind.PROMOTION_REVERSAL),
            shipping_refunded=self._before(row, QuoteKind.OUTBOUND_SHIPPING),
        )

    def _before(self, row: Return, kind: QuoteKind) -> int:
        return sum(
            amount
            for rma, at, amount in self.amounts.get((row.order_number, kind), ())
            if rma != row.rma and at < row.judged_at
        )
