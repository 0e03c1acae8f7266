"""Who may use Redress: people, API keys, and what keeps a repeated call from acting twice."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base


class User(Base):
    """A member of staff. `approval_limit`: the largest quote they may approve alone."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    approval_limit: Mapped[int | None] = mapped_column(BigInteger)
    # Part of the session; changing it signs the person out everywhere.
    session_salt: Mapped[str] = mapped_column(String(32))
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ApiKey(Base):
    """A key of a person or of a service account. Only its hash is kept.

    `account` is the id of the account's first key: keys that replace each other act as one.
    `version` is the API's version it gets unless it asks for another; None: the newest.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[Any]]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    account: Mapped[str] = mapped_column(String(16), index=True)
    version: Mapped[str | None] = mapped_column(String(10))
    # Of a sandbox key; it sees and touches orders of its own kind only.
    sandbox: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship()


class IdempotencyKey(Base):
    """The first answer to a call with an Idempotency-Key, kept 30 days.

    `status` is empty while the call runs. `rma` is the number set aside for a new return, so that
    a retry after a crash starts the same one.
    """

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    rma: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    # A call that died leaves its row running; after this moment another may take it over.
    locked_until: Mapped[datetime]


class RateLimit(Base):
    """A bucket of calls, told by when it is full again; a row of the past is the same as none."""

    __tablename__ = "rate_limits"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    full_at: Mapped[datetime] = mapped_column(index=True)


class ProviderEvent(Base):
    """An incoming webhook, kept once per provider and event id; never its body, which may hold
    names and addresses.
    """

    __tablename__ = "provider_events"

    provider: Mapped[str] = mapped_column(String(40), primary_key=True)
    event: Mapped[str] = mapped_column(String(120), primary_key=True)
    type: Mapped[str] = mapped_column(String(80))
    # The provider's id of what it is about, "" for none; and whether it meant anything here.
    about: Mapped[str] = mapped_column(String(200))
    taken: Mapped[bool]
    received_at: Mapped[datetime] = mapped_column(index=True)


class PolicyVersion(Base):
    """One version of the shop's policy; never changed once written."""

    __tablename__ = "policy_versions"

    version: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    # The document as somebody wrote it, with its comments; `body` is what counts.
    text: Mapped[str | None] = mapped_column(Text)
