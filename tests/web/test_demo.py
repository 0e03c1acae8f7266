"""The demo's data: orders that add up, returns that may be made, staff without known passwords."""

import fcntl
import json
import math
import socket
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from models.database import Database
from models.messages import EventKind, RequestedLine, Resolution, ReturnStatus
from models.rules.order_pricing import price_order
from models.rules.orders import PaymentKind, TaxMode
from models.store.access import create_user, verify_password
from models.store.judging import judge_request
from models.store.orders import put_order
from models.tables import Base, Return, User
from tests.conftest import MakeDatabase
from web.access import Role
from web.cli.demo import demo
from web.demo.catalogue import PRODUCTS, VARIANTS
from web.demo.customers import CUSTOMERS
from web.demo.furnishing import ShopNotEmpty, furnish
from web.demo.orders import make_order
from web.demo.people import email_of, read_sign_ins
from web.demo.shop import SALES, Sale
from web.demo.steps import steps_done
from web.demo.story import STORY

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
SALE = {sale.number: sale for sale in SALES}


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    return make_database("sqlite")


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is stored."""
    with database.read() as session:
        return {
            table.name: [tuple(map(str, row)) for row in session.execute(table.select())]
            for table in Base.metadata.sorted_tables
        }


# --- what is sold --------------------------------------------------------------------------------


def test_the_catalogue_has_each_thing_once_at_prices_that_come_out_even_without_tax() -> None:
    assert len({product.code for product in PRODUCTS}) == len(PRODUCTS) == 14
    variants = sum(math.prod(map(len, product.options.values())) for product in PRODUCTS)
    assert len(VARIANTS) == variants
    assert VARIANTS["DRS-SAGE-12"].choice == {"colour": "sage", "size": "12"}
    assert {product.price % 6 for product in PRODUCTS} == {0}


def test_no_customer_can_get_mail_and_no_two_share_an_address() -> None:
    emails = [customer.email for customer in CUSTOMERS.values()]
    assert len(set(emails)) == len(emails) >= 35
    assert {email.partition("@")[2] for email in emails} == {"example.com", "example.org"}
    assert CUSTOMERS["ferrer"].email == "lucia.ferrer@example.com"


@pytest.mark.parametrize("sale", SALES, ids=lambda sale: str(sale.number))
def test_an_orders_payments_are_what_it_costs(sale: Sale) -> None:
    order = make_order(sale, NOW)
    assert price_order(order).paid == sum(payment.amount for payment in order.payments)
    assert all(payment.amount > 0 for payment in order.payments)
    moments = [order.placed_at, order.shipped_at, order.delivered_at]
    known = [moment for moment in moments if moment is not None]
    assert known == sorted(known)
    assert known[-1] < NOW
    if sale.threshold:
        goods = sum(line.quantity * line.unit_price - line.discount for line in order.lines)
        assert goods >= sale.threshold


@pytest.mark.parametrize(
    ("number", "paid", "tax"),
    [
        # 138.00 + 6 × 24.00, less 10 %; a sixth of it is VAT.
        (1004, 25380, 4230),
        # 2 × 65.00 + 30.00 without tax, and 8 % on top.
        (1005, 17280, 1280),
        # 72.00 at 1.1650; 19 % of it is in the price.
        (1006, 8388, 1339),
        # 36.00 at half price + 24.00 + 4.95 for the way, with 20 % in the goods.
        (1044, 4695, 700),
        # 120.00 without any tax, and 65.00.
        (1009, 18500, 0),
    ],
)
def test_prices_and_tax_are_those_of_the_customers_country(
    number: int, paid: int, tax: int
) -> None:
    order = make_order(SALE[number], NOW)
    assert price_order(order).paid == paid
    assert sum(line.tax for line in order.lines) == tax


def test_the_orders_show_what_a_shop_has_to_deal_with() -> None:
    orders = [make_order(sale, NOW) for sale in SALES]
    assert len({order.number for order in orders}) == len(orders) == 60
    assert {order.tax_mode for order in orders} == set(TaxMode)
    assert {order.currency for order in orders} == {"GBP", "EUR"}
    assert all((order.exchange_rate is not None) == (order.currency == "EUR") for order in orders)
    kinds = Counter(payment.kind for order in orders for payment in order.payments)
    assert kinds[PaymentKind.GIFT_CARD]
    assert any(order.discounts for order in orders)
    assert any(line.final_sale and line.discount for order in orders for line in order.lines)
    assert any(order.delivered_at is None for order in orders)
    assert {CUSTOMERS[sale.customer].name for sale in SALES} == {
        customer.name for customer in CUSTOMERS.values()
    }


# --- what comes back -----------------------------------------------------------------------------


def test_every_status_that_can_last_is_planned() -> None:
    assert {story.ends for story in STORY} == set(ReturnStatus) - {ReturnStatus.INSPECTED}
    assert len({story.reference for story in STORY}) == len(STORY)
    assert sum(story.ends is ReturnStatus.REQUESTED for story in STORY) > 3


def test_every_return_of_the_story_may_be_made_and_all_of_them_together(
    database: Database, tmp_path: Path
) -> None:
    furnish(database, tmp_path, NOW)
    asked: Counter[tuple[int, str]] = Counter()
    for story in STORY:
        asked.update({(story.sale, line.line): line.quantity for line in story.lines})
        lines = [
            RequestedLine(line=line.line, quantity=line.quantity, reason=line.reason)
            for line in story.lines
        ]
        with database.read() as session:
            judged = judge_request(
                session,
                order=story.request.order,
                lines=lines,
                kind=story.kind,
                resolution=Resolution.REFUND,
                override=story.override_reason is not None,
                at=NOW + timedelta(hours=1),
            )
        assert judged.refusals == [], story.reference
        assert story.asked_by is not None or story.override_reason is None
    for (sale, line), units in asked.items():
        assert units <= list(SALE[sale].goods.values())[int(line) - 1]


def test_steps_are_done_in_their_order_as_far_as_the_timeline_tells() -> None:
    steps = next(story.steps for story in STORY if story.number == 41)
    assert steps_done(steps, {}) == 0
    told = {EventKind.APPROVED: 1, EventKind.LABEL_MADE: 1, EventKind.SCANNED: 1}
    assert steps_done(steps, told) == 3
    # Two lines are inspected, so one verdict is not yet the step.
    told |= {EventKind.SCANNED: 2, EventKind.RECEIVED: 1, EventKind.INSPECTED: 1}
    assert steps_done(steps, told) == 5
    assert steps_done(steps, told | {EventKind.INSPECTED: 2}) == len(steps) == 6


# --- who works there -----------------------------------------------------------------------------


def test_the_staff_signs_in_with_a_password_of_this_data_directory(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    passwords = set()
    for name in ("one", "two"):
        database, directory = make_database("sqlite"), tmp_path / name
        directory.mkdir()
        staff = furnish(database, directory, NOW)
        assert set(staff) == set(Role)
        file = directory / "demo.json"
        assert file.stat().st_mode & 0o777 == 0o600
        kept = json.loads(file.read_text())
        assert [account["email"] for account in kept] == [email_of(role) for role in Role]
        passwords |= {account["password"] for account in kept}
        for account in kept:
            found = verify_password(database, account["email"], account["password"], now=NOW)
            assert found is not None
            assert found.role == account["role"]
    assert len(passwords) == 2


def test_furnishing_again_on_a_later_day_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    furnish(database, tmp_path, NOW)
    before, sign_ins = rows(database), (tmp_path / "demo.json").read_text()
    furnish(database, tmp_path, NOW + timedelta(days=3))
    assert rows(database) == before
    assert (tmp_path / "demo.json").read_text() == sign_ins


def test_a_password_that_was_written_down_before_an_interruption_is_the_one(
    database: Database, make_database: MakeDatabase, tmp_path: Path
) -> None:
    furnish(database, tmp_path, NOW)
    [password] = {sign_in.password for sign_in in read_sign_ins(tmp_path)}
    afresh = make_database("sqlite")  # As if nothing had been committed.
    furnish(afresh, tmp_path, NOW)
    assert verify_password(afresh, email_of(Role.VIEWER), password, now=NOW) is not None


def test_staff_of_another_data_directory_keep_their_password_and_none_is_shown(
    database: Database, tmp_path: Path
) -> None:
    furnish(database, tmp_path, NOW)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = rows(database)
    assert set(furnish(database, elsewhere, NOW)) == set(Role)
    assert rows(database) == before
    assert read_sign_ins(elsewhere) == []


def test_a_shop_with_an_order_of_its_own_gets_no_demo(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        put_order(session, replace(make_order(SALE[1001], NOW), number="1001"))
    before = rows(database)
    with pytest.raises(ShopNotEmpty):
        furnish(database, tmp_path, NOW)
    assert rows(database) == before
    assert not (tmp_path / "demo.json").exists()


def test_a_shop_with_people_of_its_own_gets_no_demo_and_is_told_so(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        create_user(
            session,
            email="owner@shop.example",
            name="Owner",
            role=Role.MANAGER,
            password="only for this test",
            approval_limit=None,
            now=NOW,
        )
    before = rows(database)
    monkeypatch.setenv("DATABASE_URL", str(database.url))
    result = CliRunner().invoke(demo, ["--data-dir", str(tmp_path)])
    assert result.exit_code == 0
    assert "so it gets no demo data" in result.output
    assert rows(database) == before
    assert not (tmp_path / "demo.json").exists()


def test_a_second_run_beside_the_first_is_kept_out(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", str(database.url))
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "demo.lock").open("a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        result = CliRunner().invoke(demo, ["--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "is being loaded already" in result.output
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 0


def test_without_temporal_the_command_says_what_to_start(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("DATABASE_URL", str(database.url))
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
    result = CliRunner().invoke(demo, ["--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "Temporal can't be reached. Start `redress up --data-dir" in result.output
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Return)) == 0
