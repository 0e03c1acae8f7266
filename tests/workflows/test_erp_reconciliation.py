"""The nightly comparison with the ERP: what is missing there, and what is told again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from activities.providers.erp.protocol import ErpUnclear
from models.messages import ReturnStatus
from models.store.erp import link
from models.tables import CreditMemo, ErpDocument
from tests.contract.sandbox_process import new_payment
from tests.workflows.erp_book import ErpBook
from tests.workflows.refunding import on_sqlite
from tests.workflows.test_reconciliation import reconcile, seen
from tests.workflows.world import World

pytestmark = on_sqlite


class Book(ErpBook):
    """One that can be away."""

    away = False

    def list_credit_notes(self, since):
        if self.away:
            raise ErpUnclear("It gave no answer.")
        return super().list_credit_notes(since)


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def shop(idle_world: World, book: Book) -> AsyncIterator[World]:
    with idle_world.database.write() as session:
        link(session, "book", datetime.now(UTC))
    async with idle_world.working(erp=book):
        yield idle_world


async def recorded(shop: World) -> tuple[str, str]:
    """A return whose credit note and goods the ERP has: its number and its memo's."""
    rma = await shop.awaiting_parcel(new_payment("ok"))
    await shop.receive(rma)
    await shop.inspect(rma)
    await shop.until_true(lambda: len(known(shop, rma)) == 2)
    await shop.until(rma, ReturnStatus.RESOLVED)
    with shop.database.read() as session:
        number = session.scalars(select(CreditMemo.number).where(CreditMemo.rma == rma)).one()
    return rma, f"CM-{number:06}"


def known(shop: World, rma: str) -> set[str]:
    with shop.database.read() as session:
        query = select(ErpDocument.reference).where(ErpDocument.rma == rma)
        return set(session.scalars(query))


async def test_where_both_have_the_same_nothing_is_found(shop: World) -> None:
    await recorded(shop)

    assert seen(await reconcile(shop)) == {}


async def test_what_was_never_told_for_a_day_is_told(
    shop: World, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    rma, memo = await recorded(shop)
    book.held.clear()
    with shop.database.write() as session:
        session.execute(delete(ErpDocument))
    # A memo never changes, not even for a test, so that a day passes at once instead.
    monkeypatch.setattr("activities.reconciliation_erp.LATE_AFTER", timedelta(days=-1))

    assert seen(await reconcile(shop)) == {"missing_in_erp": [("repaired", 5000)]}

    await shop.until_true(lambda: len(known(shop, rma)) == 2)
    assert memo in book.held
    assert seen(await reconcile(shop)) == {}


async def test_what_was_taken_out_or_changed_there_waits_for_a_person(
    shop: World, book: Book
) -> None:
    _, memo = await recorded(shop)
    held = book.held.pop(memo)

    assert seen(await reconcile(shop)) == {"missing_in_erp": [("open", 5000)]}

    book.held[memo] = replace(held, amount=4999)
    assert seen(await reconcile(shop)) == {"erp_amount_differs": [("open", 5000)]}


async def test_an_erp_that_is_away_stops_no_comparison(shop: World, book: Book) -> None:
    await recorded(shop)
    book.away = True

    assert seen(await reconcile(shop)) == {"erp_not_compared": [("open", 0)]}
