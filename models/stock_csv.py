"""Stock moves as CSV for warehouse and ERP programs."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC

from models.rules.ledger_csv import cell
from models.tables import StockMove

COLUMNS = (
    "number",
    "at",
    "return",
    "line",
    "sku",
    "quantity",
    "grade",
    "disposition",
    "accepted",
)


def moves_csv(moves: Iterable[StockMove]) -> Iterator[str]:
    """The header, then a row for each move."""
    yield _row(COLUMNS)
    for move in moves:
        yield _row(
            (
                str(move.id),
                move.at.astimezone(UTC).isoformat(),
                move.rma,
                cell(move.line),
                cell(move.sku),
                str(move.quantity),
                move.grade,
                move.disposition,
                "true" if move.accepted else "false",
            )
        )


def _row(cells: Iterable[str]) -> str:
    made = io.StringIO()
    csv.writer(made).writerow(cells)
    return made.getvalue()
