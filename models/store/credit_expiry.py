"""The end of store credit: what is left on expired codes is written off."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.rules import accounts
from models.store.credit_rows import MovementKind, book, hold_orders, locked, move
from models.tables import CreditMovement, StoreCredit

# One transaction takes so many codes.
_MOST_AT_ONCE = 200


def expire_due(session: Session, now: datetime) -> int:
    """Writes off what is left on expired codes; how many codes that were.

    Takes a part of them at once: call it until it answers 0, each time in a new transaction.
    """
    due = (StoreCredit.expires_at <= now, StoreCredit.balance > 0)
    found = session.execute(
        select(StoreCredit.code, StoreCredit.order_number)
        .where(*due)
        .order_by(StoreCredit.code)
        .limit(_MOST_AT_ONCE)
    ).all()
    hold_orders(session, [order for _, order in found if order is not None])
    # All rows before the first entry: whoever holds a code may be waiting for the books.
    codes = StoreCredit.code.in_([code for code, _ in found])
    rows = session.scalars(locked(codes, *due).order_by(StoreCredit.code)).all()
    for row in rows:
        amount = row.balance
        reference = _expiry_reference(session, row, now)
        move(session, row, MovementKind.EXPIRY, -amount, reference, "system", now)
        book(
            session,
            row,
            MovementKind.EXPIRY,
            reference,
            now,
            amount,
            accounts.WRITE_OFF,
            "Store credit expired",
        )
    return len(rows)


def _expiry_reference(session: Session, row: StoreCredit, now: datetime) -> str:
    """The day; with a number when the code expires again, after a redeem was taken back."""
    before = session.scalar(
        select(func.count()).where(
            CreditMovement.code == row.code, CreditMovement.kind == MovementKind.EXPIRY
        )
    )
    day = now.astimezone(UTC).date().isoformat()
    return f"{day}/{before + 1}" if before else day
