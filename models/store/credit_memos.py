"""Credit memos: one numbered accounting document per granted refund."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.store.journal import lock_head
from models.tables import CreditMemo, GrantedRefund

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
