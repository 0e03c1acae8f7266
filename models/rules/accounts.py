"""The chart of accounts with its defaults, and the hash that chains journal entries."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

SALES_RETURNS = "sales_returns"
TAX_PAYABLE = "tax_payable"
# Granted to customers and not yet paid out.
REFUNDS_PAYABLE = "refunds_payable"
STORE_CREDIT = "store_credit"
STORE_CREDIT_BONUS = "store_credit_bonus"
FEE_INCOME = "fee_income"
SHIPPING = "shipping"
GOODWILL = "goodwill"
WRITE_OFF = "write_off"
PAID_BY_HAND = "clearing:by_hand"

# What each account is called until the shop says otherwise; the kinds of beancount's five types.
CHART = {
    SALES_RETURNS: "Sales returns",
    TAX_PAYABLE: "Tax payable",
    REFUNDS_PAYABLE: "Refunds payable",
    STORE_CREDIT: "Store credit",
    STORE_CREDIT_BONUS: "Store credit bonus",
    FEE_INCOME: "Return fees",
    SHIPPING: "Outbound shipping",
    GOODWILL: "Goodwill",
    WRITE_OFF: "Write-offs",
    **{
        f"clearing:{kind}": f"Clearing, {kind.replace('_', ' ')}"
        for kind in ("card", "wallet", "bank", "cash", "gift_card", "store_credit", "by_hand")
    },
}


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
