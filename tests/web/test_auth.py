"""Passwords and API keys: who is let in, as whom, and who isn't."""

from datetime import UTC, datetime, timedelta

import pytest

from models.database import Database
from models.store import access
from models.tables import ApiKey, User
from web.access import SCOPE_ALL, Permission, Role
from web.auth import actor_of_key, actor_of_user

NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)
PASSWORD = "correct horse battery"


def make_user(database: Database, role: Role = Role.AGENT, *, limit: int | None = None) -> User:
    with database.write() as session:
        return access.create_user(
            session,
            email="Mara@Shop.example ",
            name="Mara Holt",
            role=role,
            password=PASSWORD,
            approval_limit=limit,
            now=NOW,
        )


def make_key(
    database: Database,
    scopes: list[str] | None = None,
    user: User | None = None,
    expires_at: datetime | None = None,
) -> str:
    with database.write() as session:
        return access.create_api_key(
            session,
            name="shop",
            scopes=scopes or [SCOPE_ALL],
            user=user,
            expires_at=expires_at,
            now=NOW,
        )


def test_the_right_password_lets_in_whatever_the_capitals_of_the_address(
    database: Database,
) -> None:
    made = make_user(database)
    found = access.verify_password(database, "MARA@shop.example", PASSWORD, now=NOW)
    assert found is not None
    assert found.id == made.id
    assert found.email == "mara@shop.example"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("mara@shop.example", "wrong horse battery"),
        ("nobody@shop.example", PASSWORD),
        ("mara@shop.example", ""),
        ("mara\0@shop.example", PASSWORD),
        ("mara@shop.example", "\ud800" * 9),
    ],
)
def test_anything_else_does_not(database: Database, email: str, password: str) -> None:
    make_user(database)
    assert access.verify_password(database, email, password, now=NOW) is None


def test_an_unknown_address_costs_a_hash_like_a_known_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    real = access._matches

    def counted(password_hash: str, password: str) -> bool:
        hashed.append(password_hash)
        return real(password_hash, password)

    monkeypatch.setattr(access, "_matches", counted)
    access.verify_password(database, "nobody@shop.example", PASSWORD, now=NOW)
    assert len(hashed) == 1
    assert hashed[0].startswith("$argon2id$")


def test_five_failures_lock_for_fifteen_minutes_even_with_the_right_password(
    database: Database,
) -> None:
    make_user(database)
    for _ in range(5):
        access.verify_password(database, "mara@shop.example", "wrong password", now=NOW)
    just_before = NOW + timedelta(minutes=14, seconds=59)
    assert access.verify_password(database, "mara@shop.example", PASSWORD, now=just_before) is None
    after = NOW + timedelta(minutes=15)
    assert access.verify_password(database, "mara@shop.example", PASSWORD, now=after) is not None


def test_success_forgets_earlier_failures(database: Database) -> None:
    make_user(database)
    for _ in range(2):
        for _ in range(4):
            access.verify_password(database, "mara@shop.example", "wrong password", now=NOW)
        found = access.verify_password(database, "mara@shop.example", PASSWORD, now=NOW)
        assert found is not None


def test_a_disabled_person_is_not_let_in(database: Database) -> None:
    made = make_user(database)
    with database.write() as session:
        session.get_one(User, made.id).disabled_at = NOW
    assert access.verify_password(database, "mara@shop.example", PASSWORD, now=NOW) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "seven77"}, "at least 8"),
        ({"password": "x" * 1025}, "at most 1024"),
        ({"password": "\ud800" * 9}, "UTF-8"),
        ({"email": "not an address"}, "not an e-mail address"),
        ({"email": "mara@shop.example"}, "already a user"),
        ({"approval_limit": -1}, "0 or more"),
    ],
)
def test_a_person_that_makes_no_sense_is_refused(
    database: Database, change: dict[str, object], words: str
) -> None:
    make_user(database)
    wanted: dict[str, object] = {
        "email": "new@shop.example",
        "name": "New",
        "role": Role.AGENT,
        "password": PASSWORD,
        "approval_limit": None,
        "now": NOW,
        **change,
    }
    with database.write() as session, pytest.raises(access.AccessRefused, match=words):
        access.create_user(session, **wanted)  # type: ignore[arg-type]


def test_a_key_is_found_by_its_text_and_only_a_hash_is_kept(database: Database) -> None:
    key = make_key(database, ["read", "orders"])
    holder = access.authenticate_key(database, key, now=NOW)
    assert holder is not None
    assert holder.scopes == {"read", "orders"}
    _, key_id, secret, _ = key.split("_")
    with database.read() as session:
        row = session.get_one(ApiKey, key_id)
    assert secret not in str(vars(row))
    assert len(row.secret_hash) == 64


def test_a_wrong_key_is_refused_without_a_look_up_when_its_checksum_is_wrong(
    database: Database,
) -> None:
    key = make_key(database)
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    database.dispose()
    unreachable = Database("sqlite:////nonexistent/none.db")
    assert access.authenticate_key(unreachable, wrong, now=NOW) is None
    assert access.authenticate_key(unreachable, "rk_x", now=NOW) is None


def test_a_key_with_another_secret_is_refused(database: Database) -> None:
    one, other = make_key(database), make_key(database)
    body = "_".join(["rk", one.split("_")[1], other.split("_")[2]])
    mixed = f"{body}_{access._checksum(body)}"
    assert access.authenticate_key(database, mixed, now=NOW) is None


def test_an_expired_a_revoked_and_a_disabled_persons_key_are_refused(database: Database) -> None:
    user = make_user(database)
    expiring = make_key(database, expires_at=NOW + timedelta(days=1))
    revoked, persons = make_key(database), make_key(database, user=user)
    for key in (expiring, revoked, persons):
        assert access.authenticate_key(database, key, now=NOW) is not None
    with database.write() as session:
        session.get_one(ApiKey, revoked.split("_")[1]).revoked_at = NOW
        session.get_one(User, user.id).disabled_at = NOW
    later = NOW + timedelta(days=1)
    assert access.authenticate_key(database, expiring, now=later) is None
    assert access.authenticate_key(database, revoked, now=NOW) is None
    assert access.authenticate_key(database, persons, now=NOW) is None


def test_when_a_key_was_used_is_noted_at_most_once_a_minute(database: Database) -> None:
    key = make_key(database)

    def last_used() -> datetime | None:
        with database.read() as session:
            return session.get_one(ApiKey, key.split("_")[1]).last_used_at

    access.authenticate_key(database, key, now=NOW)
    access.authenticate_key(database, key, now=NOW + timedelta(seconds=59))
    assert last_used() == NOW
    access.authenticate_key(database, key, now=NOW + timedelta(seconds=60))
    assert last_used() == NOW + timedelta(seconds=60)


def test_a_persons_key_may_do_what_both_its_scopes_and_the_role_allow(database: Database) -> None:
    user = make_user(database, Role.FINANCE, limit=5000)
    holder = access.authenticate_key(
        database, make_key(database, ["read", "refund", "orders"], user), now=NOW
    )
    assert holder is not None
    actor = actor_of_key(holder)
    assert actor.id == f"user:{user.id}"
    assert actor.permissions == {Permission.READ, Permission.REFUND}
    assert actor.approval_limit == 5000
    whole = access.authenticate_key(database, make_key(database, [SCOPE_ALL], user), now=NOW)
    assert whole is not None
    assert actor_of_key(whole) == actor_of_user(user)


def test_a_service_accounts_key_acts_by_itself_without_limit(database: Database) -> None:
    key = make_key(database)
    holder = access.authenticate_key(database, key, now=NOW)
    assert holder is not None
    actor = actor_of_key(holder)
    assert actor.id == f"service:{key.split('_')[1]}"
    assert actor.permissions == set(Permission)
    assert actor.user_id is None
    assert actor.approval_limit is None
