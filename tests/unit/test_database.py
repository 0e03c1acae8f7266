"""What the database tells when it refuses a row."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from models.database import Database
from models.tables import Customer, Return


def test_an_error_names_no_values_of_the_row(database: Database) -> None:
    with database.write() as session:
        session.execute(insert(Customer).values(external_id="jane@example.com"))

    for refused in (
        insert(Customer).values(external_id="jane@example.com"),
        insert(Return).values(rma="R-1", contact_email="jane@example.com", deadlines={}),
    ):
        with pytest.raises(IntegrityError) as caught, database.write() as session:
            session.execute(refused)
        assert "jane" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"
