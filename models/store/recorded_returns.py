"""Reads the returns that a shop recorded before Redress, to be gone through once more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.csv_table import TableRow, amount, local_time, read_table, whole_number
from models.order_files import RefusedRow
from models.rules.order_checks import MOST_UNITS, storable
from models.tables import Order, OrderLine

COLUMNS = (
    "credit_note",
    "returned_at",
    "order_number",
    "sku",
    "quantity",
    "unit_price",
    "currency",
)
_ORDERS_AT_ONCE = 500

# Order number, SKU, unit price, currency: how such a file knows an order line.
_LineKey = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedReturn:
    """What one credit note took back of one order.

    `lines` are order line ids with units, a line twice where the note names it twice. `amount`
    is what the note says they cost, minor units of `currency`.
    """

    credit_note: str
    order: str
    returned_at: datetime
    lines: tuple[tuple[str, int], ...]
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedReturns:
    """The returns of a file, as they come in it, and the rows that can't be taken."""

    returns: tuple[RecordedReturn, ...]
    refused: tuple[RefusedRow, ...]


def read_recorded_returns(
    session: Session, stream: IO[bytes], time_zone: tzinfo
) -> RecordedReturns:
    """Reads a CSV file of credit notes; the rows of one need not follow each other.

    A note's first time counts where its rows differ. A return with a bad row is left out whole.

    Args:
        session: to look the orders up.
        stream: the file, gzip or not; all of it is kept in memory.
        time_zone: of times that don't say theirs.
    """
    notes: dict[tuple[str, str], list[_Row]] = {}
    refused: list[RefusedRow] = []
    left_out: set[tuple[str, str]] = set()
    for item in read_table(stream, COLUMNS):
        try:
            row = _read_row(item, time_zone)
        except ValueError as problem:
            refused.append(RefusedRow(row=item.row, message=str(problem)))
            if len(item.cells) == len(COLUMNS):
                left_out.add((item.cells[0], item.cells[2]))
        else:
            notes.setdefault((row.credit_note, row.order), []).append(row)
    lines = _find_lines(session, sorted({order for _, order in notes}))
    orders = {key[0] for key in lines}
    returns = []
    for name, rows in notes.items():
        unknown = [row for row in rows if row.key not in lines]
        for row in unknown:
            message = (
                f"Order {row.order} has no line of {row.sku} at this price and currency."
                if row.order in orders
                else f"There is no order {row.order}; import the orders first."
            )
            refused.append(RefusedRow(row=row.row, message=message, order=row.order))
        if not unknown and name not in left_out:
            returns.append(_recorded(rows, lines))
    return RecordedReturns(
        returns=tuple(returns), refused=tuple(sorted(refused, key=lambda found: found.row))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    row: int
    credit_note: str
    order: str
    returned_at: datetime
    sku: str
    quantity: int
    unit_price: int
    currency: str

    @property
    def key(self) -> _LineKey:
        return (self.order, self.sku, self.unit_price, self.currency)


def _read_row(item: TableRow, time_zone: tzinfo) -> _Row:
    if item.problem:
        raise ValueError(item.problem)
    credit_note, returned_at, order, sku, quantity, unit_price, currency = item.cells
    if not all(map(storable, item.cells)):
        raise ValueError("The row holds characters that are not text; save the file as UTF-8.")
    units = whole_number("quantity", quantity)
    if not 1 <= units <= MOST_UNITS:
        raise ValueError(f"The quantity is {units}; it must be at least 1.")
    return _Row(
        row=item.row,
        credit_note=credit_note,
        order=order,
        returned_at=local_time(returned_at, time_zone),
        sku=sku,
        quantity=units,
        unit_price=amount("unit price", unit_price, currency),
        currency=currency,
    )


def _find_lines(session: Session, orders: Sequence[str]) -> dict[_LineKey, str]:
    """Order line ids; where an order has two lines of one item at one price, the first."""
    found: dict[_LineKey, str] = {}
    for start in range(0, len(orders), _ORDERS_AT_ONCE):
        query = (
            select(
                OrderLine.order_number,
                OrderLine.sku,
                OrderLine.unit_price,
                Order.currency,
                OrderLine.line,
            )
            .join(Order, Order.number == OrderLine.order_number)
            .where(OrderLine.order_number.in_(orders[start : start + _ORDERS_AT_ONCE]))
            .order_by(OrderLine.order_number, OrderLine.position)
        )
        for number, sku, unit_price, currency, line in session.execute(query):
            found.setdefault((number, sku, unit_price, currency), line)
    return found


def _recorded(rows: Sequence[_Row], lines: Mapping[_LineKey, str]) -> RecordedReturn:
    first = rows[0]
    return RecordedReturn(
        credit_note=first.credit_note,
        order=first.order,
        returned_at=min(row.returned_at for row in rows),
        lines=tuple((lines[row.key], row.quantity) for row in rows),
        amount=sum(row.quantity * row.unit_price for row in rows),
        currency=first.currency,
    )
