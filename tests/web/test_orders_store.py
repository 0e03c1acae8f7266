"""Orders in the database: stored once, changed where nothing speaks against it, on both kinds."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from models.database import Database
from models.messages import RefundStatus, ReturnStatus
from models.rules.order_pricing import price_order
from models.rules.orders import (
    CustomerInput,
    DiscountInput,
    LineInput,
    OrderInput,
    OrderRefused,
    PaymentInput,
    RateInput,
    ShippingInput,
)
from models.store.order_rows import bulk_insert_orders, compare_orders
from models.store.orders import OrderConflict, Stored, put_order, store_order
from models.tables import (
    Customer,
    GrantedRefund,
    Order,
    OrderLine,
    Payment,
    Refund,
    Return,
    ReturnLine,
    UnitRange,
)

AT = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
RMA = "R-7K2M-94"


def line(id_: str, quantity: int, unit_price: int, **rest: Any) -> LineInput:
    values = {"sku": f"SKU-{id_}", "name": "Tee", **rest}
    return LineInput(id=id_, quantity=quantity, unit_price=unit_price, **values)


def payment(amount: int, id_: str = "p-1", **rest: Any) -> PaymentInput:
    values = {"kind": "card", "provider": "sandbox", "reference": f"sbx_ok_{id_}", **rest}
    return PaymentInput(id=id_, amount=amount, currency=values.pop("currency", "GBP"), **values)


def order(*lines: LineInput, paid: int | None = None, **rest: Any) -> OrderInput:
    lines = lines or (line("1", 2, 10000), line("2", 3, 1000))
    total = sum(item.quantity * item.unit_price for item in lines) if paid is None else paid
    values = {"payments": [payment(total)], "customer": CustomerInput(id="c-1"), **rest}
    return OrderInput(number="1001", currency="GBP", placed_at=AT, lines=lines, **values)


FULL = OrderInput(
    number="1001",
    currency="GBP",
    placed_at=AT.astimezone().replace(microsecond=123456),
    shipped_at=AT,
    delivered_at=AT + timedelta(days=3),
    country="GB",
    tax_mode="exclusive",
    exchange_rate=RateInput(shop_currency="EUR", rate="0.8600"),
    customer=CustomerInput(id="c-1", email="a@example.com", name="A. Customer", locale="en-GB"),
    lines=[
        line(
            "1",
            2,
            10000,
            variant={"size": "M", "colour": "red"},
            category="tees",
            tax_rate="0.10",
            tax=1800,
            final_sale=True,
            delivered_at=AT,
            gift_card_code="GC-1",
        )
    ],
    discounts=[DiscountInput(code="WELCOME", amount=2000, shares={"1": 2000}, percent="10")],
    shipping=ShippingInput(amount=500, tax=50, standard_amount=300, method="express"),
    payments=[payment(10350), payment(10000, "p-2", kind="gift_card", refunded=300)],
)


def put(database: Database, sent: OrderInput) -> bool:
    with database.write() as session:
        return put_order(session, sent)


def store(database: Database, sent: OrderInput) -> Stored:
    with database.write() as session:
        return store_order(session, price_order(sent))


def rows(database: Database) -> tuple[Order, dict[str, OrderLine], dict[str, Payment]]:
    with database.read() as session:
        found = session.get_one(Order, "1001")
        lines = {row.line: row for row in found.lines}
        payments = {row.payment: row for row in found.payments}
        assert found.customer is None or found.customer.id
        return found, lines, payments


def hold(database: Database, line_id: str, first: int, last: int, refunded: int = 0) -> None:
    """A return of units first..last of a line, and a refund of so much on the first payment."""
    units = last - first + 1
    with database.write() as session:
        found = session.get_one(Order, "1001")
        item = next(row for row in found.lines if row.line == line_id)
        session.add(
            Return(
                rma=RMA,
                order_number="1001",
                kind="return",
                resolution="refund",
                status=ReturnStatus.RESOLVING,
                currency="GBP",
                actor="service:test",
                policy_version=1,
                quote_total=refunded,
                deadlines={},
                judged_at=AT,
                created_at=AT,
                updated_at=AT,
            )
        )
        session.flush()
        session.add(
            ReturnLine(
                rma=RMA,
                no=1,
                order_line_id=item.id,
                reason="too_small",
                comment="",
                resolution="refund",
                requested=units,
                reception="received",
                acceptance="accepted",
                ranges=[UnitRange(order_line_id=item.id, first=first, last=last)],
            )
        )
        item.reserved_units += units
        if not refunded:
            return
        granted = GrantedRefund(
            id=f"{RMA}/1",
            kind="return",
            method="refund",
            rma=RMA,
            order_number="1001",
            amount=refunded,
            tax=0,
            short=0,
            bonus=0,
            currency="GBP",
            accepted=[],
            actor="service:test",
            created_at=AT,
        )
        session.add(granted)
        session.flush()
        session.add(
            Refund(
                id=f"{RMA}-1",
                granted_refund_id=granted.id,
                rma=RMA,
                order_number="1001",
                payment_id=found.payments[0].id,
                amount=refunded,
                currency="GBP",
                status=RefundStatus.SUCCEEDED,
                idempotency_key=f"{RMA}/refund/1",
                created_at=AT,
                updated_at=AT,
            )
        )
        found.reserved += refunded
        found.payments[0].reserved += refunded
        item.reserved += refunded


# --- storing ---------------------------------------------------------------------------------


def test_everything_sent_is_stored(database: Database) -> None:
    assert put(database, FULL)
    found, lines, payments = rows(database)
    assert (found.paid, found.reserved, found.tax_mode) == (20350, 300, "exclusive")
    assert (found.rate_shop_currency, found.rate, found.country) == ("EUR", "0.8600", "GB")
    assert found.placed_at == FULL.placed_at
    assert found.delivered_at == FULL.delivered_at
    assert found.discounts[0]["shares"] == {"1": 2000}
    assert (found.shipping_standard_amount, found.shipping_method) == (300, "express")
    item = lines["1"]
    assert (item.position, item.quantity, item.unit_price) == (1, 2, 10000)
    assert (item.order_discount, item.tax, item.paid) == (2000, 1800, 19800)
    assert (item.variant, item.final_sale) == ({"size": "M", "colour": "red"}, True)
    assert (item.gift_card_code, item.reserved, item.reserved_units) == ("GC-1", 0, 0)
    assert (payments["p-2"].refunded_before, payments["p-2"].reserved) == (300, 300)
    assert (payments["p-1"].reserved, payments["p-1"].position) == (0, 1)


def test_standard_shipping_not_told_is_what_was_charged(database: Database) -> None:
    put(database, order(line("1", 1, 100), paid=600, shipping=ShippingInput(amount=500)))
    assert rows(database)[0].shipping_standard_amount == 500


def test_putting_an_order_again_changes_nothing(database: Database) -> None:
    assert put(database, FULL)
    assert not put(database, FULL)
    assert store(database, FULL) is Stored.UNCHANGED
    with database.read() as session:
        assert compare_orders(session, [price_order(FULL)]) == {"1001": True}
        for table, count in ((Order, 1), (OrderLine, 1), (Payment, 2), (Customer, 1)):
            assert session.scalar(select(func.count()).select_from(table)) == count


@pytest.mark.parametrize(
    "change",
    [
        {"delivered_at": AT + timedelta(days=4)},
        {"shipped_at": None},
        {"country": "FR"},
        {"exchange_rate": None},
        {"customer": CustomerInput(id="c-1", email="b@example.com")},
        {"customer": CustomerInput(id="c-2")},
        {"customer": CustomerInput(email="a@example.com")},
        {"customer": None},
        {"lines": [replace(FULL.lines[0], name="Shirt")]},
        {"lines": [*FULL.lines, line("2", 1, 0)]},
        {"discounts": [replace(FULL.discounts[0], code="HELLO")]},
        {"payments": [payment(10350), payment(10000, "p-2", kind="wallet", refunded=300)]},
        {"payments": [payment(10350), payment(10000, "p-2", kind="gift_card")]},
        {"payments": [payment(20350)]},
        {"payments": [*reversed(FULL.payments)]},
    ],
)
def test_each_change_is_seen_and_then_stays(database: Database, change: dict[str, Any]) -> None:
    put(database, FULL)
    changed = replace(FULL, **change)
    with database.read() as session:
        assert compare_orders(session, [price_order(changed)]) == {"1001": False}
    assert store(database, changed) is Stored.UPDATED
    assert store(database, changed) is Stored.UNCHANGED
    with database.read() as session:
        assert compare_orders(session, [price_order(changed)]) == {"1001": True}


def test_an_order_that_makes_no_sense_stores_nothing(database: Database) -> None:
    with pytest.raises(OrderRefused):
        put(database, order(paid=1))
    with database.read() as session:
        assert session.get(Order, "1001") is None


def test_changes_keep_the_rows_of_lines_and_payments(database: Database) -> None:
    put(database, order())
    _, lines, payments = rows(database)
    put(database, order(line("2", 4, 1000), line("3", 1, 50), line("1", 2, 10000)))
    found, lines_after, payments_after = rows(database)
    assert found.paid == 24050
    assert list(lines_after) == ["2", "3", "1"]
    assert lines_after["1"].id == lines["1"].id
    assert lines_after["2"].id == lines["2"].id
    assert payments_after["p-1"].id == payments["p-1"].id


def test_what_was_refunded_elsewhere_moves_with_the_order(database: Database) -> None:
    put(database, order(payments=[payment(23000, refunded=500)]))
    put(database, order(payments=[payment(20000, refunded=700), payment(3000, "p-2")]))
    found, _, payments = rows(database)
    assert (found.reserved, payments["p-1"].reserved, payments["p-2"].reserved) == (700, 700, 0)
    put(database, order(payments=[payment(23000, "p-3", refunded=100)]))
    found, _, payments = rows(database)
    assert (found.reserved, list(payments)) == (100, ["p-3"])


# --- customers -------------------------------------------------------------------------------


def test_one_customer_has_many_orders_and_keeps_what_is_not_told(database: Database) -> None:
    told = CustomerInput(id="c-1", email="a@example.com", name="A")
    put(database, order(customer=told))
    put(database, replace(order(customer=CustomerInput(id="c-1", name="B")), number="1002"))
    with database.read() as session:
        [customer] = session.scalars(select(Customer))
    assert (customer.email, customer.name) == ("a@example.com", "B")


def test_each_guest_order_has_its_own_guest(database: Database) -> None:
    guest = CustomerInput(email="a@example.com")
    put(database, order(customer=guest))
    put(database, replace(order(customer=guest), number="1002"))
    put(database, order(customer=replace(guest, email="b@example.com")))
    with database.read() as session:
        emails = session.scalars(
            select(Customer.email)
            .join(Order, Order.customer_id == Customer.id)
            .order_by(Order.number)
        )
        assert list(emails) == ["b@example.com", "a@example.com"]


@pytest.mark.parametrize("after", [None, CustomerInput(), CustomerInput(id="c-1")])
def test_a_guest_nobody_names_any_more_is_forgotten(
    database: Database, after: CustomerInput | None
) -> None:
    put(database, order(customer=CustomerInput(email="a@example.com")))
    put(database, order(customer=after))
    with database.read() as session:
        left = list(session.scalars(select(Customer.external_id)))
    assert left == ([after.id] if after and after.id else [])


# --- what returns and refunds hold -----------------------------------------------------------


def test_changes_beside_a_return_are_applied_and_keep_what_it_holds(database: Database) -> None:
    put(database, order())
    hold(database, "1", 1, 1, refunded=10000)
    changed = order(line("1", 3, 10000), line("2", 1, 1000), line("3", 1, 7), country="FR")
    assert not put(database, changed)
    found, lines, payments = rows(database)
    assert (found.paid, found.reserved, found.country) == (31007, 10000, "FR")
    assert (lines["1"].quantity, lines["1"].reserved_units, lines["1"].reserved) == (3, 1, 10000)
    assert (payments["p-1"].amount, payments["p-1"].reserved) == (31007, 10000)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line("2", 3, 1000)], "Line 1 can't be removed: return R-7K2M-94 names it."),
        (
            [line("1", 1, 10000)],
            "Line 1 can't be reduced to 1: returns hold 2 of its units.",
        ),
        (
            [line("1", 2, 9000)],
            "Line 1 can't change what it cost: returns hold 2 of its units, quoted at 200.00 GBP.",
        ),
        ([line("1", 2, 10000, sku="OTHER")], "Line 1 can't become another item"),
    ],
)
def test_a_line_that_returns_hold_stays_what_it_is(
    database: Database, lines: list[LineInput], words: str
) -> None:
    put(database, order())
    hold(database, "1", 1, 2)
    before = rows(database)[0].paid
    with pytest.raises(OrderConflict) as conflict:
        put(database, order(*lines, country="FR"))
    assert words in str(conflict.value)
    after = rows(database)[0]
    assert (after.paid, after.country) == (before, None)


def test_a_unit_held_above_the_new_quantity_is_a_conflict(database: Database) -> None:
    put(database, order())
    hold(database, "1", 2, 2)
    with pytest.raises(OrderConflict, match="returns hold unit 2 of it"):
        put(database, order(line("1", 1, 10000), line("2", 3, 1000)))


def test_a_discount_that_moves_a_quoted_amount_is_a_conflict(database: Database) -> None:
    put(database, order())
    hold(database, "1", 1, 1)
    discounts = [DiscountInput(amount=1000)]
    with pytest.raises(OrderConflict, match=r"quoted at 100\.00 GBP"):
        put(database, order(discounts=discounts, paid=22000))
    elsewhere = [DiscountInput(amount=1000, shares={"2": 1000})]
    assert not put(database, order(discounts=elsewhere, paid=22000))


@pytest.mark.parametrize(
    ("payments", "words"),
    [
        ([payment(23000, "p-2")], "Payment p-1 can't be removed: refunds went to it."),
        (
            [payment(9999), payment(13001, "p-2")],
            "Payment p-1 can't come to 99.99 GBP: refunds hold 100.00 GBP.",
        ),
        (
            [payment(23000, refunded=13001)],
            "Payment p-1 can't come to 230.00 GBP: refunds hold 100.00 GBP, 130.01 GBP were "
            "refunded elsewhere.",
        ),
        ([payment(23000, reference="sbx_ok_other")], "can't become another payment"),
        ([payment(23000, kind="bank")], "can't become another payment"),
    ],
)
def test_a_payment_that_refunds_hold_stays_what_it_is(
    database: Database, payments: list[PaymentInput], words: str
) -> None:
    put(database, order())
    hold(database, "1", 1, 1, refunded=10000)
    with pytest.raises(OrderConflict) as conflict:
        put(database, order(payments=payments))
    assert words in str(conflict.value)
    assert rows(database)[2]["p-1"].amount == 23000


def test_an_order_can_not_cost_less_than_was_refunded(database: Database) -> None:
    put(database, order(line("1", 2, 10000), payments=[payment(15000), payment(5000, "p-2")]))
    hold(database, "1", 1, 1, refunded=10000)
    cheaper = order(line("1", 1, 10000), payments=[payment(10000, refunded=0)])
    assert not put(database, cheaper)
    with pytest.raises(OrderConflict, match=r"can't come to 100\.00 GBP: refunds hold 100\.01"):
        put(database, order(line("1", 1, 10000), payments=[payment(10000, refunded=1)]))


def test_a_line_can_not_cost_less_than_was_refunded_on_it(database: Database) -> None:
    put(database, order())
    hold(database, "2", 1, 2, refunded=2000)
    with database.write() as session:
        # Its units were given back, its money was not.
        session.execute(delete(UnitRange))
    with pytest.raises(OrderConflict, match=r"Line 2 can't come to 10\.00 GBP: refunds hold 20\."):
        put(database, order(line("1", 2, 10000), line("2", 1, 1000)))


def test_the_currency_of_an_order_with_returns_stays(database: Database) -> None:
    put(database, order())
    euros = replace(order(payments=[payment(23000, currency="EUR")]), currency="EUR")
    assert store(database, euros) is Stored.UPDATED
    hold(database, "1", 1, 1)
    with pytest.raises(OrderConflict, match="can't change from EUR to GBP: it has returns"):
        put(database, order())


# --- many at once ----------------------------------------------------------------------------


def test_bulk_insert_leaves_what_is_there_and_its_guests_alone(database: Database) -> None:
    guest = CustomerInput(email="g@example.com")
    put(database, order(customer=guest))
    others = [
        replace(order(customer=customer), number=str(number))
        for number, customer in enumerate(
            [CustomerInput(id="c-1", email="a@example.com"), guest, CustomerInput(id="c-1"), None],
            start=1,
        )
    ]
    with database.write() as session:
        inserted = bulk_insert_orders(
            session, [price_order(sent) for sent in (*others, order(customer=guest))]
        )
    assert inserted == {"1", "2", "3", "4"}
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 3
        assert session.scalar(select(func.count()).select_from(OrderLine)) == 10
        found = [session.get_one(Order, sent.number).customer for sent in others]
        assert [customer and customer.email for customer in found] == [
            "a@example.com",
            "g@example.com",
            "a@example.com",
            None,
        ]
        assert found[0] is found[2]


def test_the_same_new_order_from_many_sides_is_stored_once(database: Database) -> None:
    sides = 6
    start = threading.Barrier(sides)
    created: list[bool] = []

    def one_side() -> None:
        start.wait()
        created.append(put(database, FULL))

    threads = [threading.Thread(target=one_side) for _ in range(sides)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(created) == [False] * (sides - 1) + [True]
    with database.read() as session:
        for table, count in ((Order, 1), (OrderLine, 1), (Payment, 2), (Customer, 1)):
            assert session.scalar(select(func.count()).select_from(table)) == count
