"""Imports a file of orders: what is sound goes in, row by row it says what isn't and why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import IO, Any

from models.database import Database
from models.order_csv import read_csv
from models.order_files import FileFormat, ReadOrder, RefusedRow, read_json_lines
from models.rules.orders import OrderInput
from models.store.gift_cards import register_gift_cards
from models.store.order_rows import bulk_insert_orders, compare_orders
from models.store.orders import OrderConflict, Stored, store_order

MOST_REFUSED_KEPT = 1000
_BATCH_ORDERS = 200
_BATCH_LINES = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What came of a file, in orders. `lines` counts the order lines of those that are in.

    `refused` says what is wrong, the first thousand things; `refused_rows` counts the rows with
    something wrong, each once.
    """

    created: int
    updated: int
    unchanged: int
    lines: int
    refused: tuple[RefusedRow, ...]
    refused_rows: int


def import_orders(
    database: Database,
    stream: IO[bytes],
    *,
    format: FileFormat,
    time_zone: tzinfo,
    parse: Callable[[Any], OrderInput],
) -> ImportResult:
    """Reads a file as it streams in and stores its orders, some hundred at a time.

    An order goes in whole or not at all. Importing a file again changes nothing.

    Args:
        database: where to.
        stream: the file, gzip or not; it is read once and need not know how to seek.
        format: CSV (`models.order_csv`) or JSON lines, one order of the REST API a line.
        time_zone: of times in CSV that don't say theirs.
        parse: makes an order of a JSON value, or raises `OrderRefused`.

    Raises:
        FileRefused: nothing of it can be read.
    """
    rows = (
        read_csv(stream, time_zone) if format is FileFormat.CSV else read_json_lines(stream, parse)
    )
    tally = _Tally()
    for batch in _batches(rows, tally):
        _store(database, batch, tally)
    return tally.result()


class _Tally:
    def __init__(self) -> None:
        self.counts = dict.fromkeys(Stored, 0)
        self.lines = 0
        self.refused: list[RefusedRow] = []
        self.refused_rows = 0
        self._last_refused = 0

    def add(self, read: ReadOrder, stored: Stored) -> None:
        self.counts[stored] += 1
        self.lines += len(read.order.lines)

    def refuse(self, row: RefusedRow) -> None:
        # All that is wrong with a row is told in one go.
        if row.row != self._last_refused:
            self.refused_rows += 1
            self._last_refused = row.row
        if len(self.refused) < MOST_REFUSED_KEPT:
            self.refused.append(row)

    def result(self) -> ImportResult:
        return ImportResult(
            created=self.counts[Stored.CREATED],
            updated=self.counts[Stored.UPDATED],
            unchanged=self.counts[Stored.UNCHANGED],
            lines=self.lines,
            refused=tuple(sorted(self.refused, key=lambda refused: refused.row)),
            refused_rows=self.refused_rows,
        )


def _batches(
    rows: Iterator[ReadOrder | RefusedRow], tally: _Tally
) -> Iterator[dict[str, ReadOrder]]:
    """Some hundred orders each by their number, so that none is in one batch twice."""
    batch: dict[str, ReadOrder] = {}
    lines = 0
    for row in rows:
        if isinstance(row, RefusedRow):
            tally.refuse(row)
            continue
        number = row.order.order.number
        if number in batch or len(batch) == _BATCH_ORDERS or lines >= _BATCH_LINES:
            yield batch
            batch, lines = {}, 0
        batch[number] = row
        lines += len(row.order.lines)
    yield batch


def _store(database: Database, batch: dict[str, ReadOrder], tally: _Tally) -> None:
    with database.read() as session:
        stored = compare_orders(session, [read.order for read in batch.values()])
    new = [read.order for number, read in batch.items() if number not in stored]
    with database.write() as session:
        inserted = bulk_insert_orders(session, new)
        register_gift_cards(session, [found for found in new if found.order.number in inserted])
    for number, read in batch.items():
        if number in inserted:
            tally.add(read, Stored.CREATED)
        elif stored.get(number):
            tally.add(read, Stored.UNCHANGED)
        else:
            _change(database, read, tally)


def _change(database: Database, read: ReadOrder, tally: _Tally) -> None:
    try:
        with database.write() as session:
            stored = store_order(session, read.order)
    except OrderConflict as conflict:
        number = read.order.order.number
        tally.refuse(RefusedRow(row=read.row, message=str(conflict), order=number))
    else:
        tally.add(read, stored)
