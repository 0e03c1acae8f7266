"""What goes out in exchanges, as the ERP is told of it and has acknowledged it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.messages import ExchangeStatus
from models.rules.accounts import EXCHANGE_SALES, TAX_PAYABLE
from models.rules.erp import DocumentKind
from models.rules.erp_exchanges import Difference, GoodsOut, SentItem, difference_line
from models.store.exchange_names import (
    PAID,
    PREFIX,
    entry_name,
    is_paid_name,
    paid_entry_name,
    rma_of,
)
from models.store.ledger_periods import list_accounts
from models.tables import (
    ErpDocument,
    ErpLink,
    Exchange,
    JournalEntry,
    OrderLine,
    Return,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unacknowledged:
    """A document of an exchange that the ERP should have."""

    reference: str
    kind: DocumentKind
    rma: str
    at: datetime


def kind_of(reference: str) -> DocumentKind | None:
    """What a reference stands for; None: for nothing of an exchange."""
    if not reference.startswith(PREFIX):
        return None
    return DocumentKind.DIFFERENCE if is_paid_name(reference) else DocumentKind.GOODS_OUT


def list_unacknowledged(
    session: Session, *, rmas: Collection[str] | None, until: datetime | None
) -> list[Unacknowledged]:
    """What an ERP that takes it should have and has not acknowledged; `rmas` None: of all."""
    since = session.scalar(select(ErpLink.exchanges_since).where(ErpLink.active))
    if since is None:
        return []
    told = select(ErpDocument.reference).where(ErpDocument.kind == DocumentKind.DIFFERENCE)
    sent = select(ErpDocument.rma).where(ErpDocument.kind == DocumentKind.GOODS_OUT)
    # One exchange at most goes out for a return.
    shipped = select(Exchange).where(
        Exchange.status == ExchangeStatus.SHIPPED,
        Exchange.shipped_at >= since,
        Exchange.rma.not_in(sent),
    )
    paid = select(JournalEntry).where(
        JournalEntry.source.like(f"{PREFIX}%{PAID}"),
        JournalEntry.recorded_at >= since,
        JournalEntry.source.not_in(told),
    )
    if rmas is not None:
        shipped = shipped.where(Exchange.rma.in_(rmas))
        paid = paid.where(JournalEntry.rma.in_(rmas))
    if until is not None:
        shipped = shipped.where(Exchange.shipped_at < until)
        paid = paid.where(JournalEntry.recorded_at < until)
    found = [
        Unacknowledged(
            reference=entry_name(each),
            kind=DocumentKind.GOODS_OUT,
            rma=each.rma,
            at=each.shipped_at,
        )
        for each in session.scalars(shipped)
        if each.shipped_at is not None
    ]
    return found + [
        Unacknowledged(
            reference=entry.source, kind=DocumentKind.DIFFERENCE, rma=entry.rma, at=entry.at
        )
        for entry in session.scalars(paid)
        if entry.rma is not None
    ]


def goods_out(session: Session, reference: str) -> GoodsOut:
    """What went out for a return.

    Raises:
        LookupError: nothing did.
    """
    row = session.get(Return, rma_of(reference))
    if row is None or row.exchange is None or row.exchange.status != ExchangeStatus.SHIPPED:
        raise LookupError(f"nothing went out as {reference}")
    items = []
    for line in row.exchange.lines:
        if line.order_line_id is None or not line.quantity:
            continue
        added = session.get_one(OrderLine, line.order_line_id)
        items.append(SentItem(sku=line.sku, quantity=line.quantity, unit_price=added.unit_price))
    return GoodsOut(
        reference=reference,
        order=row.order_number,
        rma=row.rma,
        currency=row.currency,
        items=tuple(items),
    )


def difference(session: Session, reference: str) -> Difference:
    """What a customer paid on top, as the books have it.

    Raises:
        LookupError: nothing was paid under this name.
    """
    entry = session.scalar(
        select(JournalEntry)
        .where(JournalEntry.source == reference)
        .options(selectinload(JournalEntry.lines))
    )
    if entry is None or entry.rma is None:
        raise LookupError(f"nothing was paid as {reference}")
    row = session.get_one(Return, entry.rma)
    booked = {line.account: line.credit - line.debit for line in entry.lines}
    codes = {given.account: given.code for given in list_accounts(session)}
    found = row.exchange
    # Only the present round still has its lines.
    rates = (
        {line.tax_rate for line in found.lines}
        if found is not None and paid_entry_name(found) == reference
        else set()
    )
    return Difference(
        reference=reference,
        order=row.order_number,
        rma=row.rma,
        currency=entry.currency,
        paid_on=entry.at.date(),
        line=difference_line(
            rma=row.rma,
            net=booked.get(EXCHANGE_SALES, 0),
            tax=booked.get(TAX_PAYABLE, 0),
            tax_rate=rates.pop() if len(rates) == 1 else "",
            code=codes[EXCHANGE_SALES],
        ),
        tax_code=codes[TAX_PAYABLE],
    )
