"""Books to read: entries as the payouts write them, in several currencies."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.database import Database
from models.messages import Resolution, ReturnKind, ReturnStatus
from models.rules.accounts import (
    FEE_INCOME,
    REFUNDS_PAYABLE,
    SALES_RETURNS,
    TAX_PAYABLE,
    Posting,
    clearing_account,
)
from models.store.journal import post
from models.tables import Order, Return

FIRST_DAY = datetime(2026, 10, 1, 12, tzinfo=UTC)
# amount, tax, fee of each return, in minor units of its currency.
_GRANTS = (
    ("GBP", 12000, 2000, 0),
    ("JPY", 9800, 800, 300),
    ("KWD", 123456, 0, 456),
    ("GBP", 4725, 945, 0),
)


def book(
    session: Session,
    source: str,
    postings: dict[str, int],
    *,
    rma: str | None = None,
    order: str | None = None,
    at: datetime = FIRST_DAY,
    currency: str = "GBP",
    memo: str = "Test",
    reverses: str | None = None,
) -> None:
    """Posts an entry; debits above 0, credits below."""
    post(
        session,
        source=source,
        rma=rma,
        order=order,
        at=at,
        currency=currency,
        memo=memo,
        postings=[Posting(account=account, amount=amount) for account, amount in postings.items()],
        reverses=reverses,
    )


def fill(database: Database) -> list[str]:
    """Four returns granted and paid a day apart, the last refund sent back; gives their RMAs.

    Entries 1 to 8 are a grant and a refund each, 9 is the reversal of 8.
    """
    rmas = []
    with database.write() as session:
        for index, (currency, amount, tax, fee) in enumerate(_GRANTS):
            row = _add_return(session, f"R-{index}", f"100{index}", currency, amount)
            about = {"rma": row.rma, "order": row.order_number, "currency": currency}
            at = FIRST_DAY + timedelta(days=index)
            owed = {SALES_RETURNS: amount - tax, TAX_PAYABLE: tax, FEE_INCOME: -fee}
            owed[REFUNDS_PAYABLE] = fee - amount
            grant = f"{row.rma}/grant/1"
            book(session, f"grant/{grant}", owed, memo=f"Grant {grant}", at=at, **about)
            paid = {REFUNDS_PAYABLE: amount - fee, clearing_account("card"): fee - amount}
            source = f"refund/{row.rma}-1"
            book(session, source, paid, memo=f"Refund {row.rma}-1", at=at, **about)
            rmas.append(row.rma)
        back = {account: -amount for account, amount in paid.items()}
        at += timedelta(days=1)
        book(session, f"{source}/failed", back, reverses=source, at=at, **about)
    return rmas


def _add_return(session: Session, rma: str, number: str, currency: str, amount: int) -> Return:
    """The rows that entries point at."""
    order = Order(
        number=number,
        currency=currency,
        tax_mode="inclusive",
        placed_at=FIRST_DAY,
        discounts=[],
        shipping_amount=0,
        shipping_tax=0,
        shipping_standard_amount=0,
        paid=amount,
    )
    row = Return(
        rma=rma,
        order=order,
        order_number=number,
        kind=ReturnKind.RETURN,
        resolution=Resolution.REFUND,
        status=ReturnStatus.CLOSED,
        currency=currency,
        actor="customer",
        policy_version=1,
        quote_total=amount,
        deadlines={},
        judged_at=FIRST_DAY,
        created_at=FIRST_DAY,
        updated_at=FIRST_DAY,
    )
    session.add(row)
    session.flush()
    return row


def unguard(session: Session) -> None:
    """Takes the guards of the books off until this transaction ends, as a forger would."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    session.execute(text("PRAGMA defer_foreign_keys = ON"))
    for table in ("journal_entries", "journal_lines"):
        for change in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER {table}_refuses_{change}"))
