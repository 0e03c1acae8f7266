"""A shop in Tryton as a company would set it up for Redress: books, stock, products, customers."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.tryton.process import Desk

# Redress's user there.
KEY = "0123456789abcdef" * 8
LOGIN = "redress"

CUSTOMER = "A. Customer"
ORDER = "1001"
SKU = "TEE-RED-M"
# What it is exchanged for.
LARGER = "TEE-RED-L"

CURRENCIES = {"GBP": 2, "EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
# What Redress calls an account → its code in Tryton.
ACCOUNTS = {
    "sales_returns": "4100",
    "exchange_sales": "4000",
    "shipping": "4200",
    "fee_income": "4300",
    "goodwill": "4400",
    "store_credit_bonus": "4500",
    "refunds_payable": "4900",
    "store_credit": "2300",
    "tax_payable": "2200",
}
LOCATIONS = {"storage": "STO", "quarantine": "QUA", "scrap": "SCR"}

_KINDS = {
    "Receivable": {"statement": "balance", "receivable": True, "assets": True},
    "Payable": {"statement": "balance", "payable": True},
    "Tax": {"statement": "balance"},
    "Credit": {"statement": "balance", "receivable": True, "assets": True},
    "Revenue": {"statement": "income", "revenue": True},
    "Expense": {"statement": "income", "expense": True},
}
# code, name, kind, whether its lines name a party and are reconciled.
_CHART = (
    ("1100", "Receivables", "Receivable", True),
    ("2100", "Payables", "Payable", True),
    ("2200", "Tax", "Tax", False),
    ("2300", "Store credit", "Credit", True),
    ("4000", "Sales", "Revenue", False),
    ("4100", "Sales returns", "Revenue", False),
    ("4200", "Shipping", "Revenue", False),
    ("4300", "Return fees", "Revenue", False),
    ("4400", "Goodwill", "Revenue", False),
    ("4500", "Store credit bonus", "Revenue", False),
    ("4900", "Owed to customers", "Revenue", False),
    ("5000", "Purchases", "Expense", False),
)
_GROUPS = (
    "Accounting",
    "Accounting Administration",
    "Sales",
    "Sales Administrator",
    "Stock",
    "Stock Force Assignment",
)


@dataclass(frozen=True)
class Furnished:
    """Ids that the tests need."""

    company: int
    customer: int
    # Its one order by currency, each with this reference.
    orders: dict[str, str]


def furnish(desk: Desk) -> Furnished:
    """Sets everything up, in the order Tryton needs it."""
    currencies = {
        code: desk.create(
            "currency.currency",
            name=code,
            code=code,
            symbol=code,
            digits=digits,
            rounding=Decimal(1).scaleb(-digits),
            rates=[["create", [{"date": date(2020, 1, 1), "rate": Decimal(1)}]]],
        )
        for code, digits in CURRENCIES.items()
    }
    shop = desk.create("party.party", name="The shop", addresses=[["create", [{}]]])
    company = desk.create("company.company", party=shop, currency=currencies["GBP"])
    groups = desk("model.res.group.search", [])
    desk(
        "model.res.user.write",
        [desk.user],
        {
            "companies": [["add", [company]]],
            "company": company,
            "groups": [["add", groups]],
        },
    )
    desk.context = {"company": company, "companies": [company], "_skip_warnings": True}
    accounts = _open_books(desk, company)
    _open_years(desk, company)
    _open_locations(desk)
    _add_product(desk, accounts)
    customer = _add_customer(desk)
    orders = {code: ORDER if code == "GBP" else f"{ORDER}-{code}" for code in currencies}
    for code, order in orders.items():
        _add_order(desk, order, customer, currencies[code], company)
    user = desk.create(
        "res.user",
        name="Redress",
        login=LOGIN,
        companies=[["add", [company]]],
        company=company,
        groups=[["add", desk("model.res.group.search", [("name", "in", list(_GROUPS))])]],
    )
    desk.create("res.user.application", key=KEY, user=user, application="rest")
    return Furnished(company=company, customer=customer, orders=orders)


def _open_books(desk: Desk, company: int) -> dict[str, int]:
    kinds = {
        name: desk.create("account.account.type", name=name, company=company, **flags)
        for name, flags in _KINDS.items()
    }
    accounts = {
        code: desk.create(
            "account.account",
            code=code,
            name=name,
            company=company,
            type=kinds[kind],
            party_required=party,
            reconcile=party,
        )
        for code, name, kind, party in _CHART
    }
    desk(
        "model.account.configuration.write",
        [1],
        {
            "default_account_receivable": accounts["1100"],
            "default_account_payable": accounts["2100"],
        },
    )
    group = desk.create("account.tax.group", name="Sales", code="SALES", kind="sale")
    for percent in (20, 5):
        desk.create(
            "account.tax",
            name=f"{percent} %",
            description=f"VAT {percent} %",
            company=company,
            group=group,
            type="percentage",
            rate=Decimal(percent) / 100,
            invoice_account=accounts["2200"],
            credit_note_account=accounts["2200"],
        )
    return accounts


def _open_years(desk: Desk, company: int) -> None:
    kinds = {"move": "Account Move", "invoice": "Invoice"}
    kind = {name: desk.find("ir.sequence.type", ("name", "=", kinds[name])) for name in kinds}
    numbers = {
        name: desk.create(
            "ir.sequence.strict",
            name=name,
            prefix=prefix,
            padding=5,
            sequence_type=kind["invoice"],
            company=company,
        )
        for name, prefix in (
            ("out_invoice_sequence", "INV-"),
            ("out_credit_note_sequence", "CN-"),
            ("in_invoice_sequence", "BILL-"),
            ("in_credit_note_sequence", "BCN-"),
        )
    }
    for year in range(2025, 2036):
        moves = desk.create(
            "ir.sequence.strict", name=str(year), sequence_type=kind["move"], company=company
        )
        opened = desk.create(
            "account.fiscalyear",
            name=str(year),
            start_date=date(year, 1, 1),
            end_date=date(year, 12, 31),
            company=company,
            move_sequence=moves,
            invoice_sequences=[["create", [{"company": company, **numbers}]]],
        )
        desk.create(
            "account.period",
            name=str(year),
            start_date=date(year, 1, 1),
            end_date=date(year, 12, 31),
            fiscalyear=opened,
            type="standard",
        )


def _open_locations(desk: Desk) -> None:
    warehouse = desk.find("stock.location", ("type", "=", "warehouse"))
    for code, name in (("QUA", "Quarantine"), ("SCR", "Scrap")):
        desk.create("stock.location", name=name, code=code, type="storage", parent=warehouse)


def _add_product(desk: Desk, accounts: dict[str, int]) -> None:
    unit = desk.find("product.uom", ("name", "=", "Unit"))
    category = desk.create(
        "product.category",
        name="Goods",
        accounting=True,
        account_revenue=accounts["4000"],
        account_expense=accounts["5000"],
    )
    desk.create(
        "product.template",
        name="Tee",
        type="goods",
        default_uom=unit,
        sale_uom=unit,
        salable=True,
        list_price=Decimal("100"),
        cost_price_method="fixed",
        account_category=category,
        products=[
            [
                "create",
                [{"suffix_code": code, "cost_price": Decimal("40")} for code in (SKU, LARGER)],
            ]
        ],
    )


def _add_customer(desk: Desk) -> int:
    return desk.create(
        "party.party",
        name=CUSTOMER,
        addresses=[["create", [{"street": "1 High Street", "city": "Leeds"}]]],
    )


def _add_order(desk: Desk, reference: str, customer: int, currency: int, company: int) -> None:
    (address,) = desk("model.party.address.search", [("party", "=", customer)])
    (product,) = desk.read("product.product", [("code", "=", SKU)], "default_uom")
    line = {
        "product": product["id"],
        "quantity": 3,
        "unit": product["default_uom"],
        "unit_price": Decimal("100"),
    }
    desk.create(
        "sale.sale",
        reference=reference,
        party=customer,
        invoice_address=address,
        shipment_address=address,
        currency=currency,
        company=company,
        lines=[["create", [line]]],
    )
