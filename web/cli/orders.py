"""`redress orders`: bringing a shop's orders in."""

from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from models.order_files import FileFormat
from models.settings import load_settings
from models.store.order_import import ImportResult, import_orders
from web.cli.opening import open_database
from web.cli.options import data_dir_option, time_zone_option
from web.order_json import parse_order

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
        result = import_orders(
            database, stream, format=file_format, time_zone=time_zone, parse=parse_order
        )
    _print(console, result)
    if result.refused_rows:
        ctx.exit(1)


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
    for row in result.refused[:_ROWS_SHOWN]:
        refused.add_row(str(row.row), Text(row.order or ""), Text(row.message))
    console.print(refused)
    more = result.refused_rows - min(len(result.refused), _ROWS_SHOWN)
    if more:
        console.print(f"… and {more:,} more.")
