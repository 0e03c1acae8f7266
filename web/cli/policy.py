"""`redress policy`: the rules of the shop as a YAML document."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import IntegrityError

from models.database import Database
from models.money import to_text
from models.rules.policy import Policy
from models.settings import load_settings
from models.store.desk import name_actors
from models.store.policy_versions import (
    StoredPolicy,
    list_policies,
    load_policy,
    newest_policy,
    save_policy,
)
from models.store.simulating import RUNNING, load_simulation
from models.tables import Simulation
from web.access import Actor, Permission
from web.cli.opening import open_database, open_gateway
from web.cli.options import data_dir_option
from web.policy_yaml import (
    PolicyTextError,
    difference,
    document_of,
    own_words,
    read_policy,
    write_policy,
)

_ACTOR = Actor(id="cli", name="Command line", permissions=frozenset({Permission.POLICY}))
_VERSIONS_SHOWN = 100
_CHANGES_SHOWN = 20
_LOOK_AGAIN = 0.2
_DAY = click.DateTime(formats=["%Y-%m-%d"])
file_argument = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)


@click.group()
def policy() -> None:
    """Look after the rules of the shop."""


@policy.command("show")
@click.argument("version", type=click.IntRange(min=1), required=False)
@data_dir_option
def show_command(version: int | None, data_dir: Path) -> None:
    """Print the policy in force as YAML, or an older VERSION."""
    with open_database(load_settings(data_dir)) as database:
        click.echo(document_of(_version(database, version)).rstrip("\n"))


@policy.command("check")
@file_argument
def check_command(file: Path) -> None:
    """Say what is wrong with a policy in FILE (- reads from the terminal); change nothing."""
    _, read = read_file(file)
    rules = "1 rule" if len(read.rules) == 1 else f"{len(read.rules)} rules"
    click.echo(f"This policy can be put in force; it has {rules}.")


@policy.command("put")
@file_argument
@data_dir_option
def put_command(file: Path, data_dir: Path) -> None:
    """Put the policy in FILE in force; returns keep the version they began with."""
    text, wanted = read_file(file)
    with open_database(load_settings(data_dir)) as database:
        before = _version(database, None)
        try:
            with database.write() as session:
                save_policy(
                    session,
                    wanted,
                    actor=_ACTOR.id,
                    now=datetime.now(UTC),
                    text=own_words(text, before),
                )
        except IntegrityError:
            raise click.ClickException(
                "Somebody changed the policy at the same moment; look at it and try again."
            ) from None
        after = _version(database, None)
    if after.policy.version == before.policy.version:
        click.echo(f"Nothing changes: version {before.policy.version} says the same.")
        return
    click.echo(f"Version {after.policy.version} is in force.")


@policy.command("versions")
@data_dir_option
def versions_command(data_dir: Path) -> None:
    """List the versions, newest first."""
    with open_database(load_settings(data_dir)) as database, database.read() as session:
        found, _ = list_policies(session, limit=_VERSIONS_SHOWN)
        names = name_actors(session, [each.actor for each in found if each.actor])
    table = Table("Version", "In force since", "By", "Rules")
    for each in found:
        since = "the beginning" if each.created_at is None else f"{each.created_at:%Y-%m-%d %H:%M}"
        by = names.get(each.actor or "", each.actor or "")
        table.add_row(str(each.policy.version), since, Text(by), str(len(each.policy.rules)))
    Console().print(table)


@policy.command("diff")
@click.argument("a")
@click.argument("b")
@data_dir_option
def diff_command(a: str, b: str, data_dir: Path) -> None:
    """Show what differs between A and B: each a version, like 3, or a file."""
    with open_database(load_settings(data_dir)) as database:
        texts = [write_policy(_named(database, name)) for name in (a, b)]
    names = tuple(f"version {name}" if name.isdecimal() else name for name in (a, b))
    found = difference(texts[0], texts[1], names=(names[0], names[1]))
    if not found:
        click.echo("They say the same.")
    for line in found:
        click.echo(line)


@policy.command("simulate")
@file_argument
@click.option("--from", "first", type=_DAY, help="Of returns asked for from this day on.")
@click.option("--to", "last", type=_DAY, help="And until this day.")
@data_dir_option
def simulate_command(
    file: Path, first: datetime | None, last: datetime | None, data_dir: Path
) -> None:
    """Show what the policy in FILE would have made of past returns; change nothing.

    `redress up` (or a worker) must be running.
    """
    text, draft = read_file(file)
    days = (first.date() if first else None, last.date() if last else None)
    console = Console()
    with open_gateway(load_settings(data_dir)) as opened:
        run = opened.gateway.simulate(draft, _ACTOR, text=text, days=days)
        found = _follow(console, opened.database, run)
    if found.problem is not None or found.result is None:
        raise click.ClickException(found.problem or "It gave no result.")
    print_simulation(console, found.version, found.result)


def _follow(console: Console, database: Database, run: str) -> Simulation:
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("Judging past returns again", total=None)
        while True:
            with database.read() as session:
                found = load_simulation(session, run)
            if found is None:
                raise click.ClickException("The simulation is gone; start it again.")
            progress.update(bar, completed=found.done, total=found.total or None)
            if found.status != RUNNING:
                return found
            time.sleep(_LOOK_AGAIN)


def print_simulation(console: Console, version: int, result: dict[str, Any]) -> None:
    """Prints what a draft would have made of past returns."""
    console.print(
        f"{result['returns']:,} returns judged again: {result['changed']:,} would change, of "
        f"{result['customers']:,} customers, compared with version {version}.",
        highlight=False,
    )
    for name, count in result["decisions"].items():
        console.print(f"  {name}: {count:,}", highlight=False)
    for currency, sums in result["amounts"].items():
        before, after, more = (
            to_text(sums[name], currency) for name in ("before", "after", "difference")
        )
        console.print(f"  {currency} {before} → {after} ({more})", highlight=False)
    if not result["changes"]:
        return
    table = Table("Return", "Before", "After", "Rule", title="The first that would change")
    for change in result["changes"][:_CHANGES_SHOWN]:
        old, new = change["before"], change["after"]
        cells = (
            f"{side['decision']} {to_text(side['total'], change['currency'])}"
            for side in (old, new)
        )
        table.add_row(change["rma"], *cells, Text(new["rule"] or old["rule"] or ""))
    console.print(table)


def read_file(file: Path) -> tuple[str, Policy]:
    """The policy in a file, and how it is written there.

    Raises:
        click.ClickException: it has none; every problem is told.
    """
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        return text, read_policy(text)
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not text in UTF-8.") from None
    except PolicyTextError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        problems = "1 problem" if count == 1 else f"{count} problems"
        raise click.ClickException(f"{problems} in {file}; nothing was changed.") from None


def _named(database: Database, name: str) -> Policy:
    if name.isdecimal():
        return _version(database, int(name)).policy
    file = Path(name)
    if not file.is_file():
        raise click.ClickException(f"{name} is neither a version, like 3, nor a file.")
    return read_file(file)[1]


def _version(database: Database, version: int | None) -> StoredPolicy:
    with database.read() as session:
        if version is None:
            return newest_policy(session)
        found = load_policy(session, version)
    if found is None:
        raise click.ClickException(
            f"There is no version {version}; `redress policy versions` lists them."
        )
    return found
