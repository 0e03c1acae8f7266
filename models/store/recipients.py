"""Whom a return is with: the contact that came with it, else the order's customer.

A gift return is with its recipient alone. Whoever bought the gift hears nothing of it, so nothing
here ever falls back to them.
"""

from models.addresses import Address
from models.messages import ReturnKind
from models.tables import Customer, Return


def recipient_of(found: Return) -> str | None:
    """The address to write to; None: nobody can be written to."""
    buyer = _buyer(found)
    return found.contact_email or (buyer.email if buyer else None)


def name_of(found: Return) -> str | None:
    """The person's name, when it is known."""
    buyer = _buyer(found)
    return found.contact_name or (buyer.name if buyer else None)


def address_of(found: Return) -> Address | None:
    """Where the goods are sent back from: where a person said, else where they went. A gift went to
    its recipient, or not.
    """
    went = None if found.kind == ReturnKind.GIFT else found.order.shipping_address
    given = found.sender_address or went
    return None if given is None else Address(**given)


def greeted_as(found: Return) -> str | None:
    """How a mail greets; one to another address greets that person, never the one who bought."""
    return found.contact_name if found.contact_email else name_of(found)


def _buyer(found: Return) -> Customer | None:
    return None if found.kind == ReturnKind.GIFT else found.order.customer
