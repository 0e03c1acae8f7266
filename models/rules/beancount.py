"""The books as text for beancount, the plain-text accounting program."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC

from models.money import to_text
from models.rules.accounts import CHART, Account, BookedEntry, account_type, default_account

# Before anything that is booked: beancount wants accounts opened by then.
_OPENED = "1970-01-01"
_LINK = re.compile(r"[A-Za-z0-9_/.-]+")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": " "})


def beancount_account(account: str) -> str:
    """What one of our accounts is called there: clearing:gift_card is Assets:Clearing:Gift-Card."""
    parts = [
        "-".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", part))
        for part in account.split(":")
    ]
    return ":".join([account_type(account), *(part for part in parts if part)])


def beancount_text(
    entries: Iterable[BookedEntry], accounts: Mapping[str, Account]
) -> Iterator[str]:
    """A beancount file, piece by piece, that `bean-check` accepts.

    An entry becomes a transaction with its number, source, return, order and hash as metadata,
    linked with its return and with the entry it takes back. The shop's own codes stand at the
    accounts.

    Args:
        entries: balanced ones.
        accounts: what the shop calls our accounts, by our name.
    """
    yield 'option "title" "Redress"\n'
    for account in CHART:
        yield _open(accounts.get(account) or default_account(account))
    others: set[str] = set()
    currencies: set[str] = set()
    for entry in entries:
        others.update(account for account, _, _ in entry.lines if account not in CHART)
        currencies.add(entry.currency)
        yield _transaction(entry)
    # Beancount sorts by date, so what is only known now may stand at the end.
    for account in sorted(others):
        yield _open(default_account(account))
    for currency in sorted(currencies):
        yield f"\n{_OPENED} commodity {currency}\n"


def _open(account: Account) -> str:
    return (
        f"\n{_OPENED} open {beancount_account(account.account)}\n"
        f"  code: {_quoted(account.code)}\n"
        f"  name: {_quoted(account.name)}\n"
    )


def _transaction(entry: BookedEntry) -> str:
    links = [f"entry/{entry.number}"]
    if entry.reverses is not None:
        links.append(f"entry/{entry.reverses}")
    if entry.rma is not None and _LINK.fullmatch(entry.rma):
        links.append(entry.rma)
    day = entry.at.astimezone(UTC).date()
    lines = [
        f"\n{day} * {_quoted(entry.memo)} {' '.join(f'^{link}' for link in links)}",
        f"  number: {entry.number}",
        f"  source: {_quoted(entry.source)}",
    ]
    if entry.rma is not None:
        lines.append(f"  rma: {_quoted(entry.rma)}")
    if entry.order is not None:
        lines.append(f"  order: {_quoted(entry.order)}")
    lines.append(f"  hash: {_quoted(entry.hash)}")
    for account, debit, credit in entry.lines:
        amount = to_text(debit - credit, entry.currency)
        lines.append(f"  {beancount_account(account)}  {amount} {entry.currency}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
