"""What tests of the web application may ask for."""

from pathlib import Path

import pytest

from models.database import Database
from tests.conftest import MakeDatabase
from tests.web.api_app import Api


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Api:
    """The API over a fresh database; the test runs once on each kind."""
    return Api(database, tmp_path)


@pytest.fixture
def sqlite_api(make_database: MakeDatabase, tmp_path: Path) -> Api:
    """The API over SQLite, for tests to which the database doesn't matter."""
    return Api(make_database("sqlite"), tmp_path)
