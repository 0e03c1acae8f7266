"""Tryton's confirmed sales as orders."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from activities.providers.erp.tryton.directory import find_company
from activities.providers.orders.protocol import (
    OrderPage,
    OrderSource,
    SourcedOrder,
    SourceRefused,
    SourceUnclear,
)
from activities.providers.orders.tryton_sale import FIELDS, Unfit, number_of, order_of
from activities.providers.tryton.client import Record, Tryton
from activities.providers.tryton.translating import translated
from models.system_settings import SystemSettings

_SALE = "sale.sale"
_BOUGHT = ["confirmed", "processing", "done"]
_AT_ONCE = 20
# Tryton stamps a change when its transaction begins; it is seen when it ends.
_LONGEST_CHANGE = timedelta(minutes=10)
_translated = translated(SourceUnclear, SourceRefused)


class TrytonOrders:
    """One company's sales in one Tryton database."""

    def __init__(self, settings: SystemSettings) -> None:
        """Calls nothing yet."""
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._tryton = Tryton(settings.url, settings.key)
        self._lock = Lock()
        self._company: int | None = None

    @_translated
    def list_changed(self, since: datetime | None, after: str | None) -> OrderPage:
        """See `OrderSource`."""
        newest = self._newest() if after is None else None
        domain: list[object] = [["state", "in", _BOUGHT], ["company", "=", self._its_company()]]
        if after is not None:
            domain.append(["id", ">", int(after)])
        if since is not None:
            moment = (since - _LONGEST_CHANGE).astimezone(UTC).replace(tzinfo=None)
            domain.append(["OR", ["write_date", ">=", moment], ["create_date", ">=", moment]])
        sales = self._tryton.search(_SALE, domain, FIELDS, limit=_AT_ONCE, order=[("id", "ASC")])
        first = self._first_of_their_number(sales)
        orders = [found for sale in sales if (found := self._read(sale, first)) is not None]
        more = len(sales) == _AT_ONCE
        return OrderPage(orders=orders, next=str(sales[-1]["id"]) if more else None, newest=newest)

    def _read(self, sale: Record, first: dict[str, int]) -> SourcedOrder | None:
        number = number_of(sale)
        try:
            order = order_of(sale, self._zone)
        except Unfit as unfit:
            return SourcedOrder(number=number, problem=str(unfit))
        if order is None:
            return None
        if first.get(number, sale["id"]) != sale["id"]:
            problem = (
                f"Tryton has more than one sale with the reference {number}; the first of them is "
                "the order. Give the others a reference of their own there."
            )
            return SourcedOrder(number=number, problem=problem)
        return SourcedOrder(number=number, order=order)

    def _first_of_their_number(self, sales: Sequence[Record]) -> dict[str, int]:
        """The oldest sale with each reference: the customers' own, so two may have the same."""
        numbers = [sale["reference"] for sale in sales if sale["reference"]]
        if not numbers:
            return {}
        found = self._tryton.search(
            _SALE,
            [
                ["reference", "in", numbers],
                ["state", "in", _BOUGHT],
                ["company", "=", self._its_company()],
            ],
            ["reference"],
            order=[("id", "DESC")],
        )
        return {each["reference"].strip(): each["id"] for each in found}

    def _newest(self) -> datetime | None:
        """When a sale changed last, by Tryton's clock."""
        stamps: list[datetime] = []
        for field in ("write_date", "create_date"):
            found = self._tryton.search(
                _SALE,
                [["company", "=", self._its_company()], [field, "!=", None]],
                [field],
                limit=1,
                order=[(field, "DESC")],
            )
            stamps += [each[field].replace(tzinfo=UTC) for each in found]
        return max(stamps, default=None)

    def _its_company(self) -> int:
        """Whose sales; asked for once."""
        with self._lock:
            if self._company is None:
                settings = self._settings
                self._company = find_company(self._tryton, settings.company)
                self._tryton = Tryton(settings.url, settings.key, company=self._company)
            return self._company


def connect(settings: SystemSettings) -> OrderSource:
    """What the entry point `tryton` of `redress.orders` names."""
    return TrytonOrders(settings)
