"""API keys looked after: listed, replaced by a second one with a time of grace, revoked.

The keys of one account act as one: in timelines, for idempotency keys and for the rate limit.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from models.store.access import AccessRefused, create_api_key, key_prefix
from models.tables import ApiKey

GRACE = timedelta(days=7)


def list_keys(session: Session) -> list[ApiKey]:
    """All keys with their owners, newest first, revoked and expired ones too."""
    found = select(ApiKey).options(joinedload(ApiKey.user))
    return list(session.scalars(found.order_by(ApiKey.created_at.desc(), ApiKey.id)))


def is_live(key: ApiKey, now: datetime) -> bool:
    """Whether the key still opens anything."""
    over = key.expires_at is not None and key.expires_at <= now
    return key.revoked_at is None and not over


def rotate_key(session: Session, key_id: str, *, grace: timedelta, now: datetime) -> str:
    """Makes a key that takes another one's place; the old one works on for `grace`.

    Returns:
        The new key, this once. It has name, scopes, owner and version of the old one, and lasts
        as long as that was made for.

    Raises:
        AccessRefused: there is no such key, it is over, or two keys of the account live already.
    """
    old = find_key(session, key_id, lock=True)
    if not is_live(old, now):
        raise AccessRefused(f"The key {shown(old)} is over; make a new one.")
    others = session.scalars(
        select(ApiKey).where(
            ApiKey.account == old.account,
            ApiKey.id != old.id,
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
        )
    )
    for other in others:
        raise AccessRefused(
            f"Two keys of this account live already; revoke {shown(other)} or {shown(old)} first."
        )
    lasts = None if old.expires_at is None else now + (old.expires_at - old.created_at)
    made = create_api_key(
        session,
        name=old.name,
        scopes=[str(scope) for scope in old.scopes],
        user=old.user,
        expires_at=lasts,
        now=now,
        account=old.account,
        version=old.version,
        sandbox=old.sandbox,
    )
    until = now + grace
    old.expires_at = until if old.expires_at is None else min(until, old.expires_at)
    return made


def revoke_key(session: Session, key_id: str, *, now: datetime) -> ApiKey:
    """Ends a key at once; ending it again changes nothing.

    Raises:
        AccessRefused: there is no such key.
    """
    found = find_key(session, key_id, lock=True)
    found.revoked_at = found.revoked_at or now
    return found


def find_key(session: Session, key_id: str, *, lock: bool = False) -> ApiKey:
    """A key by its id, also written as it is shown.

    Raises:
        AccessRefused: there is no such key.
    """
    found = session.get(
        ApiKey,
        key_id.strip().removeprefix("rk_").removeprefix("test_"),
        with_for_update=lock or None,
    )
    if found is None:
        raise AccessRefused(f"There is no key {key_id}; `redress apikey list` shows them.")
    return found


def shown(key: ApiKey) -> str:
    """What of a key may be seen: its beginning."""
    return f"{key_prefix(key.sandbox)}{key.id}"
