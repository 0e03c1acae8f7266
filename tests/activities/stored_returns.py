"""A return to work on, put into the database as if it had been requested."""

from datetime import UTC, datetime
from typing import Any

from models.database import Database
from models.messages import Acceptance, Reason, Reception, Resolution, ReturnKind, ReturnStatus
from models.tables import (
    Customer,
    Exchange,
    ExchangeLine,
    Order,
    OrderLine,
    Payment,
    Product,
    QuoteLine,
    Return,
    ReturnLine,
)

RMA = "R-7K2M-9QX4"
ORDER = "1001"
MAIL_KEY = f"{RMA}/mail/1"
ADDRESS = "zoe@example.com"
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def zoe(**columns: Any) -> Customer:
    """A customer; `columns` are those that differ."""
    return Customer(**({"name": "Zoë Dvořáková", "email": ADDRESS, "locale": "en-GB"} | columns))


def store_return(
    database: Database,
    *,
    customer: Customer | None = None,
    reason: str = Reason.TOO_SMALL,
    country: str | None = "GB",
    currency: str = "GBP",
    tees: dict[str, Any] | None = None,
    mugs: dict[str, Any] | None = None,
    mug_name: str = "Mug",
    **columns: Any,
) -> None:
    """Stores a return of 2 tees (line 1) and 1 mug (line 2), worth 54.00.

    Its order was paid with 50.00 by card (p-1) and 30.00 by gift card (p-2).

    Args:
        database: where to.
        customer: who bought; None: a guest who left nothing.
        reason: of both lines.
        country: the order's.
        currency: the order's.
        tees: columns of the first return line that differ.
        mugs: columns of the second.
        mug_name: what the second thing is called.
        columns: columns of the return that differ.
    """
    lines = [
        _line(1, "Linen tee", {"size": "M", "colour": "red"}, quantity=3, price=2500, paid=6000),
        _line(2, mug_name, {}, quantity=1, price=1400, paid=1400),
    ]
    with database.write() as session:
        session.add(_order(lines, customer, country, currency))
        session.flush()
        session.add(_return(currency, columns))
        session.flush()
        for no, (requested, counters) in enumerate([(2, tees or {}), (1, mugs or {})], start=1):
            usual = {
                "requested": requested,
                "reason": reason,
                "comment": "",
                "resolution": Resolution.REFUND,
                "reception": Reception.AWAITING,
                "acceptance": Acceptance.PENDING,
            }
            session.add(
                ReturnLine(rma=RMA, no=no, order_line_id=lines[no - 1].id, **(usual | counters))
            )
        quote = [
            ("goods", "1", 5000, "2 of 3 × Linen tee"),
            ("order_discount", "1", -1000, "Share of the order's discounts"),
            ("goods", "2", 1400, "1 of 1 × Mug"),
        ]
        session.add_all(
            QuoteLine(rma=RMA, position=at, kind=kind, line=line, amount=amount, explanation=words)
            for at, (kind, line, amount, words) in enumerate(quote)
        )


def _line(
    number: int, name: str, variant: dict[str, str], *, quantity: int, price: int, paid: int
) -> OrderLine:
    return OrderLine(
        line=str(number),
        position=number,
        sku=f"SKU-{number}",
        name=name,
        variant=variant,
        quantity=quantity,
        unit_price=price,
        discount=0,
        order_discount=quantity * price - paid,
        tax_rate="0",
        tax=0,
        paid=paid,
        final_sale=False,
    )


def _order(
    lines: list[OrderLine], customer: Customer | None, country: str | None, currency: str
) -> Order:
    payments = [("p-1", "card", 5000), ("p-2", "gift_card", 3000)]
    return Order(
        number=ORDER,
        customer=customer,
        currency=currency,
        country=country,
        tax_mode="inclusive",
        placed_at=AT,
        discounts=[],
        shipping_amount=600,
        shipping_tax=0,
        shipping_standard_amount=600,
        paid=8000,
        lines=lines,
        payments=[
            Payment(
                payment=name,
                position=position,
                kind=kind,
                provider="sandbox",
                reference=f"sbx_ok_{name}",
                amount=amount,
                currency=currency,
                refunded_before=0,
                reserved=0,
            )
            for position, (name, kind, amount) in enumerate(payments)
        ],
    )


def _return(currency: str, columns: dict[str, Any]) -> Return:
    usual: dict[str, Any] = {
        "rma": RMA,
        "order_number": ORDER,
        "kind": ReturnKind.RETURN,
        "resolution": Resolution.REFUND,
        "status": ReturnStatus.APPROVED,
        "currency": currency,
        "actor": "customer",
        "policy_version": 1,
        "quote_total": 5400,
        "deadlines": {},
        "judged_at": AT,
        "created_at": AT,
        "updated_at": AT,
    }
    return Return(**(usual | columns))


def add_exchange(database: Database) -> None:
    """A dearer tee that goes out, its difference of 7.00 not paid yet."""
    with database.write() as session:
        session.add(
            Product(
                sku="SKU-L",
                product="tee",
                name="Linen tee, large",
                variant={},
                price=3200,
                currency="GBP",
                tax_rate="0",
                stock=3,
                reserved=1,
                updated_at=AT,
            )
        )
        session.flush()
        session.add(
            Exchange(
                rma=RMA,
                status="awaiting_payment",
                currency="GBP",
                difference=700,
                tracking="RD123",
                lines=[
                    ExchangeLine(
                        no=1,
                        sku="SKU-L",
                        name="Linen tee, large",
                        quantity=1,
                        price=3200,
                        tax_rate="0",
                        same_product=False,
                    )
                ],
            )
        )
