"""A customer withdraws by the shop's page: no account, no reason, and nothing for strangers."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import Client, TestResponse

from models.messages import ReturnKind, ReturnStatus
from models.rules.policy import Policy
from models.store.policy_versions import save_policy
from models.tables import Return, Submission
from tests.contract.sandbox_process import new_payment
from tests.workflows.refunding import on_sqlite
from tests.workflows.stored import NOW
from tests.workflows.world import World, new_order_number
from web.app import create_app
from web.temporal import TemporalBridge

pytestmark = on_sqlite

HIDDEN = re.compile(r'name="(csrf_token|proof)" value="([^"]+)"')


class Visitor:
    """A browser at the shop's public pages."""

    def __init__(self, world: World) -> None:
        async def connected() -> Any:
            return world.env.client

        app = create_app(
            world.settings, temporal=TemporalBridge(connected), database=world.database
        )
        self.client: Client = app.test_client()
        self.hidden: dict[str, str] = {}

    async def get(self, path: str) -> TestResponse:
        return self.saw(await asyncio.to_thread(self.client.get, path))

    async def send(self, path: str, **form: str) -> TestResponse:
        """Sends a form with what the last page hid in it."""
        data = {**self.hidden, **{name.replace("_", "-"): value for name, value in form.items()}}
        return self.saw(await asyncio.to_thread(self.client.post, path, data=data))

    def saw(self, page: TestResponse) -> TestResponse:
        self.hidden = dict(HIDDEN.findall(page.text)) or self.hidden
        return page


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(world)


def sold(world: World, **order: Any) -> str:
    number = new_order_number()
    world.put_order(number, reference=new_payment("ok"), **order)
    return number


def count(world: World, table: type[Return] | type[Submission]) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_customer_withdraws_and_reads_when_it_was_received(
    world: World, visitor: Visitor
) -> None:
    number = sold(world, quantities=(2, 1))
    await visitor.get("/withdraw")
    page = await visitor.send("/withdraw", order=number, email="CARLA@example.com ")
    assert "2 of 2 can be withdrawn" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    page = await visitor.send("/withdraw/confirm", units_0="1", units_1="1")
    assert page.status_code == 200, page.text
    assert re.search(r"reached us on <strong>\d+ \w+ \d{4}, \d\d:\d\d</strong>", page.text)
    assert "£100.00" in page.text
    with world.database.read() as session:
        made = session.scalars(select(Return)).one()
        assert (made.order_number, made.kind) == (number, ReturnKind.WITHDRAWAL)
        assert [line.requested for line in made.lines] == [1, 1]
    # The form sent again, by a second click or the browser's back button, changes nothing.
    again = await visitor.send("/withdraw/confirm", units_0="1", units_1="1")
    assert made.rma in again.text
    assert count(world, Return) == 1
    await world.until(made.rma, ReturnStatus.AWAITING_PARCEL)
    await world.until_true(lambda: "withdrawal" in world.mails(made.rma))


@pytest.mark.parametrize("wrong", ["order", "email"])
async def test_a_stranger_learns_nothing_of_an_order(
    world: World, visitor: Visitor, wrong: str
) -> None:
    number = sold(world)
    asked = {"order": number, "email": "carla@example.com"}
    await visitor.get("/withdraw")
    page = await visitor.send("/withdraw", **{**asked, wrong: "somebody@example.com"})
    assert page.status_code == 404
    assert "We find no order with this number and e-mail address" in page.text
    assert "Thing 1" not in page.text


async def test_a_proof_can_not_be_made_up_and_an_old_one_is_refused(
    world: World, visitor: Visitor
) -> None:
    number = sold(world)
    await visitor.get("/withdraw")
    await visitor.send("/withdraw", order=number, email="carla@example.com")
    visitor.hidden["proof"] = "x" + visitor.hidden["proof"][1:]
    page = await visitor.send("/withdraw/confirm", units_0="1")
    assert page.status_code == 400
    assert "open for too long" in page.text
    assert count(world, Return) == 0


async def test_nothing_chosen_or_too_much_changes_nothing(world: World, visitor: Visitor) -> None:
    number = sold(world)
    await visitor.get("/withdraw")
    await visitor.send("/withdraw", order=number, email="carla@example.com")
    page = await visitor.send("/withdraw/confirm", units_0="0")
    assert (page.status_code, "at least one thing" in page.text) == (422, True)
    page = await visitor.send("/withdraw/confirm", units_0="3")
    assert (page.status_code, "not 3" in page.text) == (409, True)
    assert (count(world, Return), count(world, Submission)) == (0, 0)


async def test_without_the_token_of_its_form_nothing_is_withdrawn(
    world: World, visitor: Visitor
) -> None:
    number = sold(world)
    await visitor.get("/withdraw")
    await visitor.send("/withdraw", order=number, email="carla@example.com")
    visitor.hidden.pop("csrf_token")
    page = await visitor.send("/withdraw/confirm", units_0="1")
    assert page.status_code == 400
    assert count(world, Return) == 0


async def test_what_can_not_be_withdrawn_from_says_why(world: World, visitor: Visitor) -> None:
    number = sold(world)
    await world.request(number, {"1": 2})
    await visitor.get("/withdraw")
    page = await visitor.send("/withdraw", order=number, email="carla@example.com")
    assert "already in a return" in page.text
    assert "Confirm withdrawal" not in page.text


async def test_where_the_law_gives_no_right_there_is_no_page(
    world: World, visitor: Visitor
) -> None:
    with world.database.write() as session:
        save_policy(session, replace(Policy(), withdrawal_days=0), actor="user:1", now=NOW)
    assert (await visitor.get("/withdraw")).status_code == 404
