"""Importing files of orders into both kinds of database, and the command that does it."""

import gzip
import io
import json
import threading
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from models.database import Database
from models.order_csv import COLUMNS
from models.order_files import FileFormat
from models.store.order_import import MOST_REFUSED_KEPT, ImportResult, import_orders
from models.tables import Order, OrderLine, Payment
from web.cli import redress
from web.order_json import parse_order

HEADER = ",".join(COLUMNS)


def csv_row(number: object, sku: str = "TEE", quantity: object = 1, price: str = "2.50") -> str:
    customer = f"c-{number}"
    return f"{number},2010-12-01T08:26:00,{customer},France,{sku},Tee,{quantity},{price},GBP"


def csv_file(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def json_order(number: str, **rest: Any) -> dict[str, Any]:
    return {
        "number": number,
        "currency": "GBP",
        "placed_at": "2026-11-01T10:00:00Z",
        "lines": [{"id": "1", "sku": "TEE", "name": "Tee", "quantity": 2, "unit_price": 250}],
        "payments": [
            {
                "id": "p-1",
                "kind": "card",
                "provider": "sandbox",
                "reference": f"sbx_ok_{number}",
                "amount": 500,
                "currency": "GBP",
            }
        ],
        **rest,
    }


def json_lines(*orders: Any) -> bytes:
    return b"".join(json.dumps(order).encode() + b"\n" for order in orders)


def import_bytes(
    database: Database, data: bytes, format_: FileFormat = FileFormat.CSV
) -> ImportResult:
    return import_orders(
        database,
        io.BytesIO(data),
        format=format_,
        time_zone=ZoneInfo("Europe/London"),
        parse=parse_order,
    )


def counts(result: ImportResult) -> tuple[int, int, int, int, int]:
    return (
        result.created,
        result.updated,
        result.unchanged,
        result.lines,
        result.refused_rows,
    )


def stored(database: Database) -> dict[str, int]:
    with database.read() as session:
        rows = session.execute(select(Order.number, Order.paid).order_by(Order.number))
        return {row.number: row.paid for row in rows}


def test_a_file_goes_in_once_however_often_it_is_imported(database: Database) -> None:
    data = csv_file(
        *(csv_row(number, sku) for number in range(450) for sku in ("TEE", "HAT", "MUG"))
    )
    assert counts(import_bytes(database, data)) == (450, 0, 0, 1350, 0)
    assert counts(import_bytes(database, gzip.compress(data))) == (0, 0, 450, 1350, 0)
    with database.read() as session:
        for table, count in ((Order, 450), (OrderLine, 1350), (Payment, 450)):
            assert session.scalar(select(func.count()).select_from(table)) == count
        order = session.get_one(Order, "7")
        assert (order.paid, order.payments[0].reference) == (750, "sbx_ok_7")
        assert order.customer is not None
        assert order.customer.external_id == "c-7"


def test_what_has_changed_is_updated_and_what_is_new_comes_beside_it(database: Database) -> None:
    import_bytes(database, csv_file(csv_row(1), csv_row(2)))
    again = csv_file(csv_row(1), csv_row(2, quantity=3), csv_row(3))
    assert counts(import_bytes(database, again)) == (1, 1, 1, 3, 0)
    assert stored(database) == {"1": 250, "2": 750, "3": 250}


def test_a_change_that_contradicts_a_return_is_refused_and_the_rest_goes_in(
    database: Database,
) -> None:
    import_bytes(database, csv_file(csv_row(1, quantity=2), csv_row(2)))
    with database.write() as session:
        # As if refunds held all that was paid.
        order = session.get_one(Order, "1")
        order.reserved = order.paid
    result = import_bytes(database, csv_file(csv_row(1), csv_row(2, quantity=2), csv_row(3)))
    assert counts(result) == (1, 1, 0, 2, 1)
    [refused] = result.refused
    assert (refused.row, refused.order) == (2, "1")
    assert refused.message == "The order can't come to 2.50 GBP: refunds hold 5.00 GBP."
    assert stored(database) == {"1": 500, "2": 500, "3": 250}


def test_bad_rows_are_listed_in_their_order_and_leave_their_orders_out(database: Database) -> None:
    rows = [csv_row(number) for number in range(1, 6)]
    rows[1] = csv_row(2, quantity="two")
    rows[3] = csv_row(4, price="-1.00")
    result = import_bytes(database, csv_file(*rows))
    assert counts(result) == (3, 0, 0, 3, 2)
    assert [(refused.row, refused.order) for refused in result.refused] == [(3, "2"), (5, "4")]
    assert list(stored(database)) == ["1", "3", "5"]


def test_endless_refusals_are_counted_and_not_all_kept(database: Database) -> None:
    rows = [csv_row(number, quantity=0) for number in range(MOST_REFUSED_KEPT + 5)]
    result = import_bytes(database, csv_file(*rows))
    assert result.refused_rows == MOST_REFUSED_KEPT + 5
    assert len(result.refused) == MOST_REFUSED_KEPT


def test_json_lines_have_the_shape_of_the_api(database: Database) -> None:
    data = json_lines(
        json_order("1", customer={"email": "a@example.com"}),
        json_order("2", surprise=1),
        json_order("3", lines=[]),
        {"number": "4"},
        "5",
        json_order("6", shipping={"amount": 100}),
    )
    result = import_bytes(database, data, FileFormat.JSON_LINES)
    assert list(stored(database)) == ["1"]
    messages: dict[int, list[str]] = {}
    for refused in result.refused:
        messages.setdefault(refused.row, []).append(refused.message)
    assert messages[2][0].startswith("/surprise: surprise is not known here")
    assert messages[3] == ["/lines: lines needs at least 1 item."]
    assert "/payments: payments is required." in messages[4]
    assert messages[5] == ["The body must be a JSON object."]
    assert messages[6] == [
        "The payments come to 5.00 GBP but the order to 6.00 GBP: 1.00 are missing."
    ]
    assert len(messages[4]) > 1
    assert (len(messages), result.refused_rows) == (5, 5)
    assert import_bytes(database, data, FileFormat.JSON_LINES).unchanged == 1


def test_a_later_line_of_json_corrects_an_earlier_one(database: Database) -> None:
    data = json_lines(json_order("1"), json_order("2"), json_order("1", country="FR"))
    assert counts(import_bytes(database, data, FileFormat.JSON_LINES)) == (2, 1, 0, 3, 0)
    with database.read() as session:
        assert session.get_one(Order, "1").country == "FR"


def test_two_imports_of_one_file_at_once_share_the_work(database: Database) -> None:
    data = csv_file(*(csv_row(number, sku) for number in range(300) for sku in ("TEE", "HAT")))
    start = threading.Barrier(2)
    results: list[ImportResult] = []

    def one_side() -> None:
        start.wait()
        results.append(import_bytes(database, data))

    threads = [threading.Thread(target=one_side) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.created for result in results) == 300
    assert sum(result.unchanged for result in results) == 300
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(OrderLine)) == 600


# --- redress orders import -------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> "CommandLine":
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    return CommandLine(tmp_path)


class CommandLine:
    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, name: str, data: bytes, *options: str) -> tuple[int, str]:
        path = self.directory / name
        path.write_bytes(data)
        arguments = ["orders", "import", str(path), "--data-dir", str(self.directory), *options]
        done = CliRunner().invoke(redress, arguments)
        return done.exit_code, " ".join(done.output.replace("│", " ").split())


def test_the_command_says_what_came_in(run: CommandLine, database: Database) -> None:
    code, said = run("orders.csv.gz", gzip.compress(csv_file(csv_row(1), csv_row(2))))
    assert code == 0
    assert "Orders created 2 Orders updated 0 Orders unchanged 0 Their lines 2" in said
    assert list(stored(database)) == ["1", "2"]
    code, said = run("orders.jsonl", json_lines(json_order("3")))
    assert code == 0
    assert "Orders created 1" in said


def test_the_command_lists_twenty_refused_rows_and_fails(run: CommandLine) -> None:
    rows = [csv_row(f"n{number}", quantity=0) for number in range(25)]
    code, said = run("orders.csv", csv_file(csv_row(1), *rows))
    assert code == 1
    assert "Orders created 1" in said
    assert "Rows refused 25" in said
    assert "22 n19" in said
    assert "n20" not in said
    assert "and 5 more." in said


def test_the_command_counts_rows_and_refuses_a_file_without_its_columns(run: CommandLine) -> None:
    code, said = run("orders.jsonl", b'{"number": "J1"}\n{bad\n')
    assert code == 1
    assert "Rows refused 2" in said
    assert "more." not in said
    code, said = run("orders.csv", csv_file(csv_row(1)).replace(b"sku,", b"article,"))
    assert code == 1
    assert "Error: orders.csv: The first row must name the columns; missing: sku." in said


def test_the_command_reads_times_in_the_zone_given(run: CommandLine, database: Database) -> None:
    assert run("orders.csv", csv_file(csv_row(1)), "--time-zone", "Asia/Tokyo")[0] == 0
    with database.read() as session:
        assert session.get_one(Order, "1").placed_at.isoformat() == "2010-11-30T23:26:00+00:00"
    code, said = run("orders.csv", csv_file(csv_row(1)), "--time-zone", "Mars")
    assert code == 2
    assert "'Mars' is not a time zone" in said


def test_the_command_refuses_a_file_it_does_not_know(run: CommandLine) -> None:
    code, said = run("orders.xlsx", b"")
    assert code == 2
    assert "should end in .csv, .jsonl or .ndjson" in said


def test_the_command_names_a_database_without_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    code, said = CommandLine(tmp_path)("orders.csv", csv_file(csv_row(1)))
    assert code == 1
    assert "Run `redress db upgrade" in said
