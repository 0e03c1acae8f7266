"""An order source and a CRM of a few lines, for what is the same with any."""

from collections import Counter
from datetime import UTC, datetime

from activities.providers.crm.protocol import Case, CrmRefused, CrmUnclear
from activities.providers.orders.protocol import OrderPage, SourcedOrder
from models.rules.orders import LineInput, OrderInput


class CrmBook:
    """What was recorded; orders it doesn't know, and returns whose first call gets no answer."""

    def __init__(self, *, unknown: str, unclear: str) -> None:
        self.cases: dict[str, Case] = {}
        self.calls: Counter[str] = Counter()
        self._unknown = unknown
        self._unclear = unclear

    def record(self, case: Case) -> None:
        self.calls[case.rma] += 1
        if case.order == self._unknown:
            raise CrmRefused("The order isn't there.")
        if case.rma == self._unclear and self.calls[case.rma] == 1:
            raise CrmUnclear("It doesn't answer.")
        self.cases[case.rma] = case


class OrderBook:
    """Orders that changed just now, one a page; whoever asks is given all of them."""

    NEWEST = datetime(2026, 11, 2, tzinfo=UTC)

    def __init__(self, *numbers: str) -> None:
        self._numbers = numbers

    def list_changed(self, since: datetime | None, after: str | None) -> OrderPage:
        at = int(after or 0)
        more = at + 1 < len(self._numbers)
        return OrderPage(
            orders=[self._order(self._numbers[at])],
            next=str(at + 1) if more else None,
            newest=None if after else self.NEWEST,
        )

    def _order(self, number: str) -> SourcedOrder:
        order = OrderInput(
            number=number,
            currency="GBP",
            placed_at=self.NEWEST,
            lines=(LineInput(id="1", sku="TEE", name="Tee", quantity=1, unit_price=1000),),
            payments=(),
        )
        return SourcedOrder(number=number, order=order)
