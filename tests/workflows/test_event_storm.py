"""Payment events at the real door, shuffled and partly forged, end as the same ones in order do."""

import asyncio
import json
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Thread, local
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import func, select
from stripe import WebhookSignature
from werkzeug.serving import make_server

from models.messages import TaskKind
from models.tables import ProviderEvent, Refund
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import accept, payment_row, tasks
from tests.workflows.world import World
from web.app import create_app
from web.services import EXTENSION

# What a refund goes through at the provider after it was made, pending.
LIVES: dict[str, tuple[str, ...]] = {
    "waits": (),
    "arrives": ("settle",),
    "is refused": ("fail",),
    "is sent back": ("settle", "fail"),
    "is told twice": ("settle", "settle"),
    "is called off": ("cancel",),
}
STEPS = {"settle": "succeeded", "fail": "failed", "cancel": "canceled"}


@dataclass(frozen=True)
class Sent:
    """A body and its signature; `forged` ones have no good one."""

    body: str
    header: str
    forged: bool = False


@dataclass
class Subject:
    """A return whose refund lives so at the provider."""

    life: str
    rma: str
    refund: Refund
    events: list[str]


class Door:
    """The web application over HTTP."""

    def __init__(self, world: World) -> None:
        app = create_app(world.settings, database=world.database)
        app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], gateway=world.gateway)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._url = f"http://127.0.0.1:{self._server.server_port}/api/v1/webhooks/sandbox"
        self._secret = world.settings.sandbox_webhook_secret
        self._own = local()
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def signed(self, body: str, *, secret: str | None = None, at: int | None = None) -> Sent:
        header = WebhookSignature.generate_signature_header(body, secret or self._secret, at)
        return Sent(body, header, forged=secret is not None or at is not None)

    def send(self, sent: Sent) -> int:
        """Sends until it is taken, as a provider does."""
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
        for _ in range(50):
            answer = self._own.session.post(
                self._url,
                data=sent.body.encode(),
                headers={"Stripe-Signature": sent.header},
                timeout=60,
            )
            if answer.status_code != 503:
                break
        return int(answer.status_code)


@pytest.fixture
def door(world: World) -> Iterator[Door]:
    made = Door(world)
    yield made
    made.close()


def event(kind: str, about: dict[str, Any], name: str | None = None) -> str:
    body = {"id": name or f"evt_{uuid4().hex}", "object": "event", "type": kind, "livemode": False}
    return json.dumps({**body, "data": {"object": about}})


def at_provider(world: World, refund: Refund) -> dict[str, Any]:
    """The refund as the provider shows it now."""
    answer = world.sandbox.call("GET", f"/v1/refunds/{refund.provider_reference}")
    answer.raise_for_status()
    shown: dict[str, Any] = answer.json()
    return shown


def move(world: World, refund: Refund, step: str) -> None:
    reference = refund.provider_reference
    paths = {"cancel": f"/v1/refunds/{reference}/cancel"}
    path = paths.get(step, f"/_sandbox/refunds/{reference}/{step}")
    body = {"reason": "lost_or_stolen_card"} if step == "fail" else None
    world.sandbox.call("POST", path, json=body).raise_for_status()


def told_of(shown: dict[str, Any]) -> list[str]:
    """The events of a refund as it is, by both of their names."""
    kinds = ["refund.updated", "charge.refund.updated"]
    if shown["status"] == "failed":
        kinds.append("refund.failed")
    return [event(kind, shown) for kind in kinds]


async def begun(world: World, life: str) -> Subject:
    """A return whose refund is pending at the provider."""
    payment = new_payment("pending")
    rma = await accept(world, payment)
    await world.until_true(
        lambda: "refund_pending" in world.timeline(rma), lambda: world.timeline(rma), seconds=60
    )
    [refund] = world.refunds(rma)
    charge = {"id": payment, "object": "charge", "payment_intent": payment}
    events = [
        event("refund.created", at_provider(world, refund)),
        event("charge.refunded", charge),
    ]
    return Subject(life, rma, refund, events)


def end_state(world: World, subject: Subject) -> dict[str, Any]:
    [row] = world.refunds(subject.rma)
    return {
        "return": world.status(subject.rma),
        "refund": (row.status, row.failure, row.paid_by, row.replaced_by),
        "books": world.balance(subject.rma),
        "reserved": payment_row(world, subject.rma).reserved,
        "tasks": tasks(world, subject.rma, TaskKind.REFUND_FAILED),
        "open": set(world.open_tasks(subject.rma)),
        "refunded": world.line(subject.rma).refunded,
    }


async def in_order(world: World, door: Door) -> dict[str, dict[str, Any]]:
    """Each life once, each event in its turn; gives the end states."""
    ends = {}
    for life, steps in LIVES.items():
        subject = await begun(world, life)
        for body in subject.events:
            assert await asyncio.to_thread(door.send, door.signed(body)) == 200
        for step in steps:
            move(world, subject.refund, step)
            for body in told_of(at_provider(world, subject.refund)):
                assert await asyncio.to_thread(door.send, door.signed(body)) == 200
            await world.until_true(
                lambda rma=subject.rma, step=step: world.refunds(rma)[0].status == STEPS[step]
            )
        await at_rest(world, [subject])
        ends[life] = end_state(world, subject)
    return ends


async def at_rest(world: World, subjects: Sequence[Subject]) -> None:
    """Waits until no workflow is asking or writing any more."""
    for subject in subjects:
        handle = world.handle(subject.rma)
        for _ in range(1200):
            described = (await handle.describe()).raw_description
            if not described.pending_activities and not described.HasField("pending_workflow_task"):
                break
            await asyncio.sleep(0.05)


def storm(door: Door, subjects: Sequence[Subject], count: int, chance: random.Random) -> list[Sent]:
    """So many events: all that were told, each several times, with strange and forged ones."""
    true = [body for subject in subjects for body in subject.events]
    strange = [
        event("customer.updated", {"id": "cus_1", "name": "Carla Customer"}),
        event("refund.updated", {"id": "re_else", "status": "failed", "metadata": {}}),
        event(
            "refund.failed",
            {"id": "re_else", "status": "failed", "metadata": {"refund_id": "R-0-1"}},
        ),
        event("charge.refunded", {"id": "ch_else", "payment_intent": None}),
        event("charge.refunded", {"id": None}),
    ]
    sent = [door.signed(body) for body in true + strange]
    while len(sent) < count:
        subject = chance.choice(subjects)
        if chance.random() < 0.12:
            lie = {"id": subject.refund.provider_reference, "status": "failed"}
            lie["metadata"] = {"refund_id": subject.refund.id}
            body = event("refund.failed", lie)
            forged = [
                door.signed(body, secret="whsec_of_somebody_else"),
                door.signed(body, at=int(time.time()) - 1000),
                replace(door.signed(chance.choice(true)), body=body, forged=True),
            ]
            sent.append(chance.choice(forged))
        else:
            sent.append(door.signed(chance.choice(true + strange)))
    chance.shuffle(sent)
    return sent


async def weather(world: World, door: Door, *, each: int, count: int, seed: int) -> None:
    """Lets the same lives be told by a storm, and compares how they end."""
    chance = random.Random(seed)
    ends = await in_order(world, door)
    lives = [life for life in LIVES for _ in range(each)]
    subjects = list(await asyncio.gather(*(begun(world, life) for life in lives)))
    for subject in subjects:
        for step in LIVES[subject.life]:
            move(world, subject.refund, step)
            subject.events += told_of(at_provider(world, subject.refund))
    with world.database.read() as session:
        before = session.scalar(select(func.count()).select_from(ProviderEvent)) or 0
    sent = storm(door, subjects, count, chance)
    with ThreadPoolExecutor(8) as senders:
        statuses = await asyncio.to_thread(lambda: list(senders.map(door.send, sent)))
    for one, status in zip(sent, statuses, strict=True):
        assert status == (400 if one.forged else 200)
    await at_rest(world, subjects)
    for subject in subjects:
        await world.until_true(
            lambda subject=subject: end_state(world, subject) == ends[subject.life],
            lambda subject=subject: (subject.life, end_state(world, subject), ends[subject.life]),
            seconds=60,
        )
    await at_rest(world, subjects)
    assert all(end_state(world, subject) == ends[subject.life] for subject in subjects)
    genuine = {json.loads(one.body)["id"] for one in sent if not one.forged}
    with world.database.read() as session:
        kept = session.scalar(select(func.count()).select_from(ProviderEvent)) or 0
    assert kept - before == len(genuine), "forged ones leave no row"


@pytest.mark.parametrize("seed", [1])
async def test_a_storm_of_events_ends_as_the_same_events_in_order(
    world: World, door: Door, seed: int
) -> None:
    await weather(world, door, each=1, count=150, seed=seed)


@pytest.mark.prove
@pytest.mark.parametrize("seed", [7, 8])
async def test_two_thousand_events_end_as_the_same_events_in_order(
    world: World, door: Door, seed: int
) -> None:
    await weather(world, door, each=8, count=2000, seed=seed)
