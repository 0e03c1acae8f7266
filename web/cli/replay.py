"""`redress replay`: a shop's recorded returns, gone through once more by the real process."""

import time
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from models.database import Database
from models.money import to_text
from models.order_files import RefusedRow
from models.settings import Settings, load_settings
from models.store.recorded_returns import RecordedReturn, read_recorded_returns
from models.store.sums import Sums, sum_returns
from web.cli.opening import open_gateway
from web.cli.options import data_dir_option, time_zone_option
from web.replay import Interrupted, Replay, Stuck, rma_of

_ROWS_SHOWN = 20


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_dir_option
@time_zone_option
@click.pass_context
def replay(ctx: click.Context, file: Path, data_dir: Path, time_zone: ZoneInfo) -> None:
    """Send the returns of FILE (.csv, also .gz) through the process, from request to closed.

    Import their orders first, and have `redress up` running. Each return is judged at the time
    the file gives. Running it again goes on where it was; what is done stays as it is.
    """
    settings = load_settings(data_dir)
    console = Console()
    with open_gateway(settings) as opened:
        with opened.database.read() as session, file.open("rb") as stream:
            recorded = read_recorded_returns(session, stream, time_zone)
        _print_refused(console, recorded.refused)
        if not recorded.returns:
            raise click.ClickException(f"{file.name} holds no return that can be gone through.")
        began = time.monotonic()
        with Progress(
            TextColumn("Replaying returns"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[rate]}"),
            console=console,
        ) as progress:
            task = progress.add_task("", total=len(recorded.returns), rate="")

            def advance() -> None:
                done = progress.tasks[task].completed + 1
                rate = done / max(time.monotonic() - began, 0.001)
                progress.update(task, advance=1, rate=f"{rate:.1f} a second")

            try:
                Replay(opened.gateway, opened.database).run(recorded.returns, advance)
            except Interrupted:
                raise click.ClickException("Stopped; run it again to go on.") from None
            except Stuck as stuck:
                raise click.ClickException(str(stuck)) from None
        took = time.monotonic() - began
        agrees = _print_sums(console, settings, opened.database, recorded.returns, took)
    if recorded.refused or not agrees:
        ctx.exit(1)


def _print_refused(console: Console, refused: Sequence[RefusedRow]) -> None:
    if not refused:
        return
    table = Table("Row", "Order", "Why it was left out")
    for row in refused[:_ROWS_SHOWN]:
        table.add_row(str(row.row), Text(row.order or ""), Text(row.message))
    console.print(table)
    if len(refused) > _ROWS_SHOWN:
        console.print(f"… and {len(refused) - _ROWS_SHOWN:,} more.")


def _print_sums(
    console: Console,
    settings: Settings,
    database: Database,
    returns: Sequence[RecordedReturn],
    took: float,
) -> bool:
    """Prints what it came to, and whether the file and all three books say the same."""
    rmas = [rma_of(recorded) for recorded in returns]
    with database.read() as session:
        sums = sum_returns(session, rmas)
    currency = returns[0].currency
    owed = sum(recorded.amount for recorded in returns)
    amounts = {
        "Recorded in the file": owed,
        "Refunds table": sums.refunded,
        "Journal": sums.booked,
        "Provider's own book": _provider_total(settings, set(rmas)),
    }
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, count in _counts(sums, len(returns)):
        table.add_row(name, f"{count:,}")
    table.add_section()
    for name, amount in amounts.items():
        table.add_row(name, f"{currency} {_grouped(amount, currency)}")
    table.add_section()
    table.add_row("Time", f"{took:.1f} s")
    table.add_row("Returns a second", f"{len(returns) / max(took, 0.001):.1f}")
    console.print(table)
    agrees = len(set(amounts.values())) == 1
    if not agrees:
        console.print("[bold red]The amounts differ.")
    return agrees


def _counts(sums: Sums, returns: int) -> list[tuple[str, int]]:
    by_status = [(f"Returns {status}", count) for status, count in sorted(sums.by_status.items())]
    return [
        ("Returns", returns),
        *by_status,
        ("Return lines", sums.lines),
        ("Units refunded", sums.units),
        ("Refunds", sums.refunds),
        ("Journal entries", sums.entries),
    ]


def _provider_total(settings: Settings, rmas: set[str]) -> int:
    """What the sandbox provider's own book says was paid back for these returns."""
    answer = requests.get(
        f"{settings.sandbox_url}/_sandbox/refunds",
        headers={"Authorization": f"Bearer {settings.sandbox_key}"},
        timeout=60,
    )
    answer.raise_for_status()
    return sum(
        row["amount"]
        for row in answer.json()["data"]
        if row["status"] == "succeeded" and row["metadata"].get("rma") in rmas
    )


def _grouped(amount: int, currency: str) -> str:
    whole, dot, rest = to_text(amount, currency).partition(".")
    return f"{int(whole):,}{dot}{rest}"
