"""Claims on tasks: put on, given back."""

import pytest

from models.tables import Task, User
from tests.contract.sandbox_process import new_payment
from tests.web.staff_rows import add_user
from tests.workflows.refunding import on_sqlite
from tests.workflows.world import World, new_order_number
from web.access import ROLE_PERMISSIONS, Actor, Role
from web.requests import Conflict

pytestmark = on_sqlite


def acting(user: User) -> Actor:
    permissions = ROLE_PERMISSIONS[Role(user.role)]
    return Actor(id=f"user:{user.id}", name=user.name, permissions=permissions, user_id=user.id)


async def test_a_claim_is_given_back_by_its_owner_or_a_manager(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    task = world.open_tasks(await world.request(number))["decide"]
    with world.database.write() as session:
        ada, ben, mia = (
            acting(add_user(session, role, email=f"{name}@shop.example"))
            for name, role in (
                ("ada", Role.AGENT),
                ("ben", Role.AGENT),
                ("mia", Role.MANAGER),
            )
        )

    def owner() -> tuple[int | None, str]:
        with world.database.read() as session:
            row = session.get_one(Task, task)
            return row.owner_id, row.status

    await world.call(world.gateway.claim_task, task, ada)
    with pytest.raises(Conflict) as caught:
        await world.call(world.gateway.release_task, task, ben)
    assert caught.value.code == "task_claimed"
    assert owner() == (ada.user_id, "claimed")
    for manager_or_owner in (ada, mia):
        await world.call(world.gateway.claim_task, task, ada)
        await world.call(world.gateway.release_task, task, manager_or_owner)
        assert owner() == (None, "open")
    await world.call(world.gateway.release_task, task, ben)
    assert owner() == (None, "open")


async def test_what_is_said_with_a_claim_stays_until_it_is_given_back(world: World) -> None:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"))
    task = world.open_tasks(await world.request(number))["decide"]
    with world.database.write() as session:
        ada = acting(add_user(session, Role.AGENT))

    def said() -> str | None:
        with world.database.read() as session:
            note = session.get_one(Task, task).note
            return None if note is None else note.body

    await world.call(world.gateway.claim_task, task, ada, note=" I ask the carrier first ")
    assert said() == "I ask the carrier first"
    await world.call(world.gateway.claim_task, task, ada)
    assert said() == "I ask the carrier first"
    await world.call(world.gateway.release_task, task, ada)
    assert said() is None
