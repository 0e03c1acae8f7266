"""Reads a shop's CSV export of order lines: the rows of one order follow each other."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import IO

from models.money import to_minor
from models.order_files import FileDamaged, ReadOrder, RefusedRow, open_file, read_lines
from models.rules.order_checks import MOST_LINES
from models.rules.order_pricing import price_order
from models.rules.orders import (
    CustomerInput,
    LineInput,
    OrderInput,
    OrderRefused,
    PaymentInput,
    PaymentKind,
    TaxMode,
)

COLUMNS = (
    "order_number",
    "placed_at",
    "customer_number",
    "country",
    "sku",
    "description",
    "quantity",
    "unit_price",
    "currency",
)
_LONGEST_LINE = 2**20
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")


def read_csv(stream: IO[bytes], time_zone: tzinfo) -> Iterator[ReadOrder | RefusedRow]:
    """Reads orders from a CSV file with the columns of `COLUMNS`, in any order, and a header.

    An order's lines are numbered from "1" as they come. It is taken as paid by one card at the
    sandbox, prices with tax. Its first time counts where its rows differ. An order with a bad
    row is left out whole.

    Args:
        stream: the file, gzip or not, in UTF-8.
        time_zone: of times that don't say theirs.
    """
    # Bytes that are no UTF-8 become half surrogates, which are refused with the row they are in.
    text = io.TextIOWrapper(
        open_file(stream), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    records = _records(text)
    _, header = next(records, (1, []))
    if isinstance(header, str):
        yield RefusedRow(row=1, message=header)
        return
    names = [name.strip() for name in header]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        columns = ", ".join(missing)
        yield RefusedRow(row=1, message=f"The first row must name the columns; missing: {columns}.")
        return
    yield from _read_orders(records, names, time_zone)


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


@dataclass(frozen=True, slots=True)
class _Row:
    row: int
    placed_at: datetime
    customer: str
    country: str
    currency: str
    line: LineInput


@dataclass(slots=True)
class _Collected:
    """The rows of one order so far."""

    number: str
    again: bool
    rows: list[_Row] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    # A row beside these that doesn't tell whose it is.
    stray: int | None = None

    def refuse(self, row: int, message: str) -> None:
        self.refused.append(RefusedRow(row=row, message=message, order=self.number))


def _read_orders(
    records: Iterator[tuple[int, list[str] | str]], names: Sequence[str], time_zone: tzinfo
) -> Iterator[ReadOrder | RefusedRow]:
    places = [names.index(column) for column in COLUMNS]
    seen: set[str] = set()
    current: _Collected | None = None
    stray: int | None = None
    for row, cells in records:
        number = _order_number(cells, places[0])
        if number is None:
            message = cells if isinstance(cells, str) else "The order number is missing."
            yield RefusedRow(row=row, message=message)
            stray = row
            if current is not None:
                current.stray = row
            continue
        if current is None or number != current.number:
            if current is not None:
                yield from _finish(current)
            current = _Collected(number, again=number in seen, stray=stray)
            seen.add(number)
        stray = None
        if len(cells) == len(names):
            values = [cells[place].strip() for place in places[1:]]
            _collect(current, row, values, time_zone)
        else:
            message = f"The row has {len(cells)} columns; the first has {len(names)}."
            current.refuse(row, message)
    if current is not None:
        yield from _finish(current)


def _order_number(cells: list[str] | str, place: int) -> str | None:
    if isinstance(cells, str) or len(cells) <= place:
        return None
    return cells[place].strip() or None


def _collect(order: _Collected, row: int, values: Sequence[str], time_zone: tzinfo) -> None:
    if order.again:
        order.refuse(
            row,
            f"Order {order.number} has rows further up; the rows of one order must follow each "
            "other.",
        )
    elif len(order.rows) + len(order.refused) >= MOST_LINES:
        if len(order.rows) + len(order.refused) == MOST_LINES:
            order.refuse(row, f"Order {order.number} has more than {MOST_LINES} rows.")
    else:
        try:
            order.rows.append(_read_row(row, str(len(order.rows) + 1), values, time_zone))
        except ValueError as problem:
            order.refuse(row, str(problem))


def _read_row(row: int, line_id: str, values: Sequence[str], time_zone: tzinfo) -> _Row:
    placed_at, customer, country, sku, description, quantity, unit_price, currency = values
    if not _WHOLE.fullmatch(quantity):
        raise ValueError(f"The quantity {quantity[:40]!r} is not a whole number.")
    if not _AMOUNT.fullmatch(unit_price):
        raise ValueError(
            f"The unit price {unit_price[:40]!r} is not an amount; write it like 12.50."
        )
    try:
        price = to_minor(unit_price, currency)
    except ValueError as error:
        raise ValueError(f"The unit price {error}.") from error
    return _Row(
        row,
        _read_time(placed_at, time_zone),
        customer,
        country,
        currency,
        LineInput(
            id=line_id,
            sku=sku,
            name=description or sku,
            quantity=int(quantity),
            unit_price=price,
        ),
    )


def _read_time(text: str, time_zone: tzinfo) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=time_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"The time {text[:40]!r} is not one; write it like 2026-11-01T10:00:00."
        ) from None


def _finish(collected: _Collected) -> Iterator[ReadOrder | RefusedRow]:
    if not collected.again:
        _compare_rows(collected)
    if collected.refused:
        yield from collected.refused
        return
    if collected.stray is not None:
        message = (
            f"Order {collected.number} is left out: row {collected.stray} may be one of its own."
        )
        yield RefusedRow(row=collected.rows[0].row, message=message, order=collected.number)
        return
    rows = collected.rows
    first = rows[0]
    total = sum(row.line.quantity * row.line.unit_price for row in rows)
    order = OrderInput(
        number=collected.number,
        currency=first.currency,
        placed_at=min(row.placed_at for row in rows),
        country=first.country or None,
        tax_mode=TaxMode.INCLUSIVE,
        customer=CustomerInput(id=first.customer) if first.customer else None,
        lines=[row.line for row in rows],
        payments=[
            PaymentInput(
                id="p-1",
                kind=PaymentKind.CARD,
                provider="sandbox",
                reference=f"sbx_ok_{collected.number}",
                amount=total,
                currency=first.currency,
            )
        ],
    )
    try:
        yield ReadOrder(row=first.row, order=price_order(order))
    except OrderRefused as refused:
        yield from _refused_rows(collected, refused)


def _compare_rows(collected: _Collected) -> None:
    if not collected.rows:
        return
    first = collected.rows[0]
    for row in collected.rows[1:]:
        if row.currency != first.currency:
            message = f"The currency is {row.currency}, but {first.currency} in row {first.row}"
        elif row.customer != first.customer:
            message = f"It names another customer than row {first.row}"
        elif row.country != first.country:
            message = f"It names another country than row {first.row}"
        else:
            continue
        collected.refuse(row.row, f"{message} of the same order.")


def _refused_rows(collected: _Collected, refused: OrderRefused) -> Iterator[RefusedRow]:
    """Puts what is wrong with an order to the rows it comes from."""
    # What is wrong with the payment, made here of the lines, follows from them.
    of_lines = [item for item in refused.refusals if item.pointer.startswith("/lines/")]
    for refusal in of_lines or refused.refusals:
        index = int(refusal.pointer.split("/")[2]) if of_lines else 0
        row = collected.rows[index].row
        yield RefusedRow(row=row, message=refusal.message, order=collected.number)
