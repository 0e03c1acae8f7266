"""The shop's policy versions."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.rules.policy import Policy
from models.tables import PolicyVersion


def current_policy(session: Session) -> Policy:
    """The newest version; the defaults, as version 1, when the shop has set none."""
    row = session.scalar(select(PolicyVersion).order_by(PolicyVersion.version.desc()).limit(1))
    return Policy() if row is None else Policy.from_json(row.body, row.version)


def policy_at(session: Session, version: int) -> Policy:
    """One version, as a return that began with it goes on with it."""
    row = session.get(PolicyVersion, version)
    return Policy() if row is None else Policy.from_json(row.body, row.version)
