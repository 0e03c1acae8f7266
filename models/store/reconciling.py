"""What a reconciliation reads of refunds and books, and how it takes a refund in."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from models.messages import PayoutMethod, RefundStatus
from models.money import to_text
from models.rules.accounts import GOODWILL, REFUNDS_PAYABLE, STORE_CREDIT, Posting
from models.rules.quote_lines import QuoteKind
from models.rules.reconciliation import (
    Booked,
    DifferenceKind,
    Found,
    KnownPayment,
    OurRefund,
    TheirRefund,
)
from models.store import credit_memos, journal, refunds
from models.store.credit_rows import CreditOrigin, MovementKind
from models.store.pricing import left_to_refund
from models.store.returns import lock_order
from models.tables import (
    CreditMovement,
    GrantedRefund,
    GrantLine,
    JournalEntry,
    JournalLine,
    Payment,
    Refund,
    StoreCredit,
)

Item = TypeVar("Item")

_AT_ONCE = 400
_TOP_UP = "top_up/%"
_OPEN = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
_WITH_PAYMENT = select(Refund, Payment).join(Payment, Payment.id == Refund.payment_id)


def our_refunds(
    session: Session, provider: str, since: datetime, theirs: Sequence[TheirRefund]
) -> list[OurRefund]:
    """Our refunds at a provider that a comparison has to look at.

    Those made since a moment, those still open however old they are, and those that the provider
    lists or that a person paid by hand for an order of a payment it lists.
    """
    at_provider = _WITH_PAYMENT.where(
        Payment.provider == provider,
        # What went back on store credit has passed no provider.
        or_(Refund.provider_reference.is_(None), Refund.provider_reference.not_like(_TOP_UP)),
    )
    recent = or_(
        Refund.first_attempt_at >= since, Refund.created_at >= since, Refund.status.in_(_OPEN)
    )
    found = _read(session, at_provider, recent)
    for some in _parts({their.reference for their in theirs}):
        found |= _read(session, at_provider, Refund.provider_reference.in_(some))
    for some in _parts({their.refund_id for their in theirs if their.refund_id}):
        found |= _read(session, at_provider, Refund.id.in_(some))
    for some in _parts(_names(theirs)):
        by_hand = Refund.paid_reference.is_not(None), Payment.reference.in_(some)
        found |= _read(session, at_provider, *by_hand)
    return [found[name] for name in sorted(found)]


def moved_refunds(session: Session, since: datetime) -> list[OurRefund]:
    """Every refund, at whatever payment, that something happened to since a moment."""
    found = _read(session, _WITH_PAYMENT, Refund.updated_at >= since)
    return [found[name] for name in sorted(found)]


def _read(
    session: Session,
    query: Select[Refund, Payment],
    *which: ColumnElement[bool],
) -> dict[str, OurRefund]:
    return {
        row.id: OurRefund(
            id=row.id,
            rma=row.rma,
            order=row.order_number,
            workflow=row.workflow,
            provider=payment.provider,
            payment=payment.reference,
            amount=row.amount,
            currency=row.currency,
            status=RefundStatus(row.status),
            provider_reference=row.provider_reference,
            paid_by=row.paid_by,
            paid_reference=row.paid_reference,
            replaced=row.replaced_by is not None,
        )
        for row, payment in session.execute(query.where(*which))
    }


def known_payments(
    session: Session, provider: str, theirs: Sequence[TheirRefund]
) -> dict[str, KnownPayment]:
    """The payments of our orders that a provider's refunds were made at, by reference."""
    found = {}
    for some in _parts(_names(theirs)):
        rows = session.scalars(
            select(Payment)
            .where(Payment.provider == provider, Payment.reference.in_(some))
            .order_by(Payment.id)
        )
        for row in rows:
            found[row.reference] = KnownPayment(
                id=row.id,
                order=row.order_number,
                currency=row.currency,
                left=row.amount - row.reserved,
                before=row.refunded_before,
            )
    return found


def _names(theirs: Iterable[TheirRefund]) -> set[str]:
    return {name for their in theirs for name in (their.payment, their.charge) if name}


def booked_refunds(session: Session, ids: Iterable[str]) -> dict[str, Booked]:
    """What the journal has for refunds, by id: what was paid less what came back."""
    sums: dict[str, int] = defaultdict(int)
    currencies: dict[str, str] = {}
    for some in _parts(ids):
        sources = {
            source: name
            for name in some
            for source in (
                f"refund/{name}",
                f"refund/{name}/failed",
                f"refund/{name}/by_hand",
                f"credit/refund/{name}",
            )
        }
        rows = session.execute(
            select(
                JournalEntry.source,
                JournalEntry.currency,
                func.sum(JournalLine.debit - JournalLine.credit),
            )
            .join(JournalLine, JournalLine.entry_id == JournalEntry.id)
            .where(JournalEntry.source.in_(sources), JournalLine.account == REFUNDS_PAYABLE)
            .group_by(JournalEntry.source, JournalEntry.currency)
        )
        for source, currency, amount in rows:
            sums[sources[source]] += int(amount)
            currencies[sources[source]] = currency
    return {name: Booked(amount=sums[name], currency=currencies[name]) for name in sums}


def entries_without_refund(session: Session, since: datetime) -> Iterator[Found]:
    """Entries that say they book a refund which isn't there."""
    rows = session.execute(
        select(JournalEntry.source, JournalEntry.id, JournalEntry.currency, JournalEntry.rma)
        .where(JournalEntry.recorded_at >= since, JournalEntry.source.like("refund/%"))
        .order_by(JournalEntry.id)
    )
    for some in iter(lambda: list(islice(rows, _AT_ONCE)), []):
        names = {row.source.split("/")[1] for row in some}
        known = set(session.scalars(select(Refund.id).where(Refund.id.in_(names))))
        for row in some:
            if row.source.split("/")[1] in known:
                continue
            amount = session.scalar(
                select(func.sum(JournalLine.debit)).where(JournalLine.entry_id == row.id)
            )
            yield Found(
                kind=DifferenceKind.NOT_A_REFUND,
                amount=int(amount or 0),
                currency=row.currency,
                explanation=f"Entry {row.id} books {row.source}, and there is no such refund.",
                rma=row.rma,
            )


def store_credit_differences(session: Session) -> Iterator[Found]:
    """Currencies in which the codes hold another amount than the books owe.

    The sale of a gift card is the shop's to book, so its first value stands in no entry of ours.
    """
    owed = {
        currency: -int(balance)
        for currency, balance in session.execute(
            select(JournalEntry.currency, func.sum(JournalLine.debit - JournalLine.credit))
            .join(JournalLine, JournalLine.entry_id == JournalEntry.id)
            .where(JournalLine.account == STORE_CREDIT)
            .group_by(JournalEntry.currency)
        )
    }
    held = {
        currency: int(balance)
        for currency, balance in session.execute(
            select(StoreCredit.currency, func.sum(CreditMovement.amount))
            .join(CreditMovement, CreditMovement.code == StoreCredit.code)
            .where(
                or_(
                    StoreCredit.origin != CreditOrigin.GIFT_CARD,
                    CreditMovement.kind != MovementKind.ISSUE,
                )
            )
            .group_by(StoreCredit.currency)
        )
    }
    for currency in sorted({*owed, *held}):
        books, codes = owed.get(currency, 0), held.get(currency, 0)
        if books != codes:
            yield Found(
                kind=DifferenceKind.STORE_CREDIT_DIFFERS,
                amount=abs(books - codes),
                currency=currency,
                explanation=(
                    f"The books owe {to_text(books, currency)} {currency} of store credit, the "
                    f"codes come to {to_text(codes, currency)}."
                ),
            )


def adopt(session: Session, their: TheirRefund, payment_id: int, at: datetime) -> bool:
    """Takes a refund that was made by hand at the provider into refunds and books; once.

    It counts like goodwill: against the order and its payment, not against a line.

    Returns:
        Whether it stands now; False: the order or the payment has no room for it.
    """
    payment = session.get_one(Payment, payment_id)
    order = lock_order(session, payment.order_number)
    session.refresh(payment)
    known = session.scalar(
        select(Refund.id).where(
            Refund.provider_reference == their.reference, Refund.payment_id == payment_id
        )
    )
    if known is not None:
        return True
    room = payment.amount - payment.reserved
    if order is None or min(room, left_to_refund(order)) < their.amount:
        return False
    made = GrantedRefund(
        id=f"adopted/{their.reference}"[:80],
        kind="adopted",
        method=PayoutMethod.REFUND,
        rma=None,
        order_number=order.number,
        amount=their.amount,
        tax=0,
        short=0,
        bonus=0,
        currency=their.currency,
        accepted=[],
        actor="redress",
        created_at=at,
    )
    session.add(made)
    session.flush()
    session.add(
        GrantLine(
            granted_refund_id=made.id,
            position=1,
            kind=QuoteKind.GOODWILL,
            line=None,
            amount=their.amount,
            tax=0,
            explanation=f"Refund {their.reference}, made at the payment provider",
        )
    )
    refund = Refund(
        id=f"adopted-{their.reference}"[:60],
        granted_refund_id=made.id,
        rma=None,
        order_number=order.number,
        payment_id=payment.id,
        payment=payment,
        amount=their.amount,
        currency=their.currency,
        status=RefundStatus.PENDING,
        idempotency_key=f"adopted/{their.reference}"[:80],
        workflow=None,
        provider_reference=their.reference,
        created_at=at,
        updated_at=at,
    )
    session.add(refund)
    order.reserved += their.amount
    payment.reserved += their.amount
    session.flush()
    journal.post(
        session,
        source=f"grant/{made.id}",
        rma=None,
        order=order.number,
        at=at,
        currency=made.currency,
        memo=f"Made at the provider: {their.reference}"[:200],
        postings=[
            Posting(account=GOODWILL, amount=made.amount),
            Posting(account=REFUNDS_PAYABLE, amount=-made.amount),
        ],
    )
    refunds.settle(session, refund.id, status=their.status, at=at, failure=their.failure)
    credit_memos.issue(session, made, at)
    return True


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Some at once: a database takes only so many values in one query."""
    rest = iter(items)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
