"""`redress policy`: the rules of the shop as a YAML document."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import IntegrityError

from models.database import Database
from models.rules.policy import Policy
from models.settings import load_settings
from models.store.desk import name_actors
from models.store.policies import current_policy
from models.store.policy_versions import list_policies, load_policy, save_policy
from web.cli.opening import open_database
from web.cli.options import data_dir_option
from web.policy_yaml import PolicyTextError, difference, read_policy, write_policy

_ACTOR = "cli"
_VERSIONS_SHOWN = 100
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
        click.echo(write_policy(_version(database, version)), nl=False)


@policy.command("check")
@file_argument
def check_command(file: Path) -> None:
    """Say what is wrong with a policy in FILE (- reads from the terminal); change nothing."""
    read = read_file(file)
    rules = "1 rule" if len(read.rules) == 1 else f"{len(read.rules)} rules"
    click.echo(f"This policy can be put in force; it has {rules}.")


@policy.command("put")
@file_argument
@data_dir_option
def put_command(file: Path, data_dir: Path) -> None:
    """Put the policy in FILE in force; returns keep the version they began with."""
    wanted = read_file(file)
    with open_database(load_settings(data_dir)) as database:
        before = _version(database, None)
        try:
            with database.write() as session:
                save_policy(session, wanted, actor=_ACTOR, now=datetime.now(UTC))
        except IntegrityError:
            raise click.ClickException(
                "Somebody changed the policy at the same moment; look at it and try again."
            ) from None
        after = _version(database, None)
    if after.version == before.version:
        click.echo(f"Nothing changes: version {before.version} says the same.")
        return
    click.echo(f"Version {after.version} is in force.")


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


def read_file(file: Path) -> Policy:
    """The policy in a file.

    Raises:
        click.ClickException: it has none; every problem is told.
    """
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return read_policy(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not text in UTF-8.") from None
    except PolicyTextError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        problems = "1 problem" if count == 1 else f"{count} problems"
        raise click.ClickException(f"{problems} in {file}; nothing was changed.") from None


def _named(database: Database, name: str) -> Policy:
    return _version(database, int(name)) if name.isdecimal() else read_file(_existing(name))


def _existing(name: str) -> Path:
    file = Path(name)
    if not file.is_file():
        raise click.ClickException(f"{name} is neither a version, like 3, nor a file.")
    return file


def _version(database: Database, version: int | None) -> Policy:
    with database.read() as session:
        if version is None:
            return current_policy(session)
        found = load_policy(session, version)
    if found is None:
        raise click.ClickException(
            f"There is no version {version}; `redress policy versions` lists them."
        )
    return found.policy
