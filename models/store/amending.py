"""A return changed after it was asked for: judged again, its units and its quote taken anew."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from models.messages import (
    Acceptance,
    Amended,
    AmendedLine,
    Amending,
    Amendment,
    Assessment,
    EventKind,
    Reason,
    Reception,
    Refusal,
    RequestedLine,
    Resolution,
    ReturnKind,
    TimelineEvent,
)
from models.rules.policy import Policy
from models.rules.positions import Span
from models.store.judging import Held, Judgement, assessment_of, judge_request
from models.store.policies import policy_at
from models.store.returns import add_events, lock_order, write_quote
from models.tables import Event, Note, QuoteLine, Return, ReturnLine, UnitRange

# What goes out was set aside when it was asked for.
_GOES_OUT = (Resolution.EXCHANGE, Resolution.REPLACEMENT)
_EXCHANGE_FIXED = (
    "What goes out in an exchange is set aside when it is asked for, so that this can't be changed "
    "into one, nor from one; cancel the return and ask again."
)
# Out of the way of the numbers that lines get.
_ASIDE = 1_000_000


def amend(session: Session, asked: Amending) -> Amended:
    """Changes a return's lines and resolutions under its order's lock; doing it again is harmless.

    It is judged as of the time it was asked for, under the policy version it began with. Units
    that stay keep their positions.
    """
    order = lock_order(session, session.get_one(Return, asked.rma).order_number)
    row = session.get_one(
        Return,
        asked.rma,
        options=[selectinload(Return.lines).selectinload(ReturnLine.ranges)],
        populate_existing=True,
    )
    if order is None:
        raise LookupError(f"no order of {asked.rma}")
    policy = policy_at(session, row.policy_version)
    if _is_done(session, asked):
        return _amended(row, policy)
    open_lines = [line for line in row.lines if line.no not in asked.declined]
    wanted, refusals = _wanted(row, open_lines, asked.amendment, decided=asked.decided)
    if refusals:
        return Amended(assessment=Assessment(refusals=refusals))
    judged = judge_request(
        session,
        order=order.number,
        lines=[line for line, _ in wanted],
        kind=ReturnKind(row.kind),
        resolution=_resolution(row),
        override=row.override_reason is not None,
        at=row.judged_at,
        # What was approved comes back, however little of it is left.
        policy=replace(policy, keep_item_up_to=0) if asked.decided else policy,
        held=Held(
            rma=row.rma,
            spans=tuple(tuple(_spans(line)) if line else () for _, line in wanted),
            given_back={
                line.order_line_id: [
                    span
                    for other in row.lines
                    if other.order_line_id == line.order_line_id
                    for span in _spans(other)
                ]
                for line in row.lines
            },
        ),
    )
    if judged.quote is None:
        return Amended(assessment=Assessment(refusals=judged.refusals))
    with session.no_autoflush:
        _write_lines(session, row, asked, wanted, judged)
    _write_quote(session, row, asked, judged)
    return _amended(row, policy)


def _key(asked: Amending) -> str:
    return f"changed/{asked.amendment.id}"


def _is_done(session: Session, asked: Amending) -> bool:
    told = select(Event.id).where(Event.rma == asked.rma, Event.key == _key(asked))
    return session.scalar(told) is not None


def _amended(row: Return, policy: Policy) -> Amended:
    return Amended(
        assessment=assessment_of(row, policy),
        lines=[
            RequestedLine(
                line=line.order_line.line,
                quantity=line.requested,
                reason=Reason(line.reason),
                resolution=Resolution(line.resolution),
            )
            for line in row.lines
        ],
        declined=[line.no for line in row.lines if not line.ranges],
    )


def _spans(line: ReturnLine) -> list[Span]:
    return [Span(span.first, span.last) for span in line.ranges]


def _resolution(row: Return) -> Resolution:
    kept = row.resolution == Resolution.KEEP_ITEM
    return Resolution.REFUND if kept else Resolution(row.resolution)


def _wanted(
    row: Return, open_lines: Sequence[ReturnLine], amendment: Amendment, *, decided: bool
) -> tuple[list[tuple[RequestedLine, ReturnLine | None]], list[Refusal]]:
    """Each line as it shall be, and the stored one that it goes on from."""
    stored = list(open_lines)
    found: list[tuple[RequestedLine, ReturnLine | None]] = []
    refusals = []
    asked = amendment.lines
    if asked is None:
        asked = [
            AmendedLine(line=line.order_line.line, quantity=line.requested) for line in open_lines
        ]
    if row.exchange is not None:
        refusals.append(Refusal(code="exchange_fixed", message=_EXCHANGE_FIXED))
        return [], refusals
    for index, part in enumerate(asked):
        before = next((line for line in stored if line.order_line.line == part.line), None)
        if before is not None:
            stored.remove(before)
        reason = part.reason or (Reason(before.reason) if before else None)
        if reason is None:
            message = f"Say why line {part.line} comes back."
            refusals.append(
                Refusal(code="required", message=message, pointer=f"/lines/{index}/reason")
            )
            continue
        if decided and before is not None and reason != before.reason:
            message = "This return was decided; its reasons can't change any more."
            refusals.append(
                Refusal(code="reason_fixed", message=message, pointer=f"/lines/{index}/reason")
            )
        resolution = part.resolution or amendment.resolution
        if resolution is None:
            resolution = Resolution(before.resolution) if before else _resolution(row)
        if resolution in _GOES_OUT:
            place = f"/lines/{index}/resolution"
            refusals.append(Refusal(code="exchange_fixed", message=_EXCHANGE_FIXED, pointer=place))
        line = RequestedLine(
            line=part.line, quantity=part.quantity, reason=reason, resolution=resolution
        )
        found.append((line, before))
    return found, refusals


def _write_lines(
    session: Session,
    row: Return,
    asked: Amending,
    wanted: Sequence[tuple[RequestedLine, ReturnLine | None]],
    judged: Judgement,
) -> None:
    """Brings the lines to what was judged, and their units with them."""
    parts = asked.amendment.lines
    notes = [part.comment for part in parts] if parts else [None] * len(wanted)
    staying = [line for _, line in wanted if line is not None]
    declined = [line for line in row.lines if line.no in asked.declined]
    for line in row.lines:
        line.order_line.reserved_units -= sum(span.units for span in _spans(line))
        line.no += _ASIDE
        line.ranges.clear()
        if line not in staying and line not in declined:
            session.delete(line)
    # Lines are numbered anew, and positions change hands: first all are let go.
    session.flush()
    lines = list(declined)
    for (requested, stored), (order_line, spans), note in zip(
        wanted, judged.taken, notes, strict=True
    ):
        line = stored or ReturnLine(
            rma=row.rma,
            order_line=order_line,
            comment="",
            reception=Reception.AWAITING,
            acceptance=Acceptance.PENDING,
        )
        line.reason = requested.reason
        line.resolution = requested.resolution or _resolution(row)
        line.requested = requested.quantity
        if asked.decided:
            line.approved = requested.quantity
        said = session.get(Note, note) if note else None
        if said is not None:
            line.comment = said.body
        line.ranges = [
            UnitRange(order_line_id=order_line.id, first=span.first, last=span.last)
            for span in spans
        ]
        order_line.reserved_units += requested.quantity
        lines.append(line)
    for no, line in enumerate(lines, start=1):
        line.no = no
    session.add_all(lines)
    session.flush()


def _write_quote(session: Session, row: Return, asked: Amending, judged: Judgement) -> None:
    """Fixes the quote anew and tells the timeline."""
    if judged.quote is None:
        return
    if asked.amendment.resolution is not None or row.resolution == Resolution.KEEP_ITEM:
        row.resolution = asked.amendment.resolution or Resolution.REFUND
    if judged.kept:
        row.resolution = Resolution.KEEP_ITEM
    row.quote_total = judged.quote.total
    row.facts = None if judged.facts is None else judged.facts.to_json()
    row.updated_at = datetime.fromisoformat(asked.at)
    session.execute(delete(QuoteLine).where(QuoteLine.rma == row.rma))
    write_quote(session, row.rma, judged.quote)
    add_events(
        session,
        row.rma,
        [
            TimelineEvent(
                key=_key(asked),
                at=asked.at,
                kind=EventKind.CHANGED,
                actor=asked.amendment.actor,
                data={
                    "units": sum(span.units for _, spans in judged.taken for span in spans),
                    "total": judged.quote.total,
                    "currency": row.currency,
                },
            )
        ],
    )
    session.flush()
    session.expire(row, ["lines", "quote_lines"])
