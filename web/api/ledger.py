"""The books: entries, what they come to, their export, accounts and periods, and their check."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import structlog
from flask import Response, request
from sqlalchemy.orm import Session

from models.rules.accounts import Account, BookedEntry, account_type, default_account
from models.rules.beancount import beancount_text
from models.rules.ledger_csv import balances_csv, entries_csv
from models.store.ledger import (
    EntryFilter,
    list_entries,
    read_as_of_now,
    stream_entries,
    trial_balance,
)
from models.store.ledger_periods import (
    PeriodClosed,
    PeriodNotOver,
    close_period,
    closed_until,
    list_accounts,
    replace_accounts,
)
from models.store.ledger_verify import verify
from models.store.queries import Place
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.ledger import (
    AccountsSchema,
    BooksQuery,
    ClosingSchema,
    EntriesAsked,
    EntryPageSchema,
    EntryQuery,
    PeriodsSchema,
    TrialBalanceSchema,
    VerificationSchema,
)
from web.api.schemas.lists import write_cursor
from web.auth import current_actor, requires
from web.errors import FieldError, invalid
from web.idempotency import idempotent
from web.representation import represent_time
from web.requests import Conflict
from web.services import services

blueprint = ResourceBlueprint("ledger", "The books: a journal that only grows.")

_JSON, _CSV = "application/json", "text/csv"
_PIECES_AT_ONCE = 200
_BAD_ROWS_SHOWN = 100

_log = structlog.get_logger(__name__)


@blueprint.on("GET", "/ledger/entries")
@requires(Permission.BOOKS)
@blueprint.takes(EntryQuery, "query")
@blueprint.answers(200, EntryPageSchema, "As `Accept: text/csv` all that match, in one file.")
def read_entries(asked: EntriesAsked) -> Response:
    """List journal entries by number."""
    if _wants_csv():
        return _file("entries.csv", _CSV, _all_entries(entries_csv, asked.wanted))
    with services().database.read() as session:
        page = list_entries(session, asked.wanted, limit=asked.limit, after=asked.after)
        accounts = _accounts(session)
    place = None if page.next is None else Place(at=None, id=str(page.next))
    return respond(
        {
            "data": [_represent_entry(entry, accounts) for entry in page.entries],
            "next_cursor": write_cursor(place),
        }
    )


@blueprint.on("GET", "/ledger/trial-balance")
@requires(Permission.BOOKS)
@blueprint.takes(BooksQuery, "query")
@blueprint.answers(200, TrialBalanceSchema, "As `Accept: text/csv` a file.")
def read_trial_balance(wanted: EntryFilter) -> Response:
    """Read what every account comes to."""
    with services().database.read() as session:
        balances, accounts = trial_balance(session, wanted), _accounts(session)
    if _wants_csv():
        return _file("trial-balance.csv", _CSV, balances_csv(balances, accounts))
    totals: dict[str, dict[str, Any]] = {}
    for row in balances:
        empty = {"currency": row.currency, "debit": 0, "credit": 0}
        total = totals.setdefault(row.currency, empty)
        total["debit"] += row.debit
        total["credit"] += row.credit
    data = [
        {**asdict(_named(row.account, accounts)), **asdict(row), "balance": row.balance}
        for row in balances
    ]
    return respond({"data": data, "totals": [totals[currency] for currency in sorted(totals)]})


@blueprint.on("GET", "/ledger/export.beancount")
@requires(Permission.BOOKS)
@blueprint.takes(BooksQuery, "query")
@blueprint.answers(200, description="A beancount file", content_type="text/plain")
def export_beancount(wanted: EntryFilter) -> Response:
    """Export the books as text for beancount."""
    return _file("redress.beancount", "text/plain", _all_entries(beancount_text, wanted))


@blueprint.on("GET", "/ledger/accounts")
@requires(Permission.BOOKS)
@blueprint.answers(200, AccountsSchema)
def read_accounts() -> Response:
    """Read what the shop calls our accounts."""
    return respond(_represent_accounts())


@blueprint.on("PUT", "/ledger/accounts")
@requires(Permission.BOOKS)
@blueprint.takes(AccountsSchema)
@blueprint.answers(200, AccountsSchema)
def put_accounts(accounts: list[Account]) -> Response:
    """Set what the shop calls our accounts; what is left out gets its default.

    What GET gives may be PUT back. Entries keep our names; only exports show these.
    """
    with services().database.write() as session:
        replace_accounts(session, accounts)
    return respond(_represent_accounts())


@blueprint.on("GET", "/ledger/periods")
@requires(Permission.BOOKS)
@blueprint.answers(200, PeriodsSchema)
def read_periods() -> Response:
    """Read until when the books are closed."""
    with services().database.read() as session:
        until = closed_until(session)
    return respond({"closed_until": None if until is None else until.isoformat()})


@blueprint.on("POST", "/ledger/periods")
@requires(Permission.BOOKS)
@idempotent()
@blueprint.takes(ClosingSchema)
@blueprint.answers(200, PeriodsSchema)
def close(until: date) -> Response:
    """Close the books up to and including a day that is over.

    What happens to a closed period later is booked on the first day after it.
    """
    try:
        with services().database.write() as session:
            close_period(session, until, today=datetime.now(UTC).date())
    except PeriodNotOver as refused:
        error = FieldError(pointer="/closed_until", code="not_over", message=str(refused))
        raise invalid([error]) from refused
    except PeriodClosed as closed:
        raise Conflict(str(closed), code="period_closed") from closed
    _log.info("period_closed", until=until.isoformat(), actor=current_actor().id)
    return respond({"closed_until": until.isoformat()})


@blueprint.on("GET", "/ledger/verify")
@requires(Permission.BOOKS)
@blueprint.answers(200, VerificationSchema)
def check() -> Response:
    """Check that no entry was changed, removed or slipped in."""
    with services().database.read() as session:
        found = verify(session)
    return respond(
        {
            "ok": not found.bad,
            "entries": found.entries,
            "last_hash": found.last_hash,
            "bad_rows": len(found.bad),
            "bad": [asdict(row) for row in found.bad[:_BAD_ROWS_SHOWN]],
        }
    )


def _wants_csv() -> bool:
    return request.accept_mimetypes.best_match([_JSON, _CSV]) == _CSV


def _all_entries(
    write: Callable[[Iterator[BookedEntry], Mapping[str, Account]], Iterator[str]],
    wanted: EntryFilter,
) -> Iterator[str]:
    """A file of all entries that match, written while they are read."""
    database = services().database

    def pieces() -> Iterator[str]:
        with database.read() as session:
            read_as_of_now(session)
            accounts = _accounts(session)
            yield from write(stream_entries(session, wanted), accounts)

    return pieces()


def _file(name: str, content_type: str, pieces: Iterator[str]) -> Response:
    """A file that is sent while it is written, some pieces at once."""

    def blocks() -> Iterator[str]:
        while block := "".join(islice(pieces, _PIECES_AT_ONCE)):
            yield block

    response = Response(blocks(), content_type=f"{content_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _accounts(session: Session) -> dict[str, Account]:
    return {given.account: given for given in list_accounts(session)}


def _named(account: str, accounts: Mapping[str, Account]) -> Account:
    return accounts.get(account) or default_account(account)


def _represent_accounts() -> dict[str, Any]:
    with services().database.read() as session:
        accounts = list_accounts(session)
    return {"data": [{**asdict(given), "type": account_type(given.account)} for given in accounts]}


def _represent_entry(entry: BookedEntry, accounts: Mapping[str, Account]) -> dict[str, Any]:
    return {
        "number": entry.number,
        "source": entry.source,
        "return": entry.rma,
        "order": entry.order,
        "at": represent_time(entry.at),
        "recorded_at": represent_time(entry.recorded_at),
        "currency": entry.currency,
        "memo": entry.memo,
        "reverses": entry.reverses,
        "hash": entry.hash,
        "previous_hash": entry.previous_hash,
        "lines": [
            {
                "account": account,
                "code": _named(account, accounts).code,
                "debit": debit,
                "credit": credit,
            }
            for account, debit, credit in entry.lines
        ],
    }
