"""Whoever changes the books is refused, or found out with the first bad row named."""

import random
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.database import Database
from models.rules.accounts import (
    FIRST_HASH,
    REFUNDS_PAYABLE,
    SALES_RETURNS,
    WRITE_OFF,
    entry_hash,
)
from models.store.journal import lock_head
from models.store.ledger import stream_entries
from models.store.ledger_verify import verify
from models.tables import JournalEntry, JournalLine
from tests.conftest import MakeDatabase
from tests.web.books import FIRST_DAY, book, fill, unguard

ENTRIES = 9
Tamper = Callable[[Session, random.Random], int]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entries SET memo = 'x' WHERE id = 1",
        "DELETE FROM journal_entries WHERE id = 9",
        "UPDATE journal_lines SET debit = debit + 1 WHERE entry_id = 1 AND debit > 0",
        "DELETE FROM journal_lines WHERE entry_id = 1",
    ],
)
def test_the_database_refuses_to_change_the_books(database: Database, statement: str) -> None:
    fill(database)
    with pytest.raises(DBAPIError, match="only grows"), database.write() as session:
        session.execute(text(statement))
    with database.read() as session:
        assert verify(session).bad == []


@pytest.mark.parametrize("table", ["journal_entries", "journal_lines", "credit_memos"])
def test_postgresql_refuses_to_empty_the_books(make_database: MakeDatabase, table: str) -> None:
    database = make_database("postgres")
    fill(database)
    with pytest.raises(DBAPIError, match="only grows"), database.write() as session:
        session.execute(text(f"TRUNCATE {table} CASCADE"))


def any_entry(chance: random.Random) -> int:
    return chance.randint(1, ENTRIES)


def set_entry(column: str, value: object) -> Tamper:
    def change(session: Session, chance: random.Random) -> int:
        number = any_entry(chance)
        session.execute(
            text(f"UPDATE journal_entries SET {column} = :value WHERE id = :id"),
            {"value": value, "id": number},
        )
        return number

    return change


def set_lines(assignment: str, where: str = "1 = 1") -> Tamper:
    def change(session: Session, chance: random.Random) -> int:
        number = any_entry(chance)
        session.execute(
            text(f"UPDATE journal_lines SET {assignment} WHERE entry_id = :id AND {where}"),
            {"id": number},
        )
        return number

    return change


def both_sides(session: Session, chance: random.Random) -> int:
    """More on both sides: the entry stays balanced."""
    number = any_entry(chance)
    for side in ("debit", "credit"):
        session.execute(
            text(
                f"UPDATE journal_lines SET {side} = {side} + 5 WHERE entry_id = :id AND position ="
                f" (SELECT min(position) FROM journal_lines WHERE entry_id = :id AND {side} > 0)"
            ),
            {"id": number},
        )
    return number


def swap_lines(session: Session, chance: random.Random) -> int:
    number = any_entry(chance)
    for old, new in ((1, 1000), (2, 1), (1000, 2)):
        session.execute(
            text("UPDATE journal_lines SET position = :new WHERE entry_id = :id AND position = :p"),
            {"new": new, "p": old, "id": number},
        )
    return number


def delete_line(session: Session, chance: random.Random) -> int:
    number = any_entry(chance)
    position = chance.choice((1, 2))
    session.execute(
        text("DELETE FROM journal_lines WHERE entry_id = :id AND position = :p"),
        {"id": number, "p": position},
    )
    return number


def delete_every_line(session: Session, chance: random.Random) -> int:
    number = any_entry(chance)
    remove_lines(session, number)
    return number


def insert_lines(session: Session, chance: random.Random) -> int:
    """Two lines that balance each other."""
    number = any_entry(chance)
    add_line(session, number, debit=7)
    add_line(session, number, credit=7)
    return number


def insert_zero_line(session: Session, chance: random.Random) -> int:
    number = any_entry(chance)
    add_line(session, number)
    return number


def add_line(session: Session, number: int, *, debit: int = 0, credit: int = 0) -> None:
    last = session.scalar(
        select(func.max(JournalLine.position)).where(JournalLine.entry_id == number)
    )
    line = JournalLine(entry_id=number, position=(last or 0) + 1, debit=debit, credit=credit)
    line.account = WRITE_OFF
    session.add(line)


def remove_lines(session: Session, number: int) -> None:
    session.execute(text("DELETE FROM journal_lines WHERE entry_id = :id"), {"id": number})


def remove(session: Session, number: int) -> None:
    remove_lines(session, number)
    session.execute(text("DELETE FROM journal_entries WHERE id = :id"), {"id": number})


def delete_entry(session: Session, chance: random.Random) -> int:
    number = any_entry(chance)
    remove(session, number)
    return number


def delete_entry_but_not_its_lines(session: Session, chance: random.Random) -> int:
    number = any_entry(chance)
    session.execute(text("DELETE FROM journal_entries WHERE id = :id"), {"id": number})
    return number


def delete_newest(session: Session, chance: random.Random) -> int:
    first = chance.randint(ENTRIES - 3, ENTRIES)
    for number in range(first, ENTRIES + 1):
        remove(session, number)
    return first


def delete_newest_and_wind_the_head_back(session: Session, chance: random.Random) -> int:
    first = delete_newest(session, chance)
    session.execute(text("UPDATE ledger_head SET last_entry = :last"), {"last": first - 1})
    return first - 1


def delete_oldest(session: Session, chance: random.Random) -> int:
    for number in range(1, chance.randint(2, 4)):
        remove(session, number)
    return 1


def close_the_gap(session: Session, chance: random.Random) -> int:
    """Deletes an entry and renumbers those after it, the head included."""
    number = any_entry(chance)
    remove(session, number)
    for later in range(number + 1, ENTRIES + 1):
        for table, column in (("journal_entries", "id"), ("journal_lines", "entry_id")):
            session.execute(
                text(f"UPDATE {table} SET {column} = :new WHERE {column} = :old"),
                {"old": later, "new": later - 1},
            )
    session.execute(text("UPDATE ledger_head SET last_entry = :last"), {"last": ENTRIES - 1})
    return number if number < ENTRIES else ENTRIES - 1


def rewrite_with_a_fitting_hash(session: Session, chance: random.Random) -> int:
    """An entry that is right by itself: only what follows it knows better."""
    number = any_entry(chance)
    session.execute(
        text("UPDATE journal_entries SET memo = 'Forged' WHERE id = :id"), {"id": number}
    )
    [forged] = [entry for entry in stream_entries(session) if entry.number == number]
    session.execute(
        text("UPDATE journal_entries SET hash = :hash WHERE id = :id"),
        {"id": number, "hash": entry_hash(forged)},
    )
    return number


def append_a_forged_entry(session: Session, chance: random.Random) -> int:
    """A perfect entry after the newest one, which nobody numbered."""
    head = lock_head(session)
    kept = (head.last_entry, head.last_hash)
    book(session, "refund/forged", {SALES_RETURNS: 100, REFUNDS_PAYABLE: -100})
    head.last_entry, head.last_hash = kept
    session.flush()
    return ENTRIES + 1


def insert_a_forged_entry_far_away(session: Session, chance: random.Random) -> int:
    number = chance.choice((-1, 0, ENTRIES + 20))
    session.add(
        JournalEntry(
            id=number,
            source="refund/forged",
            at=FIRST_DAY,
            currency="GBP",
            memo="",
            recorded_at=FIRST_DAY,
            previous_hash=FIRST_HASH,
            hash=FIRST_HASH,
        )
    )
    return number


def move_the_head(assignment: str, first_bad: int) -> Tamper:
    def change(session: Session, _: random.Random) -> int:
        session.execute(text(f"UPDATE ledger_head SET {assignment}"))
        return first_bad

    return change


def delete_the_head(session: Session, _: random.Random) -> int:
    session.execute(text("DELETE FROM ledger_head"))
    return ENTRIES


TAMPERINGS: list[Tamper] = [
    set_entry("memo", "Changed"),
    set_entry("source", "refund/changed"),
    set_entry("rma", None),
    set_entry("order_number", None),
    set_entry("currency", "USD"),
    set_entry("at", "2026-12-24 00:00:00"),
    set_entry("recorded_at", "2026-01-01 00:00:00"),
    set_entry("reverses", 2),
    set_entry("hash", "f" * 64),
    set_entry("previous_hash", "f" * 64),
    set_lines("debit = debit + 1", "debit > 0"),
    set_lines("credit = credit - 1", "credit > 0"),
    set_lines("debit = credit, credit = debit"),
    set_lines(f"account = '{WRITE_OFF}'", "position = 2"),
    set_lines("position = position + 10"),
    both_sides,
    swap_lines,
    delete_line,
    delete_every_line,
    insert_lines,
    insert_zero_line,
    delete_entry,
    delete_entry_but_not_its_lines,
    delete_newest,
    delete_newest_and_wind_the_head_back,
    delete_oldest,
    close_the_gap,
    rewrite_with_a_fitting_hash,
    append_a_forged_entry,
    insert_a_forged_entry_far_away,
    move_the_head(f"last_hash = '{'f' * 64}'", ENTRIES),
    move_the_head("last_entry = last_entry + 2", ENTRIES + 1),
    delete_the_head,
]


def test_a_hundred_tamperings_are_each_found_and_the_first_bad_row_is_named(
    database: Database,
) -> None:
    fill(database)
    for seed in range(100):
        chance = random.Random(seed)
        tamper = TAMPERINGS[seed % len(TAMPERINGS)]
        with Session(database.engine) as session:
            unguard(session)
            expected = tamper(session, chance)
            session.flush()
            first_bad = verify(session).first_bad
            session.rollback()
        about = f"seed {seed}, {tamper.__qualname__}: {first_bad}"
        assert first_bad is not None, about
        assert first_bad.number == expected, about
        assert first_bad.problem.endswith("."), about
    with database.read() as session:
        assert verify(session).bad == []


def test_every_bad_row_is_named_once_and_no_good_one(database: Database) -> None:
    fill(database)
    with Session(database.engine) as session:
        unguard(session)
        session.execute(text("UPDATE journal_entries SET memo = 'x' WHERE id IN (2, 6)"))
        session.execute(text("UPDATE journal_lines SET debit = debit * 2 WHERE entry_id = 6"))
        remove(session, 4)
        found = verify(session)
        session.rollback()
    assert [row.number for row in found.bad] == [2, 4, 6]
    assert [row.problem.split()[0:2] for row in found.bad] == [
        ["It", "was"],
        ["It", "is"],
        ["Its", "debits"],
    ]


def test_books_without_entries_are_in_order(database: Database) -> None:
    with database.read() as session:
        found = verify(session)
    assert (found.entries, found.last_hash, found.bad) == (0, FIRST_HASH, [])
