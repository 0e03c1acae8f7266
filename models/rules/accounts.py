"""The chart of accounts with its defaults, what an entry holds, and the hash that chains them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

SALES_RETURNS = "sales_returns"
# What goes out in exchanges; the goods that come back for it are sales returns.
EXCHANGE_SALES = "exchange_sales"
TAX_PAYABLE = "tax_payable"
# Granted to customers and not yet paid out.
REFUNDS_PAYABLE = "refunds_payable"
STORE_CREDIT = "store_credit"
STORE_CREDIT_BONUS = "store_credit_bonus"
FEE_INCOME = "fee_income"
SHIPPING = "shipping"
GOODWILL = "goodwill"
WRITE_OFF = "write_off"
FX = "fx"
# Paid ahead of goods that were refused or never came, and asked back; and what never came back.
ASKED_BACK = "asked_back"
BAD_DEBT = "bad_debt"
PAID_BY_HAND = "clearing:by_hand"

_PAYMENT_KINDS = ("card", "wallet", "bank", "cash", "gift_card", "store_credit")

# What each account is called until the shop says otherwise.
CHART = {
    SALES_RETURNS: "Sales returns",
    EXCHANGE_SALES: "Exchange sales",
    TAX_PAYABLE: "Tax payable",
    REFUNDS_PAYABLE: "Refunds payable",
    STORE_CREDIT: "Store credit",
    STORE_CREDIT_BONUS: "Store credit bonus",
    FEE_INCOME: "Return fees",
    SHIPPING: "Outbound shipping",
    GOODWILL: "Goodwill",
    WRITE_OFF: "Write-offs",
    FX: "Currency differences",
    ASKED_BACK: "Asked back from customers",
    BAD_DEBT: "Refunds that never came back",
    **{
        f"clearing:{kind}": f"Clearing, {kind.replace('_', ' ')}"
        for kind in (*_PAYMENT_KINDS, "by_hand")
    },
}


class AccountType(StrEnum):
    """What an account is; the words are beancount's."""

    ASSETS = "Assets"
    LIABILITIES = "Liabilities"
    INCOME = "Income"
    EXPENSES = "Expenses"


# Clearing accounts are assets. What takes a sale back lowers income; what is owed to a customer
# and written off is income, too.
_TYPES = {
    SALES_RETURNS: AccountType.INCOME,
    EXCHANGE_SALES: AccountType.INCOME,
    TAX_PAYABLE: AccountType.LIABILITIES,
    REFUNDS_PAYABLE: AccountType.LIABILITIES,
    STORE_CREDIT: AccountType.LIABILITIES,
    STORE_CREDIT_BONUS: AccountType.EXPENSES,
    FEE_INCOME: AccountType.INCOME,
    SHIPPING: AccountType.INCOME,
    GOODWILL: AccountType.EXPENSES,
    WRITE_OFF: AccountType.INCOME,
    FX: AccountType.EXPENSES,
    BAD_DEBT: AccountType.EXPENSES,
}


def account_type(account: str) -> AccountType:
    """What an account is."""
    return _TYPES.get(account, AccountType.ASSETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One of our accounts, with the code and name it has in the shop's own chart."""

    account: str
    code: str
    name: str


def default_account(account: str) -> Account:
    """An account before the shop says what it calls it: its code is our name for it."""
    return Account(account=account, code=account, name=CHART.get(account, account))


def clearing_account(payment_kind: str) -> str:
    """The account a payment kind's money passes through."""
    return f"clearing:{payment_kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """An amount on an account, in minor units: above 0 is a debit, below 0 a credit."""

    account: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """Everything of an entry that its hash covers. `lines`: account, debit, credit."""

    number: int
    source: str
    rma: str | None
    order: str | None
    at: datetime
    recorded_at: datetime
    currency: str
    memo: str
    reverses: int | None
    lines: Sequence[tuple[str, int, int]]
    previous_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedEntry(EntryFacts):
    """An entry as it stands in the books; `hash` is what was stored, right or not."""

    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """What was debited and credited to an account in one currency, in minor units."""

    account: str
    currency: str
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Debit less credit."""
        return self.debit - self.credit


# What the first entry has for the hash of the one before.
FIRST_HASH = "0" * 64


def entry_hash(entry: EntryFacts) -> str:
    """The SHA-256 of an entry's facts and of the hash before it, in hexadecimal."""
    facts = [
        entry.number,
        entry.source,
        entry.rma,
        entry.order,
        _time(entry.at),
        _time(entry.recorded_at),
        entry.currency,
        entry.memo,
        entry.reverses,
        [list(line) for line in entry.lines],
        entry.previous_hash,
    ]
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
