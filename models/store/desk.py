"""What the staff's lists read: the inbox of open tasks and the list of returns.

Every function takes a fixed number of queries, however long the list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.messages import ReturnStatus, TaskKind
from models.store.desk_search import matching
from models.tables import (
    ApiKey,
    Exchange,
    Order,
    Parcel,
    Refund,
    Return,
    ReturnLine,
    Task,
    User,
)
from models.tables.base import UtcDateTime

PAGE = 50
_OPEN = ("open", "claimed")
# Tasks without a due time come last.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# What a row of either list shows of its return, loaded with it.
_ORDER = joinedload(Return.order).joinedload(Order.customer)
_LINES = selectinload(Return.lines).joinedload(ReturnLine.order_line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in a list: the sort time and the id of the row beside it."""

    at: datetime
    id: str

    def __str__(self) -> str:
        """As it stands in an address."""
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """Reads what `str` wrote.

        Raises:
            ValueError: it is something else.
        """
        at, _, found = text.partition("~")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not found:
            raise ValueError("not a place in a list")
        return cls(at=moment, id=found)


# --- the inbox -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxCounts:
    """How many tasks wait, by kind, and how many of them one person has claimed."""

    kinds: dict[TaskKind, int]
    overdue: dict[TaskKind, int]
    mine: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A task with what its row shows. `amount`: the failed refund's, else the quote's total; a
    parcel without a return has none.
    """

    task: Task
    owner: str | None
    amount: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """One page of tasks, the escalated ones first. `after`: where the next page starts."""

    rows: list[InboxRow]
    after: Mark | None


def count_inbox(session: Session, *, user_id: int, now: datetime) -> InboxCounts:
    """Counts the open tasks; one query."""
    rows = session.execute(
        select(
            Task.kind,
            func.count(),
            func.sum(case((Task.due_at < now, 1), else_=0)),
            func.sum(case((Task.owner_id == user_id, 1), else_=0)),
        )
        .where(Task.status.in_(_OPEN))
        .group_by(Task.kind)
    ).all()
    return InboxCounts(
        kinds={TaskKind(kind): count for kind, count, _, _ in rows},
        overdue={TaskKind(kind): late for kind, _, late, _ in rows},
        mine=sum(mine for _, _, _, mine in rows),
    )


def read_inbox(
    session: Session,
    *,
    kinds: Sequence[TaskKind] | None = None,
    owner_id: int | None = None,
    after: Mark | None = None,
    limit: int = PAGE,
) -> Inbox:
    """The open tasks, escalated ones first, then by due time, each with its return; at most five
    queries.

    Args:
        session: a reading session.
        kinds: only these; None: all.
        owner_id: only those this person has claimed.
        after: the last row of the page before.
        limit: rows on a page.
    """
    due = func.coalesce(Task.due_at, literal(_NEVER, UtcDateTime()))
    later = case((Task.escalated_at.is_(None), 1), else_=0)
    query = (
        select(Task, User.name, Refund.amount)
        .outerjoin(User, Task.owner_id == User.id)
        .outerjoin(Refund, Task.refund == Refund.id)
        .where(Task.status.in_(_OPEN))
        .options(
            joinedload(Task.return_).options(_ORDER, _LINES),
            joinedload(Task.parcel).selectinload(Parcel.items),
        )
        .order_by(later, due, Task.id)
        .limit(limit + 1)
    )
    if kinds is not None:
        query = query.where(Task.kind.in_(kinds))
    if owner_id is not None:
        query = query.where(Task.owner_id == owner_id)
    if after is not None:
        beyond = or_(due > after.at, and_(due == after.at, Task.id > after.id))
        escalated = session.scalar(select(Task.escalated_at).where(Task.id == after.id))
        query = query.where(or_(later == 1, beyond) if escalated else and_(later == 1, beyond))
    found = session.execute(query).all()
    rows = [
        InboxRow(
            task=task,
            owner=owner,
            amount=task.return_.quote_total if amount is None and task.return_ else amount,
        )
        for task, owner, amount in found[:limit]
    ]
    more = len(found) > limit
    last = rows[-1].task if more else None
    return Inbox(
        rows=rows, after=Mark(at=last.due_at or _NEVER, id=last.id) if last is not None else None
    )


def find_currency(session: Session, rma: str) -> str | None:
    """The currency of a return; None when there is none under this RMA."""
    return session.scalar(select(Return.currency).where(Return.rma == rma))


def find_task_kind(session: Session, rma: str, task_id: str) -> TaskKind | None:
    """The kind of a task of this return; None when there is no such task."""
    found = session.scalar(select(Task.kind).where(Task.id == task_id, Task.rma == rma))
    return None if found is None else TaskKind(found)


def load_other_task(session: Session, task_id: str) -> Task | None:
    """A task about no return and no parcel, with its note; None: there is none of this id."""
    return session.scalar(
        select(Task)
        .where(Task.id == task_id, Task.rma.is_(None), Task.parcel_id.is_(None))
        .options(joinedload(Task.note))
    )


# --- the list of returns -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the list is narrowed to; `since` inclusive, `until` exclusive."""

    q: str = ""
    status: ReturnStatus | None = None
    reason: str | None = None
    order: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnList:
    """One page of returns, newest first, with the marks to go on from."""

    rows: list[Return]
    newer: Mark | None
    older: Mark | None


def list_returns(
    session: Session,
    filters: Filters,
    *,
    before: Mark | None = None,
    after: Mark | None = None,
    limit: int = PAGE,
) -> ReturnList:
    """Returns that fit, newest first; two queries.

    Args:
        session: a reading session.
        filters: what to narrow the list to.
        before: only older ones than this.
        after: only newer ones than this (the page before); not together with `before`.
        limit: rows on a page.
    """
    query = _narrowed(select(Return), filters).options(_ORDER, _LINES).limit(limit + 1)
    created, rma = Return.created_at, Return.rma
    if after is not None:
        # The first half is what lets an index find the place; so below.
        query = query.where(created >= after.at, or_(created > after.at, rma > after.id))
        found = list(session.scalars(query.order_by(created, rma)))
        newer, older = len(found) > limit, True
        rows = found[:limit][::-1]
    else:
        if before is not None:
            query = query.where(created <= before.at, or_(created < before.at, rma < before.id))
        found = list(session.scalars(query.order_by(created.desc(), rma.desc())))
        newer, older = before is not None, len(found) > limit
        rows = found[:limit]
    return ReturnList(
        rows=rows,
        newer=Mark(at=rows[0].created_at, id=rows[0].rma) if rows and newer else None,
        older=Mark(at=rows[-1].created_at, id=rows[-1].rma) if rows and older else None,
    )


def _narrowed(query: Select[Return], filters: Filters) -> Select[Return]:
    if filters.status is not None:
        query = query.where(Return.status == filters.status)
    if filters.order:
        query = query.where(Return.order_number == filters.order)
    if filters.since is not None:
        query = query.where(Return.created_at >= filters.since)
    if filters.until is not None:
        query = query.where(Return.created_at < filters.until)
    if filters.reason is not None:
        query = query.where(
            select(ReturnLine.id)
            .where(ReturnLine.rma == Return.rma, ReturnLine.reason == filters.reason)
            .exists()
        )
    if filters.q:
        query = query.where(Return.rma.in_(matching(filters.q)))
    return query


# --- people --------------------------------------------------------------------------------


def name_actors(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """The names of people and services ("user:3", "service:ab12cd"), in at most two queries."""
    people, services = set(), set()
    for actor in actors:
        kind, _, found = actor.partition(":")
        if kind == "user" and found.isdecimal():
            people.add(int(found))
        elif kind == "service" and found:
            services.add(found)
    names: dict[str, str] = {}
    if people:
        for user_id, name in session.execute(
            select(User.id, User.name).where(User.id.in_(people))
        ).all():
            names[f"user:{user_id}"] = name
    if services:
        for key, name in session.execute(
            select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(services))
        ).all():
            names[f"service:{key}"] = name
    return names


def find_exchange(session: Session, rma: str) -> Exchange | None:
    """What goes out for a return's goods."""
    return session.get(Exchange, rma)
