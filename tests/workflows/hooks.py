"""What tests of outgoing webhooks share: endpoints, events to tell, and how far they came."""

from collections import defaultdict
from datetime import UTC, datetime

from sqlalchemy import func, select

from models.messages import EventKind, ReturnStatus
from models.store import webhooks
from models.store.outgoing import events_after
from models.tables import Event, WebhookDelivery, WebhookEndpoint
from tests.contract.webhook_receiver import Receiver
from tests.web.staff_rows import NOW, add_return
from tests.workflows.world import World


def listen(world: World, receiver: Receiver, *types: str) -> WebhookEndpoint:
    """An endpoint at the receiver, which knows its secret."""
    with world.database.write() as session:
        made = webhooks.add_endpoint(
            session,
            url=receiver.url,
            description="",
            types=types,
            actor="user:1",
            at=datetime.now(UTC),
        )
    receiver.secret = made.secret
    return made


def happen(world: World, returns: int, each: int) -> None:
    """So many returns to which so many things happen, mixed among each other."""
    with world.database.write() as session:
        rmas = [
            add_return(session, number, ReturnStatus.RECEIVED).rma
            for number in range(1, returns + 1)
        ]
    for turn in range(1, each):
        with world.database.write() as session:
            session.add_all(
                Event(
                    rma=rma,
                    key=f"scan/{turn}",
                    at=NOW,
                    kind=EventKind.SCANNED,
                    actor="carrier",
                    data={"event": f"e-{turn}"},
                )
                for rma in rmas
            )


def counts(world: World) -> dict[str, int]:
    with world.database.read() as session:
        return dict(
            session.execute(
                select(WebhookDelivery.status, func.count()).group_by(WebhookDelivery.status)
            ).all()
        )


async def until_all(world: World, events: int, *, seconds: float = 90) -> None:
    await world.until_true(
        lambda: counts(world) == {"delivered": events}, lambda: counts(world), seconds=seconds
    )


def assert_told_in_order(world: World, receiver: Receiver, events: int) -> None:
    """Each event came at least once, signed, under one id, in the order of its return."""
    log = receiver.log
    assert all(each["verified"] for each in log)
    assert all(each["id"] == each["event"]["id"] for each in log)
    assert not [each for each in log if each["action"] == "followed"]
    first: dict[str, list[int]] = defaultdict(list)
    seen = set()
    for each in receiver.taken:
        if each["id"] not in seen:
            seen.add(each["id"])
            first[each["event"]["data"]["return"]].append(each["event"]["data"]["sequence"])
    assert len(seen) == events
    with world.database.read() as session:
        assert seen == {row.id for row in events_after(session, 0, limit=events + 1)}
    for order in first.values():
        assert order == list(range(1, len(order) + 1))


async def nudge(world: World, endpoint: WebhookEndpoint) -> None:
    await world.call(world.gateway.nudge_webhooks, endpoint.id)
