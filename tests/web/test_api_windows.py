"""The last minute of a window, asked for through the API with a clock that is set by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from models.database import Database
from models.rules.quote_lines import Quote
from tests.web.api_app import Api, pointers
from web.access import Actor
from web.gateway import Gateway
from web.requests import ReturnRequest
from web.services import EXTENSION, Services

MINUTE = timedelta(minutes=1)


class GatewayAt(Gateway):
    """The gateway at a time of the test's choosing; only what needs no worker is asked of it."""

    now = datetime(2026, 1, 1, tzinfo=UTC)

    def quote(self, request: ReturnRequest, actor: Actor, *, at: datetime | None = None) -> Quote:
        """As of then."""
        return super().quote(request, actor, at=at or self.now)


class Shop(Api):
    """The API over that gateway."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        super().__init__(database, data_dir)
        self.clock = GatewayAt(self.settings, database, cast("Any", None))
        made: Services = self.app.extensions[EXTENSION]
        self.app.extensions[EXTENSION] = replace(made, gateway=self.clock)

    def order(self, lines: list[dict[str, Any]], **more: Any) -> None:
        """Order 1001, a line of one unit each at 50.00."""
        usual = {"quantity": 1, "unit_price": 5000, "tax": 0}
        body = {
            "number": "1001",
            "currency": "GBP",
            "tax_mode": "inclusive",
            "lines": [
                {"id": str(no), "sku": f"S-{no}", "name": f"Thing {no}", **usual, **line}
                for no, line in enumerate(lines, start=1)
            ],
            "payments": [
                {
                    "id": "p-1",
                    "kind": "card",
                    "provider": "sandbox",
                    "reference": "sbx_ok_1",
                    "amount": 5000 * len(lines),
                    "currency": "GBP",
                }
            ],
            **more,
        }
        answer = self.put("/orders/1001", body)
        assert answer.status_code == 201, answer.text

    def asked(self, at: datetime, line: str = "1", kind: str = "return") -> dict[str, str]:
        """What speaks against a request at a time: the code at each place; nothing when it goes."""
        self.clock.now = at
        lines = [{"line": line, "quantity": 1, "reason": "style"}]
        answer = self.post("/quotes", {"order": "1001", "kind": kind, "lines": lines})
        return {} if answer.status_code == 200 else pointers(answer)

    def closes(self, ends: datetime, line: str = "1", kind: str = "return") -> None:
        """A line can be asked for to the last minute, and not a minute longer."""
        assert self.asked(ends - MINUTE, line, kind) == {}
        assert self.asked(ends, line, kind) == {"/lines/0/line": "window_passed"}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return Shop(database, tmp_path)


@pytest.mark.parametrize(
    ("dates", "ends"),
    [
        # Cairo's 24 April 2026 has no first hour: the 23rd ends at 22:00 UTC, the 24th at 21:00.
        (("2026-03-01", "2026-03-03", "2026-03-24"), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        (("2026-03-01", "2026-03-25", None), datetime(2026, 4, 24, 21, tzinfo=UTC)),
        (("2026-03-24", None, None), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        # 29 October has 25 hours, the last of them twice.
        (("2026-09-01", None, "2026-09-29"), datetime(2026, 10, 29, 22, tzinfo=UTC)),
        # Thirty days after 30 January 2028 is the leap day.
        (("2028-01-01", None, "2028-01-30"), datetime(2028, 2, 29, 22, tzinfo=UTC)),
    ],
)
def test_a_window_closes_with_the_last_minute_of_its_last_day_where_the_shop_is(
    shop: Shop, dates: tuple[str | None, ...], ends: datetime
) -> None:
    assert shop.put("/policy", {"time_zone": "Africa/Cairo"}).status_code == 200
    placed, shipped, delivered = (day and f"{day}T12:00:00Z" for day in dates)
    shop.order([{}], placed_at=placed, shipped_at=shipped, delivered_at=delivered)
    shop.closes(ends)


def test_each_line_and_each_rule_has_its_own_window(shop: Shop) -> None:
    rules = [
        {"name": "Flowers", "when": {"categories": ["flowers"]}, "then": {"window_days": 1}},
    ]
    policy = {"time_zone": "America/New_York", "window": {"days": 30}, "rules": rules}
    assert shop.put("/policy", policy).status_code == 200
    shop.order(
        [{}, {"delivered_at": "2026-03-03T12:00:00Z"}, {"category": "flowers"}],
        # Half past eleven in the evening of 28 February in New York.
        placed_at="2026-02-20T12:00:00Z",
        delivered_at="2026-03-01T04:30:00Z",
    )
    # Summer time has begun on 8 March.
    shop.closes(datetime(2026, 3, 31, 4, tzinfo=UTC), "1")
    shop.closes(datetime(2026, 4, 3, 4, tzinfo=UTC), "2")
    shop.closes(datetime(2026, 3, 2, 5, tzinfo=UTC), "3")
    # The law's fourteen days are a Saturday's for the first, and so last to the Monday.
    shop.closes(datetime(2026, 3, 17, 4, tzinfo=UTC), "1", "withdrawal")


@pytest.mark.parametrize(
    ("placed", "country", "ends"),
    [
        # The season begins with 15 November in New York, five hours after it did in London.
        ("2026-11-15T04:59:00Z", "US", datetime(2026, 12, 15, 5, tzinfo=UTC)),
        ("2026-11-15T05:00:00Z", "US", datetime(2027, 1, 16, 5, tzinfo=UTC)),
        ("2026-11-15T04:59:00Z", "NO", datetime(2026, 12, 26, 5, tzinfo=UTC)),
    ],
)
def test_seasons_and_countries_have_windows_of_their_own(
    shop: Shop, placed: str, country: str, ends: datetime
) -> None:
    rules = [
        {
            "name": "Season",
            "priority": 1,
            "when": {"ordered_from": "2026-11-15"},
            "then": {"window_days": 61},
        },
        {"name": "Norway", "when": {"countries": ["NO"]}, "then": {"window_days": 41}},
    ]
    policy = {"time_zone": "America/New_York", "window": {"anchor": "placed"}, "rules": rules}
    assert shop.put("/policy", policy).status_code == 200
    shop.order([{}], placed_at=placed, country=country)
    shop.closes(ends)
