"""Alembic's entry: runs the revisions on the engine that `models.migrations.config` hands over."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, Engine, create_engine

from models.tables import Base
from models.tables.base import UtcDateTime


def render_item(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Writes our own column types into revisions as what they are in the database."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


def run(connection: Connection) -> None:
    """Runs the revisions in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def unguarded(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying it, and would refuse to drop one that others refer to.

    The switch works outside of a transaction only, so it is thrown on the driver's connection.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


given = context.config.attributes.get("engine") or context.config.attributes.get("connection")
if isinstance(given, Connection):
    run(given)
else:
    engine = (
        given
        if isinstance(given, Engine)
        else create_engine(str(context.config.get_main_option("sqlalchemy.url")))
    )
    with engine.connect() as opened, unguarded(opened):
        run(opened)
