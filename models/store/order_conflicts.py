"""What stands on an order already, and why a change of the order may not go against it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.rules.order_checks import money
from models.rules.orders import PaymentInput, PricedLine, PricedOrder
from models.rules.positions import Span, count
from models.rules.worth import PaidLine, worth
from models.store.pricing import paid_line
from models.tables import Order, OrderLine, Payment, Refund, Return, ReturnLine, UnitRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An order's rows and what holds them: units, returns that name a line, refunds."""

    row: Order
    lines: Mapping[str, OrderLine]
    payments: Mapping[str, Payment]
    has_returns: bool
    # By row id of the line.
    spans: Mapping[int, list[Span]]
    returns: Mapping[int, str]
    # Row ids of payments that refunds of ours name, whatever became of them.
    refunded: frozenset[int]

    def dropped_lines(self, priced: PricedOrder) -> list[OrderLine]:
        """The lines that the order as sent no longer has."""
        sent = {line.line.id for line in priced.lines}
        return [
            line for name, line in self.lines.items() if name not in sent and line.origin is None
        ]

    def dropped_payments(self, priced: PricedOrder) -> list[Payment]:
        """The payments that the order as sent no longer has."""
        sent = {payment.id for payment in priced.order.payments}
        return [
            payment
            for name, payment in self.payments.items()
            if name not in sent and payment.origin is None
        ]

    @property
    def paid_for_exchanges(self) -> int:
        """What customers paid for exchanges, which the order as sent doesn't know."""
        return sum(payment.amount for payment in self.payments.values() if payment.origin)


def read_standing(session: Session, row: Order) -> Standing:
    """Reads afresh what stands on an order; the caller holds its lock."""
    afresh = {"populate_existing": True}
    lines = session.scalars(
        select(OrderLine).where(OrderLine.order_number == row.number), execution_options=afresh
    ).all()
    payments = session.scalars(
        select(Payment).where(Payment.order_number == row.number), execution_options=afresh
    ).all()
    line_ids = [line.id for line in lines]
    spans: dict[int, list[Span]] = {}
    for line_id, first, last in session.execute(
        select(UnitRange.order_line_id, UnitRange.first, UnitRange.last).where(
            UnitRange.order_line_id.in_(line_ids)
        )
    ):
        spans.setdefault(line_id, []).append(Span(first, last))
    returns = session.execute(
        select(ReturnLine.order_line_id, ReturnLine.rma).where(
            ReturnLine.order_line_id.in_(line_ids)
        )
    )
    refunded = session.scalars(
        select(Refund.payment_id).where(Refund.payment_id.in_([item.id for item in payments]))
    )
    any_return = select(Return.rma).where(Return.order_number == row.number).limit(1)
    return Standing(
        row=row,
        lines={line.line: line for line in lines},
        payments={payment.payment: payment for payment in payments},
        has_returns=session.scalar(any_return) is not None,
        spans=spans,
        returns={row.order_line_id: row.rma for row in returns},
        refunded=frozenset(refunded),
    )


def conflicts(standing: Standing, priced: PricedOrder) -> list[str]:
    """Every way in which the order as sent contradicts what stands, in plain sentences."""
    row, currency = standing.row, priced.order.currency
    if standing.has_returns and row.currency != currency:
        return [f"The order can't change from {row.currency} to {currency}: it has returns."]
    return [*_of_lines(standing, priced), *_of_payments(standing, priced)]


def _of_lines(standing: Standing, priced: PricedOrder) -> Iterator[str]:
    for line in standing.dropped_lines(priced):
        if line.id in standing.returns:
            rma = standing.returns[line.id]
            yield f"Line {line.line} can't be removed: return {rma} names it."
    for sent in priced.lines:
        stored = standing.lines.get(sent.line.id)
        if stored is not None and stored.origin is not None:
            yield f"Line {stored.line} is an exchange that return {stored.origin} sent out."
        elif stored is not None and stored.id in standing.returns:
            yield from _of_line(stored, standing.spans.get(stored.id, []), sent, standing, priced)


def _of_line(
    line: OrderLine,
    spans: list[Span],
    sent: PricedLine,
    standing: Standing,
    priced: PricedOrder,
) -> Iterator[str]:
    currency, quantity = priced.order.currency, sent.line.quantity
    if sent.line.sku != line.sku:
        rma = standing.returns[line.id]
        yield f"Line {line.line} can't become another item: return {rma} names it."
    if line.reserved > sent.paid:
        yield (
            f"Line {line.line} can't come to {money(sent.paid, currency)}: refunds hold "
            f"{money(line.reserved, currency)}."
        )
        return
    if not spans:
        return
    held, highest = count(spans), max(span.last for span in spans)
    if quantity < highest:
        units = f"{held} of its units" if quantity < held else f"unit {highest} of it"
        yield f"Line {line.line} can't be reduced to {quantity}: returns hold {units}."
        return
    changed = PaidLine(
        line=line.line,
        name=sent.line.name,
        quantity=quantity,
        paid=sent.paid,
        tax=sent.line.tax,
        order_discount=sent.order_discount,
    )
    before = worth(paid_line(line), spans)
    if worth(changed, spans) != before:
        yield (
            f"Line {line.line} can't change what it cost: returns hold {held} of its units, "
            f"quoted at {money(before.paid, currency)}."
        )


def _of_payments(standing: Standing, priced: PricedOrder) -> Iterator[str]:
    currency = priced.order.currency
    for payment in standing.dropped_payments(priced):
        if payment.id in standing.refunded:
            yield f"Payment {payment.payment} can't be removed: refunds went to it."
    for sent in priced.order.payments:
        stored = standing.payments.get(sent.id)
        if stored is not None and stored.id in standing.refunded:
            yield from _of_payment(stored, sent)
    shipping, row = priced.order.shipping, standing.row
    if row.shipping_refunded > shipping.amount + shipping.tax:
        yield (
            f"Shipping can't come to {money(shipping.amount + shipping.tax, currency)}: "
            f"{money(row.shipping_refunded, currency)} of it were refunded."
        )
    before = sum(payment.refunded_before for payment in standing.payments.values())
    held = standing.row.reserved - before + sum(item.refunded for item in priced.order.payments)
    if held > priced.paid + standing.paid_for_exchanges:
        yield (
            f"The order can't come to {money(priced.paid, currency)}: refunds hold "
            f"{money(held, currency)}."
        )


def _of_payment(payment: Payment, sent: PaymentInput) -> Iterator[str]:
    same = (payment.kind, payment.provider, payment.reference)
    if (sent.kind, sent.provider, sent.reference) != same:
        yield f"Payment {sent.id} can't become another payment: refunds went to it."
    by_us = payment.reserved - payment.refunded_before
    if by_us + sent.refunded > sent.amount:
        outside = f", {money(sent.refunded, sent.currency)} were refunded elsewhere"
        yield (
            f"Payment {sent.id} can't come to {money(sent.amount, sent.currency)}: refunds hold "
            f"{money(by_us, sent.currency)}{outside if sent.refunded else ''}."
        )
