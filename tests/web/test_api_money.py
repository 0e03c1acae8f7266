"""The worked examples of the money rules, asked through the API: orders in, quotes out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.database import Database
from models.messages import Deadlines, Grant, Granted, Reason, RequestedLine, ReturnStart
from models.store import grants, returns
from models.tables import Refund, Submission
from tests.web.api_app import Api
from web.app import create_app
from web.gateway import new_rma

NOW = datetime.now(UTC)


class Shop(Api):
    """The API with its real gateway; what needs a worker is done by the store itself."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        super().__init__(database, data_dir)
        self.app = create_app(self.settings, database=database)
        self.client = self.app.test_client()

    def order(self, lines: list[dict[str, Any]], payments: list[int], **more: Any) -> None:
        """Puts order 1001, delivered yesterday, paid by these payments."""
        kinds = more.pop("kinds", ["card"] * len(payments))
        currency = more.pop("currency", "GBP")
        body = {
            "number": "1001",
            "currency": currency,
            "placed_at": (NOW - timedelta(days=3)).isoformat(),
            "delivered_at": (NOW - timedelta(days=1)).isoformat(),
            "tax_mode": "inclusive",
            "lines": [
                {"id": str(no), "sku": f"S-{no}", "name": f"Thing {no}", **line}
                for no, line in enumerate(lines, start=1)
            ],
            "payments": [
                {
                    "id": f"p-{no}",
                    "kind": kind,
                    "provider": "sandbox",
                    "reference": f"sbx_ok_{no}",
                    "amount": amount,
                    "currency": currency,
                }
                for no, (amount, kind) in enumerate(zip(payments, kinds, strict=True), start=1)
            ],
            **more,
        }
        answer = self.put("/orders/1001", body)
        assert answer.status_code == 201, answer.get_json()

    def quote(self, line: str = "1", quantity: int = 1, reason: str = "too_small") -> Any:
        """The quote of some units of one line."""
        body = {
            "order": "1001",
            "lines": [{"line": line, "quantity": quantity, "reason": reason}],
        }
        answer = self.post("/quotes", body)
        assert answer.status_code == 200, answer.get_json()
        return answer.get_json()

    def give_back(self, line: str = "1", quantity: int = 1) -> Granted:
        """A return of some units, asked for, accepted and granted."""
        rma = new_rma()
        start = ReturnStart(
            rma=rma,
            order="1001",
            lines=[RequestedLine(line=line, quantity=quantity, reason=Reason.TOO_SMALL)],
            actor="user:1",
            deadlines=Deadlines(),
        )
        with self.database.write() as session:
            body = {"comments": [""]}
            session.add(
                Submission(rma=rma, order_number="1001", actor="user:1", created_at=NOW, body=body)
            )
        with self.database.write() as session:
            assert not returns.open_return(session, start, at=NOW, now=NOW).refusals
        asked = Grant(
            id=f"{rma}/grant/1", rma=rma, at=NOW.isoformat(), accepted=[quantity], actor="redress"
        )
        with self.database.write() as session:
            return grants.grant(session, asked)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return Shop(database, tmp_path)


def test_two_at_60_less_15_and_8_percent_on_top(shop: Shop) -> None:
    tees = {"quantity": 2, "unit_price": 6000, "tax_rate": "0.08", "tax": 840}
    shop.order([tees], [11340], tax_mode="exclusive", discounts=[{"amount": 1500}])
    quote = shop.quote()
    assert [(line["kind"], line["amount"]) for line in quote["lines"]] == [
        ("goods", 6000),
        ("order_discount", -750),
        ("tax", 420),
    ]
    assert (quote["total"], shop.give_back().amount, shop.quote()["total"]) == (5670, 5670, 5670)


def test_seven_for_100_come_back_one_at_a_time(shop: Shop) -> None:
    seven = {"quantity": 7, "unit_price": 1429, "discount": 3, "tax_rate": "0.20", "tax": 1667}
    shop.order([seven], [10000])
    paid, taxes = [], 0
    for _ in range(7):
        quote = shop.quote()
        taxes += sum(line["amount"] for line in quote["lines"] if line["kind"] == "tax")
        assert shop.give_back().amount == quote["total"]
        paid.append(quote["total"])
    assert paid == [1429, 1428, 1429, 1428, 1429, 1428, 1429]
    assert taxes == 1667


def test_seven_and_three_less_one(shop: Shop) -> None:
    lines = [{"quantity": 1, "unit_price": 700}, {"quantity": 1, "unit_price": 300}]
    shop.order(lines, [900], discounts=[{"amount": 100}])
    assert (shop.quote("1")["total"], shop.give_back("1").amount) == (630, 630)
    assert (shop.quote("2")["total"], shop.give_back("2").amount) == (270, 270)


@pytest.mark.parametrize(
    ("promotions", "total", "reversal"), [("keep_share", 5400, []), ("reprice_kept", 4800, [-600])]
)
def test_ten_percent_from_100(shop: Shop, promotions: str, total: int, reversal: list[int]) -> None:
    shop.put("/policy", {"promotions": promotions})
    four = {"quantity": 4, "unit_price": 3000}
    shop.order([four], [10800], discounts=[{"amount": 1200, "threshold": 10000}])
    quote = shop.quote(quantity=2)
    kinds = [line["amount"] for line in quote["lines"] if line["kind"] == "promotion_reversal"]
    assert (quote["total"], kinds) == (total, reversal)
    assert shop.give_back(quantity=2).amount == total


def test_six_at_50_from_300_sum_to_what_was_paid(shop: Shop) -> None:
    shop.put("/policy", {"promotions": "reprice_kept"})
    six = {"quantity": 6, "unit_price": 5000}
    shop.order([six], [27000], discounts=[{"amount": 3000, "threshold": 30000}])
    paid = []
    for _ in range(6):
        quote = shop.quote()
        assert shop.give_back().amount == quote["total"]
        paid.append(quote["total"])
    assert paid == [2000, 5000, 5000, 5000, 5000, 5000]


@pytest.mark.parametrize(
    ("order", "parts"),
    [
        ("card_first", {"p-2": 10000, "p-1": 2000}),
        ("gift_first", {"p-1": 5000, "p-2": 7000}),
        ("ratio", {"p-1": 4000, "p-2": 8000}),
    ],
)
def test_120_goes_back_to_a_gift_card_of_50_and_a_card_of_100(
    shop: Shop, order: str, parts: dict[str, int]
) -> None:
    shop.put("/policy", {"tender_order": order})
    lines = [{"quantity": 1, "unit_price": 12000}, {"quantity": 1, "unit_price": 3000}]
    shop.order(lines, [5000, 10000], kinds=["gift_card", "card"])
    granted = shop.give_back()
    with shop.database.read() as session:
        rows = [session.get_one(Refund, found.refund) for found in granted.refunds]
        assert {row.payment.payment: row.amount for row in rows} == parts


def test_a_label_of_7_50_for_a_thing_of_6_and_for_a_defective_one(shop: Shop) -> None:
    shop.put("/policy", {"fees": {"return_shipping": 750}})
    shop.order([{"quantity": 2, "unit_price": 600}], [1200])
    assert shop.quote()["total"] == 0
    assert shop.quote(reason="defective")["total"] == 600
    assert shop.give_back().amount == 0


def test_restocking_of_15_percent_of_100_and_10_percent_tax(shop: Shop) -> None:
    shop.put("/policy", {"fees": {"restocking_percent": "15"}})
    thing = {"quantity": 1, "unit_price": 10000, "tax_rate": "0.10", "tax": 1000}
    shop.order([thing], [11000], tax_mode="exclusive")
    assert (shop.quote()["total"], shop.give_back().amount) == (9350, 9350)


def test_a_fee_in_the_shops_currency_is_converted_at_the_orders_rate(shop: Shop) -> None:
    shop.put("/policy", {"fees": {"return_shipping": 500}})
    shop.order(
        [{"quantity": 1, "unit_price": 100000}],
        [100000],
        currency="JPY",
        exchange_rate={"shop_currency": "GBP", "rate": "190.5"},
    )
    # 5.00 GBP at 190.5 yen are 953 yen, half up.
    assert shop.quote()["total"] == 99047
