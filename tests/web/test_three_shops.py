"""The policies of docs/policies, tried out on a real shop's returns and counted again by hand."""

import csv
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from models.database import Database
from models.messages import Deadlines, Reason, ReturnStart
from models.order_files import FileFormat
from models.rules.policy import Policy
from models.rules.rma import make_rma
from models.store.order_import import import_orders
from models.store.recorded_returns import read_recorded_returns
from models.store.returns import open_return
from models.store.simulating import begin_simulation, load_simulation, simulate
from models.tables import ReturnLine
from tests.web.api_app import Api
from tests.web.past_returns import ACTOR
from web.policy_yaml import read_policy
from web.requests import LineRequest, ReturnRequest
from web.submissions import make_submission, requested_lines

ROOT = Path(__file__).parents[2]
POLICIES = {path.stem: path for path in (ROOT / "docs" / "policies").glob("*.yaml")}
LONDON = ZoneInfo("Europe/London")
SAMPLE = ROOT / "tests" / "data" / "online-retail"
WHOLE = next(
    (
        found
        for parent in ROOT.parents
        if (found := parent / "shared" / "data" / "online-retail").is_dir()
    ),
    None,
)


# --- the shop as its files tell it, without any of our code ---------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One credit note on one order. `lines`: units and pence each, row by row."""

    note: str
    order: str
    customer: str
    country: str
    placed: datetime
    returned: datetime
    lines: list[tuple[int, int]]

    @property
    def worth(self) -> int:
        return sum(units * price for units, price in self.lines)

    def days(self, zone: ZoneInfo) -> int:
        """From the day of the order to the day of the return."""
        return (_day(self.returned, zone) - _day(self.placed, zone)).days


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def _pence(text: str) -> int:
    pounds, _, rest = text.partition(".")
    return int(pounds) * 100 + int(rest.ljust(2, "0")[:2])


@dataclass
class Shop:
    """The files of a shop, with the orders that returns name."""

    directory: Path
    refused: int = 0
    known: set[str] = field(default_factory=set)

    @cached_property
    def orders(self) -> list[dict[str, str]]:
        named = {row["order_number"] for row in _rows(self.directory / "returns.csv.gz")}
        return [
            row for row in _rows(self.directory / "orders.csv.gz") if row["order_number"] in named
        ]

    @cached_property
    def returns(self) -> list[Past]:
        """As the files have them."""
        first = {}
        for row in self.orders:
            first.setdefault(row["order_number"], row)
        found: dict[tuple[str, str], Past] = {}
        for row in _rows(self.directory / "returns.csv.gz"):
            order = first[row["order_number"]]
            past = found.setdefault(
                (row["credit_note"], row["order_number"]),
                Past(
                    note=row["credit_note"],
                    order=row["order_number"],
                    customer=row["customer_number"],
                    country=order["country"],
                    placed=_at(order["placed_at"]),
                    returned=_at(row["returned_at"]),
                    lines=[],
                ),
            )
            past.lines.append((int(row["quantity"]), _pence(row["unit_price"])))
        return [past for past in found.values() if f"{past.note}/{past.order}" in self.known]

    def store(self, database: Database) -> None:
        """Imports the orders, and records each return as if it had been asked for on its day."""
        written = StringIO()
        writer = csv.DictWriter(written, list(self.orders[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.orders)
        import_orders(
            database,
            BytesIO(written.getvalue().encode()),
            format=FileFormat.CSV,
            time_zone=LONDON,
            parse=json.loads,
        )
        with database.read() as session, (self.directory / "returns.csv.gz").open("rb") as file:
            recorded = read_recorded_returns(session, file, LONDON).returns
        with database.write() as session:
            for number, each in enumerate(sorted(recorded, key=lambda past: past.returned_at)):
                rma = make_rma(number)
                request = ReturnRequest(
                    order=each.order,
                    lines=[
                        LineRequest(line=line, quantity=units, reason=Reason.OTHER)
                        for line, units in each.lines
                    ],
                    override_reason="It came back.",
                )
                session.add(make_submission(request, rma, ACTOR))
                session.flush()
                start = ReturnStart(
                    rma=rma,
                    order=each.order,
                    lines=requested_lines(request),
                    actor=ACTOR.id,
                    deadlines=Deadlines(),
                    override=True,
                )
                at = each.returned_at
                if open_return(session, start, at=at, now=at).refusals:
                    self.refused += 1
                else:
                    self.known.add(f"{each.credit_note}/{each.order}")
            session.execute(
                update(ReturnLine).values(
                    approved=ReturnLine.requested, received=ReturnLine.requested
                )
            )


# --- what each policy says, counted again ---------------------------------------------------------

Said = tuple[str, int]
Counted = Callable[[Shop, Past], Said]


def by_default(_shop: Shop, past: Past) -> Said:
    if past.days(ZoneInfo("UTC")) > 30:
        return "deny", 0
    return "review", past.worth


def fashion(_shop: Shop, past: Past) -> Said:
    ordered = _day(past.placed, LONDON)
    days = 60 if date(2010, 11, 15) <= ordered <= date(2010, 12, 24) else 30
    if past.days(LONDON) > days:
        return "deny", 0
    total = max(0, past.worth - 295)
    return ("approve" if total <= 5000 else "review"), total


def electronics(_shop: Shop, past: Past) -> Said:
    abroad = past.country in {"EIRE", "France", "Germany", "Spain", "Portugal", "Belgium"}
    if past.days(LONDON) > (28 if abroad else 14):
        return "deny", 0
    # 15 % of each row, half a penny up.
    restocking = sum((units * price * 15 * 2 + 100) // 200 for units, price in past.lines)
    left = past.worth - restocking
    return "review", max(0, left - (1500 if abroad else 795))


def marketplace(shop: Shop, past: Past) -> Said:
    if past.days(LONDON) > 45:
        return "deny", 0
    theirs = [row for row in shop.orders if row["customer_number"] == past.customer]
    before = [row for row in theirs if _at(row["placed_at"]) <= past.returned]
    orders = len({row["order_number"] for row in before})
    bought = sum(int(row["quantity"]) for row in before)
    came = sum(
        units
        for each in shop.returns
        if each.customer == past.customer and each.returned < past.returned
        for units, _ in each.lines
    )
    kept = 0 < past.worth <= 500
    far = past.country in {"Australia", "Japan", "USA"}
    total = past.worth if kept or not far else max(0, past.worth - 1500)
    if (orders >= 3 and came * 10 > bought * 3) or past.worth > 25000 or far:
        return "review", total
    return ("approve" if past.country == "United Kingdom" else "review"), total


COUNTED: dict[str, Counted] = {
    "fashion": fashion,
    "electronics": electronics,
    "marketplace": marketplace,
}


@pytest.fixture(scope="module", params=["sample", "whole"])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Shop, Database]]:
    directory = SAMPLE if request.param == "sample" else WHOLE
    if directory is None:
        pytest.skip("The whole shop's files are not beside the project.")
    path = tmp_path_factory.mktemp("shop") / "redress.db"
    template: Path = request.getfixturevalue("sqlite_template")
    path.write_bytes(template.read_bytes())
    database = Database(f"sqlite:///{path}")
    made = Shop(directory)
    made.store(database)
    yield made, database
    database.dispose()


def simulated(database: Database, policy: Policy, name: str) -> dict[str, Any]:
    at = datetime.now(UTC)
    with database.write() as session:
        begin_simulation(
            session,
            name,
            actor="user:1",
            version=1,
            draft=policy,
            text=None,
            days=(None, None),
            at=at,
        )
    simulate(database, name, lambda: at)
    with database.read() as session:
        row = load_simulation(session, name)
    assert row is not None
    assert row.result is not None
    return row.result


def test_the_shop_is_as_large_as_its_files_say(shop: tuple[Shop, Database]) -> None:
    made, _ = shop
    assert len(made.returns) >= 60
    assert made.refused == 0
    if made.directory == WHOLE:
        assert len(made.returns) == 825
        assert sum(past.worth for past in made.returns) == 11_168_076


@pytest.mark.parametrize("name", COUNTED)
def test_a_policy_makes_of_a_real_shop_what_a_recount_says(
    shop: tuple[Shop, Database], name: str
) -> None:
    made, database = shop
    began = time.monotonic()
    told = simulated(database, read_policy(POLICIES[name].read_text()), name)
    took = time.monotonic() - began
    pairs = [(past, by_default(made, past), COUNTED[name](made, past)) for past in made.returns]
    moved = Counter(
        f"{before[0]}→{after[0]}" for _, before, after in pairs if before[0] != after[0]
    )
    changed = [past for past, before, after in pairs if before != after]
    sums = [sum(pair[side][1] for pair in pairs) for side in (1, 2)]
    assert told["returns"] == len(pairs)
    assert told["decisions"] == dict(moved)
    assert told["amounts"] == {
        "GBP": {"before": sums[0], "after": sums[1], "difference": sums[1] - sums[0]}
    }
    assert told["changed"] == len(changed)
    assert told["customers"] == len({past.customer for past in changed})
    # A recount that never differs proves nothing.
    assert moved
    assert sums[0] != sums[1]
    assert took < 30


def test_every_policy_of_the_documents_is_tried_out(sqlite_api: Api) -> None:
    assert set(POLICIES) == set(COUNTED)
    for path in POLICIES.values():
        policy = read_policy(path.read_text())
        assert sqlite_api.put("/policy", policy.to_json()).status_code == 200
