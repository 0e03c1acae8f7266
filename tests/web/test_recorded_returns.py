"""Returns that a shop recorded before Redress, read against the orders that are there."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from models.database import Database
from models.order_csv import COLUMNS as ORDER_COLUMNS
from models.order_files import FileFormat
from models.store.order_import import import_orders
from models.store.recorded_returns import RecordedReturn, RecordedReturns, read_recorded_returns
from web.order_json import parse_order

LONDON = ZoneInfo("Europe/London")
ORDERS = """
1,2010-12-01T08:26:00,c-1,France,TEE,Tee,6,2.50,GBP
1,2010-12-01T08:26:00,c-1,France,TEE,Tee,6,2.00,GBP
1,2010-12-01T08:26:00,c-1,France,HAT,Hat,1,9.00,GBP
2,2010-12-02T08:26:00,c-1,France,TEE,Tee,6,2.50,GBP
"""
HEADER = "credit_note,returned_at,customer_number,order_number,sku,quantity,unit_price,currency"


@pytest.fixture
def shop(database: Database) -> Database:
    data = ",".join(ORDER_COLUMNS) + ORDERS
    result = import_orders(
        database,
        io.BytesIO(data.encode()),
        format=FileFormat.CSV,
        time_zone=LONDON,
        parse=parse_order,
    )
    assert (result.created, result.refused) == (2, ())
    return database


def read(shop: Database, *rows: str) -> RecordedReturns:
    data = "\n".join([HEADER, *rows]).encode()
    with shop.read() as session:
        return read_recorded_returns(session, io.BytesIO(data), LONDON)


def test_a_note_is_a_return_for_each_order_it_touches(shop: Database) -> None:
    found = read(
        shop,
        "C1,2011-07-01T12:00:00,c-1,1,TEE,2,2.00,GBP",
        "C1,2011-07-01T12:00:00,c-1,2,TEE,1,2.50,GBP",
        "C2,2011-01-01T12:00:00,c-1,1,HAT,1,9.00,GBP",
        "C1,2011-07-01T12:00:00,c-1,1,TEE,1,2.50,GBP",
    )
    assert found.refused == ()
    july = datetime(2011, 7, 1, 11, tzinfo=UTC)
    assert found.returns == (
        RecordedReturn(
            credit_note="C1",
            order="1",
            returned_at=july,
            lines=(("2", 2), ("1", 1)),
            amount=650,
            currency="GBP",
        ),
        RecordedReturn(
            credit_note="C1",
            order="2",
            returned_at=july,
            lines=(("1", 1),),
            amount=250,
            currency="GBP",
        ),
        RecordedReturn(
            credit_note="C2",
            order="1",
            returned_at=datetime(2011, 1, 1, 12, tzinfo=UTC),
            lines=(("3", 1),),
            amount=900,
            currency="GBP",
        ),
    )


def test_a_line_named_twice_stays_two(shop: Database) -> None:
    found = read(
        shop,
        "C1,2011-01-01T12:01:00,c-1,1,TEE,2,2.50,GBP",
        "C1,2011-01-01T12:00:00,c-1,1,TEE,3,2.50,GBP",
    )
    [recorded] = found.returns
    assert recorded.lines == (("1", 2), ("1", 3))
    assert recorded.returned_at == datetime(2011, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("C1,2011-01-01T12:00:00,c-1,9,TEE,2,2.50,GBP", "no order 9; import the orders first"),
        ("C1,2011-01-01T12:00:00,c-1,1,MUG,2,2.50,GBP", "no line of MUG at this price"),
        ("C1,2011-01-01T12:00:00,c-1,1,TEE,2,2.51,GBP", "no line of TEE at this price"),
        ("C1,2011-01-01T12:00:00,c-1,1,TEE,2,2.50,EUR", "no line of TEE at this price"),
        ("C1,2011-01-01T12:00:00,c-1,1,TEE,-2,2.50,GBP", "must be at least 1"),
        ("C1,2011-01-01T12:00:00,c-1,1,TEE,two,2.50,GBP", "not a whole number"),
        ("C1,then,c-1,1,TEE,2,2.50,GBP", "The time 'then' is not one"),
        (",2011-01-01T12:00:00,c-1,1,TEE,2,2.50,GBP", "The credit note is missing"),
    ],
)
def test_a_bad_row_is_refused_and_its_return_left_out(shop: Database, row: str, words: str) -> None:
    good = "C1,2011-01-01T12:00:00,c-1,1,HAT,1,9.00,GBP"
    other = "C2,2011-01-01T12:00:00,c-1,1,HAT,1,9.00,GBP"
    found = read(shop, good, row, other)
    [refused] = found.refused
    assert refused.row == 3
    assert words in refused.message
    kept = {recorded.credit_note for recorded in found.returns}
    # A row without its note or with an unknown order says nothing of the others.
    assert kept == ({"C2"} if row.startswith("C1") and ",9,TEE" not in row else {"C1", "C2"})
