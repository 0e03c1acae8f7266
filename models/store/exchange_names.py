"""What the books call what they enter of an exchange; the ERP is told of it by the same names.

`exchange/<RMA>` is what went out, with the number of the round after the first, and with `/paid`
behind it the difference that was paid.
"""

from models.tables import Exchange

PREFIX = "exchange/"
PAID = "/paid"


def entry_name(found: Exchange) -> str:
    """The present round of an exchange."""
    name = f"{PREFIX}{found.rma}"
    return name if found.round == 1 else f"{name}/{found.round}"


def paid_entry_name(found: Exchange) -> str:
    """The payment of its difference."""
    return f"{entry_name(found)}{PAID}"


def is_paid_name(name: str) -> bool:
    """Whether a name is that of a payment."""
    return name.endswith(PAID)


def rma_of(name: str) -> str:
    """The return that a name belongs to."""
    return name.removeprefix(PREFIX).split("/")[0]
