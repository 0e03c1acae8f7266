"""The migrations lead from nothing to the tables of the models, up and down, on both databases."""

import pytest
from alembic.config import Config
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Engine

from models import migrations
from models.database import Database
from models.tables import Base
from tests.conftest import MakeDatabase

__all__ = [
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, make_database: MakeDatabase) -> Database:
    database = make_database(request.param)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    Base.metadata.drop_all(database.engine)
    return database


@pytest.fixture
def alembic_engine(empty: Database) -> Engine:
    return empty.engine


@pytest.fixture
def alembic_config(empty: Database) -> Config:
    return migrations.config(empty)
