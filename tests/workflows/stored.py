"""A return put into the database by the store alone, for tests that need no workflow."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from models.database import Database
from models.messages import (
    Assessment,
    Deadlines,
    Grant,
    Granted,
    Reason,
    RequestedLine,
    ReturnStart,
)
from models.rules.orders import CustomerInput, LineInput, OrderInput, PaymentInput
from models.store import grants, returns
from models.store.orders import put_order
from models.tables import Submission
from web.gateway import new_rma

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def store_order(
    database: Database, *payments: PaymentInput, quantity: int = 2, price: int = 5000
) -> str:
    """An order of one line, delivered yesterday; gives its number."""
    number = f"O-{uuid4().hex[:12]}"
    with database.write() as session:
        put_order(
            session,
            OrderInput(
                number=number,
                currency="GBP",
                placed_at=NOW - timedelta(days=3),
                delivered_at=NOW - timedelta(days=1),
                customer=CustomerInput(id=f"c-{number}", email="carla@example.com"),
                lines=[
                    LineInput(
                        id="1", sku="SKU-1", name="Thing 1", quantity=quantity, unit_price=price
                    )
                ],
                payments=payments,
            ),
        )
    return number


def open_return(
    database: Database, number: str, *quantities: int, rma: str | None = None
) -> tuple[str, Assessment]:
    """Asks for units of the order's line, one return line for each quantity."""
    rma = rma or new_rma()
    start = ReturnStart(
        rma=rma,
        order=number,
        lines=[
            RequestedLine(line="1", quantity=quantity, reason=Reason.TOO_SMALL)
            for quantity in quantities
        ],
        actor="user:1",
        deadlines=Deadlines(),
    )
    with database.write() as session:
        session.add(
            Submission(
                rma=rma,
                order_number=number,
                actor="user:1",
                created_at=NOW,
                body={"comments": [""] * len(quantities)},
            )
        )
    with database.write() as session:
        return rma, returns.open_return(session, start, at=NOW, now=NOW)


def grant(database: Database, rma: str, *accepted: int, id: str | None = None) -> Granted:
    """Reserves the money for what was accepted."""
    asked = Grant(
        id=id or f"{rma}/grant/1",
        rma=rma,
        at=NOW.isoformat(),
        accepted=list(accepted),
        actor="redress",
    )
    with database.write() as session:
        return grants.grant(session, asked)
