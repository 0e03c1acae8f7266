"""Files of orders: what is read from them, and which rows are refused and why."""

import gzip
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.messages import Refusal
from models.order_csv import COLUMNS, read_csv
from models.order_files import FileRefused, ReadOrder, RefusedRow, read_json_lines
from models.rules.orders import LineInput, OrderInput, OrderRefused, PaymentInput

LONDON = ZoneInfo("Europe/London")
HEADER = ",".join(COLUMNS)
ROWS = (
    "1,2010-12-01T08:26:00,c-1,United Kingdom,85123A,WHITE HEART,6,2.55,GBP",
    "1,2010-12-01T08:26:00,c-1,United Kingdom,71053,LANTERN,6,3.39,GBP",
    "2,2010-12-01T08:28:00,c-2,France,22633,HAND WARMER,48,1.85,GBP",
)


class Trickle(io.RawIOBase):
    """A stream that can't seek and gives a few bytes at a time, like a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(memoryview(buffer)[:7])


def csv_file(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *rows, ""]).encode()


def read(data: bytes, zone: ZoneInfo = LONDON) -> tuple[dict[str, OrderInput], dict[int, str]]:
    return split(read_csv(io.BytesIO(data), zone))


def split(
    found: Iterable[ReadOrder | RefusedRow],
) -> tuple[dict[str, OrderInput], dict[int, str]]:
    orders, refused = {}, {}
    for item in found:
        if isinstance(item, ReadOrder):
            orders[item.order.order.number] = item.order.order
        else:
            refused[item.row] = item.message
    return orders, refused


# --- CSV -------------------------------------------------------------------------------------


def test_consecutive_rows_of_one_number_make_one_order() -> None:
    orders, refused = read(csv_file(*ROWS))
    assert refused == {}
    assert list(orders) == ["1", "2"]
    first = orders["1"]
    assert [(line.id, line.sku, line.quantity, line.unit_price) for line in first.lines] == [
        ("1", "85123A", 6, 255),
        ("2", "71053", 6, 339),
    ]
    assert first.customer is not None
    assert (first.customer.id, first.customer.email, first.country) == (
        "c-1",
        None,
        "United Kingdom",
    )


def test_an_order_is_paid_by_one_card_at_the_sandbox() -> None:
    [payment] = read(csv_file(*ROWS))[0]["1"].payments
    assert (payment.id, payment.kind, payment.provider) == ("p-1", "card", "sandbox")
    assert (payment.reference, payment.amount) == ("sbx_ok_1", 6 * 255 + 6 * 339)


def test_the_earliest_time_of_an_orders_rows_counts() -> None:
    later = ROWS[0].replace("08:26", "08:27")
    orders, _ = read(csv_file(later, ROWS[1]))
    assert orders["1"].placed_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2011-01-15T12:00:00", "2011-01-15T12:00:00+00:00"),
        ("2011-07-15T12:00:00", "2011-07-15T11:00:00+00:00"),
        ("2011-07-15 12:00", "2011-07-15T11:00:00+00:00"),
        ("2011-07-15T12:00:00Z", "2011-07-15T12:00:00+00:00"),
        ("2011-07-15T12:00:00-05:00", "2011-07-15T17:00:00+00:00"),
        # An hour that comes twice is the first one; one that never was is read as if it had been.
        ("2011-10-30T01:30:00", "2011-10-30T00:30:00+00:00"),
        ("2011-03-27T01:30:00", "2011-03-27T01:30:00+00:00"),
    ],
)
def test_times_are_local_unless_they_say_their_zone(written: str, meant: str) -> None:
    orders, _ = read(csv_file(ROWS[0].replace("2010-12-01T08:26:00", written)))
    assert orders["1"].placed_at.isoformat() == meant


def test_columns_may_come_in_any_order_and_others_are_left_alone() -> None:
    header = "note," + ",".join(reversed(COLUMNS))
    row = "x," + ",".join(reversed(ROWS[0].split(",")))
    orders, refused = read(csv_file(row, header=header))
    assert refused == {}
    assert orders["1"].lines[0].sku == "85123A"


def test_gzip_and_a_slow_stream_read_the_same() -> None:
    plain = csv_file(*ROWS)
    expected = read(plain)
    for data in (plain, gzip.compress(plain)):
        assert split(read_csv(Trickle(data), LONDON)) == expected  # type: ignore[arg-type]


def test_a_byte_order_mark_and_blank_lines_do_no_harm() -> None:
    data = b"\xef\xbb\xbf" + csv_file(ROWS[0], "", *ROWS[1:])
    assert read(data) == read(csv_file(*ROWS))


def test_quoted_cells_may_hold_commas_quotes_and_line_breaks() -> None:
    row = ROWS[0].replace("WHITE HEART", '"A ""B"", C\nD"')
    orders, _ = read(csv_file(row))
    assert orders["1"].lines[0].name == 'A "B", C\nD'


def test_a_line_without_description_is_called_by_its_sku() -> None:
    orders, _ = read(csv_file(ROWS[0].replace("WHITE HEART", "")))
    assert orders["1"].lines[0].name == "85123A"


def test_a_free_line_makes_a_free_order() -> None:
    orders, refused = read(csv_file(ROWS[0].replace("2.55", "0.00")))
    assert refused == {}
    assert orders["1"].payments[0].amount == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",6,2.55", ",six,2.55", "The quantity 'six' is not a whole number."),
        (",6,2.55", ",6.5,2.55", "The quantity '6.5' is not a whole number."),
        (",6,2.55", ",-6,2.55", "the quantity is -6; it must be at least 1."),
        (",6,2.55", ",0,2.55", "the quantity is 0; it must be at least 1."),
        (",6,2.55", ",6,2.555", "more decimals than GBP has"),
        (",6,2.55", ",6,-2.55", "the unit price is below 0."),
        (",6,2.55", ',6,"2,55"', "The unit price '2,55' is not an amount"),
        (",6,2.55", ",6,1e9", "is not an amount"),
        (",6,2.55", ",6,٣", "is not an amount"),
        (",6,2.55", ",6,", "is not an amount"),
        ("GBP", "pounds", "is not a currency code"),
        ("2010-12-01T08:26:00", "yesterday", "The time 'yesterday' is not one"),
        ("2010-12-01T08:26:00", "0001-01-01T00:00:00+05:00", "is not one"),
        ("85123A", "", "the SKU is missing."),
        (",GBP", "", "The row has 8 columns; the first has 9."),
        (",GBP", ",GBP,x", "The row has 10 columns; the first has 9."),
        ("1,2010", ",2010", "The order number is missing."),
        ("WHITE HEART", '"WHITE" HEART', "can't be read as CSV"),
        ("WHITE HEART", "WHITE\0HEART", "characters that are not text"),
    ],
)
def test_a_bad_row_is_refused_with_the_reason(old: str, new: str, words: str) -> None:
    third = ROWS[2].replace("2,2010", "3,2010")
    orders, refused = read(csv_file(ROWS[0].replace(old, new), ROWS[2], third))
    assert words in refused[2]
    assert "1" not in orders
    assert "3" in orders


def test_bytes_that_are_no_utf_8_refuse_their_row_only() -> None:
    for cell in (b"WHITE", b"United Kingdom", b"85123A"):
        orders, refused = read(csv_file(ROWS[0], ROWS[2]).replace(cell, b"\xff\xfe"))
        assert list(orders) == ["2"]
        assert "text" in refused[2] or "printed" in refused[2]
    row = ROWS[0].replace("1,2010", "x,2010")
    refusal, *_ = read_csv(io.BytesIO(csv_file(row).replace(b"x,2010", b"\xff,2010")), LONDON)
    assert isinstance(refusal, RefusedRow)
    assert refusal.order == "?"


def test_an_order_with_a_bad_row_is_left_out_whole_and_all_bad_rows_are_told() -> None:
    bad = [ROWS[0].replace(",6,2.55", ",x,2.55"), ROWS[1], ROWS[1].replace("3.39", "y")]
    orders, refused = read(csv_file(*bad, ROWS[2]))
    assert list(orders) == ["2"]
    assert sorted(refused) == [2, 4]


@pytest.mark.parametrize("stray", [",x,y", '"a" b', ROWS[1].replace("1,2010", ",2010")])
def test_a_row_of_nobodys_leaves_out_the_orders_it_stands_between(stray: str) -> None:
    third = ROWS[2].replace("2,2010", "3,2010")
    orders, refused = read(csv_file(ROWS[0], stray, ROWS[2], third))
    assert list(orders) == ["3"]
    assert refused[2] == "Order 1 is left out: row 3 may be one of its own."
    assert refused[4] == "Order 2 is left out: row 3 may be one of its own."
    assert sorted(refused) == [2, 3, 4]


def test_a_quote_that_never_closes_ends_the_reading() -> None:
    rows = [ROWS[0].replace("1,2010", f"{number},2010") for number in range(5000)]
    rows[10] = rows[10].replace("WHITE", '"WHITE')
    orders, refused = read(csv_file(*rows))
    assert len(orders) == 9
    assert sorted(refused) == [11, 12]
    assert refused[12].endswith("Nothing after it was read.")


def test_an_order_number_that_comes_again_later_is_refused() -> None:
    orders, refused = read(csv_file(ROWS[0], ROWS[2], ROWS[1], ROWS[1]))
    assert list(orders) == ["1", "2"]
    assert len(orders["1"].lines) == 1
    assert sorted(refused) == [4, 5]
    assert "must follow each other" in refused[4]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("GBP", "EUR", "The currency is EUR, but GBP in row 2"),
        ("c-1", "c-9", "another customer than row 2"),
        ("United Kingdom", "Norway", "another country than row 2"),
    ],
)
def test_rows_of_one_order_must_agree(old: str, new: str, words: str) -> None:
    orders, refused = read(csv_file(ROWS[0], ROWS[1].replace(old, new), ROWS[2]))
    assert list(orders) == ["2"]
    assert words in refused[3]
    assert "c-9" not in refused[3]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "missing: order_number, placed_at"),
        (csv_file(header=HEADER.replace(",sku", "")), r"missing: sku\."),
        (b"\x00\x01\x02", "missing: order_number"),
        (b"x" * 2**21, "too long to be an order"),
        (b'"never closed', "can't be read as CSV"),
    ],
)
def test_a_file_that_is_no_csv_of_orders_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        read(data)


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_gzip_that_breaks_off_leaves_out_the_order_it_breaks_in(keep: float) -> None:
    rows = [ROWS[0].replace("1,2010", f"{number},2010") for number in range(5000)]
    packed = gzip.compress(csv_file(*rows))
    orders, refused = read(packed[: int(len(packed) * keep)])
    last, broken = sorted(refused)
    assert "damaged" in refused[broken]
    # The rows read in full are in, except the last: its order may have gone on.
    assert "left out" in refused[last]
    assert 0 < len(orders) == last - 2


def test_an_order_with_endless_rows_is_refused_without_keeping_them() -> None:
    rows = [ROWS[0]] * 10_050
    orders, refused = read(csv_file(*rows, ROWS[2]))
    assert list(orders) == ["2"]
    assert refused == {10_002: "Order 1 has more than 10000 rows."}


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fall_over(noise: bytes) -> None:
    for data in (
        noise,
        csv_file(ROWS[0]) + noise,
        gzip.compress(noise),
        gzip.compress(b"x") + noise,
    ):
        try:
            for item in read_csv(io.BytesIO(data), LONDON):
                if isinstance(item, RefusedRow):
                    assert f"{item.message}{item.order}".encode()
                else:
                    assert item.order.order.number.encode()
        except FileRefused:
            continue


# --- JSON lines ------------------------------------------------------------------------------


def parse(value: Any) -> OrderInput:
    """A stand-in for the API's schema: takes a number and a price."""
    if not isinstance(value, dict) or set(value) != {"number", "price"}:
        raise OrderRefused([Refusal(code="shape", message="No order.")])
    price = value["price"]
    return OrderInput(
        number=value["number"],
        currency="GBP",
        placed_at=datetime(2026, 11, 1, tzinfo=UTC),
        lines=[LineInput(id="1", sku="TEE", name="Tee", quantity=1, unit_price=price)],
        payments=[
            PaymentInput(
                id="p-1", kind="card", provider="sandbox", reference="r", amount=100, currency="GBP"
            )
        ],
    )


def json_lines(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def read_json(data: bytes) -> tuple[dict[str, OrderInput], dict[int, str]]:
    return split(read_json_lines(io.BytesIO(data), parse))


def test_each_line_of_json_is_an_order() -> None:
    data = json_lines({"number": "1", "price": 100}, {"number": "2", "price": 100})
    for sent in (data, gzip.compress(data), data.replace(b"\n", b"\n\n"), data.rstrip()):
        orders, refused = read_json(sent)
        assert (list(orders), refused) == (["1", "2"], {})


def test_bad_lines_of_json_are_refused_and_the_others_read() -> None:
    data = (
        b'{"number": \n'
        + json_lines({"number": "1", "price": 100}, [], {"number": "2", "price": 99})
        + b'{"number": "3", "price": NaN}\n\xff\n'
        + b"[" * 100_000
        + b"\n"
    )
    orders, refused = read_json(data)
    assert list(orders) == ["1"]
    assert refused[1].startswith("This is not JSON")
    assert refused[3] == "No order."
    assert refused[4].endswith("0.01 are too much.")
    assert all(refused[row].startswith("This is not JSON") for row in (5, 6, 7))


def test_a_line_too_long_to_keep_ends_the_reading() -> None:
    data = json_lines({"number": "1", "price": 100}) + b'"' + b"x" * 2**23 + b'"'
    orders, refused = read_json(data)
    assert list(orders) == ["1"]
    assert "too long" in refused[2]
