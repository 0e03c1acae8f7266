"""Who calls the API and whether they may: a key as bearer, and a permission on every route."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

from flask import current_app, g, request

from models.store.access import KeyHolder, authenticate_key
from models.tables import User
from web.access import ROLE_PERMISSIONS, SCOPE_ALL, Actor, Permission, Role
from web.errors import Problem, is_api, not_found
from web.limits import count_call
from web.sandbox_keys import guard_sandbox_key
from web.services import services
from web.versions import choose_version, pin_version

View = TypeVar("View", bound=Callable[..., Any])
_RULE = "_redress_access_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """What a route asks of its caller: one of these permissions, or nothing when it is public."""

    any_of: frozenset[Permission]
    public: bool = False


def requires(*any_of: Permission) -> Callable[[View], View]:
    """Lets a route be used by callers with one of these permissions."""
    return _ruled(AccessRule(any_of=frozenset(any_of)))


def public(view: View) -> View:
    """Lets a route be used without a key: it shows nothing, or proves its caller by itself."""
    return _ruled(AccessRule(any_of=frozenset(), public=True))(view)


def access_rule(view: Callable[..., Any]) -> AccessRule | None:
    """The rule a view was given; None: nobody may use it."""
    return getattr(view, _RULE, None)


def _ruled(rule: AccessRule) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _RULE, rule)
        # Told in the OpenAPI document, too, from the same place.
        described = deepcopy(getattr(view, "_apidoc", {}))
        manual = described.setdefault("manual_doc", {})
        if rule.public:
            manual["security"] = []
        else:
            manual["x-permission-any-of"] = sorted(rule.any_of)
        view._apidoc = described  # type: ignore[attr-defined]
        return view

    return mark


def current_actor() -> Actor:
    """The caller of this request, once `guard` has let it in."""
    found: Actor = g.actor
    return found


def guard() -> None:
    """Lets a request of the API in, or refuses it; runs before everything else.

    A route without a rule is closed to everyone.
    """
    if not is_api(request.path) or request.endpoint is None:
        return
    # PostgreSQL can't even compare with a NUL character, so nothing is named with one.
    if any("\0" in str(part) for part in (request.view_args or {}).values()):
        raise not_found("such thing")
    rule = access_rule(current_app.view_functions[request.endpoint])
    if rule is not None and rule.public:
        choose_version()
        return
    holder = _authenticate()
    pin_version(holder.version)
    count_call(services().limiter, holder.account)
    choose_version(holder.version)
    actor = actor_of_key(holder)
    if rule is None or not any(actor.may(permission) for permission in rule.any_of):
        needed = " or ".join(sorted(rule.any_of)) if rule is not None else "no key's"
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "forbidden",
            f"This key may not do that; it needs the permission {needed}.",
        )
    if actor.sandbox:
        guard_sandbox_key()
    g.actor = actor


def _authenticate() -> KeyHolder:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        holder = authenticate_key(services().database, key.strip(), now=datetime.now(UTC))
        if holder is not None:
            return holder
    raise Problem(
        HTTPStatus.UNAUTHORIZED,
        "unauthenticated",
        "Send a valid API key as Authorization: Bearer <key>.",
        headers={"WWW-Authenticate": 'Bearer realm="Redress"'},
    )


def actor_of_user(user: User) -> Actor:
    """A member of staff as a caller, with what their role may do."""
    return Actor(
        id=f"user:{user.id}",
        name=user.name,
        permissions=ROLE_PERMISSIONS[Role(user.role)],
        user_id=user.id,
        approval_limit=user.approval_limit,
    )


def actor_of_key(holder: KeyHolder) -> Actor:
    """A key as a caller: the person it belongs to, at most, or a service account."""
    granted = (
        frozenset(Permission)
        if SCOPE_ALL in holder.scopes
        else frozenset(scope for scope in Permission if scope in holder.scopes)
    )
    if holder.user is None:
        return Actor(
            id=f"service:{holder.account}",
            name=holder.name,
            permissions=granted,
            sandbox=holder.sandbox,
        )
    person = actor_of_user(holder.user)
    return Actor(
        id=person.id,
        name=person.name,
        permissions=person.permissions & granted,
        user_id=person.user_id,
        approval_limit=person.approval_limit,
        sandbox=holder.sandbox,
    )
