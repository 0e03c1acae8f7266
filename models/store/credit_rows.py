"""A code's row, locked; its movements and their entries; and why something can't be done."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from models.money import to_text
from models.rules import accounts
from models.rules.accounts import Posting
from models.rules.credit_codes import normalise_credit_code
from models.store import journal
from models.tables import CreditMovement, Order, StoreCredit

_LONGEST_SOURCE = 160


class CreditOrigin(StrEnum):
    """What a code was issued for."""

    RETURN = "return"
    GOODWILL = "goodwill"
    REFUND = "refund"
    GIFT_CARD = "gift_card"


class MovementKind(StrEnum):
    """Why a balance changed; `reversal` takes a redeem back."""

    ISSUE = "issue"
    BONUS = "bonus"
    REDEEM = "redeem"
    REVERSAL = "reversal"
    TOP_UP = "top_up"
    VOID = "void"
    EXPIRY = "expiry"


class CreditNotPossible(Exception):
    """What was asked of a code can't be done, and nothing changed.

    `code` is for programs: unknown_credit, exceeds_balance, expired, reference_used, reversed or
    not_redeemed; the message is for the person who asked.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def find(session: Session, code: str) -> StoreCredit | None:
    """The store credit of a code, as it is kept or as people type it."""
    # As it is kept comes first: a shop's gift card may look like a code of ours.
    return session.get(StoreCredit, code) or session.get(StoreCredit, normalise_credit_code(code))


def known(session: Session, code: str) -> StoreCredit:
    """The store credit of a code, not locked.

    Raises:
        CreditNotPossible: there is none.
    """
    found = find(session, code)
    if found is None:
        message = "There is no store credit with this code; check it for a slip."
        raise CreditNotPossible("unknown_credit", message)
    return found


def lock_with_order(session: Session, code: str) -> StoreCredit:
    """The store credit of a code, locked until the transaction ends, for an entry of its own.

    Raises:
        CreditNotPossible: there is none.
    """
    found = known(session, code)
    hold_orders(session, [] if found.order_number is None else [found.order_number])
    return session.scalars(locked(StoreCredit.code == found.code)).one()


def hold_orders(session: Session, numbers: Sequence[str]) -> None:
    """Keeps orders from being locked by others until the transaction ends.

    PostgreSQL does this by itself for an entry that names an order, but only after the head of
    the books is locked: too late, for whoever holds the order may be waiting for that.
    """
    if not numbers:
        return
    session.execute(
        select(Order.number)
        .where(Order.number.in_(numbers))
        .order_by(Order.number)
        .with_for_update(read=True, key_share=True)
    )


def locked(*which: ColumnElement[bool]) -> Select[StoreCredit]:
    """Selects store credit to lock it until the transaction ends, read afresh."""
    return (
        select(StoreCredit)
        .where(*which)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def find_movement(
    session: Session, row: StoreCredit, kind: MovementKind, reference: str
) -> CreditMovement | None:
    """The movement of a code that was made for this reference."""
    return session.scalar(
        select(CreditMovement).where(
            CreditMovement.code == row.code,
            CreditMovement.kind == kind,
            CreditMovement.reference == reference,
        )
    )


def move(
    session: Session,
    row: StoreCredit,
    kind: MovementKind,
    amount: int,
    reference: str,
    actor: str,
    at: datetime,
) -> CreditMovement:
    """Changes the balance of a locked code: above 0 onto it, below 0 off it."""
    made = CreditMovement(kind=kind, amount=amount, reference=reference, actor=actor, at=at)
    row.balance += amount
    row.movements.append(made)
    session.flush()
    return made


def check_same(row: StoreCredit, before: int, amount: int) -> None:
    """Refuses a reference that is used again for something else.

    Raises:
        CreditNotPossible: the amounts differ.
    """
    if before != amount:
        message = (
            f"This reference was used for {to_text(before, row.currency)} {row.currency} already; "
            f"{to_text(amount, row.currency)} needs a reference of its own."
        )
        raise CreditNotPossible("reference_used", message)


def book(
    session: Session,
    row: StoreCredit,
    kind: MovementKind,
    reference: str,
    at: datetime,
    amount: int,
    other: str,
    memo: str,
    reverses: str | None = None,
) -> None:
    """Books what leaves the code, above 0, against another account."""
    journal.post(
        session,
        source=source_of(row.code, kind, reference),
        rma=row.rma,
        order=row.order_number,
        at=at,
        currency=row.currency,
        memo=memo,
        postings=[
            Posting(account=accounts.STORE_CREDIT, amount=amount),
            Posting(account=other, amount=-amount),
        ],
        reverses=reverses,
    )


def source_of(code: str, kind: MovementKind, reference: str) -> str:
    """What the entry of a movement is called."""
    # A gift card's code may have any characters; quoted, no two movements have one source.
    text = f"credit/{quote(code, safe='')}/{kind}/{reference}"
    if len(text) <= _LONGEST_SOURCE:
        return text
    return f"credit/{kind}/{hashlib.sha256(text.encode()).hexdigest()}"
