"""The books as CSV for spreadsheets and accounting programs."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC

from models.money import to_text
from models.rules.accounts import Account, AccountBalance, BookedEntry, default_account

ENTRY_COLUMNS = (
    "number",
    "at",
    "recorded_at",
    "source",
    "return",
    "order",
    "memo",
    "account",
    "code",
    "name",
    "currency",
    "debit",
    "credit",
    "reverses",
    "hash",
)
BALANCE_COLUMNS = ("account", "code", "name", "currency", "debit", "credit", "balance")
# What makes spreadsheets take a cell for a formula, also as full-width characters.
_FORMULA = "=+-@\t\r＝＋－＠"  # noqa: RUF001


def entries_csv(entries: Iterable[BookedEntry], accounts: Mapping[str, Account]) -> Iterator[str]:
    """The header, then each entry's lines, a row each. Amounts are written like 12.50."""
    yield _rows([ENTRY_COLUMNS])
    for entry in entries:
        rows = []
        for account, debit, credit in entry.lines:
            named = accounts.get(account) or default_account(account)
            rows.append(
                (
                    str(entry.number),
                    entry.at.astimezone(UTC).isoformat(),
                    entry.recorded_at.astimezone(UTC).isoformat(),
                    cell(entry.source),
                    cell(entry.rma or ""),
                    cell(entry.order or ""),
                    cell(entry.memo),
                    cell(account),
                    cell(named.code),
                    cell(named.name),
                    entry.currency,
                    to_text(debit, entry.currency),
                    to_text(credit, entry.currency),
                    "" if entry.reverses is None else str(entry.reverses),
                    entry.hash,
                )
            )
        yield _rows(rows)


def balances_csv(
    balances: Iterable[AccountBalance], accounts: Mapping[str, Account]
) -> Iterator[str]:
    """The header, then a row for each account and currency."""
    yield _rows([BALANCE_COLUMNS])
    for row in balances:
        named = accounts.get(row.account) or default_account(row.account)
        amounts = [to_text(sum_, row.currency) for sum_ in (row.debit, row.credit, row.balance)]
        texts = [cell(row.account), cell(named.code), cell(named.name)]
        yield _rows([[*texts, row.currency, *amounts]])


def cell(text: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe makes it text."""
    return f"'{text}" if text.lstrip(" \n")[:1] in tuple(_FORMULA) else text


def _rows(rows: Sequence[Sequence[str]]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue()
