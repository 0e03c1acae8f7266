"""Options that several commands take."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from models.settings import DEFAULT_DATA_DIR

data_dir_option = click.option(
    "--data-dir",
    envvar="REDRESS_DATA_DIR",
    default=DEFAULT_DATA_DIR,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where Redress keeps everything (or REDRESS_DATA_DIR).",
)


def _zone(_ctx: click.Context, _option: click.Parameter, value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.BadParameter(
            f"{value!r} is not a time zone; write it like Europe/London."
        ) from error


time_zone_option = click.option(
    "--time-zone",
    callback=_zone,
    default="Europe/London",
    show_default=True,
    help="Of times in a CSV file that don't say theirs.",
)
