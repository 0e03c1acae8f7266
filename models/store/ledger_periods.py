"""What the shop sets in its books: closed periods, and what it calls our accounts."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.rules.accounts import CHART, Account, default_account
from models.store.journal import lock_head
from models.tables import AccountCode, LedgerHead


class PeriodNotOver(Exception):
    """A period can only be closed once its last day is over; the message is for who asked."""


class PeriodClosed(Exception):
    """A closed period stays closed; the message is for who asked."""


def closed_until(session: Session) -> date | None:
    """The last day on which nothing more is booked; None: every period is open."""
    return session.scalar(select(LedgerHead.closed_until).where(LedgerHead.id == 1))


def close_period(session: Session, until: date, *, today: date) -> None:
    """Closes the books up to and including a day; what happens to it later counts after it.

    Closing what is closed already changes nothing.

    Args:
        session: a writing session.
        until: the last day of the period, of UTC.
        today: in UTC.

    Raises:
        PeriodNotOver: `until` is today or later.
        PeriodClosed: a later period is closed already.
    """
    if until >= today:
        raise PeriodNotOver(f"{until} is not over yet (UTC); close the books up to a day before.")
    head = lock_head(session)
    if head.closed_until is not None and until < head.closed_until:
        raise PeriodClosed(
            f"The books are closed until {head.closed_until}; a closed period stays closed."
        )
    head.closed_until = until


def list_accounts(session: Session) -> list[Account]:
    """Every account of the chart, as the shop calls it."""
    rows = {row.account: row for row in session.scalars(select(AccountCode))}
    return [
        Account(account=account, code=rows[account].code, name=rows[account].name)
        if account in rows
        else default_account(account)
        for account in CHART
    ]


def replace_accounts(session: Session, accounts: Sequence[Account]) -> None:
    """Sets what the shop calls our accounts; those left out get their defaults back.

    Args:
        session: a writing session.
        accounts: of the chart, each at most once.
    """
    unknown = [given.account for given in accounts if given.account not in CHART]
    if unknown:
        raise ValueError(f"not in the chart: {', '.join(unknown)}")
    lock_head(session)  # Two callers at once would both write the same rows.
    session.execute(delete(AccountCode))
    session.add_all(
        AccountCode(account=given.account, code=given.code, name=given.name)
        for given in accounts
        if given != default_account(given.account)
    )
    session.flush()
