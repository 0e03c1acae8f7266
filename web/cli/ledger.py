"""`redress ledger`: the books checked, exported, added up and closed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.money import to_text
from models.rules.accounts import default_account
from models.rules.beancount import beancount_text
from models.rules.ledger_csv import entries_csv
from models.settings import load_settings
from models.store.ledger import read_as_of_now, stream_entries, trial_balance
from models.store.ledger_periods import (
    PeriodClosed,
    PeriodNotOver,
    close_period,
    list_accounts,
)
from models.store.ledger_verify import verify
from web.cli.opening import open_database
from web.cli.options import data_dir_option

_ROWS_SHOWN = 20
_WRITERS = {"csv": entries_csv, "beancount": beancount_text}


@click.group()
def ledger() -> None:
    """Look after the books."""


@ledger.command("verify")
@data_dir_option
@click.pass_context
def verify_command(ctx: click.Context, data_dir: Path) -> None:
    """Check that no entry was changed, removed or slipped in; if one was, the exit code is 1."""
    with open_database(load_settings(data_dir)) as database, database.read() as session:
        found = verify(session)
    if not found.bad:
        click.echo(f"{found.entries:,} entries are as they were written. Newest: {found.last_hash}")
        return
    for row in found.bad[:_ROWS_SHOWN]:
        click.echo(f"Entry {row.number}: {row.problem}")
    more = len(found.bad) - _ROWS_SHOWN
    if more > 0:
        click.echo(f"… and {more:,} more.")
    click.echo(f"The first bad entry is {found.bad[0].number}.", err=True)
    ctx.exit(1)


@ledger.command("export")
@click.option("--format", "form", required=True, type=click.Choice(list(_WRITERS)))
@click.option(
    "--output",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="The file to write; - writes to the terminal.",
)
@data_dir_option
def export_command(form: str, output: Path, data_dir: Path) -> None:
    """Write all entries to a file."""
    with open_database(load_settings(data_dir)) as database, database.read() as session:
        read_as_of_now(session)
        accounts = {given.account: given for given in list_accounts(session)}
        with _opened(output) as file:
            for piece in _WRITERS[form](stream_entries(session), accounts):
                file.write(piece)
    if str(output) != "-":
        click.echo(f"The books are in {output}.")


@contextmanager
def _opened(output: Path) -> Iterator[TextIO]:
    """The file to write; under its name it appears only when it is whole."""
    if str(output) == "-":
        yield sys.stdout
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(part, output)
    finally:
        part.unlink(missing_ok=True)


@ledger.command("trial-balance")
@data_dir_option
def trial_balance_command(data_dir: Path) -> None:
    """Show what every account comes to."""
    with open_database(load_settings(data_dir)) as database, database.read() as session:
        balances = trial_balance(session)
        accounts = {given.account: given for given in list_accounts(session)}
    table = Table("Code", "Account", "Currency")
    for heading in ("Debit", "Credit", "Balance"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in balances:
        named = accounts.get(row.account) or default_account(row.account)
        amounts = (to_text(sum_, row.currency) for sum_ in (row.debit, row.credit, row.balance))
        table.add_row(Text(named.code), Text(named.name), row.currency, *amounts)
    for currency in sorted({row.currency for row in balances}):
        same = [row for row in balances if row.currency == currency]
        sums = (
            sum(row.debit for row in same),
            sum(row.credit for row in same),
            sum(row.balance for row in same),
        )
        table.add_row("", "All", currency, *(to_text(sum_, currency) for sum_ in sums))
    Console().print(table)


@ledger.command("close")
@click.argument("until", type=click.DateTime(formats=["%Y-%m-%d"]))
@data_dir_option
def close_command(until: datetime, data_dir: Path) -> None:
    """Close the books up to and including the day UNTIL, like 2026-10-31."""
    with open_database(load_settings(data_dir)) as database:
        try:
            with database.write() as session:
                close_period(session, until.date(), today=datetime.now(UTC).date())
        except (PeriodNotOver, PeriodClosed) as refused:
            raise click.ClickException(str(refused)) from refused
    click.echo(f"The books are closed until {until.date()}.")
