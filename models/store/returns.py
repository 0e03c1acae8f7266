"""A return's rows: opening it, and writing down how far it is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.messages import (
    Acceptance,
    Assessment,
    EventKind,
    HoldUnits,
    Reception,
    Refusal,
    RequestedLine,
    Resolution,
    ReturnKind,
    ReturnProgress,
    ReturnStart,
    ReturnStatus,
    TaskChange,
    TaskKind,
    TimelineEvent,
    workflow_id,
)
from models.rules.policy import Policy
from models.rules.quote_lines import Quote
from models.store.carrier_claims import open_claim, settle_claim
from models.store.clawbacks import book_claim
from models.store.exchange_stock import drop_unpaid, set_aside
from models.store.holding import held_units, hold, keep_lowest
from models.store.judging import assessment_of, judge_request
from models.store.policies import policy_at
from models.store.stock import record_moves
from models.tables import (
    Event,
    Note,
    Order,
    Return,
    ReturnLine,
    Submission,
    Task,
    UnitRange,
)
from models.tables import QuoteLine as QuoteLineRow

# Ends at which nothing goes out in exchange any more.
_WITHOUT_GOODS = (
    ReturnStatus.DECLINED,
    ReturnStatus.CANCELLED,
    ReturnStatus.EXPIRED,
    ReturnStatus.REJECTED,
)


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
        return assessment_of(session, existing, policy_at(session, existing.policy_version))
    if submission is None:
        # The caller's record of the request is written before the workflow starts, so this one
        # was refused before and its record is gone.
        return Assessment(refusals=[Refusal(code="refused", message="This request was refused.")])
    order = lock_order(session, start.order)
    if order is None:
        session.delete(submission)
        message = f"There is no order {start.order}."
        return Assessment(refusals=[Refusal(code="refused", message=message)])
    body = submission.body
    contact = body.get("contact") or {}
    if start.kind is ReturnKind.GIFT and not contact.get("email"):
        session.delete(submission)
        message = "A gift return needs the e-mail address of the person who got the gift."
        return Assessment(
            refusals=[Refusal(code="required", message=message, pointer="/contact/email")]
        )
    if named(session, body.get("reference")) is not None:
        session.delete(submission)
        return Assessment(refusals=[reference_taken()])
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
    made = Return(
        rma=start.rma,
        order_number=order.number,
        kind=start.kind,
        resolution=Resolution.KEEP_ITEM
        if judged.kept
        else of_the_whole(
            (line.resolution or start.resolution for line in start.lines), start.resolution
        ),
        status=ReturnStatus.REQUESTED,
        currency=order.currency,
        actor=start.actor,
        reference=body.get("reference"),
        contact_name=contact.get("name"),
        contact_email=contact.get("email"),
        override_reason=body.get("override_reason"),
        policy_version=judged.policy.version,
        facts=None if judged.facts is None else judged.facts.to_json(),
        overridden=[asdict(each) for each in judged.overridden] if start.override else None,
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
                reason_label=judged.policy.on_reason(requested.reason).label,
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
    write_quote(session, start.rma, judged.quote)
    set_aside(session, start.rma, order.currency, judged.quote.exchange)
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
                    "reasons": reasons_in_words(judged.policy, start.lines),
                    "instead": instead_in_words(judged.quote),
                },
            )
        ],
    )
    session.delete(submission)
    return assessment_of(session, made, judged.policy)


def of_the_whole(lines: Iterable[str], otherwise: str) -> Resolution:
    """A return's resolution: that of its lines where they agree, else what was asked in general."""
    said = set(lines)
    return Resolution(said.pop() if len(said) == 1 else otherwise)


def reasons_in_words(policy: Policy, lines: Sequence[RequestedLine]) -> str:
    """Why the lines come back, each reason once."""
    return ", ".join(dict.fromkeys(policy.on_reason(line.reason).words for line in lines))


def instead_in_words(quote: Quote) -> str | None:
    """What goes out in exchange: "1 × DRESS-M, 2 × LAMP"; None: nothing."""
    going = Counter[str]()
    for item in quote.exchange:
        going[item.replacement.sku] += item.quantity
    return ", ".join(f"{units} × {sku}" for sku, units in going.items()) or None


def write_quote(session: Session, rma: str, quote: Quote) -> None:
    """Fixes a return's quote."""
    session.add_all(
        QuoteLineRow(
            rma=rma,
            position=position,
            kind=amount.kind,
            line=amount.line,
            amount=amount.amount,
            tax=amount.tax,
            explanation=amount.explanation,
        )
        for position, amount in enumerate(quote.lines)
    )


def named(session: Session, reference: str | None) -> Return | None:
    """The return that was given this name by its caller."""
    found = select(Return).where(Return.reference == reference)
    return None if reference is None else session.scalar(found)


def reference_taken(rma: str | None = None) -> Refusal:
    """The refusal of a second return of one name. `rma`: the first, for who may read it."""
    which = "A return with this reference exists already" + (f": {rma}" if rma else "")
    return Refusal(
        code="reference_taken",
        message=f"{which}; every return needs its own.",
        pointer="/reference",
    )


def save_progress(session: Session, progress: ReturnProgress) -> None:
    """Writes a return's present state, what is new on its timeline, and its tasks.

    The workflow sends the whole state and is the only writer, so doing it again changes nothing.
    One that has ended may still finish something when the return was opened again already: of
    that only the news counts, for the state is its successor's.
    """
    at = datetime.fromisoformat(progress.at)
    row = session.get_one(
        Return,
        progress.rma,
        options=[selectinload(Return.lines).selectinload(ReturnLine.ranges)],
    )
    if progress.status in _WITHOUT_GOODS:
        # A return is opened again under the same lock.
        lock_order(session, row.order_number)
        session.refresh(row, ["workflow"])
    if progress.workflow and progress.workflow != (row.workflow or workflow_id(row.rma)):
        add_events(session, progress.rma, progress.events)
        return
    row.status = progress.status
    row.deadlines = dict(progress.deadlines)
    row.updated_at = at
    lines = {line.no: line for line in row.lines}
    shrinks = [line for line in progress.lines if line.held < held_units(lines[line.no])]
    if shrinks and progress.status not in _WITHOUT_GOODS:
        lock_order(session, row.order_number)
    for line in progress.lines:
        stored = lines[line.no]
        stored.approved = line.approved
        stored.received = line.received
        stored.accepted = line.accepted
        stored.rejected = line.rejected
        stored.missing = line.missing
        stored.kept = line.kept
        stored.forgone = line.forgone
        stored.ahead = line.ahead
        stored.refunded = line.refunded
        stored.reception = line.reception
        stored.acceptance = line.acceptance
        stored.grade = line.grade
        stored.disposition = line.disposition
    for line in shrinks:
        keep_lowest(session, lines[line.no], line.held)
    if progress.status in _WITHOUT_GOODS:
        drop_unpaid(session, row, at)
    add_events(session, progress.rma, progress.events)
    record_moves(session, row, progress.events)
    for change in progress.tasks:
        apply_task(session, progress.rma, change, at)
        if change.kind is TaskKind.CLAWBACK:
            book_claim(session, row, change, at)


def hold_again(session: Session, asked: HoldUnits) -> list[Refusal]:
    """Takes unit positions again that a return had given back, or says which are gone."""
    row = session.get_one(Return, asked.rma)
    order = lock_order(session, row.order_number)
    assert order is not None
    return hold(session, order, row.lines, asked.held)


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


def apply_task(
    session: Session, rma: str | None, change: TaskChange, at: datetime, *, order: str | None = None
) -> None:
    """Opens or closes a task; doing it again changes nothing. `order`: without a return."""
    task = session.get(Task, change.id)
    if task is None:
        task = Task(
            id=change.id,
            rma=rma,
            order_number=order,
            kind=change.kind,
            status="open",
            refund=change.refund,
            reference=change.reference,
            due_at=None if change.due_at is None else datetime.fromisoformat(change.due_at),
            opened_at=at,
        )
        session.add(task)
        if change.kind is TaskKind.CARRIER_CLAIM and rma is not None:
            open_claim(session, change.id, rma, at)
    if not change.open and change.outcome:
        settle_claim(session, change.id, change.outcome, at)
    if not change.open and task.status != "done":
        task.status = "done"
        task.closed_at = at
        task.closed_by = change.closed_by
