"""`redress orders`: bringing a shop's orders in."""

import asyncio
import uuid
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError

from models.messages import OrderPullStart, OrdersPulled
from models.order_files import FileFormat, FileRefused
from models.settings import Settings, load_settings
from models.store.order_import import ImportResult, import_orders
from models.store.order_pulls import refused_orders
from models.temporal_client import connect
from web.cli.opening import open_database
from web.cli.options import data_dir_option, time_zone_option
from web.order_json import parse_order
from workflows.order_pull import OrderPullWorkflow

_ROWS_SHOWN = 20
_FORMATS = {
    ".csv": FileFormat.CSV,
    ".jsonl": FileFormat.JSON_LINES,
    ".ndjson": FileFormat.JSON_LINES,
}


@click.group()
def orders() -> None:
    """Look after orders."""


@orders.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_dir_option
@time_zone_option
@click.pass_context
def import_command(ctx: click.Context, file: Path, data_dir: Path, time_zone: ZoneInfo) -> None:
    """Import orders from FILE: .csv or .jsonl, also as .gz.

    What is there already and has not changed stays as it is, so importing a file again is
    harmless. Orders with a bad row are left out whole and listed; then the exit code is 1.
    """
    file_format = _format(file)
    console = Console()
    with (
        open_database(load_settings(data_dir)) as database,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=console,
        ) as progress,
        progress.open(file, "rb", description="Importing orders") as stream,
    ):
        try:
            result = import_orders(
                database, stream, format=file_format, time_zone=time_zone, parse=parse_order
            )
        except FileRefused as refused:
            raise click.ClickException(f"{file.name}: {refused}") from refused
    _print(console, result)
    if result.refused_rows:
        ctx.exit(1)


@orders.command("pull")
@click.option(
    "--since",
    metavar="TIME",
    help="Orders that changed since then (2026-11-01, or RFC 3339); else since the last pull.",
)
@data_dir_option
@click.pass_context
def pull_command(ctx: click.Context, since: str | None, data_dir: Path) -> None:
    """Pull orders that changed from the order source (REDRESS_ORDER_SOURCE).

    `redress up` (or a worker) must be running; it pulls each quarter of an hour by itself. Pulling
    again changes nothing. When orders are left out, they are listed and the exit code is 1.
    """
    settings = load_settings(data_dir)
    if not settings.systems.pulls_orders:
        raise click.ClickException("No order source is set up; name one in REDRESS_ORDER_SOURCE.")
    start = OrderPullStart(since=_moment(since, ZoneInfo(settings.time_zone)))
    console = Console()
    with open_database(settings) as database:
        with console.status("Pulling orders; a worker has to be running"):
            pulled = asyncio.run(_pull(settings, start))
        console.print(
            f"{pulled.created:,} orders created, {pulled.updated:,} updated, "
            f"{pulled.unchanged:,} unchanged, {pulled.refused:,} refused.",
            highlight=False,
        )
        with database.read() as session:
            left_out = refused_orders(session, _ROWS_SHOWN)
    if left_out:
        table = Table("Order", "Since", "Why it was refused")
        for row in left_out:
            table.add_row(Text(row.number), f"{row.at:%Y-%m-%d %H:%M}", Text(row.problem))
        console.print(table)
        ctx.exit(1)


def _moment(text: str | None, zone: ZoneInfo) -> str | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is not a time; write it like 2026-11-01 or 2026-11-01T10:00:00Z.",
            param_hint="--since",
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


async def _pull(settings: Settings, start: OrderPullStart) -> OrdersPulled:
    client = await connect(settings)
    try:
        return await client.execute_workflow(
            OrderPullWorkflow.run,
            start,
            id=f"order-pull/{uuid.uuid4()}",
            task_queue=settings.task_queue,
            static_summary="Orders that changed, asked for on the command line",
        )
    except WorkflowFailureError as failure:
        cause = failure.cause
        if isinstance(cause, ActivityError) and cause.cause is not None:
            cause = cause.cause
        raise click.ClickException(getattr(cause, "message", str(cause))) from failure


def _format(file: Path) -> FileFormat:
    suffixes = [suffix.lower() for suffix in file.suffixes if suffix.lower() != ".gz"]
    if not suffixes or suffixes[-1] not in _FORMATS:
        raise click.BadParameter(
            f"{file.name} should end in .csv, .jsonl or .ndjson, or in one of these and .gz.",
            param_hint="FILE",
        )
    return _FORMATS[suffixes[-1]]


def _print(console: Console, result: ImportResult) -> None:
    counts = Table(show_header=False)
    counts.add_column()
    counts.add_column(justify="right")
    for what, count in (
        ("Orders created", result.created),
        ("Orders updated", result.updated),
        ("Orders unchanged", result.unchanged),
        ("Their lines", result.lines),
        ("Rows refused", result.refused_rows),
    ):
        counts.add_row(what, f"{count:,}")
    console.print(counts)
    if not result.refused_rows:
        return
    refused = Table("Row", "Order", "Why it was refused")
    shown = result.refused[:_ROWS_SHOWN]
    for row in shown:
        refused.add_row(str(row.row), Text(row.order or ""), Text(row.message))
    console.print(refused)
    more = result.refused_rows - len({row.row for row in shown})
    if more:
        console.print(f"… and {more:,} more.")
