"""Books of the first version become chained ones: nothing is lost, what is owed is booked."""

from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import JSON, Boolean, Connection, DateTime, Integer, MetaData, String, insert, text
from sqlalchemy.exc import DBAPIError

from models import migrations
from models.database import Database
from models.rules.accounts import REFUNDS_PAYABLE, SALES_RETURNS, TAX_PAYABLE
from models.store.ledger import stream_entries, trial_balance
from models.store.ledger_verify import verify
from models.tables import Base, GrantedRefund, LedgerHead
from tests.conftest import MakeDatabase
from tests.web.books import book

AT = datetime(2026, 9, 1, 10, 30)  # noqa: DTZ001  as the tables store it
CARD, GIFT_CARD = 1, 2


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, make_database: MakeDatabase) -> Database:
    """A database of the first version without rows."""
    database = make_database(request.param)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    Base.metadata.drop_all(database.engine)
    command.upgrade(migrations.config(database), "0001")
    return database


class OldShop:
    """Writes rows as the first version did; what isn't given is empty."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tables = MetaData()
        self._tables.reflect(connection)
        self._line = 0

    def add(self, table: str, **values: Any) -> None:
        """A row."""
        found = self._tables.tables[table]
        for column in found.columns:
            if column.nullable or column.name in values or column.server_default is not None:
                continue
            if not (column.primary_key and isinstance(column.type, Integer)):
                values[column.name] = _empty(column.type)
        self._connection.execute(insert(found).values(**values))

    def add_return(self, number: int, *, amount: int, short: int = 0, tax: int = 0) -> None:
        """An order, its return of two units and one grant for them."""
        rma, order = f"R-{number}", str(1000 + number)
        self.add("orders", number=order, currency="GBP", paid=amount, reserved=amount)
        line = 10 * number
        self.add("order_lines", id=line, order_number=order, line="1", quantity=2, paid=amount)
        for place, kind in ((CARD, "card"), (GIFT_CARD, "gift_card")):
            payment = line + place
            self.add(
                "payments", id=payment, order_number=order, payment=str(place), kind=kind,
                amount=amount, currency="GBP",
            )  # fmt: skip
        self.add("returns", rma=rma, order_number=order, currency="GBP", deadlines={})
        self.add("return_lines", rma=rma, no=1, order_line_id=line, granted=2, granted_tax=tax)
        self.add(
            "granted_refunds", id=f"{rma}/grant/1", rma=rma, amount=amount, tax=tax, short=short,
            currency="GBP", actor="system",
        )  # fmt: skip

    def add_refund(
        self, number: int, index: int, amount: int, tax: int, status: str, **more: Any
    ) -> None:
        """A transaction of the return's grant."""
        rma, refund = f"R-{number}", f"R-{number}-{index}"
        payment = 10 * number + (CARD if index == 1 else GIFT_CARD)
        self.add(
            "refunds", id=refund, granted_refund_id=f"{rma}/grant/1", rma=rma, payment_id=payment,
            amount=amount, tax=tax, currency="GBP", status=status,
            idempotency_key=f"{rma}/refund/{index}", **more,
        )  # fmt: skip

    def book(self, id: int, source: str, number: int, amount: int, tax: int, account: str) -> None:
        """An entry in one step, negative amounts for a reversal."""
        self.add(
            "journal_entries", id=id, source=source, rma=f"R-{number}", at=AT, currency="GBP",
            memo=f"Refund {number} – é",
        )  # fmt: skip
        lines = ((SALES_RETURNS, amount - tax), (TAX_PAYABLE, tax), (account, -amount))
        for position, (name, value) in enumerate([line for line in lines if line[1]], start=1):
            self.add(
                "journal_lines", entry_id=id, position=position, account=name,
                debit=max(value, 0), credit=max(-value, 0),
            )  # fmt: skip


def _empty(kind: Any) -> object:
    if isinstance(kind, DateTime):
        return AT
    if isinstance(kind, JSON):
        return []
    if isinstance(kind, Boolean):
        return False
    return "" if isinstance(kind, String) else 0


def sums(connection: Connection) -> dict[str, int]:
    query = "SELECT account, SUM(debit - credit) FROM journal_lines GROUP BY account"
    return {account: int(total) for account, total in connection.execute(text(query))}


def fill(database: Database) -> dict[str, int]:
    """Six returns, each with its money at another point; gives what the accounts came to."""
    with database.engine.begin() as connection:
        shop = OldShop(connection)
        # 1: one transaction paid, the other on its way.
        shop.add_return(1, amount=6000, tax=1000)
        shop.add_refund(1, 1, 5000, 833, "succeeded")
        shop.add_refund(1, 2, 1000, 167, "pending")
        # 2: less was left than was owed, and a person hasn't settled it.
        shop.add_return(2, amount=300, short=500)
        shop.add_refund(2, 1, 300, 0, "succeeded")
        shop.add("tasks", id="t-2", rma="R-2", kind="refund_short", status="claimed")
        # 3: the bank sent it back.
        shop.add_return(3, amount=700, tax=70)
        shop.add_refund(3, 1, 700, 70, "failed")
        # 4: refused, then paid by another transaction.
        shop.add_return(4, amount=400)
        shop.add_refund(4, 1, 400, 0, "failed", replaced_by="R-4-2")
        shop.add_refund(4, 2, 400, 0, "succeeded")
        # 5: refused, then paid by hand.
        shop.add_return(5, amount=900)
        shop.add_refund(5, 1, 900, 0, "failed", paid_by="paid_by_hand")
        # 6: less was left, and that is settled.
        shop.add_return(6, amount=200, short=50)
        shop.add_refund(6, 1, 200, 0, "succeeded")
        shop.add("tasks", id="t-6", rma="R-6", kind="refund_short", status="done")
        # Numbers have gaps where a transaction was rolled back.
        shop.book(3, "refund/R-1-1", 1, 5000, 833, "clearing:card")
        shop.book(4, "refund/R-2-1", 2, 300, 0, "clearing:card")
        shop.book(9, "refund/R-3-1", 3, 700, 70, "clearing:card")
        shop.book(10, "refund/R-3-1/failed", 3, -700, -70, "clearing:card")
        shop.book(17, "refund/R-4-2", 4, 400, 0, "clearing:gift_card")
        shop.book(18, "refund/R-5-1/by_hand", 5, 900, 0, "clearing:by_hand")
        shop.book(25, "refund/R-6-1", 6, 200, 0, "clearing:card")
        return sums(connection)


OWED = {
    "grant/R-1/grant/1": {SALES_RETURNS: 833, TAX_PAYABLE: 167, REFUNDS_PAYABLE: -1000},
    "grant/R-2/grant/1": {SALES_RETURNS: 500, REFUNDS_PAYABLE: -500},
    "grant/R-3/grant/1": {SALES_RETURNS: 630, TAX_PAYABLE: 70, REFUNDS_PAYABLE: -700},
}


def test_an_upgrade_keeps_the_books_and_books_what_is_owed(old: Database) -> None:
    before = fill(old)
    migrations.upgrade(old)
    with old.read() as session:
        found = verify(session)
        entries = list(stream_entries(session))
        after = {row.account: row.balance for row in trial_balance(session)}
        head = session.get_one(LedgerHead, 1)
    assert found.bad == []
    assert [entry.number for entry in entries] == list(range(1, 11))
    assert (head.last_entry, head.last_hash) == (10, entries[-1].hash)
    assert [entry.source for entry in entries[:7]] == [
        "refund/R-1-1",
        "refund/R-2-1",
        "refund/R-3-1",
        "refund/R-3-1/failed",
        "refund/R-4-2",
        "refund/R-5-1/by_hand",
        "refund/R-6-1",
    ]
    assert {entry.at for entry in entries[:7]} == {AT.replace(tzinfo=UTC)}
    assert [entry.order for entry in entries] == [
        "1001", "1002", "1003", "1003", "1004", "1005", "1006", "1001", "1002", "1003",
    ]  # fmt: skip
    booked = {
        entry.source: {account: debit - credit for account, debit, credit in entry.lines}
        for entry in entries[7:]
    }
    assert booked == OWED
    expected = dict(before)
    for postings in OWED.values():
        for account, amount in postings.items():
            expected[account] = expected.get(account, 0) + amount
    assert after == expected
    assert sum(after.values()) == 0


def test_after_an_upgrade_the_chain_goes_on_and_is_guarded(old: Database) -> None:
    fill(old)
    migrations.upgrade(old)
    with old.write() as session:
        # A grant of before is there with its order and units, as new ones are.
        granted = session.get_one(GrantedRefund, "R-1/grant/1")
        assert (granted.order_number, granted.accepted) == ("1001", [2])
        assert sum(line.amount for line in granted.lines) == granted.amount + granted.short
        # Paying what was booked as owed leaves nothing owed of that return.
        paid = {REFUNDS_PAYABLE: 1000, "clearing:gift_card": -1000}
        book(session, "refund/R-1-2", paid, rma="R-1", order="1001")
    with old.read() as session:
        assert verify(session).bad == []
        owed = [row for row in trial_balance(session) if row.account == REFUNDS_PAYABLE]
    assert [row.balance for row in owed] == [-1200]
    for table in ("journal_entries", "journal_lines"):
        with pytest.raises(DBAPIError, match="only grows"), old.write() as session:
            session.execute(text(f"DELETE FROM {table}"))


def test_an_empty_database_has_an_empty_chain(old: Database) -> None:
    migrations.upgrade(old)
    with old.read() as session:
        assert verify(session).bad == []
        assert session.get_one(LedgerHead, 1).last_entry == 0
