"""What Redress asks of an ERP: find an order, record each credit note and each receipt once, and
say what it has.

An ERP is added by a package of its own: it registers a function in the entry point group
`redress.erp`, which takes `ErpSettings` and gives an `ErpProvider`, and runs the tests of
`activities.providers.erp.contract` against it. docs/erp.md tells how.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from models.rules.erp import CreditLine, CreditNote, DocumentKind, Goods, Held, Place
from models.rules.erp_exchanges import Difference, GoodsOut, SentItem

__all__ = [
    "ConnectErp",
    "CreditLine",
    "CreditNote",
    "Difference",
    "DocumentKind",
    "ErpExchanges",
    "ErpMode",
    "ErpOrder",
    "ErpProvider",
    "ErpRefused",
    "ErpSettings",
    "ErpUnclear",
    "Goods",
    "GoodsOut",
    "Held",
    "Place",
    "SentItem",
]


class ErpMode(StrEnum):
    """How far documents are taken: as drafts, for a person to look at, or posted at once."""

    DRAFT = "draft"
    POSTED = "posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpSettings:
    """What the shop set up; an ERP that needs something else reads its own environment.

    Attributes:
        url: where it answers.
        key: what opens it.
        company: whose books, where it keeps several; "" for the only one.
        mode: drafts or posted.
        locations: what it calls each place.
    """

    url: str
    key: str
    company: str
    mode: ErpMode
    locations: Mapping[Place, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpOrder:
    """An order as the ERP has it. `id` is the ERP's, `number` the one it shows people."""

    id: str
    number: str
    currency: str


class ErpUnclear(Exception):
    """No answer, or a lock that another holds: it may have been done or not. Asked again later.

    `message` is for people, without personal data.
    """

    def __init__(self, message: str) -> None:
        """Says what was seen."""
        super().__init__(message)
        self.message = message


class ErpRefused(Exception):
    """The ERP said no and would say no again: a person has to change something there first.

    Nothing was recorded by the refused call. `message` says what is missing and what to do; it
    holds numbers and codes, no personal data.
    """

    def __init__(self, message: str) -> None:
        """Says why."""
        super().__init__(message)
        self.message = message


class ErpProvider(Protocol):
    """An ERP. Methods block; they are called from several threads."""

    def find_order(self, number: str) -> ErpOrder | None:
        """The order with our number; None when the ERP has none.

        Raises:
            ErpUnclear, ErpRefused: as above.
        """

    def record_credit_note(self, note: CreditNote) -> Held:
        """Makes sure that the ERP has this credit note, exactly once, and says what it has.

        It looks for the reference first, and goes on where an earlier call was interrupted. Its
        total and its tax are those of the note to the minor unit, whatever the ERP would round.

        Raises:
            ErpUnclear: call again with the same note.
            ErpRefused: it isn't there and can't be.
        """

    def record_goods(self, goods: Goods) -> Held:
        """Makes sure that these goods came into their location, exactly once.

        Raises:
            ErpUnclear, ErpRefused: as for `record_credit_note`.
        """

    def find(self, kind: DocumentKind, reference: str) -> Held | None:
        """What the ERP has under a reference, cancelled documents apart; None for nothing.

        Raises:
            ErpUnclear, ErpRefused: as above.
        """

    def list_credit_notes(self, since: datetime) -> Iterator[Held]:
        """The credit notes with references of ours that were made there since a moment.

        Raises:
            ErpUnclear, ErpRefused: as above.
        """


@runtime_checkable
class ErpExchanges(Protocol):
    """What an ERP may take besides: what goes out in exchanges. A provider that has both methods is
    told of it from the worker's first start with them; one that has not is told the rest.

    Its `find` then knows the kinds `goods_out` and `difference`, too.
    """

    def record_goods_out(self, sent: GoodsOut) -> Held:
        """Makes sure that these goods left for the customer, exactly once, whatever is in stock.

        Raises:
            ErpUnclear, ErpRefused: as for `record_credit_note`.
        """

    def record_difference(self, difference: Difference) -> Held:
        """Makes sure that the ERP has what the customer paid on top, exactly once, as an invoice
        of this total and this tax.

        Raises:
            ErpUnclear, ErpRefused: as for `record_credit_note`.
        """


ConnectErp = Callable[[ErpSettings], ErpProvider]
