"""Returns of the past, recorded as their workflows would have, with nothing but a database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from models.database import Database
from models.messages import Deadlines, Reason, Resolution, ReturnKind, ReturnStart
from models.rules.orders import CustomerInput, LineInput, OrderInput, PaymentInput, PaymentKind
from models.store.orders import put_order
from models.store.returns import open_return
from web.access import Actor, Permission
from web.requests import LineRequest, ReturnRequest
from web.submissions import make_submission, requested_lines

ACTOR = Actor(id="user:1", name="Ada", permissions=frozenset(Permission), user_id=1)
PLACED = datetime(2026, 6, 1, 9, tzinfo=UTC)


def order(
    database: Database,
    number: str,
    *,
    prices: Sequence[tuple[int, int]] = ((2, 5000),),
    category: str | None = None,
    customer: str | None = "c-1",
    at: datetime = PLACED,
    **columns: Any,
) -> None:
    """An order with lines "1", "2" … of (quantity, unit price); `columns` are those that differ."""
    total = sum(quantity * price for quantity, price in prices)
    payment = PaymentInput(
        id="p-1",
        kind=PaymentKind.CARD,
        provider="sandbox",
        reference=f"re_{number}",
        amount=total,
        currency="GBP",
    )
    usual: dict[str, Any] = {
        "number": number,
        "currency": "GBP",
        "placed_at": at,
        "shipped_at": at,
        "delivered_at": at,
        "country": "GB",
        "customer": CustomerInput(id=customer, email=f"{customer}@example.com"),
        "lines": [
            LineInput(
                id=str(line),
                sku=f"SKU-{line}",
                name=f"Thing {line}",
                category=category,
                quantity=quantity,
                unit_price=price,
            )
            for line, (quantity, price) in enumerate(prices, start=1)
        ],
        "payments": [payment],
    }
    with database.write() as session:
        put_order(session, OrderInput(**(usual | columns)))


def ask(
    database: Database,
    number: str,
    rma: str,
    *,
    at: datetime,
    units: dict[str, int] | None = None,
    reason: str = Reason.STYLE,
    kind: ReturnKind = ReturnKind.RETURN,
    resolution: Resolution = Resolution.REFUND,
    override: bool = False,
) -> None:
    """A request that was judged at a time under the policy in force now."""
    request = ReturnRequest(
        order=number,
        lines=[
            LineRequest(line=line, quantity=quantity, reason=reason)
            for line, quantity in (units or {"1": 1}).items()
        ],
        kind=kind,
        resolution=resolution,
        override_reason="She asked nicely" if override else None,
    )
    start = ReturnStart(
        rma=rma,
        order=number,
        lines=requested_lines(request),
        actor=ACTOR.id,
        deadlines=Deadlines(),
        kind=kind,
        resolution=resolution,
        override=override,
    )
    with database.write() as session:
        session.add(make_submission(request, rma, ACTOR))
        session.flush()
        made = open_return(session, start, at=at, now=at)
        assert made.refusals == [], made.refusals
