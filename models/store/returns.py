"""A return's rows: judging a request, opening it, and writing down how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, selectinload

from models.messages import (
    Acceptance,
    Assessment,
    EventKind,
    Reason,
    Reception,
    Refusal,
    RequestedLine,
    Resolution,
    ReturnKind,
    ReturnProgress,
    ReturnStart,
    ReturnStatus,
    TaskChange,
    TimelineEvent,
)
from models.rules import eligibility, positions
from models.rules.policy import Policy
from models.rules.policy_rules import RuleDecision, Ruling
from models.rules.positions import Span
from models.rules.quote import Quote, QuotedLine, make_quote
from models.store.policies import current_policy, policy_at
from models.store.pricing import (
    fault_of,
    in_order_currency,
    left_to_refund,
    order_facts,
    ruling_of,
    terms_of,
)
from models.tables import (
    Event,
    Note,
    Order,
    OrderLine,
    Return,
    ReturnLine,
    Submission,
    Task,
    UnitRange,
)
from models.tables import QuoteLine as QuoteLineRow


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


# A withdrawal is about sending goods back.
_MAY_BE_KEPT = (ReturnKind.RETURN, ReturnKind.CLAIM)


def lock_order(session: Session, number: str) -> Order | None:
    """The order, locked until the transaction ends, with its lines and payments read afresh.

    Everything that takes units or money of an order goes through this lock first (money rule 7).
    SQLite's writers are already one at a time.
    """
    return session.scalar(
        select(Order)
        .where(Order.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def judge_request(
    session: Session,
    *,
    order: str,
    lines: Sequence[RequestedLine],
    kind: ReturnKind,
    resolution: Resolution,
    override: bool,
    at: datetime,
) -> Judgement:
    """Judges and prices a request without storing anything. The order must exist."""
    policy = current_policy(session)
    found = session.get_one(Order, order)
    order_lines = {line.line: line for line in found.lines}
    wanted = {line.line for line in lines}
    free = _free_spans(session, [line for line in found.lines if line.line in wanted])
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
                ruling=_ruling(policy, found, line, requested, kind, resolution),
                anchors=(
                    found.placed_at,
                    found.shipped_at,
                    line.delivered_at or found.delivered_at,
                ),
            )
        )
    refusals = eligibility.judge(asked, kind=kind, policy=policy, at=at, override=override)
    if refusals:
        return Judgement(refusals=refusals, policy=policy)
    taken = []
    for requested in lines:
        line = order_lines[requested.line]
        spans = positions.lowest(free[line.id], requested.quantity)
        free[line.id] = positions.free(line.quantity, [*_taken(line, free), *spans])
        taken.append((line, spans))
    facts = order_facts(session, found)
    known = {line.line: line for line in facts.lines}
    quoted = [
        QuotedLine(
            no=no,
            line=known[line.line],
            spans=spans,
            fault=fault_of(kind, asked_line.reason),
            resolution=asked_line.resolution or resolution,
            ruling=_ruling(policy, found, line, asked_line, kind, resolution),
        )
        for no, (asked_line, (line, spans)) in enumerate(zip(lines, taken, strict=True), start=1)
    ]

    def priced(*, kept: bool) -> Quote:
        return make_quote(
            facts,
            quoted,
            terms_of(policy, found),
            withdrawal=kind is ReturnKind.WITHDRAWAL,
            kept=kept,
            left=left_to_refund(found),
        )

    quote = priced(kept=True)
    kept = kind in _MAY_BE_KEPT and 0 < quote.total <= in_order_currency(
        found, policy.keep_item_up_to
    )
    if not kept:
        quote = priced(kept=False)
    return Judgement(refusals=[], policy=policy, quote=quote, taken=tuple(taken), kept=kept)


def _ruling(
    policy: Policy,
    order: Order,
    line: OrderLine,
    requested: RequestedLine,
    kind: ReturnKind,
    resolution: Resolution,
) -> Ruling:
    return ruling_of(
        policy,
        order,
        line,
        kind=kind,
        reason=requested.reason,
        resolution=requested.resolution or resolution,
    )


def _free_spans(session: Session, lines: Sequence[OrderLine]) -> dict[int, list[Span]]:
    taken: dict[int, list[Span]] = {line.id: [] for line in lines}
    rows = session.scalars(select(UnitRange).where(UnitRange.order_line_id.in_(taken)))
    for row in rows:
        taken[row.order_line_id].append(Span(row.first, row.last))
    return {line.id: positions.free(line.quantity, taken[line.id]) for line in lines}


def _taken(line: OrderLine, free: Mapping[int, list[Span]]) -> list[Span]:
    return positions.free(line.quantity, free[line.id])


def open_return(session: Session, start: ReturnStart, *, at: datetime, now: datetime) -> Assessment:
    """Records a requested return: judges it under the order's lock, fixes the quote, takes units.

    Doing it again answers the same and changes nothing.

    Args:
        session: a writing session.
        start: the workflow's start message; the submission under its RMA holds the words.
        at: when the request is judged.
        now: the workflow's time.
    """
    submission = session.get(Submission, start.rma)
    existing = session.get(Return, start.rma)
    if existing is not None:
        return _assessment(existing, policy_at(session, existing.policy_version))
    if submission is None:
        # The caller's record of the request is written before the workflow starts, so this one
        # was refused before and its record is gone.
        return Assessment(refusals=[Refusal(code="refused", message="This request was refused.")])
    order = lock_order(session, start.order)
    if order is None:
        session.delete(submission)
        message = f"There is no order {start.order}."
        return Assessment(refusals=[Refusal(code="unknown_order", message=message)])
    body = submission.body
    if _is_taken(session, body.get("reference")):
        session.delete(submission)
        message = "A return with this reference exists already; every return needs its own."
        return Assessment(
            refusals=[Refusal(code="reference_taken", message=message, pointer="/reference")]
        )
    judged = judge_request(
        session,
        order=start.order,
        lines=start.lines,
        kind=start.kind,
        resolution=start.resolution,
        override=start.override,
        at=at,
    )
    if judged.quote is None:
        session.delete(submission)
        return Assessment(refusals=judged.refusals)
    contact = body.get("contact") or {}
    made = Return(
        rma=start.rma,
        order_number=order.number,
        kind=start.kind,
        resolution=Resolution.KEEP_ITEM if judged.kept else start.resolution,
        status=ReturnStatus.REQUESTED,
        currency=order.currency,
        actor=start.actor,
        reference=body.get("reference"),
        contact_name=contact.get("name"),
        contact_email=contact.get("email"),
        override_reason=body.get("override_reason"),
        policy_version=judged.policy.version,
        quote_total=judged.quote.total,
        deadlines={},
        judged_at=at,
        created_at=now,
        updated_at=now,
    )
    made.order = order
    session.add(made)
    session.flush()
    for no, (requested, (line, spans)) in enumerate(
        zip(start.lines, judged.taken, strict=True), start=1
    ):
        line.reserved_units += requested.quantity
        session.add(
            ReturnLine(
                rma=start.rma,
                no=no,
                order_line_id=line.id,
                reason=requested.reason,
                comment=body["comments"][no - 1],
                resolution=requested.resolution or start.resolution,
                requested=requested.quantity,
                reception=Reception.AWAITING,
                acceptance=Acceptance.PENDING,
                ranges=[
                    UnitRange(order_line_id=line.id, first=span.first, last=span.last)
                    for span in spans
                ],
            )
        )
    for position, amount in enumerate(judged.quote.lines):
        session.add(
            QuoteLineRow(
                rma=start.rma,
                position=position,
                kind=amount.kind,
                line=amount.line,
                amount=amount.amount,
                tax=amount.tax,
                explanation=amount.explanation,
            )
        )
    add_events(
        session,
        start.rma,
        [
            TimelineEvent(
                key="requested",
                at=now.isoformat(),
                kind=EventKind.REQUESTED,
                actor=start.actor,
                data={
                    "units": sum(line.quantity for line in start.lines),
                    "total": judged.quote.total,
                    "currency": order.currency,
                    "override": int(start.override),
                },
            )
        ],
    )
    session.delete(submission)
    return _assessment(made, judged.policy)


def _is_taken(session: Session, reference: str | None) -> bool:
    found = select(Return.rma).where(Return.reference == reference)
    return reference is not None and session.scalar(found) is not None


def _assessment(made: Return, policy: Policy) -> Assessment:
    customer = made.order.customer
    above = policy.second_approval_above
    # Nobody decides on a withdrawal: the law gives the right, and it was judged.
    withdrawn = made.kind == ReturnKind.WITHDRAWAL
    approved, rule = _by_policy(made, policy)
    return Assessment(
        approved=withdrawn or approved,
        rule=None if withdrawn else rule,
        keep_item=made.resolution == Resolution.KEEP_ITEM,
        needs_second_approval=above is not None
        and not withdrawn
        and made.quote_total > in_order_currency(made.order, above),
        mailable=bool(made.contact_email or (customer and customer.email)),
        total=made.quote_total,
        currency=made.currency,
        policy_version=made.policy_version,
    )


def _by_policy(made: Return, policy: Policy) -> tuple[bool, str | None]:
    """Whether the policy approves a request, and the name of the rule that says so or forbids it.

    One line that a rule has reviewed is reviewed with all others; rules approve only what they
    approve as a whole.
    """
    rulings = [
        ruling_of(
            policy,
            made.order,
            line.order_line,
            kind=ReturnKind(made.kind),
            reason=Reason(line.reason),
            resolution=Resolution(line.resolution),
        )
        for line in made.lines
    ]
    for ruling in rulings:
        if ruling.then.decision is RuleDecision.REVIEW:
            return False, ruling.by["decision"]
    if rulings and all(ruling.then.decision is RuleDecision.APPROVE for ruling in rulings):
        return True, rulings[0].by["decision"]
    limit = policy.auto_approve_up_to
    return limit > 0 and made.quote_total <= in_order_currency(made.order, limit), None


def save_progress(session: Session, progress: ReturnProgress) -> None:
    """Writes a return's present state, what is new on its timeline, and its tasks.

    The workflow sends the whole state and is the only writer, so doing it again changes nothing.
    """
    at = datetime.fromisoformat(progress.at)
    row = session.get_one(
        Return,
        progress.rma,
        options=[selectinload(Return.lines).selectinload(ReturnLine.ranges)],
    )
    row.status = progress.status
    row.deadlines = dict(progress.deadlines)
    row.updated_at = at
    lines = {line.no: line for line in row.lines}
    shrinks = [line for line in progress.lines if line.held < _held(lines[line.no])]
    if shrinks:
        lock_order(session, row.order_number)
    for line in progress.lines:
        stored = lines[line.no]
        stored.approved = line.approved
        stored.received = line.received
        stored.accepted = line.accepted
        stored.rejected = line.rejected
        stored.missing = line.missing
        stored.kept = line.kept
        stored.refunded = line.refunded
        stored.reception = line.reception
        stored.acceptance = line.acceptance
        stored.grade = line.grade
        stored.disposition = line.disposition
    for line in shrinks:
        _keep_lowest(session, lines[line.no], line.held)
    add_events(session, progress.rma, progress.events)
    for change in progress.tasks:
        apply_task(session, progress.rma, change, at)


def _held(line: ReturnLine) -> int:
    return sum(span.last - span.first + 1 for span in line.ranges)


def _keep_lowest(session: Session, line: ReturnLine, units: int) -> None:
    """Gives the highest positions back, so that what stays keeps its price."""
    released = _held(line) - units
    kept = positions.lowest([Span(span.first, span.last) for span in line.ranges], units)
    session.execute(delete(UnitRange).where(UnitRange.return_line_id == line.id))
    session.add_all(
        UnitRange(
            return_line_id=line.id,
            order_line_id=line.order_line_id,
            first=span.first,
            last=span.last,
        )
        for span in kept
    )
    session.execute(
        update(OrderLine)
        .where(OrderLine.id == line.order_line_id)
        .values(reserved_units=OrderLine.reserved_units - released)
    )
    session.expire(line, ["ranges"])


def add_events(session: Session, rma: str, events: Sequence[TimelineEvent]) -> None:
    """Adds what is not on the timeline yet; an event's key makes adding it again harmless."""
    if not events:
        return
    keys = [event.key for event in events]
    known = set(session.scalars(select(Event.key).where(Event.rma == rma, Event.key.in_(keys))))
    # An operator's Signal may carry a note that nobody stored; the entry then goes without.
    wanted = [event.note for event in events if event.note]
    notes = set(session.scalars(select(Note.id).where(Note.id.in_(wanted)))) if wanted else set()
    session.add_all(
        Event(
            rma=rma,
            key=event.key,
            at=datetime.fromisoformat(event.at),
            kind=event.kind,
            actor=event.actor,
            data=dict(event.data),
            note_id=event.note if event.note in notes else None,
        )
        for event in events
        if event.key not in known
    )


def apply_task(session: Session, rma: str, change: TaskChange, at: datetime) -> None:
    """Opens or closes a task; doing it again changes nothing."""
    task = session.get(Task, change.id)
    if task is None:
        task = Task(
            id=change.id,
            rma=rma,
            kind=change.kind,
            status="open",
            refund=change.refund,
            due_at=None if change.due_at is None else datetime.fromisoformat(change.due_at),
            opened_at=at,
        )
        session.add(task)
    if not change.open and task.status != "done":
        task.status = "done"
        task.closed_at = at
        task.closed_by = change.closed_by
