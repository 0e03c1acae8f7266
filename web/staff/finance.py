"""Finance's pages: refunds by state, credit memos, the trial balance, the check of the books."""

from collections.abc import Iterator

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from models.messages import RefundStatus
from models.rules.beancount import beancount_text
from models.rules.ledger_csv import entries_csv
from models.store.credit_memos import list_memos, number_text
from models.store.desk_finance import credit_owed, refunds_by_state, refunds_in
from models.store.ledger import EVERYTHING, read_as_of_now, stream_entries, trial_balance
from models.store.ledger_periods import closed_until, list_accounts
from models.store.ledger_verify import verify
from web.access import Permission
from web.services import services
from web.staff.guard import requires

_MEMOS = 50


@requires(Permission.BOOKS)
def finance() -> ResponseReturnValue:
    """Refunds by state, store credit that is owed, and the trial balance."""
    with services().database.read() as database:
        return render_template(
            "staff/finance.html",
            sums=refunds_by_state(database),
            owed=credit_owed(database),
            balances=trial_balance(database),
            accounts={account.account: account for account in list_accounts(database)},
            closed=closed_until(database),
        )


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
def check() -> ResponseReturnValue:
    """Recomputes the chain of the books, and says whether somebody changed a row."""
    with services().database.read() as database:
        return render_template("staff/finance_check.html", found=verify(database))


@requires(Permission.BOOKS)
def export(form: str) -> ResponseReturnValue:
    """The whole journal as a file: csv or beancount."""
    writers = {"csv": (entries_csv, "text/csv"), "beancount": (beancount_text, "text/plain")}
    if form not in writers:
        abort(404, "The journal comes as csv or beancount.")
    write, kind = writers[form]

    def lines() -> Iterator[str]:
        with services().database.read() as database:
            read_as_of_now(database)
            accounts = {account.account: account for account in list_accounts(database)}
            yield from write(stream_entries(database), accounts)

    # Read whole, so that a failure is a page and not half a file.
    answer = Response("".join(lines()), content_type=f"{kind}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="journal.{form}"'
    return answer
