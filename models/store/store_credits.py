"""Store credit in the database: issued, spent and given back, with its entries.

A code's row is locked before its balance changes, after the order's and before the head of the
books; a constraint keeps the balance from falling below 0 even if a caller forgot the lock.

Our books open with what we issue. A gift card was sold by the shop, whose own books hold what is
owed for it: what is spent of it is booked here, but not what it was sold for.
"""

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.money import to_text
from models.rules import accounts
from models.rules.accounts import Posting
from models.rules.credit_codes import CODE_BITS, make_credit_code
from models.store import journal
from models.store.credit_rows import CreditNotPossible as CreditNotPossible
from models.store.credit_rows import (
    CreditOrigin,
    MovementKind,
    book,
    check_same,
    find_movement,
    hold_orders,
    known,
    lock_with_order,
    locked,
    move,
    source_of,
)
from models.store.credit_rows import find as find
from models.store.dialects import insert_or_ignore
from models.store.policies import current_policy
from models.store.sandbox import is_sandbox_credit
from models.tables import CreditMovement, Order, StoreCredit

_SPENT = accounts.clearing_account("store_credit")


def issue(
    session: Session,
    *,
    source: str,
    origin: str,
    amount: int,
    bonus: int,
    currency: str,
    rma: str | None,
    order: str | None,
    at: datetime,
    expires_at: datetime | None,
    actor: str,
    against: str = accounts.REFUNDS_PAYABLE,
) -> StoreCredit:
    """Puts an amount on a new code and books it as `credit/<source>`.

    Args:
        session: a writing session.
        source: what it is issued for, unique: asking again answers the same code.
        origin: a `CreditOrigin`.
        amount: what was owed to the customer, in minor units.
        bonus: given on top.
        currency: ISO 4217.
        rma: the return it belongs to.
        order: the number of the order it belongs to.
        at: when it is issued.
        expires_at: from when on it can't be spent; None: never.
        actor: who issues it.
        against: the account the amount comes from.
    """
    values = {
        "origin": origin,
        "currency": currency,
        "amount": amount + bonus,
        "balance": 0,
        "rma": rma,
        "order_number": order,
        "source": source,
        "expires_at": expires_at,
        "created_at": at,
    }
    while True:
        code = make_credit_code(secrets.randbits(CODE_BITS))
        session.execute(insert_or_ignore(session, StoreCredit), [{**values, "code": code}])
        row = session.scalar(locked(StoreCredit.source == source))
        # None: the code was taken, by a shop's gift card say.
        if row is not None:
            break
    if row.code != code:
        return row
    if amount:
        move(session, row, MovementKind.ISSUE, amount, source, actor, at)
    if bonus:
        move(session, row, MovementKind.BONUS, bonus, source, actor, at)
    journal.post(
        session,
        source=f"credit/{source}",
        rma=rma,
        order=order,
        at=at,
        currency=currency,
        memo="Store credit issued",
        postings=[
            Posting(account=against, amount=amount),
            Posting(account=accounts.STORE_CREDIT_BONUS, amount=bonus),
            Posting(account=accounts.STORE_CREDIT, amount=-amount - bonus),
        ],
    )
    return row


def register_gift_card(
    session: Session,
    *,
    code: str,
    amount: int,
    currency: str,
    order: str,
    at: datetime,
    actor: str,
) -> StoreCredit:
    """Takes note of a gift card that a line of an order sold; its sale is the shop's to book.

    Doing it again changes nothing. A code that exists already stays as it is, whatever it was
    issued for: look at its `origin` and `order_number` before anything is taken off it.
    """
    values = {
        "code": code,
        "origin": CreditOrigin.GIFT_CARD,
        "currency": currency,
        "amount": amount,
        "balance": 0,
        "order_number": order,
        "source": f"gift_card/{code}",
        "created_at": at,
    }
    session.execute(insert_or_ignore(session, StoreCredit), [values])
    row = session.scalars(locked(StoreCredit.code == code)).one()
    is_new = row.source == values["source"] and not row.movements
    if is_new and amount:
        move(session, row, MovementKind.ISSUE, amount, row.source, actor, at)
    return row


def redeem(
    session: Session, code: str, *, amount: int, reference: str, actor: str, at: datetime
) -> StoreCredit:
    """Spends an amount of a code, once per reference.

    The same reference and amount again changes nothing, even after the code expired.

    Raises:
        CreditNotPossible: the code is unknown or expired, less is left, or the reference was
            used for another amount or was taken back.
    """
    row = lock_with_order(session, code)
    done = find_movement(session, row, MovementKind.REDEEM, reference)
    if done is not None:
        check_same(row, -done.amount, amount)
        if find_movement(session, row, MovementKind.REVERSAL, reference) is not None:
            message = "This reference was redeemed and taken back; use a new one."
            raise CreditNotPossible("reversed", message)
        return row
    if is_sandbox_credit(session, row):
        message = "This credit came from an order of a sandbox key, so it buys nothing."
        raise CreditNotPossible("sandbox_credit", message)
    if row.expires_at is not None and row.expires_at <= at:
        message = f"This credit expired on {row.expires_at:%Y-%m-%d}; nothing can be spent of it."
        raise CreditNotPossible("expired", message)
    if amount > row.balance:
        left, asked = to_text(row.balance, row.currency), to_text(amount, row.currency)
        message = f"{left} {row.currency} is left on this credit, not {asked}."
        raise CreditNotPossible("exceeds_balance", message)
    move(session, row, MovementKind.REDEEM, -amount, reference, actor, at)
    book(session, row, MovementKind.REDEEM, reference, at, amount, _SPENT, "Store credit redeemed")
    return row


def reverse_redeem(
    session: Session, code: str, *, reference: str, actor: str, at: datetime
) -> StoreCredit:
    """Takes a redeem back, whole; doing it again changes nothing.

    The money goes back on the code even when that has expired meanwhile, so that the redeem is
    undone in the books. The code stays expired: nobody can spend it, and the next expiry writes
    it off. A shop that wants to give it anyway gives goodwill.

    Raises:
        CreditNotPossible: the code is unknown, or nothing was redeemed with this reference.
    """
    row = lock_with_order(session, code)
    done = find_movement(session, row, MovementKind.REDEEM, reference)
    if done is None:
        message = "Nothing was redeemed of this credit with this reference."
        raise CreditNotPossible("not_redeemed", message)
    if find_movement(session, row, MovementKind.REVERSAL, reference) is None:
        move(session, row, MovementKind.REVERSAL, -done.amount, reference, actor, at)
        book(
            session,
            row,
            MovementKind.REVERSAL,
            reference,
            at,
            done.amount,
            _SPENT,
            "Redeemed store credit given back",
            reverses=source_of(row.code, MovementKind.REDEEM, reference),
        )
    return row


def top_up(
    session: Session,
    code: str,
    *,
    amount: int,
    reference: str,
    rma: str | None,
    order: str | None,
    at: datetime,
    actor: str,
) -> StoreCredit | None:
    """Puts a refund to a store_credit tender back on its code (money rule 6), once per reference.

    When the code has expired, a new one is issued that lasts as long as the policy says.

    Returns:
        The credit that has the money now; None when the code isn't ours, or is in another
        currency than the order, so that the refund is the provider's to make.

    Raises:
        CreditNotPossible: the reference was used for another amount.
    """
    found = find(session, code)
    if found is None or (order and session.get_one(Order, order).currency != found.currency):
        return None
    hold_orders(session, [order] if order else [])
    row = session.scalars(locked(StoreCredit.code == found.code)).one()
    source = f"top_up/{reference}"
    done = find_movement(session, row, MovementKind.TOP_UP, reference)
    if done is not None:
        check_same(row, done.amount, amount)
        return row
    instead = session.scalar(select(StoreCredit).where(StoreCredit.source == source))
    if instead is None and not _has_expired(session, row, at):
        row.amount += amount
        move(session, row, MovementKind.TOP_UP, amount, reference, actor, at)
        journal.post(
            session,
            source=source_of(row.code, MovementKind.TOP_UP, reference),
            rma=rma,
            order=order,
            at=at,
            currency=row.currency,
            memo="Refund to store credit",
            postings=[
                # The refund's own entry has moved it here from what is payable.
                Posting(account=_SPENT, amount=amount),
                Posting(account=accounts.STORE_CREDIT, amount=-amount),
            ],
        )
        return row
    made = issue(
        session,
        source=source,
        origin=CreditOrigin.REFUND,
        amount=amount,
        bonus=0,
        currency=row.currency,
        rma=rma,
        order=order,
        at=at,
        expires_at=current_policy(session).credit_expires(at),
        actor=actor,
        against=_SPENT,
    )
    issued = find_movement(session, made, MovementKind.ISSUE, source)
    check_same(made, 0 if issued is None else issued.amount, amount)
    return made


def void(
    session: Session, code: str, *, amount: int, reference: str, actor: str, at: datetime
) -> int:
    """Takes an amount off a gift card whose order is refunded, at most what is left on it.

    The entry is the caller's, written after this: the head of the books is the last lock.

    Returns:
        What was taken; with the same reference again, what was taken then.

    Raises:
        CreditNotPossible: the code is unknown.
    """
    row = session.scalars(locked(StoreCredit.code == known(session, code).code)).one()
    done = find_movement(session, row, MovementKind.VOID, reference)
    if done is None:
        taken = min(amount, row.balance)
        # Even of 0: asking again must not take what came back on the card meanwhile.
        done = move(session, row, MovementKind.VOID, -taken, reference, actor, at)
    return -done.amount


def _has_expired(session: Session, row: StoreCredit, at: datetime) -> bool:
    # The refund may have been decided before the code expired, and be carried out only now.
    expired = select(CreditMovement.id).where(
        CreditMovement.code == row.code, CreditMovement.kind == MovementKind.EXPIRY
    )
    if row.expires_at is not None and row.expires_at <= at:
        return True
    return session.scalar(expired.limit(1)) is not None
