"""Varied orders through everything: quote, refund, provider and journal agree to the cent."""

import asyncio
from random import Random

import pytest

from models.store.ledger_verify import verify
from tests.workflows.test_reconciliation import reconcile
from tests.workflows.varied_orders import Shop, Story, invent_policy
from tests.workflows.world import World

AT_ONCE = 6


async def play(world: World, seeds: range) -> None:
    """Plays orders, some at once, under a policy that changes between them."""
    shop = Shop(world)
    exact = 0
    for first in range(seeds.start, seeds.stop, AT_ONCE):
        await shop.do("PUT", "/policy", invent_policy(Random(first)))
        stories = [Story(shop, seed) for seed in seeds if first <= seed < first + AT_ONCE]
        await asyncio.gather(*(story.play() for story in stories))
        exact += sum(story.exact for story in stories)
    assert exact > len(seeds) // 2, "most orders must have a return that pays its quote"
    with world.database.read() as session:
        assert verify(session).first_bad is None
    assert await reconcile(world) == []


async def test_some_varied_orders_agree_everywhere(world: World) -> None:
    await play(world, range(12))


@pytest.mark.prove
async def test_two_hundred_varied_orders_agree_everywhere(world: World) -> None:
    await play(world, range(1000, 1200))
