"""A return changed after it was asked for: judged again, its units and its quote taken anew."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from models.messages import (
    Acceptance,
    Amended,
    Amending,
    Assessment,
    EventKind,
    ExchangeStatus,
    Reception,
    Refusal,
    RequestedLine,
    Resolution,
    ReturnKind,
    TimelineEvent,
)
from models.rules.policy import Policy
from models.rules.positions import Span
from models.store.amended_lines import GONE_OUT, resolution_of, wanted_lines
from models.store.approval_limits import above_limit
from models.store.exchange_changes import change_exchange, is_open, promised
from models.store.judging import Held, Judgement, assessment_of, judge_request, lacks_second
from models.store.policies import policy_at
from models.store.pricing import in_order_currency
from models.store.returns import (
    add_events,
    instead_in_words,
    lock_order,
    of_the_whole,
    reasons_in_words,
    write_quote,
)
from models.tables import Event, Note, QuoteLine, Return, ReturnLine, UnitRange

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
        return _amended(session, row, policy)
    if row.exchange is not None and row.exchange.status == ExchangeStatus.SHIPPED:
        return Amended(assessment=Assessment(refusals=[GONE_OUT]))
    wanted, parts, refusals = wanted_lines(row, asked)
    if refusals:
        return Amended(assessment=Assessment(refusals=refusals))
    judged = judge_request(
        session,
        order=order.number,
        lines=[line for line, _ in wanted],
        kind=ReturnKind(row.kind),
        resolution=resolution_of(row),
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
            promised=promised(row.exchange),
        ),
    )
    if judged.quote is None:
        return Amended(assessment=Assessment(refusals=judged.refusals))
    if asked.decided:
        limit = asked.amendment.limit
        if refusal := _above_limits(row, policy, judged.quote.total, limit):
            return Amended(assessment=Assessment(refusals=[refusal]))
    with session.no_autoflush:
        _write_lines(session, row, asked, wanted, [part.comment for part in parts], judged)
    change_exchange(session, row, order, judged.quote.exchange, asked)
    _write_quote(session, row, asked, wanted, judged)
    return _amended(session, row, policy)


def _above_limits(row: Return, policy: Policy, total: int, limit: int | None) -> Refusal | None:
    """Why goods that were approved don't become more money than people may approve.

    `limit`: what who asks may approve alone, in the shop's currency; None: anything.
    """
    if lacks_second(row, policy, total):
        return Refusal(
            code="second_person_needed",
            message="So much money takes two approvals, and this return was approved for less; "
            "have all of its exchange refunded instead, or cancel it and ask again.",
            pointer="/resolution",
        )
    if limit is not None and row.quote_total < total > in_order_currency(row.order, limit):
        return Refusal(code="above_limit", message=above_limit(row, limit), pointer="/resolution")
    return None


def _key(asked: Amending) -> str:
    return f"changed/{asked.amendment.id}"


def _is_done(session: Session, asked: Amending) -> bool:
    told = select(Event.id).where(Event.rma == asked.rma, Event.key == _key(asked))
    return session.scalar(told) is not None


def _amended(session: Session, row: Return, policy: Policy) -> Amended:
    return Amended(
        assessment=assessment_of(session, row, policy),
        lines=[
            RequestedLine(
                line=line.order_line.line,
                quantity=line.requested,
                reason=line.reason,
                resolution=Resolution(line.resolution),
            )
            for line in row.lines
        ],
        declined=[line.no for line in row.lines if not line.ranges],
        exchange=row.exchange.round if row.exchange and is_open(row.exchange) else 0,
    )


def _spans(line: ReturnLine) -> list[Span]:
    return [Span(span.first, span.last) for span in line.ranges]


def _write_lines(
    session: Session,
    row: Return,
    asked: Amending,
    wanted: Sequence[tuple[RequestedLine, ReturnLine | None]],
    notes: Sequence[str | None],
    judged: Judgement,
) -> None:
    """Brings the lines to what was judged, and their units with them."""
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
        line.reason_label = judged.policy.on_reason(requested.reason).label
        line.resolution = requested.resolution or resolution_of(row)
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


def _write_quote(
    session: Session,
    row: Return,
    asked: Amending,
    wanted: Sequence[tuple[RequestedLine, ReturnLine | None]],
    judged: Judgement,
) -> None:
    """Fixes the quote anew and tells the timeline."""
    if judged.quote is None:
        return
    if asked.amendment.resolution is not None or row.resolution == Resolution.KEEP_ITEM:
        row.resolution = asked.amendment.resolution or Resolution.REFUND
    kept = (line.resolution for line in row.lines if line.no not in asked.declined)
    row.resolution = of_the_whole(kept, row.resolution)
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
                    "reasons": reasons_in_words(judged.policy, [line for line, _ in wanted]),
                    "instead": instead_in_words(judged.quote),
                },
            )
        ],
    )
    session.flush()
    session.expire(row, ["lines", "quote_lines"])
