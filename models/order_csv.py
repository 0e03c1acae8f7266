"""Reads a shop's CSV export of order lines: the rows of one order follow each other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import IO

from models.csv_table import TableRow, amount, local_time, read_table, whole_number
from models.order_files import FileRefused, ReadOrder, RefusedRow
from models.rules.order_checks import MOST_LINES, quotable
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


def read_csv(stream: IO[bytes], time_zone: tzinfo) -> Iterator[ReadOrder | RefusedRow]:
    """Reads orders from a CSV file with the columns of `COLUMNS`, in any order, and a header.

    An order's lines are numbered from "1" as they come. It is taken as paid by one card at the
    sandbox, prices with tax. Its first time counts where its rows differ. An order with a bad
    row is left out whole.

    Args:
        stream: the file, gzip or not, in UTF-8.
        time_zone: of times that don't say theirs.

    Raises:
        FileRefused: the first row doesn't name the columns.
    """
    seen: set[str] = set()
    current: _Collected | None = None
    stray: int | None = None
    for item in read_table(stream, COLUMNS):
        if item.whole:
            raise FileRefused(quotable(item.problem))
        if item.key is None:
            yield RefusedRow(row=item.row, message=item.problem)
            stray = item.row
            if current is not None:
                current.stray = stray
            continue
        if current is None or item.key != current.number:
            if current is not None:
                yield from _finish(current)
            current = _Collected(item.key, again=item.key in seen, stray=stray)
            seen.add(item.key)
        stray = None
        _collect(current, item, time_zone)
    if current is not None:
        yield from _finish(current)


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


def _collect(order: _Collected, item: TableRow, time_zone: tzinfo) -> None:
    kept = len(order.rows) + len(order.refused)
    if kept >= MOST_LINES:
        if kept == MOST_LINES:
            order.refuse(item.row, f"Order {order.number} has more than {MOST_LINES} rows.")
    elif order.again:
        order.refuse(
            item.row,
            f"Order {order.number} has rows further up; the rows of one order must follow each "
            "other.",
        )
    elif item.problem:
        order.refuse(item.row, item.problem)
    else:
        try:
            order.rows.append(_read_row(item, str(len(order.rows) + 1), time_zone))
        except ValueError as problem:
            order.refuse(item.row, str(problem))


def _read_row(item: TableRow, line_id: str, time_zone: tzinfo) -> _Row:
    _, placed_at, customer, country, sku, description, quantity, unit_price, currency = item.cells
    line = LineInput(
        id=line_id,
        sku=sku,
        name=description or sku,
        quantity=whole_number("quantity", quantity),
        unit_price=amount("unit price", unit_price, currency),
    )
    return _Row(item.row, local_time(placed_at, time_zone), customer, country, currency, line)


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
    found = []
    for refusal in of_lines or refused.refusals:
        index = int(refusal.pointer.split("/")[2]) if of_lines else 0
        row = collected.rows[index].row
        found.append(RefusedRow(row=row, message=refusal.message, order=collected.number))
    # What is wrong with one row stands together.
    yield from sorted(found, key=lambda refused: refused.row)
