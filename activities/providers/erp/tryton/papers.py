"""What a credit note is in Tryton: the credit, and what the customer is charged, apart.

Tryton numbers a customer invoice as a credit note only when none of its lines charges anything, so
that fees are an invoice of their own beside it. Together they come to our amount.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from activities.providers.erp.protocol import CreditLine, CreditNote, Difference
from activities.providers.erp.tryton.directory import Directory, Sale, Tax
from models.money import decimals

CHARGES = "/charges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One invoice in Tryton. `total`: as Tryton counts, below 0 for a credit note."""

    reference: str
    lines: tuple[CreditLine, ...]
    total: int


def papers_of(note: CreditNote) -> list[Paper]:
    """The credit, and the charges if there are any."""
    credit = tuple(line for line in note.lines if (line.net or line.tax) > 0)
    charges = tuple(line for line in note.lines if (line.net or line.tax) < 0)
    parts = {note.reference: credit, f"{note.reference}{CHARGES}": charges}
    return [
        Paper(reference=name, lines=lines, total=-sum(line.net + line.tax for line in lines))
        for name, lines in parts.items()
        if lines
    ]


def charge_of(difference: Difference) -> CreditNote:
    """What a customer paid on top, as a note that credits nothing and charges that."""
    return CreditNote(
        reference=difference.reference,
        order=difference.order,
        rma=difference.rma,
        currency=difference.currency,
        issued_on=difference.paid_on,
        lines=(difference.line,),
        store_credit=False,
        tax_code=difference.tax_code,
        store_credit_code="",
    )


def to_decimal(amount: int, currency: str) -> Decimal:
    """Minor units as Tryton writes them."""
    return Decimal(amount).scaleb(-decimals(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """And back."""
    return int(amount.scaleb(decimals(currency)))


def invoice_values(
    paper: Paper, note: CreditNote, sale: Sale, directory: Directory
) -> dict[str, object]:
    """What the invoice is created with, lines and taxes, in one call.

    Each tax has our amount: Tryton keeps what it is given for a tax whose base is right.
    """
    taxes = {rate: directory.tax(rate) for rate in _rates(paper.lines)}
    accounts: dict[str, int] = {}

    def account(code: str) -> int:
        if code not in accounts:
            accounts[code] = directory.account(code)
        return accounts[code]

    return {
        "type": "out",
        "reference": paper.reference,
        "description": f"{note.rma} {note.issued_on}".strip(),
        "company": directory.company,
        "party": sale.party,
        "invoice_address": sale.address,
        "currency": sale.currency,
        "journal": directory.journal(),
        "account": directory.receivable(sale, note.store_credit_code if note.store_credit else ""),
        "lines": [["create", [_line(line, note, sale, taxes, account) for line in paper.lines]]],
        "taxes": [["create", _taxes(paper, note, taxes, account)]],
    }


def _rates(lines: Sequence[CreditLine]) -> list[str]:
    """Rates by which Tryton's own taxes can be used; a line without a price has no base."""
    return sorted({line.tax_rate for line in lines if line.tax_rate and line.net})


def _line(
    line: CreditLine,
    note: CreditNote,
    sale: Sale,
    taxes: dict[str, Tax | None],
    account: Callable[[str], int],
) -> dict[str, object]:
    tax = taxes.get(line.tax_rate) if line.net else None
    return {
        "type": "line",
        "description": line.words,
        # Once its whole amount: three for 10.00 have no price that three times makes it.
        "quantity": -1 if line.net > 0 else 1,
        "unit_price": to_decimal(abs(line.net), note.currency),
        "account": account(line.code),
        "currency": sale.currency,
        "taxes": [["add", [tax.id]]] if tax else [],
    }


def _taxes(
    paper: Paper,
    note: CreditNote,
    taxes: dict[str, Tax | None],
    account: Callable[[str], int],
) -> list[dict[str, object]]:
    base: dict[str, int] = defaultdict(int)
    amount: dict[str, int] = defaultdict(int)
    for line in paper.lines:
        known = line.net and taxes.get(line.tax_rate)
        base[line.tax_rate if known else ""] -= line.net if line.tax else 0
        amount[line.tax_rate if known else ""] -= line.tax
    found: list[dict[str, object]] = []
    for rate in sorted(amount):
        tax = taxes.get(rate)
        if tax is None and not amount[rate]:
            continue
        found.append(
            {
                "manual": tax is None,
                "tax": tax.id if tax else None,
                "description": tax.words if tax else "Tax",
                "account": (
                    account(note.tax_code)
                    if tax is None
                    else tax.credit_note_account
                    if base[rate] < 0
                    else tax.invoice_account
                ),
                "base": to_decimal(base[rate], note.currency),
                "amount": to_decimal(amount[rate], note.currency),
            }
        )
    return found
