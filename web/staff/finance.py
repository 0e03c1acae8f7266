"""Finance's pages: refunds by state, credit memos, the trial balance, the check of the books."""

from collections.abc import Iterator
from datetime import date

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from models.messages import RefundStatus
from models.rules.beancount import beancount_text
from models.rules.ledger_csv import entries_csv
from models.store.credit_memos import list_memos, number_text
from models.store.desk_finance import credit_owed, refunds_by_state, refunds_in
from models.store.ledger import (
    EVERYTHING,
    EntryFilter,
    read_as_of_now,
    stream_entries,
    trial_balance,
)
from models.store.ledger_periods import closed_until, list_accounts
from models.store.ledger_verify import verify
from models.store.reconciliations import list_runs
from models.store.store_credits import find
from web.access import Permission
from web.services import services
from web.staff.guard import requires

_MEMOS = 50


@requires(Permission.BOOKS)
def finance() -> ResponseReturnValue:
    """Refunds by state, store credit that is owed, and the trial balance of a period."""
    first, last = _day("since"), _day("until")
    asked = {"since": first, "until": last}
    with services().database.read() as database:
        runs, _ = list_runs(database, limit=1)
        return render_template(
            "staff/finance.html",
            sums=refunds_by_state(database),
            owed=credit_owed(database),
            balances=trial_balance(database, EntryFilter(first_day=first, last_day=last)),
            accounts={account.account: account for account in list_accounts(database)},
            closed=closed_until(database),
            newest=runs[0] if runs else None,
            period={name: day.isoformat() for name, day in asked.items() if day},
        )


def _day(name: str) -> date | None:
    """A day of the form; what isn't one counts as none."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


@requires(Permission.BOOKS)
def refunds(status: str) -> ResponseReturnValue:
    """The refunds in one state, oldest first."""
    if status not in set(RefundStatus):
        abort(404, "There is no such state of a refund.")
    with services().database.read() as database:
        found = refunds_in(database, RefundStatus(status))
        return render_template("staff/finance_refunds.html", found=found, status=status)


@requires(Permission.BOOKS)
def memos() -> ResponseReturnValue:
    """Credit memos, newest first."""
    before = request.args.get("before", "")
    with services().database.read() as database:
        found, older = list_memos(
            database,
            EVERYTHING,
            limit=_MEMOS,
            before=int(before) if before.isdecimal() and len(before) < 10 else None,
        )
        return render_template(
            "staff/finance_memos.html", found=found, older=older, number_text=number_text
        )


@requires(Permission.BOOKS)
def store_credit() -> ResponseReturnValue:
    """What is left on a code and how it came to that; asked for by a form, so that no code
    stands in an address.
    """
    code = request.form.get("code", "").strip()
    with services().database.read() as database:
        found = find(database, code) if code and "\0" not in code else None
        return render_template("staff/finance_credit.html", code=code, found=found)


@requires(Permission.BOOKS)
def check() -> ResponseReturnValue:
    """Recomputes the chain of the books, and says whether somebody changed a row."""
    with services().database.read() as database:
        return render_template("staff/finance_check.html", found=verify(database))


@requires(Permission.BOOKS)
def export(form: str) -> ResponseReturnValue:
    """The journal of a period as a file: csv or beancount."""
    writers = {"csv": (entries_csv, "text/csv"), "beancount": (beancount_text, "text/plain")}
    if form not in writers:
        abort(404, "The journal comes as csv or beancount.")
    write, kind = writers[form]
    wanted = EntryFilter(first_day=_day("since"), last_day=_day("until"))

    def lines() -> Iterator[str]:
        with services().database.read() as database:
            read_as_of_now(database)
            accounts = {account.account: account for account in list_accounts(database)}
            yield from write(stream_entries(database, wanted), accounts)

    # Read whole, so that a failure is a page and not half a file.
    answer = Response("".join(lines()), content_type=f"{kind}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="journal.{form}"'
    return answer
