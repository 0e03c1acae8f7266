"""`redress worker` and `redress web`: one process of Redress in the foreground."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from models.settings import load_settings
from web.cli.options import data_dir_option


@click.command()
@data_dir_option
def worker(data_dir: Path) -> None:
    """Run the Temporal worker in the foreground."""
    _become(data_dir, "worker")


@click.command()
@data_dir_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to serve on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
def web(data_dir: Path, host: str, port: int) -> None:
    """Run the web server in the foreground."""
    _become(data_dir, "web.serve", "--host", host, "--port", str(port))


def _become(data_dir: Path, module: str, *arguments: str) -> NoReturn:
    settings = load_settings(data_dir)  # A bad setting is told here, before anything starts.
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["REDRESS_DATA_DIR"] = str(settings.data_dir)
    command = [sys.executable, "-P", "-m", module, *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - a shell is what we don't want
