"""`redress user` and `redress apikey`: who may use Redress."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from models.settings import load_settings, parse_duration
from models.store import access, api_keys
from web.access import SCOPE_ALL, Permission, Role
from web.cli.opening import open_database
from web.cli.options import data_dir_option
from web.versions import NEWEST

_SCOPES = (SCOPE_ALL, *Permission)
_LONGEST_NAME = 200


def _read_scopes(_ctx: click.Context, _option: click.Parameter, value: str) -> list[str]:
    scopes = [scope.strip() for scope in value.split(",") if scope.strip()]
    wrong = [scope for scope in scopes if scope not in _SCOPES]
    if wrong or not scopes:
        known = ", ".join(_SCOPES)
        raise click.BadParameter(f"{value!r} names no scopes; take some of {known}.")
    return scopes


def _read_expiry(
    _ctx: click.Context, _option: click.Parameter, value: str | None
) -> datetime | None:
    if value is None:
        return None
    try:
        seconds = parse_duration(value)
        if seconds <= 0:
            raise ValueError(f"{value!r} is over before it began; write it like 90d")
        return datetime.now(UTC) + timedelta(seconds=seconds)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error)) from error


def _read_name(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not 1 <= len(value.strip()) <= _LONGEST_NAME:
        raise click.BadParameter(f"a name has 1 to {_LONGEST_NAME} characters.")
    return value


@click.group()
def user() -> None:
    """Look after the people who use Redress."""


@user.command("create")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--name", callback=_read_name, help="As others see it; default: the e-mail address.")
@click.option(
    "--approval-limit",
    type=click.IntRange(min=0),
    help="The largest quote they may approve alone, in minor units; default: no limit.",
)
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of the input."
)
@data_dir_option
def create_user(
    email: str,
    role: str,
    name: str | None,
    approval_limit: int | None,
    password_stdin: bool,
    data_dir: Path,
) -> None:
    """Add a member of staff with their e-mail address."""
    with open_database(load_settings(data_dir)) as database:
        if password_stdin:
            password = sys.stdin.readline().rstrip("\r\n")
        else:
            password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        try:
            with database.write() as session:
                made = access.create_user(
                    session,
                    email=email,
                    name=name or email[:_LONGEST_NAME],
                    role=role,
                    password=password,
                    approval_limit=approval_limit,
                    now=datetime.now(UTC),
                )
        except access.AccessRefused as refused:
            raise click.ClickException(str(refused)) from refused
    click.echo(f"{made.email} can sign in as {role}.")


@click.group()
def apikey() -> None:
    """Look after the keys of the REST API."""


@apikey.command("create")
@click.option("--name", required=True, callback=_read_name, help="What the key is for.")
@click.option(
    "--scopes",
    required=True,
    callback=_read_scopes,
    help=f"Separated by commas: {', '.join(_SCOPES)}.",
)
@click.option("--user", "email", help="Whose key it is; default: a service account of its own.")
@click.option("--expires", callback=_read_expiry, help="After how long, like 90d; default: never.")
@click.option("--sandbox", is_flag=True, help="For trying things out; see docs/integrator.md.")
@data_dir_option
def create_key(
    name: str,
    scopes: list[str],
    email: str | None,
    expires: datetime | None,
    sandbox: bool,
    data_dir: Path,
) -> None:
    """Make a key and print it, this once, as the last line."""
    with open_database(load_settings(data_dir)) as database, database.write() as session:
        owner = None if email is None else access.find_user(session, email)
        if email is not None and owner is None:
            raise click.ClickException(
                f"There is no user {email}. Make one with `redress user create`."
            )
        key = access.create_api_key(
            session,
            name=name,
            scopes=scopes,
            user=owner,
            expires_at=expires,
            now=datetime.now(UTC),
            version=NEWEST,
            sandbox=sandbox,
        )
    click.echo("Keep this key; it can't be shown again:")
    click.echo(key)


@apikey.command("list")
@data_dir_option
def list_keys(data_dir: Path) -> None:
    """Show all keys: whose they are, what they may do, when they were used and when they end."""
    now = datetime.now(UTC)
    with open_database(load_settings(data_dir)) as database, database.read() as session:
        for key in api_keys.list_keys(session):
            used = "never used" if key.last_used_at is None else f"used {key.last_used_at:%F %R}"
            if key.revoked_at is not None:
                end = f"revoked {key.revoked_at:%F}"
            elif key.expires_at is not None:
                end = f"{'ends' if key.expires_at > now else 'ended'} {key.expires_at:%F %R}"
            else:
                end = "never ends"
            owner = "" if key.user is None else f" of {key.user.email}"
            scopes = ",".join(str(scope) for scope in key.scopes)
            click.echo(
                f"{api_keys.shown(key)}  {key.name}{owner}  {scopes}"
                f"  made {key.created_at:%F}, {used}, {end}"
            )


@apikey.command("rotate")
@click.argument("key")
@click.option(
    "--grace",
    default="7d",
    show_default=True,
    callback=_read_expiry,
    help="How long the old key works on beside the new one.",
)
@data_dir_option
def rotate_key(key: str, grace: datetime, data_dir: Path) -> None:
    """Make a second key in place of KEY (its beginning, rk_…), and print it as the last line."""
    now = datetime.now(UTC)
    with open_database(load_settings(data_dir)) as database:
        try:
            with database.write() as session:
                made = api_keys.rotate_key(session, key, grace=grace - now, now=now)
        except access.AccessRefused as refused:
            raise click.ClickException(str(refused)) from refused
    click.echo(f"The old key works until {grace:%F %R} UTC. Keep this one; it is shown once:")
    click.echo(made)


@apikey.command("revoke")
@click.argument("key")
@data_dir_option
def revoke_key(key: str, data_dir: Path) -> None:
    """End KEY (its beginning, rk_…) at once."""
    with open_database(load_settings(data_dir)) as database:
        try:
            with database.write() as session:
                ended = api_keys.revoke_key(session, key, now=datetime.now(UTC))
        except access.AccessRefused as refused:
            raise click.ClickException(str(refused)) from refused
    click.echo(f"{api_keys.shown(ended)} opens nothing any more.")
