"""Refunds through every fault of a provider while worker and provider are killed: paid once each,
or parked where a person sees it.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, cycle
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
import requests
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from tests.e2e.running_up import ORDER, Up, free_port, running
from tests.e2e.running_up import wait_for as wait_a_minute_for

AMOUNT = 2500
# Parts that die often are started again ever later, and retries come up to 5 minutes apart.
PATIENCE = 1200.0
# What a payment's reference makes the provider do, and how often it is chosen.
FAULTS = {
    "ok": 3,  # paid at once
    "timeout": 4,  # paid, and the answer is lost, twice
    "error": 3,  # HTTP 500 before anything is done, three times
    "slow": 3,  # answers after 3 seconds, over which a worker may be killed
    "decline": 1,  # refused
    "disputed": 1,  # refused
    "pending": 2,  # decided later, one way or the other
    "fails_later": 2,  # paid, and sent back by the bank after 72 hours
}
CARELESS = frozenset({"decline", "disputed"})


def wait_for(holds: Callable[[], Any], what: str) -> Any:
    return wait_a_minute_for(holds, what, PATIENCE)


@dataclass
class Shop:
    """Returns on a running `up`, one fault each; what was done to its parts."""

    up: Up
    count: int
    seed: int
    # What is done to it one after the other, and the seconds between.
    strikes: Iterable[str]
    pause: tuple[float, float]
    faults: dict[str, str] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    over: Event = field(default_factory=Event)

    def run(self) -> None:
        """Takes every return to its refund while parts are killed and keys are forgotten."""
        chance = Random(self.seed)
        kinds = chance.choices(list(FAULTS), list(FAULTS.values()), k=self.count)
        havoc = Thread(target=self.wreak_havoc, args=(Random(self.seed + 1),))
        havoc.start()
        try:
            with ThreadPoolExecutor(8) as people:
                rmas = list(people.map(self.accept, range(self.count), kinds))
        finally:
            self.over.set()
            havoc.join()
        self.faults = dict(zip(rmas, kinds, strict=True))
        self.until_known()

    def accept(self, number: int, fault: str) -> str:
        """One return whose goods are accepted; every call is repeated until it is answered."""
        order = f"F-{number}"
        payment = {
            "id": "p-1",
            "kind": "card",
            "provider": "sandbox",
            "reference": f"sbx_{fault}_{number}",
            "amount": 2 * AMOUNT,
            "currency": "GBP",
        }
        self.ask("PUT", f"/orders/{order}", {**ORDER, "number": order, "payments": [payment]})
        lines = [{"line": "1", "quantity": 1, "reason": "too_small"}]
        asked = {"order": order, "lines": lines, "resolution": "refund"}
        rma = str(self.ask("POST", "/returns", asked, key=f"ask-{number}")["rma"])
        decision = {"decision": "approve"}
        self.ask("POST", f"/returns/{rma}/decision", decision, key=f"decide-{number}")
        self.until(rma, "awaiting_parcel")
        counted = {"lines": [{"line": "1", "quantity": 1}]}
        self.ask("POST", f"/returns/{rma}/receipts", counted, key=f"count-{number}")
        self.until(rma, "received")
        verdict = {"line": "1", "quantity": 1, "grade": "A", "disposition": "restock"}
        self.ask(
            "POST",
            f"/returns/{rma}/inspections",
            {"lines": [{**verdict, "accepted": True}]},
            key=f"judge-{number}",
        )
        return rma

    def ask(self, method: str, path: str, body: object, key: str = "") -> dict[str, Any]:
        """A call that is made again as long as nobody can answer it."""

        def answered() -> dict[str, Any] | None:
            try:
                answer = self.up.call(method, path, body, key=key)
            except requests.ConnectionError:
                return None
            if answer.status_code in (409, 503):
                return None  # Not recorded yet, or nobody there.
            assert answer.ok, answer.text
            found = answer.json()
            assert isinstance(found, dict)
            return found

        found = wait_for(answered, f"{method} {path}")
        assert isinstance(found, dict)
        return found

    def until(self, rma: str, status: str) -> None:
        wait_for(
            lambda: self.ask("GET", f"/returns/{rma}", None)["status"] == status,
            f"{rma} to be {status}",
        )

    def wreak_havoc(self, chance: Random) -> None:
        """Kills the worker or the provider, and lets the provider forget its keys."""
        for what in self.strikes:
            if self.over.wait(chance.uniform(*self.pause)):
                return
            if what == "keys":
                self.advance(25)
            else:
                # It may be dead already, and on its way to be started again.
                with suppress(ProcessLookupError):
                    os.kill(self.up.endpoints["pids"][what], signal.SIGKILL)
            self.killed[what] += 1

    def until_known(self) -> None:
        """Decides what is pending, lets three days pass at the bank, and waits for each end."""
        pending = [rma for rma, fault in self.faults.items() if fault == "pending"]
        for place, rma in enumerate(pending):
            wait_for(lambda rma=rma: self.refund(rma)["provider_reference"], f"{rma} at the bank")
            what = "settle" if place % 2 else "fail"
            reference = self.refund(rma)["provider_reference"]
            body = {"reason": "lost_or_stolen_card"} if what == "fail" else {}
            self.provider("POST", f"/refunds/{reference}/{what}", body)
            self.faults[rma] = f"pending, then {what}"
        for rma, fault in self.faults.items():
            if fault not in CARELESS:
                wait_for(lambda rma=rma: self.refund(rma)["status"] != "pending", f"{rma} paid")
        self.advance(80)
        for rma in self.faults:
            self.ended(rma)

    def ended(self, rma: str) -> None:
        """Paid and closed, or waiting for a person."""
        bad = self.faults[rma] in {*CARELESS, "fails_later", "pending, then fail"}
        self.until(rma, "needs_attention" if bad else "closed")

    def refund(self, rma: str) -> dict[str, Any]:
        [refund] = self.ask("GET", f"/returns/{rma}", None)["refunds"] or [
            {"provider_reference": None, "status": "pending"}
        ]
        assert isinstance(refund, dict)
        return refund

    def advance(self, hours: int) -> None:
        self.provider("POST", "/clock", {"advance_hours": hours})

    def provider(self, method: str, path: str, body: object) -> None:
        """One of the sandbox's controls, again as long as it is being killed."""

        def done() -> bool:
            try:
                answer = requests.request(
                    method,
                    f"{self.up.endpoints['sandbox']}/_sandbox{path}",
                    json=body,
                    headers={"Authorization": f"Bearer {self.up.endpoints['sandbox_key']}"},
                    timeout=10,
                )
            except requests.ConnectionError:
                return False
            assert answer.ok, answer.text
            return True

        wait_for(done, path)

    # --- what it came to -------------------------------------------------------------------

    def check(self) -> Counter[str]:
        """Every refund is paid once or parked; counts of both."""
        book: dict[str, list[dict[str, Any]]] = {}
        for row in self.up.provider_book():
            book.setdefault(row["payment"], []).append(row)
        counts: Counter[str] = Counter()
        for rma in self.faults:
            found = self.up.do("GET", f"/returns/{rma}")
            [refund] = found["refunds"]
            place = int(found["order"].removeprefix("F-"))
            rows = [
                row for name, rows in book.items() if name.endswith(f"_{place}") for row in rows
            ]
            standing = [row["amount"] for row in rows if row["status"] != "failed"]
            assert len(rows) <= 1, f"{rma} was paid twice: {rows}"
            assert refund["amount"] == AMOUNT
            if found["status"] == "closed":
                assert (refund["status"], standing) == ("succeeded", [AMOUNT]), rma
                assert refund["provider_reference"] == rows[0]["id"]
                counts["paid once"] += 1
            else:
                assert (refund["status"], standing) == ("failed", []), rma
                [task] = self.up.do("GET", f"/tasks?return={rma}")["data"]
                assert task["kind"] == "refund_failed"
                counts["parked with a task"] += 1
        self.check_books(counts)
        return counts

    def check_books(self, counts: Counter[str]) -> None:
        balances = {
            row["account"]: row["balance"]
            for row in self.up.do("GET", "/ledger/trial-balance")["data"]
        }
        assert balances["clearing:card"] == -AMOUNT * counts["paid once"]
        assert balances["refunds_payable"] == -AMOUNT * counts["parked with a task"]
        assert self.up.do("GET", "/ledger/verify")["ok"]
        run = self.up.do("POST", "/reconciliations")["id"]
        wait_for(
            lambda: self.up.do("GET", f"/reconciliations/{run}")["status"] == "done", "comparison"
        )
        assert self.up.do("GET", f"/reconciliations/{run}")["differences"] == []

    async def repeated(self) -> int:
        """How often an activity that pays was begun again, by the histories."""
        client = await Client.connect(self.up.endpoints["temporal"])
        again = 0
        for rma in self.faults:
            history = client.get_workflow_handle(f"return/{rma}").fetch_history_events()
            async for event in history:
                if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
                    again += event.activity_task_started_event_attributes.attempt - 1
        return again


def prove(
    directory: Path, count: int, seed: int, strikes: Iterable[str], pause: tuple[float, float]
) -> None:
    """Runs a shop and tells what came of it."""
    with running(directory / "data", free_port()) as up:
        shop = Shop(up, count, seed, strikes, pause)
        began = time.monotonic()
        shop.run()
        took = time.monotonic() - began
        counts = shop.check()
        again = asyncio.run(shop.repeated())
    assert sum(counts.values()) == count
    assert again > 0, "no activity was ever begun again: nothing was proved"
    kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(Counter(shop.faults.values()).items()))
    print(
        f"\n{count} refunds in {took:.0f} s: {dict(counts)}\nfaults: {kinds}\n"
        f"killed or forgotten: {dict(shop.killed)}; activities begun again: {again}"
    )


def test_refunds_are_paid_once_or_parked_whatever_fails(tmp_path: Path) -> None:
    strikes = ["worker", "keys", "sandbox"]
    prove(tmp_path, count=16, seed=3, strikes=strikes, pause=(3, 5))


@pytest.mark.prove
def test_a_thousand_refunds_are_paid_once_or_parked_whatever_fails(tmp_path: Path) -> None:
    # A forgotten key begins its 500s anew, so that this ends early enough for the last retries.
    first = ["worker", "keys", "sandbox", "worker", "keys", "worker", "sandbox", "keys"]
    strikes = chain(first, cycle(["worker", "worker", "sandbox"]))
    prove(tmp_path, count=1000, seed=4, strikes=strikes, pause=(15, 28))
