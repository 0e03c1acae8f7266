"""The staff pages as an application of their own, and a browser that keeps its cookies."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from flask import Flask, Response
from flask.testing import FlaskClient
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from sqlalchemy import event
from werkzeug.test import TestResponse

from models.database import Database
from models.settings import load_settings
from tests.web.staff_fakes import FakeGateway
from tests.web.staff_rows import PASSWORD, add_user
from web.access import Role
from web.gateway import Gateway
from web.services import EXTENSION, Services
from web.staff import create_blueprint

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
# As strict as the real one: nothing inline, nothing from elsewhere.
CONTENT_POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"


def make_app(database: Database, gateway: FakeGateway, data_dir: Path) -> Flask:
    """The pages over this database, acting through this gateway."""
    app = Flask("web")
    app.config.update(SECRET_KEY="only for tests", TESTING=True, BOOTSTRAP_SERVE_LOCAL=True)
    CSRFProtect(app)
    Bootstrap5(app)
    app.extensions[EXTENSION] = Services(
        settings=load_settings(data_dir), database=database, gateway=cast("Gateway", gateway)
    )
    app.register_blueprint(create_blueprint())

    @app.after_request
    def _secure(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        return response

    return app


class Browser:
    """Opens pages and sends forms with their CSRF token, like a person."""

    def __init__(self, app: Flask) -> None:
        """Starts with no cookies."""
        self.client: FlaskClient = app.test_client()

    def get(self, path: str) -> TestResponse:
        """Opens a page."""
        return self.client.get(path)

    def post(self, path: str, form: dict[str, str] | None = None) -> TestResponse:
        """Sends a form with a valid token."""
        return self.client.post(path, data={**(form or {}), "csrf_token": self.token()})

    def token(self) -> str:
        """The CSRF token of this session."""
        page = self.client.get("/", follow_redirects=True)
        found = _TOKEN.search(page.text)
        assert found is not None
        return found[1]

    def sign_in(self, email: str, password: str = PASSWORD, **form: str) -> TestResponse:
        """Signs in with the form."""
        return self.post("/sign-in", {"email": email, "password": password, **form})


class Desk:
    """A database, a fake gateway and the pages over both."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        """Starts without people or returns."""
        self.database = database
        self.gateway = FakeGateway()
        self.app = make_app(database, self.gateway, data_dir)

    def browser(self, role: Role | None = None, **person: object) -> Browser:
        """A new browser; with a role, signed in as a new member of staff."""
        made = Browser(self.app)
        if role is not None:
            with self.database.write() as session:
                email = add_user(session, role, **person).email  # type: ignore[arg-type]
            assert made.sign_in(email).status_code == 303
        return made


@contextmanager
def counted_queries(database: Database) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
