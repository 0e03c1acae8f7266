"""The history of the shop's policy: versions are added, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.rules.policy import Policy
from models.store.policies import current_policy
from models.tables import PolicyVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A version. The defaults a shop starts with were made by nobody, at no time.

    `text`: the document as somebody wrote it, when it was written as one.
    """

    policy: Policy
    actor: str | None = None
    created_at: datetime | None = None
    text: str | None = None


def list_policies(
    session: Session, *, limit: int, below: int | None = None
) -> tuple[Sequence[StoredPolicy], int | None]:
    """Versions, newest first, and below which version the next page starts."""
    query = select(PolicyVersion).order_by(PolicyVersion.version.desc())
    if below is not None:
        query = query.where(PolicyVersion.version < below)
    found = [
        StoredPolicy(
            policy=Policy.from_json(row.body, row.version),
            actor=row.actor,
            created_at=row.created_at,
            text=row.text,
        )
        for row in session.scalars(query.limit(limit + 1))
    ]
    defaults = Policy()
    oldest = found[-1].policy.version if found else below
    if len(found) <= limit and (oldest is None or oldest > defaults.version):
        found.append(StoredPolicy(policy=defaults))
    more = len(found) > limit
    return found[:limit], found[limit - 1].policy.version if more else None


def load_policy(session: Session, version: int) -> StoredPolicy | None:
    """One version; None when there was none of this number."""
    row = session.get(PolicyVersion, version)
    if row is not None:
        policy = Policy.from_json(row.body, row.version)
        return StoredPolicy(
            policy=policy, actor=row.actor, created_at=row.created_at, text=row.text
        )
    defaults = Policy()
    return StoredPolicy(policy=defaults) if version == defaults.version else None


def newest_policy(session: Session) -> StoredPolicy:
    """The version in force."""
    [newest], _ = list_policies(session, limit=1)
    return newest


def save_policy(
    session: Session, policy: Policy, *, actor: str, now: datetime, text: str | None = None
) -> None:
    """Puts a policy in force as the next version; one that changes nothing adds none.

    `text`: how it was written, when other words than the present ones are to be kept, too.
    """
    present = current_policy(session)
    wanted = replace(policy, version=present.version)
    if wanted == present and (text is None or text == _text_of(session, present.version)):
        return
    session.add(
        PolicyVersion(
            version=present.version + 1,
            body=wanted.to_json(),
            actor=actor,
            created_at=now,
            text=text,
        )
    )
    session.flush()


def _text_of(session: Session, version: int) -> str | None:
    row = session.get(PolicyVersion, version)
    return None if row is None else row.text
