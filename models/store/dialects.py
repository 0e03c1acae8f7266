"""The one statement that SQLite and PostgreSQL know but standard SQL doesn't."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.tables import Base


def insert_or_ignore(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves rows out that are there already; it waits for who inserts them now."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
