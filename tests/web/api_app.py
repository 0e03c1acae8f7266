"""The whole web application over a test's database, with a gateway that only pretends."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from flask import Flask
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
        return self.client.open(BASE + path, method=method, headers=headers, **options)

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
