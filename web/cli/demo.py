"""`redress demo`: an empty shop filled with staff, orders and returns in every state."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import func, select

from models.database import Database
from models.messages import ReturnStatus
from models.settings import load_settings
from models.tables import Return
from web.cli.opening import open_gateway
from web.cli.options import data_dir_option
from web.demo import people
from web.demo.furnishing import ShopNotEmpty, furnish
from web.demo.playing import Player, read_chapters
from web.demo.stage import Stage, Stuck
from web.demo.story import STORY
from web.demo.telling import REFERENCE_PREFIX
from web.requests import Unavailable


@click.command()
@data_dir_option
def demo(data_dir: Path) -> None:
    """Fill an empty shop with demo data: staff, orders, and returns in every state.

    Needs a running `redress up`. Running it again goes on where it was interrupted; a shop with
    orders or people of its own is left alone.
    """
    settings = load_settings(data_dir)
    console = Console(highlight=False, soft_wrap=True)
    with open_gateway(settings) as opened, _alone(settings.data_dir):
        try:
            staff = furnish(opened.database, settings.data_dir, datetime.now(UTC))
        except ShopNotEmpty:
            console.print("The shop has orders or people of its own, so it gets no demo data.")
            return
        stage = Stage(gateway=opened.gateway, database=opened.database, people=staff)
        refused = _play(stage, settings.data_dir, console)
    _print_sign_ins(console, settings.data_dir)
    if refused:
        raise click.ClickException("Some of the demo's returns were refused:\n" + refused)


def _play(stage: Stage, data_dir: Path, console: Console) -> str:
    """Plays what is left, and tells what was refused, a line each."""
    chapters = read_chapters(stage, STORY)
    if not chapters:
        console.print("The demo data is all there; nothing was changed.")
        return ""
    with Progress(
        TextColumn("Filling the demo shop"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("", total=sum(chapter.left for chapter in chapters))
        player = Player(stage, lambda: progress.advance(task))
        try:
            refused = player.play(chapters)
        except Unavailable as problem:
            raise click.ClickException(
                f"Temporal can't be reached. Start `redress up --data-dir {data_dir}`,"
                " which also goes on with the demo."
            ) from problem
        except Stuck as stuck:
            raise click.ClickException(
                f"The demo does not go on: {stuck}. See that the worker runs (`redress doctor`)"
                " and run `redress demo` again; it goes on from here."
            ) from stuck
    _print_returns(console, stage.database)
    return "\n".join(refused)


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Keeps a second run out: both would ask for the same returns."""
    path = data_dir / "run" / "demo.lock"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException("The demo data is being loaded already.") from None
        yield


def _print_returns(console: Console, database: Database) -> None:
    query = (
        select(Return.status, func.count(), func.min(Return.rma))
        .where(Return.reference.startswith(REFERENCE_PREFIX))
        .group_by(Return.status)
    )
    with database.read() as session:
        found = {status: (count, rma) for status, count, rma in session.execute(query)}
    table = Table("Returns", "", "For example", box=box.SIMPLE_HEAD)
    for status in ReturnStatus:
        if status in found:
            count, rma = found[status]
            table.add_row(status.replace("_", " "), str(count), rma)
    console.print(table)


def _print_sign_ins(console: Console, data_dir: Path) -> None:
    sign_ins = people.read_sign_ins(data_dir)
    if not sign_ins:
        console.print(
            f"The demo's staff was made with another data directory; {people.FILE} there tells"
            " the password."
        )
        return
    table = Table("Sign in as", "Password", "Role", box=box.SIMPLE_HEAD)
    for sign_in in sign_ins:
        table.add_row(sign_in.email, sign_in.password, sign_in.role)
    console.print(table)
