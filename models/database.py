"""The database: SQLite by default, PostgreSQL by `DATABASE_URL`; sessions to read and to write."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.orm import Session

from models.store.telling import TOLD, WritingSession


class Database:
    """Opens sessions. A writer on SQLite takes the write lock at once, so it never has to upgrade
    a read lock half-way, which SQLite refuses without waiting.
    """

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        """Connects lazily; a `postgresql://` URL is spoken to with psycopg 3."""
        self.url = make_url(url)
        if self.url.drivername in ("postgresql", "postgres"):
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {
            "pool_size": pool_size,
            "max_overflow": 10,
            # The values of a failing statement may be personal; they belong in no log or history.
            "hide_parameters": True,
        }
        if not self.is_sqlite:
            options["pool_pre_ping"] = True
        self.engine: Engine = create_engine(self.url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "handle_error", _leave_values_out)
        self._writing = self.engine.execution_options(redress_writes=True)
        # SQLite lets waiting writers poll with growing pauses; threads of one process queue here
        # instead, and only processes are left to poll against each other.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()
        # Called, in the writer's thread, after a transaction that wrote events for others.
        self.when_told: Callable[[], None] | None = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for queries; nothing is committed."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back on any exception.

        What it changes is told to other systems by events that are written with it.
        """
        with (
            self._turn,
            WritingSession(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
        if self.when_told is not None and session.info.get(TOLD):
            self.when_told()

    def tidy_log(self) -> None:
        """Lets what was overwritten leave the disk now; the log of SQLite would keep it a while."""
        if self.is_sqlite:
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def dispose(self) -> None:
        """Closes pooled connections."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # None: the driver leaves BEGIN to us. WAL with synchronous=NORMAL survives a killed process;
    # FULL also survives a power cut, which is what money needs.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=20000")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is erased is overwritten, too.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("redress_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _leave_values_out(context: ExceptionContext) -> None:
    # PostgreSQL quotes the row that broke a constraint, and an activity's error goes to Temporal.
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    if primary is not None:
        original.args = (primary,)
        if wrapped is not None:
            wrapped.args = (f"({type(original).__name__}) {primary}",)
