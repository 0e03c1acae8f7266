"""Credit memos: one numbered accounting document per granted refund."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.documents.credit_memo import MemoFacts, MemoLine
from models.messages import PayoutMethod, ReturnKind
from models.store.journal import lock_head
from models.store.ledger import EntryFilter, moments
from models.store.recipients import name_of
from models.tables import CreditMemo, GrantedRefund, Order, Refund, Return

_PREFIX = "CM-"


def number_text(number: int) -> str:
    """A memo's number as people read it: CM-000012."""
    return f"{_PREFIX}{number:06}"


def parse_number(text: str) -> int | None:
    """Reads "CM-000012" or "12"; None when it isn't such a number."""
    digits = text.strip().upper().removeprefix(_PREFIX)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None


def issue(session: Session, granted: GrantedRefund, at: datetime) -> CreditMemo:
    """Numbers the document of a grant, without gaps; a grant has one, however often it is asked."""
    known = select(CreditMemo).where(CreditMemo.granted_refund_id == granted.id)
    memo = session.scalar(known)
    if memo is not None:
        return memo
    head = lock_head(session)
    head.last_memo += 1
    memo = CreditMemo(
        number=head.last_memo,
        granted_refund_id=granted.id,
        rma=granted.rma,
        order_number=granted.order_number,
        amount=granted.amount + granted.bonus,
        tax=granted.tax,
        currency=granted.currency,
        issued_at=at,
    )
    session.add(memo)
    session.flush()
    return memo


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeMemo:
    """A memo with the grant it documents and the transactions that pay it."""

    memo: CreditMemo
    grant: GrantedRefund
    refunds: Sequence[Refund]


def load(session: Session, number: int) -> WholeMemo | None:
    """One memo; None when there is no such number."""
    memo = session.get(CreditMemo, number)
    return None if memo is None else _complete(session, [memo])[0]


def list_memos(
    session: Session, wanted: EntryFilter, *, limit: int | None, before: int | None
) -> tuple[list[WholeMemo], int | None]:
    """Memos, newest first, and before which number the next page starts. No limit: all."""
    query = select(CreditMemo).order_by(CreditMemo.number.desc())
    first, end = moments(wanted)
    for condition in (
        None if wanted.rma is None else CreditMemo.rma == wanted.rma,
        None if wanted.order is None else CreditMemo.order_number == wanted.order,
        None if first is None else CreditMemo.issued_at >= first,
        None if end is None else CreditMemo.issued_at < end,
        None if before is None else CreditMemo.number < before,
    ):
        if condition is not None:
            query = query.where(condition)
    found = list(session.scalars(query if limit is None else query.limit(limit + 1)))
    more = limit is not None and len(found) > limit
    page = found[:limit]
    return _complete(session, page), page[-1].number if more else None


def _complete(session: Session, memos: Sequence[CreditMemo]) -> list[WholeMemo]:
    ids = [memo.granted_refund_id for memo in memos]
    grants = {
        grant.id: grant
        for grant in session.scalars(
            select(GrantedRefund)
            .where(GrantedRefund.id.in_(ids))
            .options(
                selectinload(GrantedRefund.lines),
                selectinload(GrantedRefund.refunds).joinedload(Refund.payment),
            )
        )
    }
    return [
        WholeMemo(
            memo=memo,
            grant=grants[memo.granted_refund_id],
            refunds=[
                refund
                for refund in grants[memo.granted_refund_id].refunds
                # One that was tried again is told by the transaction that did.
                if refund.replaced_by is None
            ],
        )
        for memo in memos
    ]


def memo_facts(
    session: Session, found: WholeMemo, *, shop_name: str, shop_email: str, time_zone: str
) -> MemoFacts:
    """What the document of a memo says."""
    memo, grant = found.memo, found.grant
    order = session.get_one(Order, memo.order_number, options=[joinedload(Order.customer)])
    row = session.get_one(Return, memo.rma)
    # Of a gift neither hears of the other: it names its recipient, or nobody.
    buyer = order.customer.name if order.customer else None
    customer = name_of(row) if row.kind == ReturnKind.GIFT else buyer
    lines = [MemoLine(words=line.explanation, amount=line.amount) for line in grant.lines]
    if grant.short:
        words = "No longer refundable to the order's payments"
        lines.append(MemoLine(words=words, amount=-grant.short))
    if grant.method == PayoutMethod.STORE_CREDIT:
        paid_by = [MemoLine(words="Given as store credit", amount=memo.amount)]
    else:
        paid_by = [
            MemoLine(words=_destination(refund), amount=refund.amount) for refund in found.refunds
        ]
    return MemoFacts(
        shop_name=shop_name,
        shop_email=shop_email,
        number=number_text(memo.number),
        issued_on=memo.issued_at.astimezone(ZoneInfo(time_zone)).date(),
        order=memo.order_number,
        rma=memo.rma,
        customer=customer,
        currency=memo.currency,
        lines=lines,
        total=memo.amount,
        tax=memo.tax,
        paid_by=paid_by,
    )


def _destination(refund: Refund) -> str:
    if refund.paid_by == PayoutMethod.STORE_CREDIT:
        return "Given as store credit"
    if refund.paid_by is not None:
        return "Paid in another way"
    return f"To the {refund.payment.kind.replace('_', ' ')} the order was paid with"
