"""People with their passwords, and API keys: made, found and proven."""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, joinedload

from models.database import Database
from models.tables import ApiKey, User

SHORTEST_PASSWORD = 8
# Argon2 reads all of it, so an endless one would be an endless wait.
_LONGEST_PASSWORD = 1024
_FAILURES_BEFORE_LOCK = 5
_LOCK = timedelta(minutes=15)
_LAST_USED_EVERY = timedelta(minutes=1)

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_KEY = re.compile(r"rk_(?:test_)?([0-9a-z]{10})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

_hasher = PasswordHasher()
# Verified when there is no such person, so that the time of an answer doesn't tell.
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


class AccessRefused(Exception):
    """A person or key can't be made as asked; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """Whose key it is. Without a user it is a service account's.

    `account` is the same for keys that replace each other.
    """

    key_id: str
    name: str
    scopes: frozenset[str]
    user: User | None
    account: str
    version: str | None
    sandbox: bool


# --- people --------------------------------------------------------------------------------


def create_user(
    session: Session,
    *,
    email: str,
    name: str,
    role: str,
    password: str,
    approval_limit: int | None,
    now: datetime,
) -> User:
    """Makes a member of staff.

    Raises:
        AccessRefused: the e-mail is taken or isn't one, or the password is too short or long.
    """
    email = normalise_email(email)
    if not _EMAIL.fullmatch(email) or not email.isprintable() or len(email) > 320:
        raise AccessRefused(f"{email} is not an e-mail address.")
    check_password(password)
    if approval_limit is not None and approval_limit < 0:
        raise AccessRefused("The approval limit must be 0 or more, in minor units.")
    if find_user(session, email) is not None:
        raise AccessRefused(f"There is already a user {email}.")
    user = User(
        email=email,
        name=name,
        role=role,
        password_hash=_hasher.hash(password),
        approval_limit=approval_limit,
        session_salt=secrets.token_hex(16),
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def check_password(password: str) -> None:
    """Refuses passwords that are too short to protect anything.

    Raises:
        AccessRefused: it is too short or too long, or isn't text.
    """
    try:
        password.encode()
    except UnicodeEncodeError:
        raise AccessRefused("The password must be UTF-8 text.") from None
    if len(password) < SHORTEST_PASSWORD:
        raise AccessRefused(f"The password needs at least {SHORTEST_PASSWORD} characters.")
    if len(password) > _LONGEST_PASSWORD:
        raise AccessRefused(f"The password can have at most {_LONGEST_PASSWORD} characters.")


def normalise_email(email: str) -> str:
    """One spelling for each address: two people never differ by capitals alone."""
    return email.strip().lower()


def find_user(session: Session, email: str) -> User | None:
    """The person with this e-mail address, disabled ones included."""
    return session.scalar(select(User).where(User.email == normalise_email(email)))


def verify_password(database: Database, email: str, password: str, *, now: datetime) -> User | None:
    """Proves who signs in.

    An unknown address, a wrong password, a locked and a disabled person take the same time and
    get the same answer. Five failures lock the person out for 15 minutes.

    Args:
        database: opened for reading and, briefly, for counting; hashing holds no lock.
        email: as typed.
        password: as typed.
        now: the present time.

    Returns:
        The person, or None.
    """
    with database.read() as session:
        user = find_user(session, email) if "\0" not in email else None
    correct = _matches(_NOBODY if user is None else user.password_hash, password)
    if user is None:
        return None
    if user.locked_until is not None and user.locked_until > now:
        return None
    if not correct:
        _count_failure(database, user.id, now)
        return None
    if user.disabled_at is not None:
        return None
    stale = _hasher.check_needs_rehash(user.password_hash)
    if user.failed_sign_ins or user.locked_until is not None or stale:
        with database.write() as session:
            found = session.get_one(User, user.id)
            found.failed_sign_ins = 0
            found.locked_until = None
            if stale:
                found.password_hash = _hasher.hash(password)
            return found
    return user


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[:_LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def _count_failure(database: Database, user_id: int, now: datetime) -> None:
    with database.write() as session:
        # Counted in the database, so that guesses side by side all count.
        session.execute(
            update(User)
            .where(User.id == user_id)
            .values(failed_sign_ins=User.failed_sign_ins + 1)
            .execution_options(synchronize_session=False)
        )
        session.execute(
            update(User)
            .where(User.id == user_id, User.failed_sign_ins >= _FAILURES_BEFORE_LOCK)
            .values(failed_sign_ins=0, locked_until=now + _LOCK)
            .execution_options(synchronize_session=False)
        )


# --- API keys ------------------------------------------------------------------------------


def create_api_key(
    session: Session,
    *,
    name: str,
    scopes: Iterable[str],
    user: User | None,
    expires_at: datetime | None,
    now: datetime,
    account: str | None = None,
    version: str | None = None,
    sandbox: bool = False,
) -> str:
    """Makes a key and tells it, this once: only a hash of its secret is kept.

    Without an `account` it begins one of its own. `version` is the API's that it is pinned to.

    Returns:
        `rk_<id>_<secret>_<checksum>`, and `rk_test_…` of a sandbox key; the checksum lets a
        mistyped key be refused, and a leaked one be recognised, without a look-up.
    """
    key_id = "".join(secrets.choice(string.digits + string.ascii_lowercase) for _ in range(10))
    secret = "".join(secrets.choice(_BASE62) for _ in range(43))
    session.add(
        ApiKey(
            id=key_id,
            name=name,
            secret_hash=_digest(secret),
            scopes=sorted(scopes),
            user=user,
            account=account or key_id,
            version=version,
            sandbox=sandbox,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    body = f"{key_prefix(sandbox)}{key_id}_{secret}"
    return f"{body}_{_checksum(body)}"


def key_prefix(sandbox: bool) -> str:
    """How a key begins."""
    return "rk_test_" if sandbox else "rk_"


def authenticate_key(database: Database, text: str, *, now: datetime) -> KeyHolder | None:
    """Finds whose key this is.

    Returns:
        None for a key that is unknown, mistyped, expired or revoked, and for one of a person who
        was disabled.
    """
    parts = _KEY.fullmatch(text)
    if parts is None or _checksum(text.rpartition("_")[0]) != parts[3]:
        return None
    with database.read() as session:
        key = session.scalar(
            select(ApiKey).where(ApiKey.id == parts[1]).options(joinedload(ApiKey.user))
        )
    if key is None or not text.startswith(key_prefix(key.sandbox) + key.id):
        return None
    if not hmac.compare_digest(key.secret_hash, _digest(parts[2])):
        return None
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        return None
    if key.user is not None and key.user.disabled_at is not None:
        return None
    if key.last_used_at is None or key.last_used_at <= now - _LAST_USED_EVERY:
        _note_use(database, key.id, now)
    return KeyHolder(
        key_id=key.id,
        name=key.name,
        scopes=frozenset(str(scope) for scope in key.scopes),
        user=key.user,
        account=key.account,
        version=key.version,
        sandbox=key.sandbox,
    )


def _note_use(database: Database, key_id: str, now: datetime) -> None:
    with database.write() as session:
        session.execute(
            update(ApiKey)
            .where(
                ApiKey.id == key_id,
                or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - _LAST_USED_EVERY),
            )
            .values(last_used_at=now)
        )


def _digest(secret: str) -> str:
    # The secret has 256 random bits: nothing slower than SHA-256 is needed to protect it.
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
