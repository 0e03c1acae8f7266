"""The option every command takes."""

from pathlib import Path

import click

data_dir_option = click.option(
    "--data-dir",
    envvar="REDRESS_DATA_DIR",
    default="data",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where Redress keeps everything (or REDRESS_DATA_DIR).",
)
