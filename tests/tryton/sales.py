"""Sales in Tryton, entered and confirmed at its own client."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from models.system_settings import SystemSettings
from tests.tryton.process import Desk, TrytonProcess
from tests.tryton.shop import KEY, SKU

CONFIRMED = ("quote", "confirm")
# Quantity and unit price without tax.
Sold = tuple[float, str]


def systems_of(server: TrytonProcess, **more: str) -> SystemSettings:
    """What Redress is told of this server."""
    return SystemSettings(
        **{"orders": "none", "crm": "none", **more},
        url=server.address,
        key=KEY,
        company="",
        time_zone="Europe/London",
    )


class SalesDesk:
    """Enters sales of the shop's one product to its one customer."""

    def __init__(self, server: TrytonProcess, template: Path) -> None:
        furnished = json.loads((template / "furnished.json").read_text())
        self.customer: int = furnished["customer"]
        self.desk = Desk(server)
        company = furnished["company"]
        self.desk.context = {
            "company": company,
            "companies": [company],
            "_skip_warnings": True,
        }
        (self._address,) = self.desk("model.party.address.search", [("party", "=", self.customer)])
        (self._product,) = self.desk.read("product.product", [("code", "=", SKU)], "default_uom")
        self._tax = self.desk.find("account.tax", ("rate", "=", Decimal("0.2")))
        self._currency = self.desk.find("currency.currency", ("code", "=", "GBP"))

    def sell(self, references: Sequence[str], *sold: Sold, tax: bool = True) -> list[int]:
        """Enters confirmed sales that are alike."""
        lines = [
            {
                "product": self._product["id"],
                "quantity": quantity,
                "unit": self._product["default_uom"],
                "unit_price": Decimal(price),
                "taxes": [["add", [self._tax]]] if tax else [],
            }
            for quantity, price in sold
        ]
        sales = self.desk(
            "model.sale.sale.create",
            [
                {
                    "reference": reference,
                    "party": self.customer,
                    "invoice_address": self._address,
                    "shipment_address": self._address,
                    "currency": self._currency,
                    "sale_date": date(2026, 11, 2),
                    "lines": [["create", lines]],
                }
                for reference in references
            ],
        )
        self.press(sales, *CONFIRMED)
        return list(sales)

    def press(self, sales: Sequence[int], *buttons: str) -> None:
        """Presses buttons of sales."""
        for button in buttons:
            self.desk(f"model.sale.sale.{button}", list(sales))

    def ship(self, sale: int, day: date) -> None:
        """Sends a sale's goods out."""
        self.press([sale], "process")
        (row,) = self.desk.read("sale.sale", [("id", "=", sale)], "shipments")
        shipments = list(row["shipments"])
        self.desk("model.stock.shipment.out.write", shipments, {"effective_date": day})
        for button in ("assign_force", "pick", "pack", "ship", "do"):
            self.desk(f"model.stock.shipment.out.{button}", shipments)
