"""`redress db`: the database's schema."""

from pathlib import Path

import click

from models import migrations
from models.database import Database
from models.settings import SettingsError, load_settings
from web.cli.options import data_dir_option


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@data_dir_option
def upgrade_command(data_dir: Path) -> None:
    """Bring the database's schema to this version of Redress."""
    settings = load_settings(data_dir)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    changed = bring_up_to_date(settings.database_url)
    click.echo("The schema is upgraded." if changed else "The schema was current already.")


def bring_up_to_date(database_url: str) -> bool:
    """Runs the migrations that are missing; false when there were none.

    Raises:
        SettingsError: the database was made by a newer Redress.
    """
    from alembic.util import CommandError

    database = Database(database_url)
    try:
        if migrations.is_current(database):
            return False
        migrations.upgrade(database)
    except CommandError as error:
        raise SettingsError(
            f"The database can't be upgraded: {error}. It was probably made by a newer Redress;"
            " install that one."
        ) from error
    finally:
        database.dispose()
    return True
