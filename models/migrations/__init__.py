"""Alembic migrations, and the functions that run them without a configuration file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from models.database import Database


def config(database: Database) -> Config:
    """Alembic's configuration for this database."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["engine"] = database.engine
    return made


def upgrade(database: Database) -> None:
    """Brings the schema to the newest revision."""
    command.upgrade(config(database), "head")


def is_current(database: Database) -> bool:
    """Whether the schema is at the newest revision."""
    heads = set(ScriptDirectory.from_config(config(database)).get_heads())
    with database.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == heads
