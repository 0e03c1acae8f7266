"""What the ERP is told of a return, and what it has acknowledged."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.messages import ErpByHand, TaskKind
from models.rules.erp import PLACES, DocumentKind, Held
from models.store import erp_exchanges
from models.store.credit_memos import number_text, parse_number
from models.store.dialects import insert_or_ignore
from models.store.exchange_names import rma_of
from models.tables import CreditMemo, ErpDocument, ErpLink, Note, Return, StockMove, Task

_NUMBER_LENGTH = 60


class DocumentState(StrEnum):
    """How far the ERP has a document; pending and failed ones it has not acknowledged."""

    POSTED = "posted"
    DRAFT = "draft"
    BY_HAND = "by_hand"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDocument:
    """A document that the ERP should have. `rma`: None, where it belongs to no return."""

    reference: str
    kind: DocumentKind
    rma: str | None
    at: datetime


# --- which ERP -----------------------------------------------------------------------------------


def link(session: Session, name: str | None, at: datetime, *, exchanges: bool = False) -> None:
    """Takes note which ERP the worker is set up for; None: none. The first time counts.

    `exchanges`: whether it is told what goes out in them. What went out before it could be told
    of that, the shop has entered by other means.
    """
    session.execute(update(ErpLink).where(ErpLink.name != (name or "")).values(active=False))
    if name is not None:
        session.execute(
            insert_or_ignore(session, ErpLink), [{"name": name, "since": at, "active": True}]
        )
        since = func.coalesce(ErpLink.exchanges_since, at) if exchanges else None
        session.execute(
            update(ErpLink).where(ErpLink.name == name).values(active=True, exchanges_since=since)
        )


def is_connected(session: Session) -> bool:
    """Whether an ERP is told of what happens."""
    return told_since(session) is not None


def told_since(session: Session) -> datetime | None:
    """From when on the ERP is told of everything; None: there is none."""
    linked = active(session)
    return None if linked is None else linked.since


def active(session: Session) -> ErpLink | None:
    """The ERP that is told; None: there is none."""
    return session.scalar(select(ErpLink).where(ErpLink.active))


# --- what it should have -------------------------------------------------------------------------


def kind_of(reference: str) -> DocumentKind:
    """What a reference of ours stands for."""
    if _is_memo(reference):
        return DocumentKind.CREDIT_NOTE
    return erp_exchanges.kind_of(reference) or DocumentKind.GOODS


def list_due(
    session: Session, *, rmas: Collection[str] | None = None, until: datetime | None = None
) -> list[DueDocument]:
    """What the ERP should have and has not acknowledged, oldest first.

    Args:
        session: a session.
        rmas: of these returns; None: of all, with those that belong to none.
        until: made before this moment; None: up to now.
    """
    since = told_since(session)
    if since is None:
        return []
    told = select(ErpDocument.memo).where(ErpDocument.memo.is_not(None))
    moved = select(ErpDocument.reference).where(ErpDocument.kind == DocumentKind.GOODS)
    memos = select(CreditMemo).where(CreditMemo.issued_at >= since, CreditMemo.number.not_in(told))
    moves = select(StockMove).where(
        StockMove.at >= since,
        StockMove.accepted,
        StockMove.disposition.in_(list(PLACES)),
        StockMove.key.not_in(moved),
    )
    if rmas is not None:
        memos = memos.where(CreditMemo.rma.in_(rmas))
        moves = moves.where(StockMove.rma.in_(rmas))
    if until is not None:
        memos = memos.where(CreditMemo.issued_at < until)
        moves = moves.where(StockMove.at < until)
    due = [
        DueDocument(
            reference=number_text(memo.number),
            kind=DocumentKind.CREDIT_NOTE,
            rma=memo.rma,
            at=memo.issued_at,
        )
        for memo in session.scalars(memos)
    ]
    due += [
        DueDocument(reference=move.key, kind=DocumentKind.GOODS, rma=move.rma, at=move.at)
        for move in session.scalars(moves)
    ]
    due += [
        DueDocument(reference=each.reference, kind=each.kind, rma=each.rma, at=each.at)
        for each in erp_exchanges.list_unacknowledged(session, rmas=rmas, until=until)
    ]
    return sorted(due, key=lambda each: (each.at, each.reference))


def _is_memo(reference: str) -> bool:
    number = parse_number(reference)
    return number is not None and number_text(number) == reference


# --- what it has ---------------------------------------------------------------------------------


def acknowledge(session: Session, held: Held, at: datetime) -> ErpDocument:
    """Keeps what the ERP has of a document; telling it again brings it up to date."""
    row = _row(session, held.reference)
    row.state = DocumentState.POSTED if held.final else DocumentState.DRAFT
    row.numbers, row.ids = list(held.numbers), list(held.ids)
    row.at, row.actor = at, "redress"
    session.add(row)
    session.flush()
    return row


def record_by_hand(session: Session, done: ErpByHand) -> None:
    """Keeps that a person entered a document in the ERP, with its number there."""
    note = None if done.note is None else session.get(Note, done.note)
    row = _row(session, done.reference)
    row.state = DocumentState.BY_HAND
    row.numbers, row.ids = ([note.body.strip()[:_NUMBER_LENGTH]] if note else []), []
    row.at, row.actor = datetime.fromisoformat(done.at), done.actor
    session.add(row)
    session.flush()


def failed(session: Session, rmas: Collection[str]) -> set[str]:
    """References that a person is asked about."""
    query = select(Task.reference).where(
        Task.rma.in_(rmas), Task.kind == TaskKind.ERP_FAILED, Task.status != "done"
    )
    return {reference for reference in session.scalars(query) if reference is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a document of a return stands in the ERP. `numbers`: its own; none until it has it."""

    reference: str
    kind: DocumentKind
    state: DocumentState
    numbers: list[str]
    at: datetime


def standings(session: Session, rmas: Collection[str]) -> dict[str, list[Standing]]:
    """What the ERP has of returns, and what it should have, oldest first."""
    found: dict[str, list[Standing]] = {rma: [] for rma in rmas}
    if session.scalar(select(ErpLink.name).limit(1)) is None:
        return found  # There never was an ERP.
    for row in session.scalars(
        select(ErpDocument).where(ErpDocument.rma.in_(rmas)).order_by(ErpDocument.at)
    ):
        found[str(row.rma)].append(
            Standing(
                reference=row.reference,
                kind=DocumentKind(row.kind),
                state=DocumentState(row.state),
                numbers=row.numbers,
                at=row.at,
            )
        )
    waiting = failed(session, rmas)
    for due in list_due(session, rmas=rmas):
        state = DocumentState.FAILED if due.reference in waiting else DocumentState.PENDING
        found[str(due.rma)].append(
            Standing(reference=due.reference, kind=due.kind, state=state, numbers=[], at=due.at)
        )
    return found


def _row(session: Session, reference: str) -> ErpDocument:
    known = session.get(ErpDocument, reference)
    if known is not None:
        return known
    if _is_memo(reference):
        memo = session.get_one(CreditMemo, parse_number(reference))
        return ErpDocument(
            reference=reference,
            kind=DocumentKind.CREDIT_NOTE,
            memo=memo.number,
            rma=memo.rma,
            order_number=memo.order_number,
            amount=memo.amount,
            currency=memo.currency,
        )
    kind = kind_of(reference)
    amount = 0
    if kind is DocumentKind.GOODS:
        move = session.scalars(select(StockMove).where(StockMove.key == reference)).one()
        rma = move.rma
    else:
        rma = rma_of(reference)
    if kind is DocumentKind.DIFFERENCE:
        amount = erp_exchanges.difference(session, reference).total
    order = session.get_one(Return, rma)
    return ErpDocument(
        reference=reference,
        kind=kind,
        rma=rma,
        order_number=order.order_number,
        amount=amount,
        currency=order.currency,
    )
