"""The command `redress`: one group, whose commands are loaded when they are called."""

import os
import sys
import traceback
from importlib import import_module
from typing import Any, NoReturn

import click

# command -> the module that holds it, under the command's name. Heavy imports wait in there.
_COMMANDS = {
    "up": "web.cli.up",
    "worker": "web.cli.processes",
    "web": "web.cli.processes",
    "db": "web.cli.database",
    "doctor": "web.cli.doctor",
    "user": "web.cli.access",
    "apikey": "web.cli.access",
    "orders": "web.cli.orders",
    "policy": "web.cli.policy",
    "ledger": "web.cli.ledger",
    "reconcile": "web.cli.reconciling",
    "replay": "web.cli.replay",
    "demo": "web.cli.demo",
}


class _Commands(click.Group):
    """Finds commands by name in `_COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(_COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=_Commands)
@click.version_option(package_name="redress")
def redress() -> None:
    """Durable returns, exchanges and refunds for online shops."""


def main() -> NoReturn:
    """Runs the command line and ends the process: 0 done, 1 it failed, 2 it was called wrongly."""
    os.umask(0o077)  # What Redress writes has customers in it.
    code = _run()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # Whoever read our output is gone.
            code = code or 1
    # Temporal's core can abort an ordinary exit of the interpreter (sdk-python #300).
    os._exit(code)


def _run() -> int:
    try:
        result: Any = redress.main(prog_name="redress", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 1
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            click.echo(leaving.code, err=True)
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BrokenPipeError:
        return 1
    except Exception as error:
        sentence = _plainly(error)
        if sentence:
            click.echo(f"Error: {sentence}", err=True)
        else:
            traceback.print_exc()
        return 1
    return result if isinstance(result, int) else 0


def _plainly(error: Exception) -> str | None:
    """What went wrong outside the program, in a sentence; None for an error of ours."""
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

    from models.settings import SettingsError
    from web.requests import GatewayError

    if isinstance(error, (SettingsError, GatewayError, ConnectionError)):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, DBAPIError):
        reason = " ".join(str(error.orig).split()).rstrip("?.")
        return (
            f"The database can't be used: {reason}. Check DATABASE_URL; if its schema is old, run"
            " `redress db upgrade`."
        )
    if isinstance(error, (ArgumentError, NoSuchModuleError)):
        return "DATABASE_URL can't be used; write it like postgresql://user:password@host/name."
    return None
