"""Finds in Tryton what documents point at: company, order, accounts, taxes, articles, locations."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from activities.providers.erp.protocol import Place
from activities.providers.tryton.client import Record, Tryton, TrytonRefused

_LEVELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An order there. Ids of Tryton's."""

    id: int
    number: str
    party: int
    address: int | None
    delivery: int | None
    currency: int
    currency_code: str
    receivable: int | None
    customer_location: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A tax with the accounts of its invoices and its credit notes."""

    id: int
    words: str
    invoice_account: int
    credit_note_account: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A location and the warehouse it is in."""

    id: int
    warehouse: int


class Directory:
    """Looks things up by their codes; what isn't there is refused with what to do about it."""

    def __init__(self, tryton: Tryton, company: int) -> None:
        """Takes one company's database."""
        self._tryton = tryton
        self.company = company

    def find_sale(self, number: str) -> Sale | None:
        """The order whose reference, or else whose number, is ours."""
        fields = [
            "number",
            "party.account_receivable",
            "party.customer_location",
            "invoice_address",
            "shipment_address",
            "currency.code",
        ]
        for field in ("reference", "number"):
            found = self._tryton.search(
                "sale.sale",
                [
                    [field, "=", number],
                    ["company", "=", self.company],
                    ["state", "!=", "cancelled"],
                ],
                fields,
                limit=1,
                order=[("id", "ASC")],
            )
            if found:
                return _sale(found[0], number)
        return None

    def sale(self, number: str) -> Sale:
        """The order.

        Raises:
            TrytonRefused: Tryton has none.
        """
        found = self.find_sale(number)
        if found is None:
            raise TrytonRefused(
                f"Tryton has no sale with the reference or number {number}; enter it there, then "
                "try again."
            )
        return found

    def account(self, code: str) -> int:
        """An account by its code.

        Raises:
            TrytonRefused: there is none, or several.
        """
        found = self._tryton.search(
            "account.account",
            [["code", "=", code], ["company", "=", self.company], ["closed", "=", False]],
            ["id"],
            limit=2,
        )
        if len(found) != 1:
            raise TrytonRefused(
                f"Tryton has {'no' if not found else 'more than one'} account with the code "
                f"{code}; say with PUT /ledger/accounts which code each account has there."
            )
        return int(found[0]["id"])

    def receivable(self, sale: Sale, code: str) -> int:
        """What a credit note is owed on: the account with this code if its kind is receivable,
        else the customer's, else the company's.
        """
        if code:
            found = self._tryton.search(
                "account.account",
                [
                    ["code", "=", code],
                    ["company", "=", self.company],
                    ["type.receivable", "=", True],
                ],
                ["id"],
                limit=1,
            )
            if found:
                return int(found[0]["id"])
        if sale.receivable is not None:
            return sale.receivable
        default = self._tryton.search(
            "account.configuration", [], ["default_account_receivable"], limit=1
        )
        if not default or default[0]["default_account_receivable"] is None:
            raise TrytonRefused(
                "Tryton has no default account receivable; set it in its accounting configuration."
            )
        return int(default[0]["default_account_receivable"])

    def journal(self) -> int:
        """The journal of customer invoices."""
        found = self._tryton.search(
            "account.journal", [["type", "=", "revenue"]], ["id"], limit=1, order=[("id", "ASC")]
        )
        if not found:
            raise TrytonRefused("Tryton has no journal of the type revenue; add one there.")
        return int(found[0]["id"])

    def tax(self, rate: str) -> Tax | None:
        """The one sales tax of a rate; None when there is none, or more than one."""
        found = self._tryton.search(
            "account.tax",
            [
                ["rate", "=", Decimal(rate)],
                ["type", "=", "percentage"],
                ["parent", "=", None],
                ["company", "=", self.company],
                ["OR", ["group", "=", None], ["group.kind", "in", ["sale", "both"]]],
            ],
            ["description", "invoice_account", "credit_note_account"],
            limit=2,
        )
        if len(found) != 1 or None in (
            found[0]["invoice_account"],
            found[0]["credit_note_account"],
        ):
            return None
        return Tax(
            id=found[0]["id"],
            words=found[0]["description"],
            invoice_account=found[0]["invoice_account"],
            credit_note_account=found[0]["credit_note_account"],
        )

    def article(self, sku: str) -> tuple[int, int]:
        """An article and its unit.

        Raises:
            TrytonRefused: there is none with this code.
        """
        found = self._tryton.search(
            "product.product", [["code", "=", sku]], ["default_uom"], limit=1, order=[("id", "ASC")]
        )
        if not found:
            raise TrytonRefused(
                f"Tryton has no product with the code {sku}; add it there, then try again."
            )
        return int(found[0]["id"]), int(found[0]["default_uom"])

    def shelf(self, place: Place, codes: Mapping[Place, str]) -> Shelf:
        """The location of a place, and its warehouse.

        Raises:
            TrytonRefused: there is none with the code that was set up, or it is in no warehouse.
        """
        code = codes[place]
        fields = ["type", "parent"]
        found = self._tryton.search("stock.location", [["code", "=", code]], fields, limit=1)
        if not found or found[0]["type"] != "storage":
            raise TrytonRefused(
                f"Tryton has no storage location with the code {code} for {place}; add it there or "
                "name another in REDRESS_ERP_LOCATIONS."
            )
        shelf = step = found[0]
        for _ in range(_LEVELS):
            if step["parent"] is None:
                break
            (step,) = self._tryton.search("stock.location", [["id", "=", step["parent"]]], fields)
            if step["type"] == "warehouse":
                return Shelf(id=shelf["id"], warehouse=step["id"])
        raise TrytonRefused(f"Tryton's location {code} is in no warehouse; move it into one.")


def find_company(tryton: Tryton, name: str) -> int:
    """The company whose books are kept.

    Raises:
        TrytonRefused: none is called so, or there are several and none was named.
    """
    domain = [["party.name", "=", name]] if name else []
    found = tryton.search("company.company", domain, ["id"], limit=2)
    if len(found) != 1:
        raise TrytonRefused(
            f"Tryton has {'no' if not found else 'more than one'} company"
            f"{f' called {name}' if name else ''}; name it in REDRESS_ERP_COMPANY."
        )
    return int(found[0]["id"])


def _sale(found: Record, number: str) -> Sale:
    return Sale(
        id=found["id"],
        number=found["number"] or number,
        party=found["party"]["id"],
        address=found["invoice_address"],
        delivery=found["shipment_address"] or found["invoice_address"],
        currency=found["currency"]["id"],
        currency_code=found["currency"]["code"],
        receivable=found["party"]["account_receivable"],
        customer_location=found["party"]["customer_location"],
    )
