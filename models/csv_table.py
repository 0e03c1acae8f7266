"""Reads CSV files with named columns as they stream in, and the cells that they hold."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import IO

from models.money import to_minor
from models.order_files import FileDamaged, open_file, read_lines

_LONGEST_LINE = 2**20
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: its cells in the order of the columns asked for, or what is wrong with it.

    `row` counts lines from 1, the header included; `key` is the first column's cell, None where
    it can't be told. `whole`: the problem is the first row's, so that there is no other row.
    """

    row: int
    key: str | None
    cells: Sequence[str] = ()
    problem: str = ""
    whole: bool = False


def read_table(stream: IO[bytes], columns: Sequence[str]) -> Iterator[TableRow]:
    """Reads a CSV file with a header that names at least these columns, in any order.

    Where a file can't be read any further, the last row says so.

    Args:
        stream: the file, gzip or not, in UTF-8.
        columns: the columns wanted; the first one is the key.
    """
    # Bytes that are no UTF-8 become half surrogates, which are refused with the row they are in.
    text = io.TextIOWrapper(
        open_file(stream), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    records = _records(text)
    _, header = next(records, (1, []))
    if isinstance(header, str):
        yield TableRow(1, None, problem=header, whole=True)
        return
    names = [name.strip() for name in header]
    missing = [column for column in columns if column not in names]
    if missing:
        message = f"The first row must name the columns; missing: {', '.join(missing)}."
        yield TableRow(1, None, problem=message, whole=True)
        return
    places = [names.index(column) for column in columns]
    for row, cells in records:
        if isinstance(cells, str):
            yield TableRow(row, None, problem=cells)
            continue
        key = cells[places[0]].strip() if len(cells) > places[0] else None
        if len(cells) != len(names):
            message = f"The row has {len(cells)} columns; the first has {len(names)}."
            yield TableRow(row, key or None, problem=message)
        elif not key:
            name = columns[0].replace("_", " ")
            yield TableRow(row, None, problem=f"The {name} is missing.")
        else:
            yield TableRow(row, key, [cells[place].strip() for place in places])


def _records(text: io.TextIOWrapper) -> Iterator[tuple[int, list[str] | str]]:
    """Row number and cells of each row; a sentence instead of cells where it can't be read.

    A row's number is that of the line it begins in.
    """
    reader = csv.reader(read_lines(text.readline, _LONGEST_LINE), strict=True)
    while True:
        row = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except FileDamaged as damage:
            yield row, f"{damage} Nothing after it was read."
            return
        except csv.Error as error:
            # Quotes that don't close have eaten other rows, which leaves the next ones in doubt.
            lost = reader.line_num > row
            rest = " Nothing after it was read." if lost else ""
            yield row, f"This row can't be read as CSV: {error}.{rest}"
            if lost:
                return
        else:
            if cells:
                yield row, cells


def whole_number(what: str, text: str) -> int:
    """Reads a whole number. Raises ValueError with a sentence."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"The {what} {text[:40]!r} is not a whole number.")
    return int(text)


def amount(what: str, text: str, currency: str) -> int:
    """Reads an amount like "12.50" into minor units. Raises ValueError with a sentence."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"The {what} {text[:40]!r} is not an amount; write it like 12.50.")
    try:
        return to_minor(text, currency)
    except ValueError as error:
        raise ValueError(f"The {what} {error}.") from error


def local_time(text: str, time_zone: tzinfo) -> datetime:
    """Reads a time, in `time_zone` unless it says its own, into UTC.

    Raises:
        ValueError: with a sentence.
    """
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=time_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"The time {text[:40]!r} is not one; write it like 2026-11-01T10:00:00."
        ) from None
