"""The whole web application over a test's database, with a gateway that only pretends."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from models.database import Database
from models.settings import load_settings
from models.store import access
from models.tables import User
from tests.web.fakes import FakeGateway
from web.access import SCOPE_ALL
from web.app import create_app
from web.gateway import Gateway
from web.services import EXTENSION, Services

BASE = "/api/v1"
# It is the same of every application here, and takes a while to make.
_DOCUMENT: dict[str, Any] = {}


class Api:
    """Calls the API, as a service account that may do everything unless told otherwise."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        """Starts with an empty shop."""
        self.database = database
        self.settings = load_settings(data_dir)
        self.app: Flask = create_app(self.settings, database=database)
        self.gateway = FakeGateway()
        made: Services = self.app.extensions[EXTENSION]
        self.app.extensions[EXTENSION] = replace(made, gateway=cast("Gateway", self.gateway))
        self.client = self.app.test_client()
        self.key = self.make_key([SCOPE_ALL])

    def make_key(self, scopes: Iterable[str], user: User | None = None) -> str:
        """A key with these scopes."""
        with self.database.write() as session:
            return access.create_api_key(
                session,
                name="tests",
                scopes=scopes,
                user=user,
                expires_at=None,
                now=datetime.now(UTC),
            )

    def call(
        self, method: str, path: str, *, key: str | None = None, **options: Any
    ) -> TestResponse:
        """Any call; `headers` are added to the key's."""
        headers = {
            "Authorization": f"Bearer {key or self.key}",
            **options.pop("headers", {}),
        }
        answer = self.client.open(BASE + path, method=method, headers=headers, **options)
        self._hold_against_document(method, answer, headers)
        return answer

    def _hold_against_document(
        self, method: str, answer: TestResponse, headers: Mapping[str, str]
    ) -> None:
        """What the OpenAPI document doesn't tell of never comes, and isn't heeded."""
        assert answer.headers["Redress-Version"]
        try:
            rule, _ = self.app.url_map.bind("").match(answer.request.path, method, return_rule=True)
        except HTTPException:
            return  # There is no such operation.
        item = self._document()["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        # A 500 is what a test broke.
        if item is None or method == "HEAD" or answer.status_code == 500:
            return
        operation = item[method.lower()]
        told = operation["responses"].get(str(answer.status_code))
        assert told is not None, f"{method} {rule.rule} never tells of {answer.status_code}"
        parameters = [asked.get("$ref", asked.get("name")) for asked in operation["parameters"]]
        for name in {"Idempotency-Key", "Redress-Version"} & set(headers):
            assert any(asked.endswith(name) for asked in parameters), name
        if answer.status_code in (304, 412):
            name = "If-None-Match" if answer.status_code == 304 else "If-Match"
            assert f"#/components/parameters/{name}" in parameters

    def _document(self) -> dict[str, Any]:
        if not _DOCUMENT:
            _DOCUMENT.update(self.client.get(f"{BASE}/openapi.json").get_json())
        return _DOCUMENT

    def get(self, path: str, **options: Any) -> TestResponse:
        """A GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: object = None, **options: Any) -> TestResponse:
        """A POST of JSON."""
        return self.call("POST", path, json={} if body is None else body, **options)

    def put(self, path: str, body: object, **options: Any) -> TestResponse:
        """A PUT of JSON."""
        return self.call("PUT", path, json=body, **options)


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """The problem document of a refusal with this status."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = response.get_json()
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert body["detail"].endswith((".", ".)"))
    return body


def pointers(response: TestResponse) -> dict[str, str]:
    """Of a 422, the code at each pointer."""
    return {error["pointer"]: error["code"] for error in problem(response, 422)["errors"]}
