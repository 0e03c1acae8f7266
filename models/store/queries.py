"""What integrators read: returns with all that belongs to them, timelines, tasks, refunds.

Every function takes a fixed number of queries, however long the list.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from models.messages import ReturnStatus, TaskKind
from models.store import erp
from models.store.desk import name_actors
from models.store.desk_search import matching
from models.tables import (
    CarrierClaim,
    CreditMemo,
    Customer,
    Event,
    Exchange,
    GrantedRefund,
    Label,
    Order,
    Refund,
    Return,
    ReturnLine,
    Scan,
    StoreCredit,
    Submission,
    Task,
)

_WAITING = ("open", "claimed")
_Row = TypeVar("_Row", Refund, GrantedRefund, StoreCredit, Label, Scan, Task, CarrierClaim)
_WHOLE = (
    selectinload(Return.lines).joinedload(ReturnLine.order_line),
    selectinload(Return.quote_lines),
    selectinload(Return.exchange).selectinload(Exchange.lines),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a list: the sort time and the id of the row there."""

    at: datetime | None
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeReturn:
    """A return with its rows, oldest first; `label` is the newest one, without its page.

    `memos`: grant id → the number of its credit memo.
    """

    row: Return
    refunds: Sequence[Refund]
    grants: Sequence[GrantedRefund]
    credits: Sequence[StoreCredit]
    memos: Mapping[str, int]
    label: Label | None
    scans: Sequence[Scan]
    tasks: Sequence[Task]
    claims: Sequence[CarrierClaim]
    erp: Sequence[erp.Standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFilter:
    """Which returns to list; None: any. `customer` is the shop's own id.

    `order_prefix`: of orders whose numbers begin so. `reference`: the caller's own name, exactly.
    """

    status: ReturnStatus | None = None
    order: str | None = None
    customer: str | None = None
    reason: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    q: str | None = None
    order_prefix: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPage:
    """Some returns, newest first. `next`: where the following page starts."""

    returns: list[WholeReturn]
    next: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """Some entries, oldest first, with the names they refer to."""

    events: Sequence[Event]
    next: Place | None
    # Actor → name, order line id → item, refund id → kind of its payment.
    actors: dict[str, str]
    items: dict[str, str]
    payments: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks to list. No status: those still waiting."""

    status: str | None = None
    kind: TaskKind | None = None
    rma: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """Some tasks by due time, those without one last."""

    tasks: Sequence[Task]
    next: Place | None


# --- returns -------------------------------------------------------------------------------


def load_return(session: Session, rma: str) -> WholeReturn | None:
    """One return with everything an answer shows; None when it isn't recorded."""
    row = session.get(Return, rma, options=_WHOLE)
    return None if row is None else _complete(session, [row])[0]


def is_known(session: Session, rma: str) -> bool:
    """Whether there is such a return, recorded or just taken."""
    recorded = session.scalar(select(Return.rma).where(Return.rma == rma)) is not None
    return recorded or load_submission(session, rma) is not None


def load_submission(session: Session, rma: str) -> Submission | None:
    """What was asked for, while its return is taken but not recorded yet."""
    return session.get(Submission, rma)


def list_returns(
    session: Session, wanted: ReturnFilter, *, limit: int, after: Place | None
) -> ReturnPage:
    """Returns by creation, newest first; `created_after` includes its moment."""
    query = select(Return).options(*_WHOLE).where(*_conditions(wanted))
    if after is not None and after.at is not None:
        # The first half is what lets an index find the place.
        query = query.where(
            Return.created_at <= after.at,
            or_(Return.created_at < after.at, Return.rma < after.id),
        )
    query = query.order_by(Return.created_at.desc(), Return.rma.desc()).limit(limit + 1)
    rows = list(session.scalars(query))
    more = rows[limit - 1] if len(rows) > limit else None
    return ReturnPage(
        returns=_complete(session, rows[:limit]),
        next=None if more is None else Place(at=more.created_at, id=more.rma),
    )


def _conditions(wanted: ReturnFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        found.append(Return.status == wanted.status)
    if wanted.order is not None:
        found.append(Return.order_number == wanted.order)
    if wanted.order_prefix is not None:
        found.append(Return.order_number.startswith(wanted.order_prefix, autoescape=True))
    if wanted.reference is not None:
        found.append(Return.reference == wanted.reference)
    if wanted.customer is not None:
        orders = (
            select(Order.number).join(Order.customer).where(Customer.external_id == wanted.customer)
        )
        found.append(Return.order_number.in_(orders))
    if wanted.reason is not None:
        # As EXISTS, so that the newest that fit are found without gathering all that fit.
        line = select(ReturnLine.id).where(
            ReturnLine.rma == Return.rma, ReturnLine.reason == wanted.reason
        )
        found.append(line.exists())
    if wanted.created_after is not None:
        found.append(Return.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        found.append(Return.created_at < wanted.created_before)
    if wanted.q is not None:
        found.append(Return.rma.in_(matching(wanted.q)))
    return found


def _complete(session: Session, rows: Sequence[Return]) -> list[WholeReturn]:
    if not rows:
        return []
    rmas = [row.rma for row in rows]
    refunds = _by_rma(
        session.scalars(
            select(Refund)
            .where(Refund.rma.in_(rmas))
            .options(joinedload(Refund.payment))
            .order_by(Refund.created_at, Refund.id)
        )
    )
    grants = _by_rma(
        session.scalars(
            select(GrantedRefund)
            .where(GrantedRefund.rma.in_(rmas))
            .options(selectinload(GrantedRefund.lines))
            .order_by(GrantedRefund.created_at, GrantedRefund.id)
        )
    )
    issued = _by_rma(
        session.scalars(
            select(StoreCredit).where(StoreCredit.rma.in_(rmas)).order_by(StoreCredit.created_at)
        )
    )
    memos = dict(
        session.execute(
            select(CreditMemo.granted_refund_id, CreditMemo.number).where(CreditMemo.rma.in_(rmas))
        ).all()
    )
    labels = _by_rma(
        session.scalars(select(Label).where(Label.rma.in_(rmas)).order_by(Label.created_at))
    )
    scans = _by_rma(
        session.scalars(select(Scan).where(Scan.rma.in_(rmas)).order_by(Scan.at, Scan.id))
    )
    tasks = _by_rma(
        session.scalars(select(Task).where(Task.rma.in_(rmas)).order_by(Task.opened_at, Task.id))
    )
    claims = _by_rma(
        session.scalars(
            select(CarrierClaim)
            .where(CarrierClaim.rma.in_(rmas))
            .order_by(CarrierClaim.opened_at, CarrierClaim.id)
        )
    )
    told = erp.standings(session, rmas)
    return [
        WholeReturn(
            row=row,
            refunds=refunds[row.rma],
            grants=grants[row.rma],
            credits=issued[row.rma],
            memos=memos,
            label=labels[row.rma][-1] if labels[row.rma] else None,
            scans=scans[row.rma],
            tasks=tasks[row.rma],
            claims=claims[row.rma],
            erp=told[row.rma],
        )
        for row in rows
    ]


def _by_rma(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if row.rma is not None:
            found[row.rma].append(row)
    return found


def load_refund(session: Session, refund: str) -> Refund | None:
    """One refund transaction with its payment."""
    return session.get(Refund, refund, options=[joinedload(Refund.payment)])


# --- the timeline --------------------------------------------------------------------------


def list_events(session: Session, rma: str, *, limit: int, after: Place | None) -> TimelinePage:
    """A return's timeline, oldest first."""
    query = select(Event).options(joinedload(Event.note)).where(Event.rma == rma)
    if after is not None and after.at is not None:
        query = query.where(
            Event.at >= after.at, or_(Event.at > after.at, Event.id > int(after.id))
        )
    rows = list(session.scalars(query.order_by(Event.at, Event.id).limit(limit + 1)))
    events = rows[:limit]
    items = session.execute(
        select(ReturnLine).where(ReturnLine.rma == rma).options(joinedload(ReturnLine.order_line))
    ).scalars()
    refunds = session.scalars(
        select(Refund).where(Refund.rma == rma).options(joinedload(Refund.payment))
    )
    return TimelinePage(
        events=events,
        next=Place(at=events[-1].at, id=str(events[-1].id)) if len(rows) > limit else None,
        actors=name_actors(session, {event.actor for event in events}),
        items={line.order_line.line: line.order_line.name for line in items},
        payments={refund.id: refund.payment.kind for refund in refunds},
    )


# --- tasks ---------------------------------------------------------------------------------


def load_task(session: Session, task: str) -> Task | None:
    """One task."""
    return session.get(Task, task)


def list_tasks(
    session: Session, wanted: TaskFilter, *, limit: int, after: Place | None
) -> TaskPage:
    """Tasks by due time, earliest first, those without one last."""
    query = select(Task).where(
        Task.status.in_(_WAITING) if wanted.status is None else Task.status == wanted.status
    )
    if wanted.kind is not None:
        query = query.where(Task.kind == wanted.kind)
    if wanted.rma is not None:
        query = query.where(Task.rma == wanted.rma)
    if after is not None:
        query = query.where(_after(Task.due_at, Task.id, after))
    rows = list(
        session.scalars(
            query.order_by(Task.due_at.is_(None), Task.due_at, Task.id).limit(limit + 1)
        )
    )
    tasks = rows[:limit]
    return TaskPage(
        tasks=tasks,
        next=Place(at=tasks[-1].due_at, id=tasks[-1].id) if len(rows) > limit else None,
    )


def _after(
    at: InstrumentedAttribute[datetime | None], row_id: InstrumentedAttribute[str], place: Place
) -> ColumnElement[bool]:
    if place.at is None:
        return and_(at.is_(None), row_id > place.id)
    return or_(at > place.at, and_(at == place.at, row_id > place.id), at.is_(None))
