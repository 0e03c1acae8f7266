"""The books: balanced entries, written once per thing that moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import JournalEntry, JournalLine

SALES_RETURNS = "sales_returns"
TAX_PAYABLE = "tax_payable"
PAID_BY_HAND = "clearing:by_hand"


def clearing_account(payment_kind: str) -> str:
    """The account a payment kind's money passes through."""
    return f"clearing:{payment_kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """An amount on an account, in minor units: above 0 is a debit, below 0 a credit."""

    account: str
    amount: int


def post(
    session: Session,
    *,
    source: str,
    rma: str,
    at: datetime,
    currency: str,
    memo: str,
    postings: Sequence[Posting],
) -> None:
    """Writes an entry; one with the same `source` stands already when it was written before.

    Raises:
        ValueError: the postings don't balance.
    """
    if sum(posting.amount for posting in postings):
        raise ValueError(f"unbalanced entry for {source}")
    if session.scalar(select(JournalEntry.id).where(JournalEntry.source == source)) is not None:
        return
    session.add(
        JournalEntry(
            source=source,
            rma=rma,
            at=at,
            currency=currency,
            memo=memo,
            lines=[
                JournalLine(
                    position=position,
                    account=posting.account,
                    debit=max(posting.amount, 0),
                    credit=max(-posting.amount, 0),
                )
                for position, posting in enumerate(
                    [posting for posting in postings if posting.amount], start=1
                )
            ],
        )
    )
