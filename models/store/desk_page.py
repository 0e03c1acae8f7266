"""Everything the page of one return shows, in a fixed number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, load_only, selectinload, undefer

from models.messages import EventKind, Grade
from models.store import erp
from models.store.credit_memos import number_text
from models.store.desk import name_actors
from models.store.photos import list_photos
from models.store.policies import policy_at
from models.tables import (
    CarrierClaim,
    CreditMemo,
    Event,
    Exchange,
    ExchangeLine,
    GrantedRefund,
    JournalEntry,
    Label,
    Message,
    Order,
    Payment,
    Photo,
    Refund,
    Return,
    ReturnLine,
    Scan,
    StoreCredit,
    Task,
)

_OPEN = ("open", "claimed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another return of the same order."""

    rma: str
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPage:
    """One return with its rows. `events` are newest first, `tasks` the open ones by due time."""

    return_: Return
    tasks: list[Task]
    grants: list[GrantedRefund]
    refunds: list[Refund]
    entries: list[JournalEntry]
    credits: list[StoreCredit]
    # Grant id → the number of its credit memo, as people write it.
    memos: dict[str, str]
    events: list[Event]
    labels: list[Label]
    scans: list[Scan]
    mails: list[Message]
    photos: list[Photo]
    claims: list[CarrierClaim]
    erp: list[erp.Standing]
    siblings: list[Sibling]
    # Actor → name, for everyone the page mentions.
    names: dict[str, str]
    # What the return's policy pays of a grade, or that it refuses it.
    grades: Mapping[Grade, str]

    @property
    def first_approver(self) -> str | None:
        """Who gave the first of two approvals, as an actor; None: nobody yet."""
        for event in self.events:
            if event.kind == EventKind.SECOND_APPROVAL_NEEDED:
                return None if event.data.get("unpaid") else event.actor
        return None


def read_return(session: Session, rma: str) -> ReturnPage | None:
    """Reads one return; None when there is none under this RMA."""
    found = session.scalar(
        select(Return)
        .where(Return.rma == rma)
        .options(
            joinedload(Return.order).options(
                joinedload(Order.customer),
                selectinload(Order.payments),
                selectinload(Order.lines),
            ),
            selectinload(Return.lines).joinedload(ReturnLine.order_line),
            selectinload(Return.quote_lines),
            selectinload(Return.exchange)
            .selectinload(Exchange.lines)
            .joinedload(ExchangeLine.product),
        )
    )
    if found is None:
        return None
    tasks = list(
        session.scalars(
            select(Task)
            .where(Task.rma == rma, Task.status.in_(_OPEN))
            .order_by(Task.due_at.is_(None), Task.due_at, Task.id)
        )
    )
    grants = list(
        session.scalars(
            select(GrantedRefund)
            .where(GrantedRefund.rma == rma)
            .options(selectinload(GrantedRefund.lines))
            .order_by(GrantedRefund.created_at, GrantedRefund.id)
        )
    )
    refunds = list(
        session.scalars(
            select(Refund)
            .where(Refund.rma == rma)
            .options(joinedload(Refund.payment).selectinload(Payment.disputes))
            .order_by(Refund.created_at, Refund.id)
        )
    )
    entries = list(
        session.scalars(
            select(JournalEntry)
            .where(JournalEntry.rma == rma)
            .options(joinedload(JournalEntry.lines))
            .order_by(JournalEntry.id)
        ).unique()
    )
    credits_ = list(
        session.scalars(
            select(StoreCredit).where(StoreCredit.rma == rma).order_by(StoreCredit.created_at)
        )
    )
    memos = {
        memo.granted_refund_id: number_text(memo.number)
        for memo in session.scalars(select(CreditMemo).where(CreditMemo.rma == rma))
    }
    events = list(
        session.scalars(
            select(Event)
            .where(Event.rma == rma)
            .options(joinedload(Event.note))
            .order_by(Event.at.desc(), Event.id.desc())
        )
    )
    labels = list(
        session.scalars(select(Label).where(Label.rma == rma).order_by(Label.created_at.desc()))
    )
    scans = list(session.scalars(select(Scan).where(Scan.rma == rma).order_by(Scan.at.desc())))
    mails = list(
        session.scalars(
            select(Message)
            .where(Message.rma == rma)
            .options(load_only(Message.key, Message.template, Message.subject, Message.sent_at))
            .order_by(Message.sent_at.desc())
        )
    )
    photos = list_photos(session, rma)
    claims = list(
        session.scalars(
            select(CarrierClaim).where(CarrierClaim.rma == rma).order_by(CarrierClaim.opened_at)
        )
    )
    siblings = session.execute(
        select(Return.rma, Return.status, Return.created_at)
        .where(Return.order_number == found.order_number, Return.rma != rma)
        .order_by(Return.created_at.desc())
        .limit(10)
    ).all()
    actors = {found.actor, *(event.actor for event in events), *(grant.actor for grant in grants)}
    actors |= {photo.actor for photo in photos}
    actors |= {f"user:{task.owner_id}" for task in tasks if task.owner_id is not None}
    return ReturnPage(
        return_=found,
        tasks=tasks,
        grants=grants,
        refunds=refunds,
        entries=entries,
        credits=credits_,
        memos=memos,
        events=events,
        labels=labels,
        scans=scans,
        mails=mails,
        photos=photos,
        claims=claims,
        erp=erp.standings(session, [rma])[rma],
        siblings=[
            Sibling(rma=row.rma, status=row.status, created_at=row.created_at) for row in siblings
        ],
        names=name_actors(session, actors),
        grades=policy_at(session, found.policy_version).grades,
    )


def read_mail(session: Session, rma: str, key: str) -> Message | None:
    """A mail of this return as it was sent."""
    return session.scalar(select(Message).where(Message.key == key, Message.rma == rma))


def read_label(session: Session, rma: str) -> Label | None:
    """The newest label of this return, with the page to print, unless that was erased."""
    return session.scalar(
        select(Label)
        .where(Label.rma == rma, Label.pdf != b"")
        .options(undefer(Label.pdf))
        .order_by(Label.created_at.desc())
        .limit(1)
    )
