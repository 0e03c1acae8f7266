"""Goods in Tryton: what came back as a customer return, what went out as a customer shipment."""

from collections.abc import Collection, Mapping

from activities.providers.erp.protocol import Goods, GoodsOut, Place
from activities.providers.erp.tryton.directory import Directory
from activities.providers.erp.tryton.papers import to_decimal
from activities.providers.tryton.client import Record, TrytonRefused

SHIPMENT_IN = "stock.shipment.out.return"
SHIPMENT_OUT = "stock.shipment.out"
SHIPMENT_FIELDS = ("number", "reference", "state", "moves.quantity")

# What takes a customer shipment on from each state. It has left already, so that it is forced where
# Tryton believes that there is too little; only that takes a group of its own there.
_BUTTONS = {
    "draft": ("wait",),
    "waiting": ("assign_try", "assign_force"),
    "assigned": ("pack",),
    "picked": ("pack",),
    "packed": ("do",),
    "shipped": ("do",),
}


def next_button(shipment: Record, pressed: Collection[str]) -> str:
    """What is pressed next to have a customer shipment done, after what was pressed already.

    Raises:
        TrytonRefused: it is in a state that only a person can take on.
    """
    for button in _BUTTONS.get(shipment["state"], ()):
        if button not in pressed:
            return button
    raise TrytonRefused(
        f"Tryton's shipment {shipment['reference']} stays {shipment['state']}; finish it there, "
        "then try again."
    )


def values_in(goods: Goods, directory: Directory, codes: Mapping[Place, str]) -> dict[str, object]:
    """What a customer return is created with, so that receiving it is all there is to do."""
    sale = directory.sale(goods.order)
    article, unit = directory.article(goods.sku)
    shelf = directory.shelf(goods.place, codes)
    move = {
        "product": article,
        "unit": unit,
        "quantity": goods.quantity,
        "from_location": sale.customer_location,
        "to_location": shelf.id,
        "company": directory.company,
        "unit_price": to_decimal(goods.unit_price, goods.currency),
        "currency": sale.currency,
    }
    return {
        "reference": goods.reference,
        "company": directory.company,
        "customer": sale.party,
        "contact_address": sale.address,
        "warehouse": shelf.warehouse,
        "warehouse_storage": shelf.id,
        "warehouse_input": shelf.id,
        "incoming_moves": [["create", [move]]],
    }


def values_out(
    sent: GoodsOut, directory: Directory, codes: Mapping[Place, str]
) -> dict[str, object]:
    """What a customer shipment is created with: from where goods are sold to the customer.

    Its moves have no line of the sale as their origin: Tryton would count them as what that line
    still owes.
    """
    sale = directory.sale(sent.order)
    if sale.delivery is None:
        raise TrytonRefused(
            f"Tryton has sale {sent.order} without an address; add one there, then try again."
        )
    shelf = directory.shelf(Place.STORAGE, codes)
    moves = []
    for item in sent.items:
        article, unit = directory.article(item.sku)
        moves.append(
            {
                "product": article,
                "unit": unit,
                "quantity": item.quantity,
                "from_location": shelf.id,
                "to_location": sale.customer_location,
                "company": directory.company,
                "unit_price": to_decimal(item.unit_price, sent.currency),
                "currency": sale.currency,
            }
        )
    return {
        "reference": sent.reference,
        "company": directory.company,
        "customer": sale.party,
        "delivery_address": sale.delivery,
        "warehouse": shelf.warehouse,
        "warehouse_storage": shelf.id,
        "warehouse_output": shelf.id,
        "outgoing_moves": [["create", moves]],
    }
