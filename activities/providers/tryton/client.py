"""Calls to a Tryton server's REST API, with the key of a user application.

One call is one transaction there. Tryton keeps no idempotency keys and answers 503 when two of its
transactions meet, so whoever creates something looks for it first.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from activities.providers.tryton.values import dump, load

__all__ = ["Domain", "Record", "Tryton", "TrytonRefused", "TrytonUnclear"]

# What Tryton calls a domain: clauses like ("reference", "=", "CM-000001").
Domain = Sequence[object]
Record = dict[str, Any]

# Seconds to connect, and between two bytes of an answer.
_PATIENCE = (5, 50)
_FOR_A_WHILE = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.LOCKED,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class TrytonUnclear(Exception):
    """No answer, or one that may be another in a minute: it may have been done or not.

    `message` is for people and tells nothing of the data.
    """

    def __init__(self, message: str) -> None:
        """Says what was seen."""
        super().__init__(message)
        self.message = message


class TrytonRefused(Exception):
    """Tryton said no, changed nothing, and would say no again; or it lacks what a call needs.

    `message` is for people; `status` the HTTP status, None where something is missing there.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        """Says why."""
        super().__init__(message)
        self.message = message
        self.status = status


class _Key(AuthBase):
    """The key as a header; unlike a plain header no .netrc of the machine replaces it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class Tryton:
    """One database of a Tryton server, seen by one user. Safe to use from several threads."""

    def __init__(self, address: str, key: str, *, company: int | None = None) -> None:
        """Calls nothing yet.

        Args:
            address: with the database, like `https://erp.example.com/shop`.
            key: of a user application of kind REST API.
            company: whose books; None: the user's own company.
        """
        self._models = f"{address.rstrip('/')}/rest/model"
        self._auth = _Key(key)
        # Tryton asks a person whether a warning is to be passed over; here nobody could answer.
        context: dict[str, object] = {"_skip_warnings": True}
        if company is not None:
            context["company"] = company
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Tryton-Context": _packed(context),
        }
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(pool_maxsize=32))
        self._session.mount("https://", HTTPAdapter(pool_maxsize=32))

    def search(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        limit: int | None = None,
        offset: int = 0,
        order: Sequence[tuple[str, str]] = (),
    ) -> list[Record]:
        """Records that match, each with `id` and the fields; a dot reaches into another record.

        Raises:
            TrytonUnclear: no answer.
            TrytonRefused: the key or the domain is wrong.
        """
        asked: dict[str, Any] = {"d": _packed(domain), "f": list(fields)}
        if limit is not None:
            asked.update(s=limit, p=offset)
        if order:
            asked["o"] = _packed(order)
        found = self._call("GET", model, asked=asked)
        return found if isinstance(found, list) else []

    def create(
        self, model: str, values: Mapping[str, object], fields: Sequence[str] = ()
    ) -> Record:
        """Makes a record and reads it. To be asked for only after a search for it.

        Raises:
            TrytonUnclear: it may have been made or not.
            TrytonRefused: it was not.
        """
        return _record(self._call("POST", model, values, asked={"f": ["id", *fields]}))

    def write(
        self, model: str, id: int, values: Mapping[str, object], fields: Sequence[str] = ()
    ) -> Record:
        """Changes a record and reads it.

        Raises:
            TrytonUnclear, TrytonRefused: as for `create`.
        """
        return _record(self._call("PUT", f"{model}/{id}", values, asked={"f": ["id", *fields]}))

    def press(self, model: str, id: int, button: str, fields: Sequence[str] = ()) -> Record:
        """Presses a button of a record, like `post`, and reads it afterwards.

        Raises:
            TrytonUnclear, TrytonRefused: as for `create`.
        """
        path = f"{model}/{id}/{button}"
        return _record(self._call("POST", path, {}, asked={"f": ["id", *fields]}))

    def delete(self, model: str, id: int) -> None:
        """Deletes a record.

        Raises:
            TrytonUnclear, TrytonRefused: as for `create`.
        """
        self._call("DELETE", f"{model}/{id}")

    def _call(
        self,
        method: str,
        path: str,
        values: Mapping[str, object] | None = None,
        *,
        asked: Mapping[str, Any] | None = None,
    ) -> object:
        try:
            answer = self._session.request(
                method,
                f"{self._models}/{path}",
                params=asked,
                data=None if values is None else dump(values),
                headers=self._headers,
                auth=self._auth,
                timeout=_PATIENCE,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # Its text holds the address, and with it perhaps what was searched for.
            raise TrytonUnclear(f"Tryton gave no answer ({type(error).__name__}).") from error
        _check(answer)
        if answer.status_code == HTTPStatus.NO_CONTENT:
            return {}
        try:
            return load(answer.text)
        except ValueError as error:
            raise TrytonUnclear("Tryton answered something other than JSON.") from error


def _check(answer: requests.Response) -> None:
    status = answer.status_code
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise TrytonUnclear("Tryton is busy with another change of the same data (503).")
    if status in _FOR_A_WHILE or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TrytonUnclear(f"Tryton answered {status}.")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise TrytonRefused(
            "Tryton doesn't accept the key, or its user may not do this; check REDRESS_ERP_KEY "
            "and the groups of its user.",
            status,
        )
    if status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.NOT_FOUND:
        raise TrytonRefused(
            f"Tryton has nothing at this address ({status}); check REDRESS_ERP_URL, which ends "
            "with the database's name.",
            status,
        )
    raise TrytonRefused(_message(answer) or f"Tryton refused it ({status}).", status)


def _message(answer: requests.Response) -> str:
    """What Tryton says to people."""
    try:
        found = load(answer.text)
    except ValueError:
        return ""
    return str(found.get("message") or "") if isinstance(found, dict) else ""


def _record(answer: object) -> Record:
    if not isinstance(answer, dict):
        raise TrytonUnclear("Tryton answered something other than a record.")
    return answer


def _packed(value: object) -> str:
    return urlsafe_b64encode(dump(value).encode()).decode()
