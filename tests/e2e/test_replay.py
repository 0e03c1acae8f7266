"""`redress orders import` and `redress replay` on a running `up` whose parts are killed."""

import csv
import os
import random
import re
import signal
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.running_up import REDRESS, Up, free_port, running, wait_for

ORDER_COLUMNS = "order_number placed_at customer_number country sku description quantity unit_price"
RETURN_COLUMNS = "credit_note returned_at customer_number order_number sku quantity unit_price"


def write_shop(directory: Path, returns: int, seed: int) -> int:
    """Writes orders.csv and returns.csv of an invented shop; gives the pence owed.

    Some credit notes name one order line twice, some goods cost nothing, some come back late.
    """
    chance = random.Random(seed)
    orders, notes, owed = [], [], 0
    for number in range(1, returns + 1):
        # Local times without a zone, as such files have them.
        placed = datetime(2011, 1, 3, 9, 0) + timedelta(minutes=number)  # noqa: DTZ001
        returned = placed + timedelta(days=chance.choice([1, 5, 29, 31, 60]))
        for item in range(chance.randint(1, 4)):
            sku, units = f"SKU{item}", chance.choice([1, 2, 6, 74_215])
            price = chance.choice([0, 85, 295, 1050])
            text = f"{price / 100:.2f}"
            orders.append(
                [number, placed.isoformat(), 100 + number, "France", sku, "A THING", units, text]
            )
            parts = [1, 1] if units > 1 and chance.random() < 0.3 else [chance.randint(1, units)]
            if item and chance.random() < 0.5:
                continue
            for part in parts:
                note = [f"C{number}", returned.isoformat(), 100 + number, number, sku, part, text]
                notes.append(note)
                owed += part * price
    _write(directory / "orders.csv", ORDER_COLUMNS, orders)
    _write(directory / "returns.csv", RETURN_COLUMNS, notes)
    return owed


def _write(path: Path, columns: str, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns.split(), "currency"])
        writer.writerows([*row, "GBP"] for row in rows)


def start(up: Up, *words: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "REDRESS_DATA_DIR": str(up.directory), "COLUMNS": "120"}
    return subprocess.Popen(
        [REDRESS, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: "subprocess.Popen[str]", timeout: float = 120) -> str:
    output, _ = process.communicate(timeout=timeout)
    assert process.returncode == 0, output
    return output


def amounts(output: str) -> list[int]:
    """The amounts of the closing table, in pence."""
    found = re.findall(r"GBP ([\d,]+)\.(\d\d)", output)
    return [int(whole.replace(",", "") + rest) for whole, rest in found]


def kill(up: Up, part: str) -> None:
    os.kill(up.endpoints["pids"][part], signal.SIGKILL)


def replay_with_kills(directory: Path, returns: int, seed: int) -> None:
    owed = write_shop(directory, returns, seed)
    with running(directory / "data", free_port()) as up:
        finish(start(up, "orders", "import", str(directory / "orders.csv")))
        replay = start(up, "replay", str(directory / "returns.csv"))
        wait_for(lambda: closed(up) >= returns // 4, "a quarter of the returns")
        kill(up, "worker")
        wait_for(lambda: closed(up) >= returns // 2, "half of the returns")
        kill(up, "temporal")
        output = finish(replay, timeout=60 + returns)
        assert amounts(output) == [owed] * 4
        assert re.search(rf"Returns closed\W+{returns}\b", output)
        refunds = len(up.provider_book())
        again = finish(start(up, "replay", str(directory / "returns.csv")))
        assert amounts(again) == [owed] * 4
        assert len(up.provider_book()) == refunds


def closed(up: Up) -> int:
    """How many returns are closed, up to a hundred."""
    return len(up.do("GET", "/returns?status=closed&limit=100")["data"])


def test_a_replay_pays_to_the_penny_though_worker_and_server_are_killed(tmp_path: Path) -> None:
    replay_with_kills(tmp_path, returns=24, seed=1)


@pytest.mark.prove
def test_two_hundred_returns_are_replayed_through_kills(tmp_path: Path) -> None:
    replay_with_kills(tmp_path, returns=200, seed=2)
