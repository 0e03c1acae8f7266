"""What Redress asks of a system that orders are pulled from: those that changed, a page at a time.

A source is added by a package of its own: it registers a function in the entry point group
`redress.orders`, which takes `SystemSettings` and gives an `OrderSource`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.rules.orders import OrderInput
from models.system_settings import SystemSettings

__all__ = [
    "ConnectOrderSource",
    "OrderPage",
    "OrderSource",
    "SourceRefused",
    "SourceUnclear",
    "SourcedOrder",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedOrder:
    """An order as the source has it, or why it can't be one.

    Attributes:
        number: what Redress and the customers call it.
        order: without payments where the source doesn't know how it was paid, and without a date
            that it doesn't know; None when there is a problem.
        problem: for people; it says what to do there.
    """

    number: str
    order: OrderInput | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """Some of the orders that changed.

    Attributes:
        orders: those of this page.
        next: what to ask for the page after it; None: this is the last.
        newest: by the first page: once all pages are read, nothing that changed before is missing.
            None where there are no orders yet.
    """

    orders: Sequence[SourcedOrder]
    next: str | None = None
    newest: datetime | None = None


class SourceUnclear(Exception):
    """No answer; asked again later. `message` is for people, without personal data."""

    def __init__(self, message: str) -> None:
        """Says what was seen."""
        super().__init__(message)
        self.message = message


class SourceRefused(Exception):
    """The source said no and would say no again: a person has to change something first."""

    def __init__(self, message: str) -> None:
        """Says what to do."""
        super().__init__(message)
        self.message = message


class OrderSource(Protocol):
    """Where orders are. Methods block; they are called from several threads."""

    def list_changed(self, since: datetime | None, after: str | None) -> OrderPage:
        """The orders that count as bought and are new or changed since a moment.

        Giving an order too often does no harm, missing one does: whoever keeps times that are
        older than the moment a change can be seen looks further back than it is asked to.

        Args:
            since: None: all there are.
            after: `next` of the page before; None: the first page.

        Raises:
            SourceUnclear, SourceRefused: as above.
        """


ConnectOrderSource = Callable[[SystemSettings], OrderSource]
