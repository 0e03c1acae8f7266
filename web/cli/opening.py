"""Opens what a command works with: the database, and the door to the workflows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from models import migrations
from models.database import Database
from models.settings import Settings
from models.temporal_client import connect
from web.gateway import Gateway
from web.temporal import TemporalBridge


@dataclass(frozen=True, slots=True)
class Opened:
    """The database, and the gateway over it."""

    database: Database
    gateway: Gateway


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Opens the database; nothing is created.

    Raises:
        click.ClickException: it has not this version's tables.
    """
    database = Database(settings.database_url)
    try:
        file = database.url.database if database.is_sqlite else None
        if (file and not Path(file).exists()) or not migrations.is_current(database):
            raise click.ClickException(
                "The database does not have this version's tables yet. Run `redress db upgrade "
                f"--data-dir {settings.data_dir}` first."
            )
        yield database
    finally:
        database.dispose()


@contextmanager
def open_gateway(settings: Settings) -> Iterator[Opened]:
    """Opens the gateway to the returns that the settings name.

    Raises:
        click.ClickException: the database has not this version's tables.
    """
    with open_database(settings) as database:
        bridge = TemporalBridge(lambda: connect(settings))
        yield Opened(database, Gateway(settings, database, bridge))
