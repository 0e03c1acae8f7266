"""What a request wants sent out instead: looked up among the products, or refused in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.messages import EXCHANGING, Refusal, RequestedLine, Resolution
from models.rules.exchange import Replacement
from models.tables import Order, OrderLine, Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """Units of an item that the same return has set aside already, and at which price."""

    units: int
    price: int
    tax_rate: str


class Wanted:
    """The items that the lines of one request ask for, and what speaks against them.

    Two requests may both find the last one; the stock's own constraint lets one of them have it,
    and the other is judged again.
    """

    def __init__(
        self,
        session: Session,
        order: Order,
        resolution: Resolution,
        promised: Mapping[str, Promised],
    ) -> None:
        """Nothing is asked for yet. `resolution`: of lines that name none; `promised`: by SKU."""
        self._promised = promised
        self._session = session
        self._order = order
        self._resolution = resolution
        # Units of each SKU that lines before have asked for.
        self._taken: dict[str, int] = {}
        # Index of the line → what goes out.
        self.found: dict[int, Replacement] = {}
        self.refusals: list[Refusal] = []

    def add(self, index: int, requested: RequestedLine, line: OrderLine) -> None:
        """Looks one line's item up."""
        resolution = requested.resolution or self._resolution
        if resolution not in EXCHANGING:
            return
        pointer = f"/lines/{index}/resolution"
        if resolution is Resolution.EXCHANGE and requested.exchange_sku is None:
            self._refuse("exchange_item", f"Say what {line.name} is exchanged for.", pointer)
            return
        sku = requested.exchange_sku or line.sku
        product = self._session.get(Product, sku, populate_existing=True)
        if product is None:
            self._refuse("unknown_product", f"This shop sells no {sku}.", "/exchange")
            return
        old = self._session.get(Product, line.sku)
        same = sku == line.sku or (old is not None and old.product == product.product)
        if resolution is Resolution.REPLACEMENT and not same:
            self._refuse(
                "other_product",
                f"{sku} is another item than {line.name}; ask for an exchange.",
                "/exchange",
            )
        elif product.currency != self._order.currency:
            self._refuse(
                "currency",
                f"{sku} is sold in {product.currency}, and the order was paid in "
                f"{self._order.currency}; ask for a refund.",
                "/exchange",
            )
        elif self._left(product) < requested.quantity:
            self._refuse(
                "out_of_stock",
                f"{max(0, self._left(product))} of {product.name} ({sku}) can be sent, not "
                f"{requested.quantity}; choose another item or a refund.",
                "/exchange",
            )
        else:
            self._taken[sku] = self._taken.get(sku, 0) + requested.quantity
            known = self._promised.get(sku)
            self.found[index] = Replacement(
                sku=sku,
                name=product.name,
                price=known.price if known else product.price,
                tax_rate=known.tax_rate if known else product.tax_rate,
                same_product=same,
            )

    def _left(self, product: Product) -> int:
        if product.stock is None:
            return 10**9
        known = self._promised.get(product.sku)
        held = known.units if known else 0
        return product.stock - product.reserved + held - self._taken.get(product.sku, 0)

    def _refuse(self, code: str, message: str, pointer: str) -> None:
        self.refusals.append(Refusal(code=code, message=message, pointer=pointer))
