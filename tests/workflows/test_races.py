"""Many callers on one order at once, on both databases: exactly the right ones win."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

import pytest

from models.database import Database
from models.messages import PayoutKind, PayoutMethod, PayoutStart
from models.store.goodwill import grant_goodwill
from models.store.refunds import RefundNotPossible
from models.tables import Order
from tests.workflows.stored import NOW, grant, open_return, store_order
from tests.workflows.world import paid


def race(database: Database, dice: Random) -> None:
    """Two to twenty callers take money of one order: goodwill of any size, and a return."""
    parts = [dice.randint(1, 6000) for _ in range(dice.randint(1, 3))]
    payments = [paid(f"card-{no}", part, id=f"p-{no}") for no, part in enumerate(parts)]
    number = store_order(database, *payments, quantity=1, price=sum(parts))
    rma, _ = open_return(database, number, 1)
    wanted = [dice.randint(1, sum(parts)) for _ in range(dice.randint(1, 19))]
    methods = [dice.choice(list(PayoutMethod)) for _ in wanted]
    start = Barrier(len(wanted) + 1)

    def give(call: int, amount: int) -> int:
        asked = PayoutStart(
            id=f"call-{call}",
            rma=rma,
            kind=PayoutKind.GOODWILL,
            actor="user:1",
            amount=amount,
            currency="GBP",
            method=methods[call],
        )
        start.wait()
        try:
            with database.write() as session:
                return grant_goodwill(session, asked, NOW).amount
        except RefundNotPossible:
            return 0

    def take_goods() -> tuple[int, int]:
        start.wait()
        granted = grant(database, rma, 1)
        return granted.amount, granted.short

    with ThreadPoolExecutor(len(wanted) + 1) as threads:
        gifts = [threads.submit(give, call, amount) for call, amount in enumerate(wanted)]
        amount, short = threads.submit(take_goods).result()
        given = [gift.result() for gift in gifts]
    with database.read() as session:
        order = session.get_one(Order, number)
        reserved, room = order.reserved, [payment.amount for payment in order.payments]
        held = [payment.reserved for payment in order.payments]
    # What goods are owed takes all that is left, so nothing is left at the end, and nothing over.
    assert sum(given) + amount == reserved == sum(held) == sum(parts)
    assert amount + short == sum(parts)
    assert all(took <= most for took, most in zip(held, room, strict=True))
    # Whoever wins gets all they asked for, the others nothing.
    assert all(got in (0, asked) for asked, got in zip(wanted, given, strict=True))


def test_some_races_end_with_exactly_what_was_paid(database: Database) -> None:
    dice = Random(1)
    for _ in range(15):
        race(database, dice)


@pytest.mark.prove
def test_five_hundred_races_end_with_exactly_what_was_paid(database: Database) -> None:
    dice = Random(2)
    for _ in range(500):
        race(database, dice)
