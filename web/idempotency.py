"""Idempotency-Key: the first answer of a call is kept, and repeating the call gives it again.

Of a key's row, `status` is empty while its call runs. An answer that is none (202, 409 because
the call still runs, 5xx) leaves the row behind without a lock: the next call with the key takes
it over with the same RMA and the same call id, so that whatever the first one began is found
instead of begun again. For the same reason a row whose caller died can be taken over soon.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, g, request
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from models.tables import IdempotencyKey
from web.api.blueprint import View, json_body
from web.auth import current_actor
from web.errors import Problem
from web.gateway import free_rma
from web.services import services

KEPT_FOR = timedelta(days=30)
LOCKED_FOR = timedelta(seconds=20)
WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.05
_LONGEST_KEY = 255
_KEPT_HEADERS = ("Content-Type", "Location")
# Refusals that pass by themselves, so that the same key may ask again.
_PASSING = frozenset({"not_recorded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call with a key: `id` is the same each time it is repeated, and so is `rma`."""

    key: str
    id: str
    rma: str | None
    begun_at: datetime


def call_id() -> str | None:
    """The stable id of this call for the gateway; None when it has no key."""
    call: Call | None = g.get("call")
    return None if call is None else call.id


def begun_at() -> datetime | None:
    """When this call was first made; None when it has no key."""
    call: Call | None = g.get("call")
    return None if call is None else call.begun_at


def set_aside_rma() -> str | None:
    """The RMA this call's new return has, whoever retries; None when the call has no key."""
    call: Call | None = g.get("call")
    return None if call is None else call.rma


def idempotent(*, new_return: bool = False) -> Callable[[View], View]:
    """Makes a POST repeatable; without the header it is just called.

    Args:
        new_return: an RMA is set aside for it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def repeatable(*args: Any, **kwargs: Any) -> Response:
            key = request.headers.get("Idempotency-Key")
            if key is None:
                return current_app.make_response(view(*args, **kwargs))
            _check_key(key)
            found = _begin_or_wait(key, _request_hash(), new_return=new_return)
            if isinstance(found, Response):
                return found
            g.call = found
            return _run(found, lambda: view(*args, **kwargs))

        _describe(repeatable)
        return repeatable  # type: ignore[return-value]

    return decorate


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid_idempotency_key",
            f"Idempotency-Key must be 1 to {_LONGEST_KEY} printable ASCII characters.",
        )


def _request_hash() -> str:
    """The same for the same call, however its JSON is spaced and ordered."""
    if request.mimetype == "multipart/form-data":
        return hashlib.sha256(f"{request.method}\n{request.path}\n{_form()}".encode()).hexdigest()
    try:
        body = json.dumps(json_body(), sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "malformed_json", "The body is nested too deeply."
        ) from None
    return hashlib.sha256(f"{request.method}\n{request.path}\n{body}".encode()).hexdigest()


def _form() -> str:
    """A form with its files, however it was split; its boundary differs on every try."""
    files = []
    for name, file in request.files.items(multi=True):
        files.append((name, hashlib.sha256(file.stream.read()).hexdigest()))
        file.stream.seek(0)
    return json.dumps([sorted(request.form.items(multi=True)), sorted(files)])


def _begin_or_wait(key: str, request_hash: str, *, new_return: bool) -> Call | Response:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        found = _begin(key, request_hash, new_return=new_return)
        if found is not None:
            return found
        if time.monotonic() >= until:
            raise Problem(
                HTTPStatus.CONFLICT,
                "still_running",
                "The first call with this Idempotency-Key is still running; ask again.",
                headers={"Retry-After": "1"},
            )
        time.sleep(_POLL_SECONDS)


def _begin(key: str, request_hash: str, *, new_return: bool) -> Call | Response | None:
    """Begins the call or takes it over, answers what was kept, or says None: it still runs."""
    now = datetime.now(UTC)
    caller = current_actor().id
    with services().database.read() as session:
        row = session.get(IdempotencyKey, (caller, key))
    if row is not None and row.created_at > now - KEPT_FOR:
        if row.request_hash != request_hash:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another call or body; take a new one.",
            )
        if row.status is not None:
            return _replay(row)
        if row.locked_until > now:
            return None
    rma = free_rma(services().database) if new_return else None
    try:
        return _lock(caller, key, request_hash, rma, now)
    except IntegrityError:
        return None  # Another call with the key came first.


def _lock(caller: str, key: str, request_hash: str, rma: str | None, now: datetime) -> Call | None:
    with services().database.write() as session:
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - KEPT_FOR))
        row = session.get(IdempotencyKey, (caller, key), with_for_update=True)
        if row is None:
            row = IdempotencyKey(
                caller=caller,
                key=key,
                request_hash=request_hash,
                rma=rma,
                headers={},
                created_at=now,
                locked_until=now + LOCKED_FOR,
            )
            session.add(row)
        elif row.status is not None or row.locked_until > now:
            return None
        elif row.request_hash == request_hash:
            row.locked_until = now + LOCKED_FOR
        else:
            return None
        return Call(
            key=key,
            id=hashlib.sha256(f"{caller}\n{key}\n{row.created_at}".encode()).hexdigest()[:32],
            rma=row.rma,
            begun_at=row.created_at,
        )


def _run(call: Call, view: Callable[[], Any]) -> Response:
    try:
        try:
            response = current_app.make_response(view())
        except Exception as error:
            # Refusals are answers to keep; what has no handler is raised on.
            response = current_app.make_response(current_app.handle_user_exception(error))
    except Exception:
        _settle(call, None)
        raise
    unfinished = (
        response.status_code == HTTPStatus.ACCEPTED
        or response.status_code >= 500
        or (response.get_json(silent=True) or {}).get("code") in _PASSING
    )
    _settle(call, None if unfinished else response)
    return response


def _settle(call: Call, response: Response | None) -> None:
    """Keeps the answer, or lets the next call with the key try again."""
    changes: dict[str, Any]
    if response is None:
        changes = {"locked_until": datetime.now(UTC)}
    else:
        changes = {
            "status": response.status_code,
            "headers": {
                name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
            },
            "body": response.get_data(as_text=True),
        }
    with services().database.write() as session:
        session.execute(
            update(IdempotencyKey)
            .where(
                IdempotencyKey.caller == current_actor().id,
                IdempotencyKey.key == call.key,
                IdempotencyKey.created_at == call.begun_at,
                IdempotencyKey.status.is_(None),
            )
            .values(**changes)
        )


def _replay(row: IdempotencyKey) -> Response:
    return Response(row.body, row.status, {**row.headers, "Idempotent-Replayed": "true"})


def _describe(view: Any) -> None:
    """The header in the OpenAPI document."""
    described = dict(getattr(view, "_apidoc", {}))
    manual = dict(described.get("manual_doc", {}))
    manual["parameters"] = [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "description": "Repeating the call with the same key and body gives the first answer.",
            "schema": {"type": "string", "pattern": f"^[ -~]{{1,{_LONGEST_KEY}}}$"},
        }
    ]
    view._apidoc = {**described, "manual_doc": manual}
