"""What a reconciliation reads of our credit memos to compare them with the ERP."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import TaskKind
from models.rules.reconciliation_erp import OurMemo
from models.store.credit_memos import number_text, parse_number
from models.store.erp import DocumentState
from models.tables import CreditMemo, ErpDocument, Task


def our_memos(
    session: Session, since: datetime, named: Collection[str], *, late_before: datetime
) -> list[OurMemo]:
    """Memos issued since a moment, and those that the ERP names.

    `late_before`: what is older should be there by now.
    """
    numbers = [number for name in named if (number := parse_number(name)) is not None]
    found: dict[int, tuple[CreditMemo, ErpDocument | None]] = {}
    query = select(CreditMemo, ErpDocument).outerjoin(
        ErpDocument, ErpDocument.memo == CreditMemo.number
    )
    for memo, document in session.execute(query.where(CreditMemo.issued_at >= since)):
        found[memo.number] = memo, document
    rest = [number for number in numbers if number not in found]
    for start in range(0, len(rest), 400):
        some = rest[start : start + 400]
        for memo, document in session.execute(query.where(CreditMemo.number.in_(some))):
            found[memo.number] = memo, document
    asked = set(
        session.scalars(
            select(Task.reference).where(Task.kind == TaskKind.ERP_FAILED, Task.status != "done")
        )
    )
    return [
        OurMemo(
            reference=number_text(memo.number),
            rma=memo.rma,
            order=memo.order_number,
            amount=memo.amount,
            currency=memo.currency,
            acknowledged=document is not None,
            by_hand=document is not None and document.state == DocumentState.BY_HAND,
            late=memo.issued_at < late_before,
            asked=number_text(memo.number) in asked,
        )
        for _, (memo, document) in sorted(found.items())
    ]
