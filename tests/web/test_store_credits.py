"""Store credit in the database: never below 0, never twice, and the books agree, on both kinds."""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from temporalio.testing import ActivityEnvironment

from activities.store_credits import StoreCredits
from models.database import Database
from models.messages import ReturnStatus
from models.rules import accounts
from models.rules.accounts import Posting
from models.store import credit_expiry, journal, store_credits
from models.store.credit_rows import CreditNotPossible
from models.store.returns import lock_order
from models.tables import (
    CreditMovement,
    JournalEntry,
    JournalLine,
    Order,
    PolicyVersion,
    Return,
    StoreCredit,
)

AT = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
EXPIRY = AT + timedelta(days=30)
TILL = "service:till"
SPENT = "clearing:store_credit"


def add_order(session: Session, number: int = 1) -> Return:
    """A return of an order of its own, for credits to name."""
    order = Order(
        number=f"100{number}",
        currency="GBP",
        tax_mode="inclusive",
        placed_at=AT,
        discounts=[],
        shipping_amount=0,
        shipping_tax=0,
        shipping_standard_amount=0,
        paid=0,
    )
    row = Return(
        rma=f"R-{number}",
        order=order,
        kind="return",
        resolution="store_credit",
        status=ReturnStatus.RESOLVED,
        currency="GBP",
        actor="customer",
        policy_version=1,
        quote_total=0,
        deadlines={},
        judged_at=AT,
        created_at=AT,
        updated_at=AT,
    )
    session.add(row)
    session.flush()
    return row


def issue(session: Session, amount: int = 5500, **given: Any) -> StoreCredit:
    values: dict[str, Any] = {
        "source": "R-1/grant/1",
        "origin": "return",
        "bonus": 0,
        "currency": "GBP",
        "rma": None,
        "order": None,
        "at": AT,
        "expires_at": None,
        "actor": "system",
        **given,
    }
    return store_credits.issue(session, amount=amount, **values)


def issued(database: Database, amount: int = 5500, **given: Any) -> str:
    with database.write() as session:
        return issue(session, amount, **given).code


def redeem(
    database: Database, code: str, amount: int, reference: str = "order-1", at: datetime = AT
) -> StoreCredit:
    with database.write() as session:
        return store_credits.redeem(
            session, code, amount=amount, reference=reference, actor=TILL, at=at
        )


def reverse(
    database: Database, code: str, reference: str = "order-1", at: datetime = AT
) -> StoreCredit:
    with database.write() as session:
        return store_credits.reverse_redeem(session, code, reference=reference, actor=TILL, at=at)


def top_up(database: Database, code: str, amount: int, **given: Any) -> StoreCredit | None:
    values: dict[str, Any] = {
        "reference": "R-2-1",
        "rma": None,
        "order": None,
        "at": AT,
        "actor": "system",
        **given,
    }
    with database.write() as session:
        return store_credits.top_up(session, code, amount=amount, **values)


def void(database: Database, code: str, amount: int, reference: str = "R-3/grant/1") -> int:
    with database.write() as session:
        return store_credits.void(
            session, code, amount=amount, reference=reference, actor="system", at=AT
        )


def gift_card(
    database: Database, order: str, code: str = "GC-1", amount: int = 2000
) -> StoreCredit:
    with database.write() as session:
        return store_credits.register_gift_card(
            session, code=code, amount=amount, currency="GBP", order=order, at=AT, actor="system"
        )


def expire(database: Database, now: datetime = EXPIRY) -> int:
    with database.write() as session:
        return credit_expiry.expire_due(session, now)


def balance(database: Database, code: str) -> int:
    """What is left, which the movements must sum to."""
    with database.read() as session:
        row = session.get_one(StoreCredit, code)
        assert row.balance == sum(movement.amount for movement in row.movements)
        return row.balance


def books(database: Database) -> dict[str, int]:
    """Per account that moved, debits less credits."""
    with database.read() as session:
        rows = session.execute(
            select(
                JournalLine.account, func.sum(JournalLine.debit) - func.sum(JournalLine.credit)
            ).group_by(JournalLine.account)
        )
        return {account: int(total) for account, total in rows}


def sources(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(JournalEntry.source).order_by(JournalEntry.id)))


def refused(code: str, act: Callable[[], object]) -> str:
    """The words of a refusal with this code."""
    with pytest.raises(CreditNotPossible) as found:
        act()
    assert found.value.code == code
    return str(found.value)


def at_once(sides: int, act: Callable[[int], object]) -> list[object]:
    """What each of many threads gets, or the code it is refused with."""
    start = threading.Barrier(sides)
    got: list[object] = []

    def one_side(number: int) -> None:
        start.wait()
        try:
            got.append(act(number))
        except CreditNotPossible as refusal:
            got.append(refusal.code)

    threads = [threading.Thread(target=one_side, args=(number,)) for number in range(sides)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == sides
    return got


# --- issuing ---------------------------------------------------------------------------------


def test_a_bonus_is_a_movement_and_a_posting_of_its_own(database: Database) -> None:
    with database.write() as session:
        returned = add_order(session)
        rma, order = returned.rma, returned.order_number
    code = issued(database, 5000, bonus=500, rma=rma, order=order, expires_at=EXPIRY)
    with database.read() as session:
        row = session.get_one(StoreCredit, code)
        assert (row.amount, row.balance, row.expires_at) == (5500, 5500, EXPIRY)
        assert [(one.kind, one.amount) for one in row.movements] == [
            ("issue", 5000),
            ("bonus", 500),
        ]
        [entry] = session.scalars(select(JournalEntry))
        assert (entry.source, entry.rma, entry.order_number) == ("credit/R-1/grant/1", rma, order)
    assert books(database) == {
        "refunds_payable": 5000,
        "store_credit_bonus": 500,
        "store_credit": -5500,
    }


def test_the_same_source_is_issued_once_from_many_sides(database: Database) -> None:
    codes = at_once(8, lambda _: issued(database))
    assert len(set(codes)) == 1
    assert balance(database, str(codes[0])) == 5500
    assert books(database)["store_credit"] == -5500


def test_a_code_that_a_gift_card_has_is_drawn_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter([7, 7, 8])
    monkeypatch.setattr(secrets, "randbits", lambda _bits: next(numbers))
    first = issued(database)
    assert issued(database, source="R-2/grant/1") != first
    assert list(numbers) == []


def test_a_code_is_found_as_people_type_it(database: Database) -> None:
    with database.write() as session:
        order = add_order(session).order_number
    code = issued(database)
    look_alike = "sc " + code[3:].replace("-", " ").lower()
    # A shop may well sell gift cards whose codes look like ours.
    gift_card(database, order, look_alike)
    gift_card(database, order, "Gift 1/2")
    with database.read() as session:
        for typed, kept in (
            (code, code),
            (f" {code.lower()} ", code),
            (code.replace("-", ""), code),
            (look_alike, look_alike),
            (" Gift 1/2 ", "Gift 1/2"),
        ):
            found = store_credits.find(session, typed)
            assert found is not None
            assert found.code == kept
        assert store_credits.find(session, "SC-1") is None


# --- spending --------------------------------------------------------------------------------


def test_redeeming_takes_it_off_and_books_it(database: Database) -> None:
    code = issued(database)
    row = redeem(database, code, 2000)
    assert (row.balance, row.amount) == (3500, 5500)
    assert sources(database)[1:] == [f"credit/{code}/redeem/order-1"]
    assert books(database) == {"refunds_payable": 5500, "store_credit": -3500, SPENT: -2000}


def test_of_twenty_tills_at_once_only_as_many_win_as_there_is_money(database: Database) -> None:
    with database.write() as session:
        order = add_order(session).order_number
    code = issued(database, 5000, bonus=500, order=order)
    got = at_once(20, lambda number: redeem(database, code, 1000, f"order-{number}").code)
    assert sorted(map(str, got)) == [code] * 5 + ["exceeds_balance"] * 15
    assert balance(database, code) == 500
    assert books(database) == {
        "refunds_payable": 5000,
        "store_credit_bonus": 500,
        "store_credit": -500,
        SPENT: -5000,
    }


def test_the_same_reference_from_ten_sides_is_redeemed_once(database: Database) -> None:
    code = issued(database)
    got = at_once(10, lambda _: redeem(database, code, 1000).balance)
    assert got == [4500] * 10
    assert balance(database, code) == 4500
    assert books(database)[SPENT] == -1000


def test_a_reference_cannot_be_used_for_another_amount(database: Database) -> None:
    code = issued(database)
    redeem(database, code, 1000)
    words = refused("reference_used", lambda: redeem(database, code, 999))
    assert words == (
        "This reference was used for 10.00 GBP already; 9.99 needs a reference of its own."
    )
    assert balance(database, code) == 4500


def test_references_count_per_code(database: Database) -> None:
    one, other = issued(database), issued(database, source="R-2/grant/1")
    redeem(database, one, 1000)
    assert redeem(database, other, 2000).balance == 3500


def test_who_asks_too_much_reads_what_is_left(database: Database) -> None:
    code = issued(database, 1250)
    words = refused("exceeds_balance", lambda: redeem(database, code, 2000))
    assert words == "12.50 GBP is left on this credit, not 20.00."
    assert balance(database, code) == 1250
    assert SPENT not in books(database)


def test_the_database_itself_keeps_the_balance_from_falling_below_zero(database: Database) -> None:
    code = issued(database, 100)
    for wrong in (-1, 101):
        with pytest.raises(IntegrityError), database.write() as session:
            session.execute(
                update(StoreCredit).where(StoreCredit.code == code).values(balance=wrong)
            )


def test_an_expired_code_cannot_be_redeemed_even_before_the_night(database: Database) -> None:
    code = issued(database, expires_at=EXPIRY)
    redeem(database, code, 100, at=EXPIRY - timedelta(seconds=1))
    words = refused("expired", lambda: redeem(database, code, 100, "order-2", at=EXPIRY))
    assert words == "This credit expired on 2026-12-01; nothing can be spent of it."
    # Asking again for what was spent in time gives the same answer.
    assert redeem(database, code, 100, at=EXPIRY).balance == 5400


def test_an_unknown_code_is_told(database: Database) -> None:
    refused("unknown_credit", lambda: redeem(database, "SC-1", 100))
    refused("unknown_credit", lambda: reverse(database, "SC-1"))
    refused("unknown_credit", lambda: void(database, "SC-1", 100))


def test_long_references_and_codes_of_any_characters_are_booked_too(database: Database) -> None:
    with database.write() as session:
        order = add_order(session).order_number
    for code in ("a", "a/redeem/b", "%2F" * 33):
        gift_card(database, order, code)
    redeem(database, "a", 1, "b/redeem/c")
    redeem(database, "a/redeem/b", 2, "c")
    redeem(database, "%2F" * 33, 4, "r" * 160)
    redeem(database, "%2F" * 33, 8, "r" * 159)
    assert books(database)[SPENT] == -15


# --- taking back -----------------------------------------------------------------------------


def test_a_reversal_undoes_a_redeem_once(database: Database) -> None:
    code = issued(database)
    redeem(database, code, 2000)
    assert at_once(6, lambda _: reverse(database, code).balance) == [5500] * 6
    assert balance(database, code) == 5500
    assert books(database) == {"refunds_payable": 5500, "store_credit": -5500, SPENT: 0}
    with database.read() as session:
        entry = session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc())).first()
        assert entry is not None
        assert entry.source == f"credit/{code}/reversal/order-1"
        assert entry.reverses == journal.find_entry(session, f"credit/{code}/redeem/order-1")


def test_what_was_taken_back_is_not_redeemed_under_the_same_reference(database: Database) -> None:
    code = issued(database)
    redeem(database, code, 2000)
    reverse(database, code)
    refused("reversed", lambda: redeem(database, code, 2000))
    assert redeem(database, code, 2000, "order-2").balance == 3500


def test_what_was_never_redeemed_cannot_be_taken_back(database: Database) -> None:
    code = issued(database)
    refused("not_redeemed", lambda: reverse(database, code))
    assert balance(database, code) == 5500


def test_taken_back_after_its_expiry_it_stays_expired_and_is_written_off(
    database: Database,
) -> None:
    code = issued(database, 3000, expires_at=EXPIRY)
    redeem(database, code, 2000)
    assert expire(database) == 1
    assert reverse(database, code, at=EXPIRY).balance == 2000
    refused("expired", lambda: redeem(database, code, 1, "order-2", at=EXPIRY))
    assert expire(database) == 1
    assert balance(database, code) == 0
    assert books(database) == {
        "refunds_payable": 3000,
        "store_credit": 0,
        SPENT: 0,
        "write_off": -3000,
    }
    assert sources(database)[-1] == f"credit/{code}/expiry/2026-12-01/2"


# --- refunds to a code -----------------------------------------------------------------------


def test_a_refund_to_a_code_is_put_on_it_once(database: Database) -> None:
    with database.write() as session:
        returned = add_order(session)
        rma, order = returned.rma, returned.order_number
    code = issued(database, 3000)
    redeem(database, code, 3000)
    for _ in range(2):
        row = top_up(database, code.lower(), 1200, rma=rma, order=order)
        assert row is not None
        assert (row.code, row.balance, row.amount) == (code, 1200, 4200)
    # What was topped up comes from the refund's own entry, by way of the clearing account.
    assert books(database)["refunds_payable"] == 3000
    assert books(database)["store_credit"] == -1200
    with database.read() as session:
        entry = session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc())).first()
        assert entry is not None
        assert (entry.source, entry.rma) == (f"credit/{code}/top_up/R-2-1", rma)
    refused("reference_used", lambda: top_up(database, code, 1300))


@pytest.mark.parametrize("written_off", [False, True])
def test_a_refund_to_an_expired_code_is_a_new_code(database: Database, written_off: bool) -> None:
    code = issued(database, 3000, expires_at=EXPIRY)
    with database.write() as session:
        session.add(
            PolicyVersion(
                version=1,
                body={"store_credit_valid_days": 90},
                actor="user:1",
                created_at=AT,
            )
        )
    if written_off:
        expire(database)
    # Decided in time but carried out after the code was written off, it must not be lost.
    at = EXPIRY - timedelta(days=1) if written_off else EXPIRY
    rows = [top_up(database, code, 1200, at=at) for _ in range(2)]
    row = rows[0]
    assert row is not None
    assert rows[1] is not None
    assert row.code == rows[1].code != code
    assert (row.balance, row.origin, row.source) == (1200, "refund", "top_up/R-2-1")
    assert row.expires_at == at + timedelta(days=90)
    assert balance(database, code) == (0 if written_off else 3000)
    assert sources(database)[-1] == "credit/top_up/R-2-1"
    refused("reference_used", lambda: top_up(database, code, 1300, at=at))


def test_a_refund_to_a_code_that_is_not_ours_is_the_providers(database: Database) -> None:
    with database.write() as session:
        order = add_order(session).order_number
        assert session.get_one(Order, order).currency == "GBP"
    assert top_up(database, "GC-77", 100) is None
    euros = issued(database, currency="EUR")
    assert top_up(database, euros, 100, order=order) is None
    assert balance(database, euros) == 5500


# --- gift cards ------------------------------------------------------------------------------


def test_a_gift_card_is_noted_once_and_its_sale_is_the_shops(database: Database) -> None:
    with database.write() as session:
        order, other = add_order(session).order_number, add_order(session, 2).order_number
    codes = at_once(4, lambda _: gift_card(database, order).code)
    assert codes == ["GC-1"] * 4
    assert gift_card(database, other, amount=9900).order_number == order
    assert balance(database, "GC-1") == 2000
    assert books(database) == {}
    redeem(database, "GC-1", 500)
    assert books(database) == {"store_credit": 500, SPENT: -500}


def test_a_gift_card_never_takes_over_an_issued_code(database: Database) -> None:
    with database.write() as session:
        order = add_order(session).order_number
    code = issued(database)
    row = gift_card(database, order, code, 1)
    assert (row.origin, row.balance, row.order_number) == ("return", 5500, None)


def test_voiding_takes_at_most_what_is_left_and_books_nothing(database: Database) -> None:
    with database.write() as session:
        order = add_order(session).order_number
    gift_card(database, order)
    redeem(database, "GC-1", 500)
    entries = sources(database)
    assert at_once(5, lambda _: void(database, "GC-1", 2000)) == [1500] * 5
    assert balance(database, "GC-1") == 0
    # Once nothing was left to take, asking again takes nothing even if something comes back.
    assert void(database, "GC-1", 2000, "R-4/grant/1") == 0
    assert sources(database) == entries
    reverse(database, "GC-1")
    assert void(database, "GC-1", 2000, "R-4/grant/1") == 0
    assert balance(database, "GC-1") == 500


# --- expiry ----------------------------------------------------------------------------------


def test_the_nightly_activity_writes_off_what_is_left_on_every_expired_code(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credit_expiry, "_MOST_AT_ONCE", 2)
    with database.write() as session:
        orders = [add_order(session, number).order_number for number in (1, 2, 3)]
    due = [
        issued(database, 1000, source=f"s-{order}", order=order, expires_at=EXPIRY)
        for order in orders
    ]
    spent = issued(database, 700, source="s-spent", expires_at=EXPIRY)
    redeem(database, spent, 700)
    later = issued(database, source="s-later", expires_at=EXPIRY + timedelta(seconds=1))
    never = issued(database, source="s-never")
    run = StoreCredits(database).expire_store_credits
    environment = ActivityEnvironment()
    assert environment.run(run, EXPIRY.isoformat()) == 3
    assert environment.run(run, EXPIRY.isoformat()) == 0
    assert [balance(database, code) for code in due] == [0, 0, 0]
    assert (balance(database, later), balance(database, never)) == (5500, 5500)
    assert books(database)["write_off"] == -3000
    assert f"credit/{due[0]}/expiry/2026-12-01" in sources(database)


def test_tills_returns_and_the_nightly_expiry_do_not_wait_in_a_circle(database: Database) -> None:
    with database.write() as session:
        orders = [add_order(session, number).order_number for number in (1, 2)]
    codes = [
        issued(database, 10_000, source=f"s-{order}", order=order, expires_at=EXPIRY)
        for order in orders
    ]

    def act(number: int) -> str:
        code, order = codes[number // 4 % 2], orders[number // 4 % 2]
        if number % 4 == 0:
            expire(database)
        elif number % 4 == 1:
            redeem(database, code, 10, f"order-{number}")
        elif number % 4 == 2:
            top_up(database, code, 10, reference=f"R-2-{number}", order=order)
        else:
            # As a grant does: the order first, the books last.
            with database.write() as session:
                lock_order(session, order)
                issue(session, 10, source=f"s-{number}", order=order)
        return "done"

    assert set(at_once(16, act)) <= {"done", "exceeds_balance"}
    total = sum(balance(database, code) for code in all_codes(database))
    assert books(database)["store_credit"] == -total


def all_codes(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(StoreCredit.code)))


# --- whatever happens ------------------------------------------------------------------------

amounts = st.integers(min_value=1, max_value=60)
few = st.integers(min_value=1, max_value=3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), few, amounts),
        st.tuples(st.just("gift_card"), few, amounts),
        st.tuples(st.just("redeem"), few, amounts),
        st.tuples(st.just("reverse"), few, amounts),
        st.tuples(st.just("top_up"), few, amounts),
        st.tuples(st.just("void"), few, amounts),
        st.tuples(st.just("expire"), few, amounts),
    ),
    max_size=14,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps, data=st.data())
def test_whatever_happens_balances_are_their_movements_and_the_books(
    database: Database, story: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    with database.write() as session:
        count = session.scalar(select(func.count()).select_from(Return)) or 0
        order = add_order(session, count + 1).order_number
    now, made = AT, [f"GC-{count}"]
    gift_card(database, order, made[0], 50)
    for action, which, amount in story:
        code = data.draw(st.sampled_from(made))
        reference = f"{count}-{which}"
        try:
            if action == "issue":
                expires_at = None if which == 1 else now + timedelta(days=which)
                issued_code = issued(
                    database, amount, bonus=which, source=reference, expires_at=expires_at, at=now
                )
                made.append(issued_code)
            elif action == "gift_card":
                made.append(gift_card(database, order, f"GC-{reference}", amount).code)
            elif action == "redeem":
                redeem(database, code, amount, reference, now)
            elif action == "reverse":
                reverse(database, code, reference, now)
            elif action == "top_up":
                row = top_up(database, code, amount, reference=reference, order=order, at=now)
                made.append(code if row is None else row.code)
            elif action == "void":
                void_and_book(database, code, amount, reference)
            else:
                now += timedelta(days=which)
                expire(database, now)
        except CreditNotPossible:
            pass
    codes = all_codes(database)
    assert all(balance(database, code) >= 0 for code in codes)
    with database.read() as session:
        gifts = session.scalar(
            select(func.sum(CreditMovement.amount))
            .join(StoreCredit, StoreCredit.code == CreditMovement.code)
            .where(StoreCredit.origin == "gift_card", CreditMovement.kind == "issue")
        )
    # A gift card's sale stands in the shop's own books.
    owed = sum(balance(database, code) for code in codes) - int(gifts or 0)
    assert books(database).get("store_credit", 0) == -owed
    assert sum(books(database).values()) == 0


def void_and_book(database: Database, code: str, amount: int, reference: str) -> None:
    """As the caller of `void` does it, in one transaction."""
    with database.write() as session:
        taken = store_credits.void(
            session, code, amount=amount, reference=reference, actor="system", at=AT
        )
        journal.post(
            session,
            source=f"void/{code}/{reference}",
            rma=None,
            order=None,
            at=AT,
            currency="GBP",
            memo="Gift card refunded",
            postings=[
                Posting(account=accounts.STORE_CREDIT, amount=taken),
                Posting(account=accounts.REFUNDS_PAYABLE, amount=-taken),
            ],
        )
