"""What a withdrawal gives back: everything but the way back, and that only where it isn't free."""

import pytest

from models.rules.order_facts import OrderFacts, Outbound
from models.rules.positions import Span
from models.rules.quote import make_quote
from models.rules.quote_lines import QuotedLine
from models.rules.terms import Terms, Waiver
from models.rules.worth import PaidLine

TEES = PaidLine(line="1", name="Tee", quantity=2, paid=4000, tax=0, order_discount=0, listed=4000)
ORDER = OrderFacts(
    currency="EUR", lines=[TEES], outbound=Outbound(amount=900, tax=0, standard_amount=500)
)


@pytest.mark.parametrize(
    ("units", "waived", "kinds", "total"),
    [
        # Standard outbound shipping comes back with the last part; express was the customer's wish.
        (2, set(), ["goods", "return_shipping_fee", "outbound_shipping"], 4000 - 495 + 500),
        (1, set(), ["goods", "return_shipping_fee"], 2000 - 495),
        (2, {Waiver.WITHDRAWAL}, ["goods", "outbound_shipping"], 4000 + 500),
    ],
)
def test_a_withdrawal_pays_no_restocking_fee(
    units: int, waived: set[Waiver], kinds: list[str], total: int
) -> None:
    terms = Terms(return_shipping=495, restocking_percent="20", waived_for=frozenset(waived))
    lines = [QuotedLine(line=TEES, spans=[Span(1, units)])]
    quote = make_quote(ORDER, lines, terms, withdrawal=True)
    assert [line.kind for line in quote.lines] == kinds
    assert quote.total == total
    plain = make_quote(ORDER, lines, terms)
    assert "restocking_fee" in [line.kind for line in plain.lines]
