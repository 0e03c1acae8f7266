"""`redress reconcile`: compares refunds, books and the providers' lists now."""

import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.database import Database
from models.money import to_text
from models.settings import load_settings
from models.store.reconciliations import RUNNING, RunSums, differences_of, load_run, sums_of
from web.access import Actor, Permission
from web.cli.opening import open_gateway
from web.cli.options import data_dir_option

_ROWS_SHOWN = 50
_LOOK_AGAIN = 0.3
_ACTOR = Actor(id="cli", name="Command line", permissions=frozenset({Permission.BOOKS}))


@click.command()
@data_dir_option
@click.pass_context
def reconcile(ctx: click.Context, data_dir: Path) -> None:
    """Compare refunds, books and the payment providers' lists, and repair what is safe.

    `redress up` (or a worker) must be running; one comparison runs each night by itself. When
    differences are left for a person, the exit code is 1.
    """
    console = Console()
    with open_gateway(load_settings(data_dir)) as opened:
        run = opened.gateway.reconcile(_ACTOR)
        with console.status("Comparing; a worker has to be running"):
            found = _wait(opened.database, run)
        if found.run.problem is not None:
            raise click.ClickException(found.run.problem)
        counts = found.run.counts
        console.print(
            f"{counts['refunds']:,} refunds, {counts['provider_refunds']:,} at the providers and "
            f"{counts['entries']:,} journal entries compared: {found.open + found.repaired:,} "
            f"differences, {found.repaired:,} of them repaired.",
            highlight=False,
        )
        _print_differences(console, opened.database, run)
    if found.open:
        ctx.exit(1)


def _wait(database: Database, run: str) -> RunSums:
    while True:
        with database.read() as session:
            row = load_run(session, run)
            if row is not None and row.status != RUNNING:
                return sums_of(session, row)
        time.sleep(_LOOK_AGAIN)


def _print_differences(console: Console, database: Database, run: str) -> None:
    with database.read() as session:
        found = differences_of(session, run, limit=_ROWS_SHOWN)
    if not found:
        return
    table = Table()
    for heading in ("Kind", "State"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Amount", justify="right", no_wrap=True)
    for heading in ("Order", "Refund", "What it is"):
        table.add_column(heading, overflow="fold")
    for row in found:
        amount = f"{to_text(row.amount, row.currency)} {row.currency}" if row.currency else ""
        table.add_row(
            row.kind,
            row.state,
            amount,
            Text(row.order_number or ""),
            Text(row.refund or row.provider_reference or ""),
            Text(row.explanation),
        )
    console.print(table)
