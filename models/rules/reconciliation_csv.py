"""The differences of a reconciliation as a file for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Protocol

from models.money import to_text
from models.rules.ledger_csv import cell

_COLUMNS = (
    "kind",
    "state",
    "amount",
    "currency",
    "return",
    "order",
    "refund",
    "provider",
    "provider_reference",
    "explanation",
)


class Row(Protocol):
    """A difference as it is kept."""

    kind: str
    state: str
    amount: int
    currency: str
    rma: str | None
    order_number: str | None
    refund: str | None
    provider: str | None
    provider_reference: str | None
    explanation: str


def differences_csv(rows: Iterable[Row]) -> Iterator[str]:
    """A heading and a line for each difference; amounts in major units."""
    yield _line(_COLUMNS)
    for row in rows:
        yield _line(
            [
                row.kind,
                row.state,
                to_text(row.amount, row.currency) if row.currency else "",
                row.currency,
                row.rma or "",
                row.order_number or "",
                row.refund or "",
                row.provider or "",
                row.provider_reference or "",
                row.explanation,
            ]
        )


def _line(values: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([cell(value) for value in values])
    return out.getvalue()
